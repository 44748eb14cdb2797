//! Operations of a recorded history.

use models::operations::{Action, History, KeyId, Phase};
use std::collections::BTreeMap;

/// An operation of one key that took effect or may have; times are lines of the history.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Operation {
    pub(crate) process: u32,
    pub(crate) writes: bool,
    /// What it wrote or read; nothing is absent.
    pub(crate) value: Option<u32>,
    pub(crate) sent: usize,
    /// The last line of all if its end is unknown.
    pub(crate) ended: usize,
    pub(crate) known: bool,
}

/// The operations of one key by sending, without those that failed.
pub(crate) fn operations(history: &History, key: KeyId) -> Vec<Operation> {
    let (mut open, mut all) = (BTreeMap::new(), Vec::new());
    let lines = history.lines();
    for (index, line) in lines.iter().enumerate().filter(|(_, line)| line.key == key) {
        let (writes, value) = match line.action {
            Action::Write(value) => (true, Some(value)),
            Action::Read(value) => (false, value.flatten()),
        };
        let operation =
            Operation { process: line.process, writes, value, sent: index, ended: lines.len(), known: false };
        match line.phase {
            Phase::Invoke => assert!(open.insert(line.process, operation).is_none(), "two operations open"),
            Phase::Fail => drop(open.remove(&line.process).expect("it was sent")),
            Phase::Info => all.push(open.remove(&line.process).expect("it was sent")),
            Phase::Ok => {
                let sent = open.remove(&line.process).expect("it was sent").sent;
                all.push(Operation { sent, ended: index, known: true, ..operation });
            }
        }
    }
    assert!(open.is_empty(), "every operation ends");
    all.sort_by_key(|operation| operation.sent);
    all
}
