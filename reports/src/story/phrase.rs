//! Changes in words.

use crate::json::source_name;
use models::outcome::SourceOutcome;
use models::specification::{DomainId, Scope, SiteId, Specification};
use models::timeline::{Change, FaultId, StoreTurn, What};

/// Names for ids.
pub(super) struct Phrases<'a> {
    specification: &'a Specification,
    sources: &'a [SourceOutcome],
}

impl<'a> Phrases<'a> {
    /// Phrases with the names of `specification`; roots are named by `sources`.
    pub(super) fn new(specification: &'a Specification, sources: &'a [SourceOutcome]) -> Self {
        Phrases { specification, sources }
    }

    /// One change as a sentence without its full stop; `all` are the changes of the story.
    pub(super) fn of(&self, change: &Change, all: &[Change]) -> String {
        let names = self.specification;
        match &change.what {
            What::FaultBegan { source, domain, effect, .. } => {
                let root = source_name(self.sources, *source);
                format!("{} fails: {effect}{}", self.victim(*domain), by(self.victim(*domain), &root))
            }
            What::FaultEnded { fault, domain, .. } => {
                format!("{} is repaired{}", self.victim(*domain), after(*fault, change, all))
            }
            What::SiteChanged { site, truth } => format!("{}: {truth}", self.site(*site)),
            What::VerdictChanged { check, site, healthy } => {
                let verdict = if *healthy { "healthy" } else { "unhealthy" };
                format!("health check {} finds {} {verdict}", names.checks[*check].name, self.site(*site))
            }
            What::AnswerChanged { entry, population, answer } => {
                let (entry, who) = (&names.entries[*entry].name, &names.populations[*population].name);
                format!("DNS answers {who} for {entry}: {}", self.answer(answer))
            }
            What::CachesSettled { population } => {
                format!("the caches of {} have all taken the new answer", names.populations[*population].name)
            }
            What::NameServersChanged { entry, answering } => {
                let word = if *answering { "answer again" } else { "stop answering" };
                format!("the name servers of {} {word}", names.entries[*entry].name)
            }
            What::StoreChanged { store, turn } => self.turn(&names.stores[*store].name, *turn),
            What::WentDown { scope } => format!("{} no longer up", self.scope(*scope)),
            What::CameUp { scope } => format!("{} up again", self.scope(*scope)),
        }
    }

    fn turn(&self, store: &str, turn: StoreTurn) -> String {
        let lost = |lost: u64| match lost {
            0 => String::new(),
            1 => "; 1 acknowledged write is lost".to_owned(),
            few @ ..1000 => format!("; {few} acknowledged writes are lost"),
            many => format!("; {} acknowledged writes are lost", crate::number::significant(many as f64, 3)),
        };
        match turn {
            StoreTurn::Lost(at) => format!("{store} has lost its writer at {}", self.site(at)),
            StoreTurn::Back(at) => format!("the writer of {store} at {} is back", self.site(at)),
            StoreTurn::GivenUp(at) => format!("{store} gives up its writer at {}", self.site(at)),
            StoreTurn::Promoting(to) => format!("{store} promotes {}", self.site(to)),
            StoreTurn::Writes { at, lost: writes } => {
                format!("{} writes {store} now{}", self.site(at), lost(writes))
            }
            StoreTurn::Follows { at, lost: writes } => {
                format!(
                    "{} follows as writer of {store} and waits for replicas{}",
                    self.site(at),
                    lost(writes)
                )
            }
            StoreTurn::Returning(from) => {
                format!("{} stops writing {store}, so that its home can", self.site(from))
            }
            StoreTurn::Stays(at) => format!("{} goes on writing {store}: its home cannot", self.site(at)),
            StoreTurn::Returned(to) => format!("{}, its home, writes {store} again", self.site(to)),
            StoreTurn::Reconciled { at, lost: writes } => {
                format!("{} no longer writes {store} beside the new writer{}", self.site(at), lost(writes))
            }
            StoreTurn::Rejoining(at) => {
                format!("the replica of {store} at {} is being rebuilt", self.site(at))
            }
            StoreTurn::Rejoined(at) => format!("the replica of {store} at {} is whole again", self.site(at)),
            StoreTurn::CatchesUp(at) => {
                format!("the replica of {store} at {} begins to catch up with its log", self.site(at))
            }
            StoreTurn::CaughtUp(at) => format!("the replica of {store} at {} has caught up", self.site(at)),
        }
    }

    fn victim(&self, domain: Option<DomainId>) -> &str {
        domain.map_or("the network", |domain| self.specification.domains[domain].path.as_str())
    }

    fn site(&self, site: SiteId) -> &str {
        &self.specification.sites[site].name
    }

    fn answer(&self, answer: &[(SiteId, f64)]) -> String {
        if answer.is_empty() {
            return "nothing".to_owned();
        }
        let one = |&(site, share): &(SiteId, f64)| match share {
            whole if whole >= 1.0 => self.site(site).to_owned(),
            part => format!("{} {:.0} %", self.site(site), part * 100.0),
        };
        answer.iter().map(one).collect::<Vec<_>>().join(", ")
    }

    fn scope(&self, scope: Scope) -> String {
        match scope {
            Scope::All => "everything together is".to_owned(),
            Scope::Entry(entry) => format!("entry {} is", self.specification.entries[entry].name),
            Scope::Population(population) => {
                format!("clients {} are", self.specification.populations[population].name)
            }
        }
    }
}

/// ` (shock/x)` where the root is not the victim itself.
fn by(victim: &str, root: &str) -> String {
    if victim == root { String::new() } else { format!(" ({root})") }
}

/// ` after 2 h` where the story has the fault's beginning.
fn after(fault: FaultId, end: &Change, all: &[Change]) -> String {
    let begin = all
        .iter()
        .find(|change| matches!(change.what, What::FaultBegan { fault: begun, .. } if begun == fault));
    begin.map_or(String::new(), |begin| format!(" after {}", crate::number::span(end.at - begin.at)))
}
