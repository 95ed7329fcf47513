//! One thing that a rule found wrong.

use std::fmt;

/// A place and what is wrong there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// A path from the root of the repository, or the name of a crate.
    pub place: String,
    /// Counted from 1; absent where the finding is about the whole of it.
    pub line: Option<usize>,
    /// What is wrong, and what to do about it.
    pub says: String,
}

impl Finding {
    /// A finding about the whole of a file, folder or crate.
    pub fn new(place: impl Into<String>, says: impl Into<String>) -> Self {
        Self { place: place.into(), line: None, says: says.into() }
    }

    /// A finding about one line of a file.
    pub fn at(place: impl Into<String>, line: usize, says: impl Into<String>) -> Self {
        Self { place: place.into(), line: Some(line), says: says.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{line}: {}", self.place, self.says),
            None => write!(f, "{}: {}", self.place, self.says),
        }
    }
}

/// All findings, one a line.
pub fn listing(findings: &[Finding]) -> String {
    findings.iter().map(|finding| format!("{finding}\n")).collect()
}
