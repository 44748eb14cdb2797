//! Stores that many may write: how their replicas come to agree.

use crate::codes::Code;
use crate::diagnostic::Diagnostic;
use crate::laws::{Alone, law};
use crate::resolver::Resolver;
use crate::tree::{Node, Origin};
use models::operations::leaderless::{Asks, Clock, ReadRepair};
use models::specification::{Agreeing, Replicas};
use sim::{Law, Span};

impl Resolver<'_> {
    pub(crate) fn agreeing(&mut self, node: &Node, members: &[Replicas]) -> Option<Agreeing> {
        if let (Some(_), Some(leg)) = (node.get("lag"), node.get("legs").and_then(|legs| legs.get("write"))) {
            let problem = Diagnostic::error(Code::Exclusive, leg.at, "the lag of a write is said twice");
            self.report(problem.label("leave it out, or `lag`"));
        }
        let mut law_of = |key: &str| node.get(key).map(|node| law(node, Alone::Exactly, &mut self.problems));
        let at_once = Law::Fixed(Span::ZERO);
        let (lag, convicted) = (law_of("lag"), law_of("convicted_after"));
        let (clock, ahead) = self.clocks(node, members)?;
        Some(Agreeing {
            lag_within: node.text_of("family") == Some("leaderless"),
            legs: self.legs(node, lag.unwrap_or(Some(at_once.clone()))?)?,
            convicted: convicted.unwrap_or(Some(at_once))?,
            hints: node.get("hints").and_then(|hints| hints.duration_of("window")),
            read_repair: match node.text_of("read_repair") {
                Some("blocking") => ReadRepair::Blocking,
                _ => ReadRepair::None,
            },
            anti_entropy: node.duration_of("anti_entropy"),
            log_saved: node.duration_of("log_saved_every"),
            clock,
            ahead,
            asks: match node.text_of("asks") {
                Some("all") => Asks::All,
                Some("one-more") => Asks::OneMore,
                _ => Asks::JustEnough,
            },
        })
    }

    /// What stamps writes, and how far each member's clock is ahead.
    fn clocks(&mut self, node: &Node, members: &[Replicas]) -> Option<(Clock, Vec<Span>)> {
        let mut ahead = vec![Span::ZERO; members.len()];
        let Some(clocks) = node.get("clocks") else { return Some((Clock::Wall, ahead)) };
        let clock = if clocks.text_of("stamp") == Some("hybrid") { Clock::Hybrid } else { Clock::Wall };
        let mut sound = true;
        for entry in clocks.get("ahead").map_or(&[][..], Node::entries) {
            let named = Node::scalar(entry.key.clone(), entry.key_at, Origin::Written);
            let site = self.site(&named);
            let member = site.and_then(|site| members.iter().position(|member| member.site == site));
            if site.is_some() && member.is_none() {
                let title = format!("`{}` has no replica of the store", entry.key);
                let problem = Diagnostic::error(Code::Exclusive, entry.key_at, title);
                self.report(problem.label("only clocks beside replicas stamp writes"));
            }
            match (member, entry.node.duration()) {
                (Some(member), Some(span)) => ahead[member] = span,
                _ => sound = false,
            }
        }
        sound.then_some((clock, ahead))
    }
}
