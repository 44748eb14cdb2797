//! Why a command could not be done.

use std::fmt;
use std::io;
use std::path::Path;

/// Why a command could not be done. All of it is in the user's world: what is wrong with Seawall itself panics.
#[derive(Debug)]
pub(crate) enum Failure {
    /// A file cannot be used; its problems, rendered.
    Problems(String),
    /// Anything else, in one line.
    Said(String),
    /// The reader of standard output is gone.
    BrokenPipe,
}

impl Failure {
    /// One line, lower case.
    pub(crate) fn said(text: impl Into<String>) -> Self {
        Failure::Said(text.into())
    }

    /// `cannot read `x.yaml`: no such file`.
    pub(crate) fn file(deed: &str, path: &Path, error: &io::Error) -> Self {
        Failure::Said(format!("cannot {deed} `{}`: {}", path.display(), reason(error)))
    }
}

fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "no such file".to_owned(),
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        io::ErrorKind::IsADirectory => "it is a directory".to_owned(),
        io::ErrorKind::InvalidData => "it is not UTF-8 text".to_owned(),
        _ => error.to_string().to_lowercase(),
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Problems(rendered) => f.write_str(rendered.trim_end()),
            Failure::Said(text) => write!(f, "error: {text}"),
            Failure::BrokenPipe => f.write_str("error: nobody reads the output"),
        }
    }
}
