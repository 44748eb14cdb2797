//! The command line of Seawall: reads scenario files, asks the engine, prints what the reports say.
//!
//! It is the only room that knows files, terminals and exit codes.

mod arguments;
mod command;
mod console;
mod engine;
mod exit;
mod failure;
mod input;
mod output;
mod progress;

use arguments::Arguments;
use clap::Parser;
use exit::Exit;
use failure::Failure;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    arguments.colour().write_global();
    match command::run(arguments) {
        Ok(exit) => exit.into(),
        // Whoever reads the answer has read enough.
        Err(Failure::BrokenPipe) => Exit::Done.into(),
        Err(failure) => {
            console::complain(&failure.to_string());
            Exit::Wrong.into()
        }
    }
}
