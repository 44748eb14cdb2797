//! The resolvers behind a cache, by the time of their last successful refresh.
//!
//! The state is kept as it was just before `now`, together with what the authority does from `now` on. What happens at
//! the very instant `now` (a refresh of resolvers of one common phase, a recovery) is worked out only when the shares
//! are shown or time goes on; so the order in which changes of one instant are told does not matter.

use super::{AnswerId, Share};
use std::collections::VecDeque;

/// Resolvers that asked last in `(from, to]`, one nanosecond of mass in each; or all at `from == to`, with any mass.
#[derive(Clone, Copy, Debug)]
struct Piece {
    from: i64,
    to: i64,
    mass: i64,
    answer: AnswerId,
}

impl Piece {
    fn is_atom(&self) -> bool {
        self.from == self.to
    }

    /// Mass of the resolvers that asked last at `due` or before.
    fn mass_until(&self, due: i64) -> i64 {
        if self.to <= due { self.mass } else { (due - self.from).max(0) }
    }
}

/// Moves mass, and what it gains in a nanosecond, from one answer to another.
fn shift(
    shares: &mut Vec<Share>,
    whole: i64,
    (from, to): (Option<AnswerId>, Option<AnswerId>),
    mass: i64,
    rate: i64,
) {
    if from != to && (mass, rate) != (0, 0) {
        add(shares, whole, from, -mass, -rate);
        add(shares, whole, to, mass, rate);
    }
}

/// Adds to an answer's mass and rate, keeping the shares sorted.
fn add(shares: &mut Vec<Share>, whole: i64, answer: Option<AnswerId>, mass: i64, rate: i64) {
    match shares.iter().position(|share| share.answer >= answer) {
        Some(index) if shares[index].answer == answer => {
            shares[index].mass += mass;
            shares[index].rate += rate;
        }
        place => shares.insert(place.unwrap_or(shares.len()), Share { answer, mass, rate, whole }),
    }
}

/// A cache with a TTL above zero.
#[derive(Clone, Debug)]
pub(super) struct Resolvers {
    ttl: i64,
    /// From a refresh until no answer is left: the TTL and the stale time.
    hold: i64,
    answer: AnswerId,
    up: bool,
    now: i64,
    /// Resolvers with an answer, by refresh.
    pieces: VecDeque<Piece>,
    /// Mass of the resolvers without an answer.
    lost: i64,
    /// The masses just before `now`, all rates zero.
    before: Vec<Share>,
    /// The shares at `now`.
    shown: Vec<Share>,
}

impl Resolvers {
    pub(super) fn new(ttl: i64, max_stale: i64, answer: AnswerId, now: i64) -> Self {
        let full = Share { answer: Some(answer), mass: ttl, rate: 0, whole: ttl };
        Resolvers {
            ttl,
            hold: ttl.saturating_add(max_stale),
            answer,
            up: true,
            now,
            pieces: VecDeque::from([Piece { from: now - ttl, to: now, mass: ttl, answer }]),
            lost: 0,
            before: vec![full],
            shown: vec![full],
        }
    }

    pub(super) fn answer(&mut self, now: i64, answer: AnswerId) {
        self.go_to(now);
        self.answer = answer;
        self.show();
    }

    pub(super) fn authority(&mut self, now: i64, up: bool) {
        self.go_to(now);
        self.up = up;
        self.show();
    }

    pub(super) fn advance(&mut self, now: i64) {
        // What is shown holds for the last instant told, and at rest for ever.
        if now == self.now || self.turns_alike(now) {
            return;
        }
        self.go_to(now);
        self.show();
    }

    /// Goes on to `now` where that changes nothing but phases: all have asked within the last TTL, got the present
    /// answer, and have no common phase.
    fn turns_alike(&mut self, now: i64) -> bool {
        let all = (self.now - self.ttl, self.now, self.answer);
        let alike = |piece: &Piece| (piece.from, piece.to, piece.answer) == all;
        let ttl = self.ttl;
        match self.pieces.front_mut().filter(|piece| alike(piece)) {
            Some(piece) if self.up => {
                (piece.from, piece.to, self.now) = (now - ttl, now, now);
                true
            }
            _ => false,
        }
    }

    pub(super) fn shares(&self) -> &[Share] {
        &self.shown
    }

    pub(super) fn next_breakpoint(&self) -> Option<i64> {
        let (due, target) = self.hand();
        let changes = |piece: &&Piece| piece.to > due && Some(piece.answer) != target;
        let piece = self.pieces.iter().find(changes)?;
        let ask = if piece.from > due { piece.from } else { piece.to };
        let at = ask.saturating_add(self.delay());
        (at < i64::MAX).then_some(at)
    }

    /// How long after its refresh a resolver changes.
    fn delay(&self) -> i64 {
        if self.up { self.ttl } else { self.hold }
    }

    /// The refresh time of the resolvers that change now, and what they get.
    fn hand(&self) -> (i64, Option<AnswerId>) {
        (self.now.saturating_sub(self.delay()), self.up.then_some(self.answer))
    }

