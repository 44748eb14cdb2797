//! How far back the operations reach that are under way.

use super::ClientId;
use sim::{Instant, Table};

/// When each client sent its last operation, or will send its next.
#[derive(Clone, Debug)]
pub(super) struct Sent {
    all: Table<ClientId, Instant>,
    /// None of them is earlier, nor will be.
    bound: Instant,
    /// The bound is renewed after so many operations more.
    left: usize,
}

/// The bound is renewed so many times while each client sends one operation.
const RENEWALS: usize = 2;

impl Sent {
    /// Of so many clients who begin at the epoch.
    pub(super) fn new(clients: usize) -> Self {
        let mut all = Table::new();
        for _ in 0..clients {
            all.push(Instant::ZERO);
        }
        Sent { all, bound: Instant::ZERO, left: 1 }
    }

    /// When a client sent its operation.
    pub(super) fn of(&self, id: ClientId) -> Instant {
        self.all[id]
    }

    /// A client sends its next operation.
    pub(super) fn send(&mut self, id: ClientId, at: Instant) {
        self.all[id] = at;
        self.left -= 1;
        if self.left == 0 {
            self.renew();
        }
    }

    #[cold]
    fn renew(&mut self) {
        self.bound = self.all.rows().iter().min().copied().unwrap_or(self.bound);
        self.left = self.all.rows().len() / RENEWALS + 1;
    }

    /// No operation that is under way was sent before.
    pub(super) fn bound(&self) -> Instant {
        self.bound
    }
}
