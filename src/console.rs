//! Standard output for the answer, standard error for everything else.

use crate::failure::Failure;
use std::io::{self, Write};

/// Prints the answer. Escape codes are removed where the terminal, or its absence, asks for it.
pub(crate) fn answer(text: &str) -> Result<(), Failure> {
    let mut out = anstream::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Err(Failure::BrokenPipe),
        Err(error) => Err(Failure::said(format!("cannot write to standard output: {error}"))),
        Ok(()) => Ok(()),
    }
}

/// Prints a remark.
pub(crate) fn complain(text: &str) {
    // Standard error is the last resort: where it is closed, nobody can be told.
    let _ = writeln!(anstream::stderr().lock(), "{text}");
}
