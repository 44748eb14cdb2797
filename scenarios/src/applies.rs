//! What replicas make of writes that come out of the order of the log.

use crate::codes::Code;
use crate::diagnostic::Diagnostic;
use crate::resolver::Resolver;
use crate::tree::{Entry, Node};
use models::specification::Apply;

impl Resolver<'_> {
    /// The order in which replicas apply what they get. Refused where there is no other than that of the log, or where it could not
    /// be said what a hand-over loses.
    pub(crate) fn applies(&mut self, entry: &Entry) -> Option<Apply> {
        let node = entry.node.get("applies")?;
        let word = node.text()?;
        let applies = match word {
            "newest-wins" => Apply::NewestWins,
            "last-arrived" => Apply::LastArrived,
            _ => return Some(Apply::LogOrder),
        };
        let says = |key: &str| entry.node.get(key).and_then(Node::text).unwrap_or_default();
        let (why, help) = if says("lag_drawn") != "write" {
            (
                "needs lags that are drawn for each write",
                "add `lag_drawn: write`; else all writes trail alike, and come in the order of the log",
            )
        } else if says("failover") != "never" {
            (
                "needs `failover: never`",
                "what a hand-over loses is counted by the length of a log, which says nothing of a replica with gaps",
            )
        } else if entry.node.get("apply_rate").is_some() {
            (
                "leaves nothing to catch up with at a rate",
                "leave out `apply_rate`, or apply writes in the order of the log",
            )
        } else {
            return Some(applies);
        };
        let problem = Diagnostic::error(Code::Exclusive, node.at, format!("`applies: {word}` {why}"));
        self.report(problem.label("cannot be said of this store").help(help));
        None
    }
}
