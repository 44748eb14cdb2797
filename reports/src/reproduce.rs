//! How to get the same bytes again.

use serde::{Serialize, Serializer};
use sim::hash::StableHash;
use std::fmt;

/// The hash of an outcome: equal outcomes, and practically only they, have equal fingerprints.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Fingerprint(u64);

impl Fingerprint {
    /// The upper half of a 128-bit hash.
    pub const fn new(hash: u128) -> Self {
        Fingerprint((hash >> 64) as u64)
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl Serialize for Fingerprint {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// The hash of everything a command read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Inputs(u32);

impl Inputs {
    /// Of these texts, in this order; where one ends and the next begins counts.
    pub fn of<'a>(texts: impl IntoIterator<Item = &'a str>) -> Self {
        let mut hash = StableHash::new();
        for text in texts {
            hash.write(&(text.len() as u64).to_le_bytes());
            hash.write(text.as_bytes());
        }
        Inputs((hash.finish() >> 96) as u32)
    }
}

impl fmt::Display for Inputs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}", self.0)
    }
}

impl Serialize for Inputs {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// The command that gives this output again, and the hashes that tell whether it did.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Reproduce {
    /// The command to type.
    pub command: String,
    /// The version of Seawall.
    pub version: String,
    /// What was read.
    pub inputs: Inputs,
    /// What came out.
    pub fingerprint: Fingerprint,
}

impl fmt::Display for Reproduce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Reproduce { command, version, inputs, fingerprint } = self;
        write!(f, "reproduce: {command}    version {version}  inputs {inputs}  fingerprint {fingerprint}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inputs_tell_where_a_text_ends() {
        assert_ne!(Inputs::of(["ab", "c"]), Inputs::of(["a", "bc"]));
        assert_eq!(Inputs::of(["ab"]).to_string().len(), 8);
    }
}