    /// Works out the shares at the instant `now`, and their slopes from then on.
    fn show(&mut self) {
        let (due, target) = self.hand();
        let whole = self.ttl;
        self.shown.clone_from(&self.before);
        if self.up {
            shift(&mut self.shown, whole, (None, target), self.lost, 0);
        }
        for piece in self.pieces.iter().take_while(|piece| piece.from <= due) {
            let mass = piece.mass_until(due);
            let sweeping = i64::from(piece.to > due);
            shift(&mut self.shown, whole, (Some(piece.answer), target), mass, sweeping);
        }
        self.shown.retain(|share| share.mass != 0 || share.rate != 0);
    }

    /// Brings the state to just before `now`.
    fn go_to(&mut self, now: i64) {
        debug_assert!(now >= self.now, "time went back");
        if now == self.now {
            return;
        }
        if self.up {
            self.refresh_expired();
            self.turn_round(now);
        } else {
            self.lose(now);
        }
        self.now = now;
        self.before.retain(|share| share.mass != 0);
    }

    /// All resolvers whose entry expired before `self.now` ask then; those whose entry expires then are swept.
    fn refresh_expired(&mut self) {
        let due = self.now - self.ttl;
        let mut mass = std::mem::take(&mut self.lost);
        shift(&mut self.before, self.ttl, (None, Some(self.answer)), mass, 0);
        while let Some(piece) = self.take_before(due) {
            let change = (Some(piece.answer), Some(self.answer));
            shift(&mut self.before, self.ttl, change, piece.mass, 0);
            mass += piece.mass;
        }
        if mass > 0 {
            self.push(Piece { from: self.now, to: self.now, mass, answer: self.answer });
        }
    }

    /// Resolvers ask as their entries expire, from `self.now` to just before `now`.
    fn turn_round(&mut self, now: i64) {
        let rounds = (now - self.now) / self.ttl;
        if rounds > 0 {
            // After one round all hold the present answer; the others only shift the phases' origin.
            self.sweep(self.now + self.ttl);
            let shift = (rounds - 1) * self.ttl;
            for piece in &mut self.pieces {
                piece.from += shift;
                piece.to += shift;
            }
        }
        self.sweep(now);
    }

    /// Refreshes all that expire before `now`, at most a TTL from the last refresh.
    fn sweep(&mut self, now: i64) {
        while let Some(piece) = self.take_before(now - self.ttl) {
            let change = (Some(piece.answer), Some(self.answer));
            shift(&mut self.before, self.ttl, change, piece.mass, 0);
            self.push(Piece {
                from: piece.from + self.ttl,
                to: piece.to + self.ttl,
                mass: piece.mass,
                answer: self.answer,
            });
        }
    }

    /// Resolvers lose their answers while the authority is down.
    fn lose(&mut self, now: i64) {
        while let Some(piece) = self.take_before(now.saturating_sub(self.hold)) {
            shift(&mut self.before, self.ttl, (Some(piece.answer), None), piece.mass, 0);
            self.lost += piece.mass;
        }
    }

    /// Takes the first piece, or its part, that asked last before `limit`.
    fn take_before(&mut self, limit: i64) -> Option<Piece> {
        let front = self.pieces.front_mut().filter(|piece| piece.from < limit)?;
        if front.to <= limit {
            return self.pieces.pop_front();
        }
        let part = Piece { to: limit, mass: limit - front.from, ..*front };
        front.from = limit;
        front.mass -= part.mass;
        Some(part)
    }

    fn push(&mut self, piece: Piece) {
        if let Some(back) = self.pieces.back_mut() {
            let spread = !back.is_atom() && !piece.is_atom();
            if spread && back.to == piece.from && back.answer == piece.answer {
                back.to = piece.to;
                back.mass += piece.mass;
                return;
            }
        }
        self.pieces.push_back(piece);
    }
}

/// A cache with a TTL of zero: it asks all the time.
#[derive(Clone, Debug)]
pub(super) struct Follower {
    max_stale: i64,
    answer: AnswerId,
    up: bool,
    now: i64,
    /// What it got last before `now`.
    held: AnswerId,
    /// Until when it may serve that stale.
    until: i64,
    shown: [Share; 1],
}

impl Follower {
    pub(super) fn new(max_stale: i64, answer: AnswerId, now: i64) -> Self {
        let shown = [Share { answer: Some(answer), mass: 1, rate: 0, whole: 1 }];
        Follower {
            max_stale,
            answer,
            up: true,
            now,
            held: answer,
            until: now.saturating_add(max_stale),
            shown,
        }
    }

    pub(super) fn answer(&mut self, now: i64, answer: AnswerId) {
        self.go_to(now);
        self.answer = answer;
        self.show();
    }

    pub(super) fn authority(&mut self, now: i64, up: bool) {
        self.go_to(now);
        self.up = up;
        self.show();
    }

    pub(super) fn advance(&mut self, now: i64) {
        self.go_to(now);
        self.show();
    }

    pub(super) fn shares(&self) -> &[Share] {
        &self.shown
    }

    pub(super) fn next_breakpoint(&self) -> Option<i64> {
        (!self.up && self.now < self.until && self.until < i64::MAX).then_some(self.until)
    }

    fn go_to(&mut self, now: i64) {
        debug_assert!(now >= self.now, "time went back");
        if self.up && now > self.now {
            self.held = self.answer;
            self.until = now.saturating_add(self.max_stale);
        }
        self.now = now;
    }

    fn show(&mut self) {
        self.shown[0].answer = match self.up {
            true => Some(self.answer),
            false => (self.now < self.until).then_some(self.held),
        };
    }
}
