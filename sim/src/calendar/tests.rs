use super::*;
use crate::time::{Instant, Span};
use proptest::prelude::*;
use std::collections::BTreeMap;

/// One step of a random history. Delays are drawn in very different sizes, so that all rungs are used.
#[derive(Clone, Copy, Debug)]
enum Step {
    Schedule { delay: i64, rank: u8, entity: u32 },
    Cancel { which: usize },
    Pop,
    Peek,
}

fn step() -> impl Strategy<Value = Step> {
    let delay = prop_oneof![
        3 => 0i64..4,
        3 => 0i64..1_000,
        3 => 0i64..1_000_000_000,
        1 => 0i64..100_000_000_000_000_000,
    ];
    prop_oneof![
        6 => (delay, 0u8..3, 0u32..4).prop_map(|(delay, rank, entity)| Step::Schedule { delay, rank, entity }),
        2 => any::<usize>().prop_map(|which| Step::Cancel { which }),
        4 => Just(Step::Pop),
        1 => Just(Step::Peek),
    ]
}

/// Plays the history on the calendar and on a sorted map; they must agree at each step, and to the last event.
fn check(steps: impl IntoIterator<Item = Step>, start: i64) {
    let mut calendar = Calendar::new();
    let mut model = BTreeMap::new();
    let mut tickets = Vec::new();
    let mut now = Instant::from_nanos(start);
    for (sequence, step) in steps.into_iter().enumerate() {
        let sequence = sequence as u32;
        match step {
            Step::Schedule { delay, rank, entity } => {
                let key = Key::new(now.saturating_add(Span::from_nanos(delay)), rank, entity, sequence);
                tickets.push((calendar.schedule(key, sequence), key));
                model.insert(key, sequence);
            }
            // Any ticket, so also of events that have happened or are cancelled.
            Step::Cancel { which } if !tickets.is_empty() => {
                let (ticket, key) = tickets[which % tickets.len()];
                calendar.cancel(ticket);
                model.remove(&key);
            }
            Step::Cancel { .. } => (),
            Step::Pop => {
                let popped = calendar.pop();
                assert_eq!(popped, model.pop_first());
                now = popped.map_or(now, |(key, _)| key.at());
            }
            Step::Peek => assert_eq!(calendar.peek(), model.first_key_value().map(|(key, _)| *key)),
        }
    }
    while let Some(expected) = model.pop_first() {
        assert_eq!(calendar.pop(), Some(expected));
    }
    assert_eq!((calendar.peek(), calendar.pop()), (None, None));
}

proptest! {
    #[test]
    fn agrees_with_a_sorted_map_on_random_histories(steps in prop::collection::vec(step(), 1..600)) {
        check(steps, -1_000_000_000);
    }

    #[test]
    fn agrees_with_a_sorted_map_while_it_fills_and_empties(
        filling in prop::collection::vec(step(), 1500..2500),
        cancelled in prop::collection::vec(any::<usize>(), 0..1500),
        emptying in prop::collection::vec(step(), 0..1000),
    ) {
        let fill = filling.into_iter().filter(|step| matches!(step, Step::Schedule { .. } | Step::Peek));
        let cancel = cancelled.into_iter().map(|which| Step::Cancel { which });
        check(fill.chain(cancel).chain(emptying), 0);
    }

    #[test]
    fn agrees_at_both_ends_of_time(steps in prop::collection::vec(step(), 1..200), late in any::<bool>()) {
        check(steps, if late { i64::MAX - 500 } else { i64::MIN });
    }
}

#[test]
fn thousands_of_events_at_one_instant_come_in_the_order_of_their_keys() {
    let at = Instant::from_nanos(77);
    let mut calendar = Calendar::new();
    for i in (0..5000u32).rev() {
        calendar.schedule(Key::new(at, (i % 3) as u8, i / 7, i), i);
    }
    let keys: Vec<Key> = std::iter::from_fn(|| calendar.pop()).map(|(key, _)| key).collect();
    assert!(keys.is_sorted());
    assert_eq!(keys.len(), 5000);
}

#[test]
#[should_panic(expected = "before now")]
fn the_past_cannot_be_scheduled() {
    let mut calendar = Calendar::new();
    calendar.schedule(Key::new(Instant::from_nanos(5), 0, 0, 0), ());
    calendar.pop();
    calendar.schedule(Key::new(Instant::from_nanos(4), 0, 0, 1), ());
}

#[test]
fn a_cleared_calendar_is_as_good_as_new() {
    let mut calendar = Calendar::new();
    for round in 0..3 {
        for i in 0..1000u32 {
            let key = Key::new(Instant::from_nanos(i64::from(i) * 1000 - round), 0, 0, i);
            let ticket = calendar.schedule(key, i);
            if i % 5 == 0 {
                calendar.cancel(ticket);
            }
        }
        let first: Vec<u32> = (0..100).filter_map(|_| calendar.pop()).map(|(_, i)| i).collect();
        assert_eq!(first, (0..).filter(|i| i % 5 != 0).take(100).collect::<Vec<u32>>());
        calendar.clear();
        assert_eq!(calendar.peek(), None);
    }
}

#[test]
fn cancelled_events_do_not_pile_up() {
    let mut calendar = Calendar::new();
    calendar.schedule(Key::new(Instant::from_nanos(1), 0, 0, 0), 0);
    calendar.pop();
    for i in 1..100_000 {
        let ticket = calendar.schedule(Key::new(Instant::FAR, 0, 0, i), i);
        calendar.cancel(ticket);
    }
    assert!(calendar.top.len() <= 2 * CANCELLED_MAX && calendar.cancelled.len() <= 2 * CANCELLED_MAX);
    assert_eq!(calendar.pop(), None);
}
