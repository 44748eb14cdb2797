//! Histories of sampled keys, as checkers read them.
//!
//! Rules. Every write of a key has a value of its own, counted from 1. A key that nothing has been written to holds the
//! value *absent*, which is a value and not nil. A process never has two operations open. An operation ends as `ok`, as
//! `fail` (it certainly had no effect) or as `info` (nobody knows: it may take effect at any later time, or never); after
//! `info` its process does nothing more, and its client goes on under a new number.

use super::KeyId;
use super::log::Position;
use sim::Instant;
use std::collections::BTreeMap;
use std::io::{self, Write};

/// What a line of a history says of an operation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Phase {
    /// It was sent.
    Invoke,
    /// It was answered.
    Ok,
    /// It had no effect.
    Fail,
    /// Its outcome is unknown.
    Info,
}

/// What an operation does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Action {
    /// Writes this value.
    Write(u32),
    /// Reads; what it returned, where that is known: `Some(None)` is *absent*.
    Read(Option<Option<u32>>),
}

/// A line of a history.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Line {
    /// Who.
    pub process: u32,
    /// Beginning or end.
    pub phase: Phase,
    /// Of what.
    pub action: Action,
    /// On which key.
    pub key: KeyId,
    /// When.
    pub at: Instant,
}

/// Operations of sampled keys, in the order in which they were sent and answered.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct History {
    /// Keys below this number are sampled.
    sampled: u32,
    lines: Vec<Line>,
    /// Of each accepted write, its place and the value before it in its log, if any.
    accepted: BTreeMap<(KeyId, u32), (Position, Option<u32>)>,
}

impl History {
    /// Of the first so many keys.
    pub fn of_first(sampled: u32) -> Self {
        History { sampled, ..History::default() }
    }

    /// Its lines.
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// Adds a line, if its key is sampled.
    pub fn record(&mut self, line: Line) {
        if line.key.0 < self.sampled {
            self.lines.push(line);
        }
    }

    /// Notes that a write was accepted at a place of a log, and the value that the key held there before; nothing if it
    /// was absent.
    pub fn accept(&mut self, key: KeyId, value: u32, position: Position, before: Option<u32>) {
        if key.0 < self.sampled {
            self.accepted.insert((key, value), (position, before));
        }
    }

    /// Where a write was accepted, if it was: the order of the log, which clients do not know.
    pub fn position(&self, key: KeyId, value: u32) -> Option<Position> {
        self.accepted.get(&(key, value)).map(|(position, _)| *position)
    }

    /// All values of a key up to this one, in the order of the log that accepted it.
    pub fn list(&self, key: KeyId, last: Option<u32>) -> Vec<u32> {
        let before = |value: &u32| self.accepted.get(&(key, *value)).and_then(|(_, before)| *before);
        let mut list: Vec<u32> = std::iter::successors(last, before).collect();
        list.reverse();
        list
    }

    /// Writes one JSON object a line: `index`, `type`, `process`, `f`, `key`, `value` and `time` in nanoseconds. The value
    /// of a read is missing where it is not known, and `"absent"` where the key had none.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn write_json_lines(&self, out: &mut impl Write) -> io::Result<()> {
        for (index, line) in self.lines.iter().enumerate() {
            let (kind, process, key, time) = (line.phase.word(), line.process, line.key.0, line.at.nanos());
            let (f, value) = match line.action {
                Action::Write(value) => ("write", format!("\"value\":{value},")),
                Action::Read(None) => ("read", String::new()),
                Action::Read(Some(None)) => ("read", "\"value\":\"absent\",".to_owned()),
                Action::Read(Some(Some(value))) => ("read", format!("\"value\":{value},")),
            };
            writeln!(
                out,
                "{{\"index\":{index},\"type\":\"{kind}\",\"process\":{process},\"f\":\"{f}\",\"key\":{key},{value}\"time\":{time}}}"
            )?;
        }
        Ok(())
    }

    /// Writes Jepsen's EDN, one map a line, each key a register: values are `[key value]`, as of independent registers;
    /// `nil` for a read whose value is not known, `:absent` for one that found none.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn write_edn_registers(&self, out: &mut impl Write) -> io::Result<()> {
        for (index, line) in self.lines.iter().enumerate() {
            let (f, value) = match line.action {
                Action::Write(value) => ("write", value.to_string()),
                Action::Read(None) => ("read", "nil".to_owned()),
                Action::Read(Some(None)) => ("read", ":absent".to_owned()),
                Action::Read(Some(Some(value))) => ("read", value.to_string()),
            };
            line.write_edn(out, index, f, &format!("[{} {value}]", line.key.0))?;
        }
        Ok(())
    }

    /// Writes Jepsen's EDN, one map a line, each key a list to which writes append: transactions of one operation. A read
    /// returns the whole list, `[]` where nothing was appended; `nil` where it is not known.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn write_edn_lists(&self, out: &mut impl Write) -> io::Result<()> {
        for (index, line) in self.lines.iter().enumerate() {
            let key = line.key.0;
            let value = match line.action {
                Action::Write(value) => format!("[[:append {key} {value}]]"),
                Action::Read(None) => format!("[[:r {key} nil]]"),
                Action::Read(Some(last)) => {
                    let list: Vec<String> =
                        self.list(line.key, last).iter().map(|value| value.to_string()).collect();
                    format!("[[:r {key} [{}]]]", list.join(" "))
                }
            };
            line.write_edn(out, index, "txn", &value)?;
        }
        Ok(())
    }
}

