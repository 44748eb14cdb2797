//! One file a command.

mod check;
mod drill;
mod errors;
mod explain;
mod history;
mod incidents;
mod init;
mod intro;
mod lookup;
mod presets;
mod replay;
mod results;
mod run;
mod schema;
mod validate;

use crate::arguments::{Arguments, Command};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::progress::Audience;

/// Does what was asked.
pub(crate) fn run(arguments: Arguments) -> Result<Exit, Failure> {
    let audience = Audience::here(arguments.quiet);
    let done = |()| Exit::Done;
    match arguments.command {
        None => intro::print().map(done),
        Some(Command::Run(asked)) => run::run(&asked, audience).map(done),
        Some(Command::Check(asked)) => check::run(&asked, audience),
        Some(Command::Drill(asked)) => drill::run(&asked, audience).map(done),
        Some(Command::Replay(asked)) => replay::run(&asked, audience).map(done),
        Some(Command::Explain(asked)) => explain::run(&asked, audience).map(done),
        Some(Command::History(asked)) => history::run(&asked, audience).map(done),
        Some(Command::Validate(asked)) => validate::run(&asked),
        Some(Command::Schema) => schema::run().map(done),
        Some(Command::Presets(asked)) => presets::run(&asked).map(done),
        Some(Command::Incidents(asked)) => incidents::run(&asked).map(done),
        Some(Command::Errors(asked)) => errors::run(&asked).map(done),
        Some(Command::Init(asked)) => init::run(&asked).map(done),
    }
}
