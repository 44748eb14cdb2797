//! What may be said on the command line.

use crate::exit;
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// Seawall answers one question before an outage does: if this provider, region, link or site fails, what do my users
/// lose, and for how long?
#[derive(Parser, Debug)]
#[command(name = "seawall", version, after_help = exit::HELP, disable_help_subcommand = true)]
pub(crate) struct Arguments {
    /// What to do; without a command Seawall says what it is.
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    /// When to use colour.
    #[arg(long, global = true, value_enum, default_value_t = When::Auto, value_name = "WHEN")]
    pub(crate) color: When,
    /// Show no progress.
    #[arg(long, short, global = true)]
    pub(crate) quiet: bool,
}

/// When to use colour.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum When {
    /// On a terminal, unless NO_COLOR is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

impl Arguments {
    /// The colour asked for.
    pub(crate) fn colour(&self) -> anstream::ColorChoice {
        match self.color {
            When::Auto => anstream::ColorChoice::Auto,
            When::Always => anstream::ColorChoice::Always,
            When::Never => anstream::ColorChoice::Never,
        }
    }
}

/// The commands.
#[derive(Subcommand, Debug)]
pub(crate) enum Command {
    /// Simulate scenarios and say what their users lose.
    #[command(
        after_help = "Examples:\n  seawall run shop.yaml\n  seawall run shop.yaml --set steering.www.ttl=10s\n  seawall run shop.yaml --replications 4096 --out results"
    )]
    Run(Run),
    /// The gate of a pipeline: does every expectation hold?
    #[command(
        after_help = "Examples:\n  seawall check shop.yaml\n  seawall check *.yaml --allow-undecided\n\nThe answer is the exit code: 0 all hold, 1 one fails, 3 one is undecided."
    )]
    Check(Check),
    /// Lose every domain of a kind once: the survivability table.
    #[command(
        after_help = "Examples:\n  seawall drill shop.yaml\n  seawall drill shop.yaml --lose provider\n  seawall drill shop.yaml --lose aws/us-east-1"
    )]
    Drill(Drill),
    /// Play a real outage against a scenario, in place of its random faults.
    #[command(
        after_help = "Examples:\n  seawall replay gcp-20220719-london shop.yaml --onto europe-west2=gcp/us-central1\n  seawall replay gcp-20220719-london shop.yaml --at 2d --partial capacity"
    )]
    Replay(Replay),
    /// Tell the story of an outage: each change, its cause, what it cost.
    #[command(
        after_help = "Examples:\n  seawall explain shop.yaml\n  seawall explain shop.yaml --replication 12 --at 200d"
    )]
    Explain(Explain),
    /// Write down single reads and writes of a store, for checkers of consistency.
    #[command(
        after_help = "Examples:\n  seawall history shop.yaml > history.jsonl\n  seawall history shop.yaml --replication 3 --at 30d --for 20m --format edn-register > history.edn"
    )]
    History(History),
    /// Find all problems of scenario files at once.
    #[command(
        after_help = "Examples:\n  seawall validate shop.yaml\n  seawall validate shop.yaml --resolved"
    )]
    Validate(Validate),
    /// Print the JSON Schema of scenario files, for editors.
    #[command(after_help = "Example:\n  seawall schema > seawall.schema.json")]
    Schema,
    /// List the presets, or print one with its sources.
    #[command(after_help = "Examples:\n  seawall presets\n  seawall presets route53")]
    Presets(Named),
    /// List the recorded incidents, or print one with its sources.
    #[command(after_help = "Examples:\n  seawall incidents\n  seawall incidents gcp-20220719-london")]
    Incidents(Named),
    /// List the codes of diagnostics, or explain one.
    #[command(after_help = "Examples:\n  seawall errors\n  seawall errors E0104")]
    Errors(Named),
    /// Write a first scenario and its schema into a directory.
    #[command(after_help = "Examples:\n  seawall init\n  seawall init shop")]
    Init(Init),
}

/// Scenario files and what is changed in them.
#[derive(Args, Clone, Debug)]
pub(crate) struct Changes {
    /// Change one value of the scenario: `--set steering.www.ttl=10s`. May be given several times.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,
    /// Seed of all luck, in place of the scenario's.
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,
    /// Replications, in place of the scenario's.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) replications: Option<u64>,
}

/// How to run.
#[derive(Args, Clone, Debug)]
pub(crate) struct Running {
    /// Threads; all cores unless given. The answer does not depend on it.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1024))]
    pub(crate) threads: Option<u64>,
}

/// Where results go.
#[derive(Args, Clone, Debug)]
pub(crate) struct Where {
    /// Write everything into this directory: text, Markdown, JSON, CSV; for a simulated run also plots and one HTML page.
    /// The names of the files are said on standard error.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Overwrite results that are there already.
    #[arg(long, requires = "out")]
    pub(crate) force: bool,
}

/// How the answer is printed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, ValueEnum)]
pub(crate) enum Format {
    /// For people.
    #[default]
    Text,
    /// For machines; docs/OUTPUT.md says what every key means.
    Json,
    /// For spreadsheets.
    Csv,
    /// For pages.
    Markdown,
}

/// How the answer is printed.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct Printing {
    /// How to print the answer.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
}

/// `run`.
#[derive(Args, Debug)]
pub(crate) struct Run {
    /// Scenario files.
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) changes: Changes,
    #[command(flatten)]
    pub(crate) running: Running,
    #[command(flatten)]
    pub(crate) printing: Printing,
    #[command(flatten)]
    pub(crate) place: Where,
}

