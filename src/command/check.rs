//! `check`: one verdict an expectation, and the exit code a pipeline needs.

use crate::arguments::{Check, Format};
use crate::console;
use crate::engine;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::input;
use crate::progress::Audience;
use models::expect::Verdict;
use models::outcome::Outcome;
use reports::{csv, json, summary};

/// Checks every file.
pub(super) fn run(asked: &Check, audience: Audience) -> Result<Exit, Failure> {
    let mut outcomes: Vec<(String, Outcome)> = Vec::new();
    let scenarios = asked.files.iter().map(|file| input::scenario(file, &asked.changes));
    for scenario in scenarios.collect::<Result<Vec<_>, _>>()? {
        outcomes.push((scenario.shown(), engine::run(&scenario, asked.running.threads, audience)?));
    }
    let rows: Vec<(String, &Outcome)> =
        outcomes.iter().map(|(file, outcome)| (file.clone(), outcome)).collect();
    console::answer(&match asked.printing.format {
        Format::Text => summary::check(&rows).text(true),
        Format::Markdown => summary::check(&rows).markdown(),
        Format::Json => json::check(&rows),
        Format::Csv => csv::check(&rows),
    })?;
    let verdicts =
        outcomes.iter().flat_map(|(_, outcome)| &outcome.expectations).map(|judged| judged.verdict);
    Ok(verdict(verdicts, asked.allow_undecided))
}

/// A failure weighs more than a doubt, a doubt more than success.
fn verdict(verdicts: impl Iterator<Item = Verdict>, allow_undecided: bool) -> Exit {
    let (mut fails, mut undecided) = (false, false);
    for verdict in verdicts {
        fails |= verdict == Verdict::Fails;
        undecided |= verdict == Verdict::Undecided;
    }
    match (fails, undecided && !allow_undecided) {
        (true, _) => Exit::Fails,
        (false, true) => Exit::Undecided,
        (false, false) => Exit::Done,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Verdict::{Fails, Holds, Undecided};

    #[test]
    fn a_failure_weighs_more_than_a_doubt() {
        let of = |verdicts: &[Verdict], allow| verdict(verdicts.iter().copied(), allow);
        assert_eq!(of(&[Holds, Undecided, Fails], true), Exit::Fails);
        assert_eq!(of(&[Holds, Undecided], false), Exit::Undecided);
        assert_eq!(of(&[Holds, Undecided], true), Exit::Done);
        assert_eq!(of(&[], false), Exit::Done);
    }
}
