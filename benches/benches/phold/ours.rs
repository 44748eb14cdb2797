use crate::{Done, Process, timed};
use sim::{Calendar, Instant, Key, Span};

/// A process's generator and the sequence number of its next event.
struct Sender {
    process: Process,
    sequence: u32,
}

impl Sender {
    /// Schedules this process's next event, from `now`, in the order (instant, sender, sender's sequence).
    fn send(&mut self, entity: u32, processes: u32, now: Instant, calendar: &mut Calendar<u32>) {
        let at = now + Span::from_nanos((self.process.delay() * 1e9) as i64);
        calendar.schedule(Key::new(at, 0, entity, self.sequence), self.process.destination(processes));
        self.sequence += 1;
    }
}

pub(crate) fn run(processes: u32, events: u64) -> Done {
    let mut calendar = Calendar::new();
    let mut senders: Vec<Sender> =
        (0..processes).map(|index| Sender { process: Process::new(index), sequence: 0 }).collect();
    for (entity, sender) in (0..processes).zip(&mut senders) {
        sender.send(entity, processes, Instant::ZERO, &mut calendar);
    }
    timed(|| {
        let mut now = Instant::ZERO;
        for _ in 0..events {
            let (key, process) = calendar.pop().expect("PHOLD keeps its events");
            now = key.at();
            senders[process as usize].send(process, processes, now, &mut calendar);
        }
        (events, now.seconds())
    })
}