impl Phase {
    fn word(self) -> &'static str {
        match self {
            Phase::Invoke => "invoke",
            Phase::Ok => "ok",
            Phase::Fail => "fail",
            Phase::Info => "info",
        }
    }
}

impl Line {
    fn write_edn(&self, out: &mut impl Write, index: usize, f: &str, value: &str) -> io::Result<()> {
        let (kind, process, time) = (self.phase.word(), self.process, self.at.nanos());
        writeln!(
            out,
            "{{:index {index}, :type :{kind}, :process {process}, :f :{f}, :value {value}, :time {time}}}"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(process: u32, phase: Phase, action: Action, at: i64) -> Line {
        Line { process, phase, action, key: KeyId(0), at: Instant::from_nanos(at) }
    }

    /// Two writes of which the second ends unknown, and reads before and after them.
    fn small() -> History {
        let mut history = History::of_first(1);
        history.record(line(0, Phase::Invoke, Action::Read(None), 0));
        history.record(line(0, Phase::Ok, Action::Read(Some(None)), 5));
        history.record(line(0, Phase::Invoke, Action::Write(1), 6));
        history.accept(KeyId(0), 1, Position { epoch: 0, index: 2 }, None);
        history.record(line(0, Phase::Ok, Action::Write(1), 7));
        history.record(line(1, Phase::Invoke, Action::Write(2), 8));
        history.accept(KeyId(0), 2, Position { epoch: 0, index: 3 }, Some(1));
        history.record(line(0, Phase::Invoke, Action::Read(None), 8));
        history.record(line(0, Phase::Ok, Action::Read(Some(Some(2))), 9));
        history.record(line(1, Phase::Info, Action::Write(2), 10));
        history.record(line(3, Phase::Invoke, Action::Read(None), 11));
        history.record(line(3, Phase::Fail, Action::Read(None), 12));
        // Not sampled.
        history.record(Line { key: KeyId(1), ..line(0, Phase::Invoke, Action::Write(1), 13) });
        history
    }

    fn written(write: impl Fn(&History, &mut Vec<u8>) -> io::Result<()>) -> String {
        let mut out = Vec::new();
        write(&small(), &mut out).expect("memory takes everything");
        String::from_utf8(out).expect("it is text")
    }

    #[test]
    fn a_history_is_written_as_json_lines() {
        assert_eq!(
            written(|history, out| history.write_json_lines(out)),
            r#"{"index":0,"type":"invoke","process":0,"f":"read","key":0,"time":0}
{"index":1,"type":"ok","process":0,"f":"read","key":0,"value":"absent","time":5}
{"index":2,"type":"invoke","process":0,"f":"write","key":0,"value":1,"time":6}
{"index":3,"type":"ok","process":0,"f":"write","key":0,"value":1,"time":7}
{"index":4,"type":"invoke","process":1,"f":"write","key":0,"value":2,"time":8}
{"index":5,"type":"invoke","process":0,"f":"read","key":0,"time":8}
{"index":6,"type":"ok","process":0,"f":"read","key":0,"value":2,"time":9}
{"index":7,"type":"info","process":1,"f":"write","key":0,"value":2,"time":10}
{"index":8,"type":"invoke","process":3,"f":"read","key":0,"time":11}
{"index":9,"type":"fail","process":3,"f":"read","key":0,"time":12}
"#
        );
    }

    #[test]
    fn a_history_is_written_as_registers() {
        assert_eq!(
            written(|history, out| history.write_edn_registers(out)),
            "{:index 0, :type :invoke, :process 0, :f :read, :value [0 nil], :time 0}
{:index 1, :type :ok, :process 0, :f :read, :value [0 :absent], :time 5}
{:index 2, :type :invoke, :process 0, :f :write, :value [0 1], :time 6}
{:index 3, :type :ok, :process 0, :f :write, :value [0 1], :time 7}
{:index 4, :type :invoke, :process 1, :f :write, :value [0 2], :time 8}
{:index 5, :type :invoke, :process 0, :f :read, :value [0 nil], :time 8}
{:index 6, :type :ok, :process 0, :f :read, :value [0 2], :time 9}
{:index 7, :type :info, :process 1, :f :write, :value [0 2], :time 10}
{:index 8, :type :invoke, :process 3, :f :read, :value [0 nil], :time 11}
{:index 9, :type :fail, :process 3, :f :read, :value [0 nil], :time 12}
"
        );
    }

    #[test]
    fn a_history_is_written_as_lists() {
        assert_eq!(
            written(|history, out| history.write_edn_lists(out)),
            "{:index 0, :type :invoke, :process 0, :f :txn, :value [[:r 0 nil]], :time 0}
{:index 1, :type :ok, :process 0, :f :txn, :value [[:r 0 []]], :time 5}
{:index 2, :type :invoke, :process 0, :f :txn, :value [[:append 0 1]], :time 6}
{:index 3, :type :ok, :process 0, :f :txn, :value [[:append 0 1]], :time 7}
{:index 4, :type :invoke, :process 1, :f :txn, :value [[:append 0 2]], :time 8}
{:index 5, :type :invoke, :process 0, :f :txn, :value [[:r 0 nil]], :time 8}
{:index 6, :type :ok, :process 0, :f :txn, :value [[:r 0 [1 2]]], :time 9}
{:index 7, :type :info, :process 1, :f :txn, :value [[:append 0 2]], :time 10}
{:index 8, :type :invoke, :process 3, :f :txn, :value [[:r 0 nil]], :time 11}
{:index 9, :type :fail, :process 3, :f :txn, :value [[:r 0 nil]], :time 12}
"
        );
    }
}