/// `check`.
#[derive(Args, Debug)]
pub(crate) struct Check {
    /// Scenario files.
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// Answer 0 where an expectation is undecided and none fails.
    #[arg(long)]
    pub(crate) allow_undecided: bool,
    #[command(flatten)]
    pub(crate) changes: Changes,
    #[command(flatten)]
    pub(crate) running: Running,
    #[command(flatten)]
    pub(crate) printing: Printing,
}

/// `drill`.
#[derive(Args, Debug)]
pub(crate) struct Drill {
    /// Scenario files.
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// What to lose: every domain of a kind (`provider`, `region`, `zone`, `site`, a kind of your own), `any`, or one
    /// domain by its path.
    #[arg(long, default_value = "any", value_name = "KIND|PATH")]
    pub(crate) lose: String,
    #[command(flatten)]
    pub(crate) changes: Changes,
    #[command(flatten)]
    pub(crate) printing: Printing,
    #[command(flatten)]
    pub(crate) place: Where,
}

/// `replay`.
#[derive(Args, Debug)]
pub(crate) struct Replay {
    /// The incident; `seawall incidents` lists them.
    #[arg(value_name = "INCIDENT")]
    pub(crate) incident: String,
    /// Scenario file.
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// Which domain of the scenario stands for a scope of the incident: `--onto europe-west2=gcp/us-central1`.
    #[arg(long, value_name = "SCOPE=DOMAIN")]
    pub(crate) onto: Vec<String>,
    /// When it begins.
    #[arg(long, default_value = "1d", value_name = "TIME")]
    pub(crate) at: String,
    /// What a fault of a fraction of a place does to one site in it; the same default as in a scenario's `replays`.
    #[arg(long, value_enum, default_value_t = Partial::Chance)]
    pub(crate) partial: Partial,
    #[command(flatten)]
    pub(crate) changes: Changes,
    #[command(flatten)]
    pub(crate) running: Running,
    #[command(flatten)]
    pub(crate) printing: Printing,
    #[command(flatten)]
    pub(crate) place: Where,
}

/// What a fault of fraction f does to one site.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum Partial {
    /// The site is hit with probability f.
    Chance,
    /// f of the site's capacity is gone.
    Capacity,
}

/// `explain`.
#[derive(Args, Debug)]
pub(crate) struct Explain {
    /// Scenario file.
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// Which replication; the one of the worst outage unless given.
    #[arg(long, value_name = "N")]
    pub(crate) replication: Option<u64>,
    /// Where the story begins; the worst outage unless given.
    #[arg(long, value_name = "TIME")]
    pub(crate) at: Option<String>,
    /// How long a story from `--at` is.
    #[arg(long = "for", value_name = "TIME", default_value = "6h")]
    pub(crate) lasts: String,
    #[command(flatten)]
    pub(crate) changes: Changes,
    #[command(flatten)]
    pub(crate) running: Running,
    #[command(flatten)]
    pub(crate) printing: Printing,
}

/// `history`.
#[derive(Args, Debug)]
pub(crate) struct History {
    /// Scenario file.
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// Which store; the first unless given.
    #[arg(long, value_name = "NAME")]
    pub(crate) store: Option<String>,
    /// Which replication; the one of the worst outage unless given.
    #[arg(long, value_name = "N")]
    pub(crate) replication: Option<u64>,
    /// Where the history begins; a minute before the worst outage unless given.
    #[arg(long, value_name = "TIME")]
    pub(crate) at: Option<String>,
    /// How long operations are sent.
    #[arg(long = "for", value_name = "TIME", default_value = "10m")]
    pub(crate) lasts: String,
    /// Keys, all alike.
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(crate) keys: u32,
    /// Sessions at the site of each member of the store.
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(crate) sessions: u32,
    /// Mean time between an answer and the session's next operation.
    #[arg(long, value_name = "TIME", default_value = "1s")]
    pub(crate) think: String,
    /// How long a session waits for an answer.
    #[arg(long, value_name = "TIME", default_value = "5s")]
    pub(crate) patience: String,
    /// The form of the history.
    #[arg(long, value_enum, default_value = "jsonl")]
    pub(crate) format: HistoryFormat,
    #[command(flatten)]
    pub(crate) changes: Changes,
    #[command(flatten)]
    pub(crate) running: Running,
}

/// Forms of a history.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum HistoryFormat {
    /// JSON, one object a line.
    Jsonl,
    /// Jepsen's EDN, each key a register.
    EdnRegister,
    /// Jepsen's EDN, each key a list to which writes append.
    EdnList,
}

/// `validate`.
#[derive(Args, Debug)]
pub(crate) struct Validate {
    /// Scenario files.
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// Print the scenario with every default written out.
    #[arg(long)]
    pub(crate) resolved: bool,
    /// Change one value of the scenario: `--set steering.www.ttl=10s`. May be given several times.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,
    #[command(flatten)]
    pub(crate) printing: Printing,
}

/// A list, or one thing of it.
#[derive(Args, Debug)]
pub(crate) struct Named {
    /// Which one; all are listed unless given.
    #[arg(value_name = "NAME")]
    pub(crate) name: Option<String>,
}

/// `init`.
#[derive(Args, Debug)]
pub(crate) struct Init {
    /// The directory.
    #[arg(default_value = ".", value_name = "DIR")]
    pub(crate) directory: PathBuf,
    /// Overwrite files that are there already.
    #[arg(long)]
    pub(crate) force: bool,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_commands_are_consistent() {
        Arguments::command().debug_assert();
    }
}
