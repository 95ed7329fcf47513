//! What was asked for, kept so that a repeat can be told from another request.
//!
//! Guaranteed: nothing under a secret's path is in it, and every card number is masked. One is made
//! of each request and copied on its way to the store, so the lines share one text, and copies
//! share the whole.

use std::borrow::Cow;
use std::sync::Arc;

use crate::mask::{is_secret_path, mask_cards};

/// A request as it was signed, flattened to `path` and `value`, without secrets and with card
/// numbers masked: what a repeat is compared with.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct RequestEcho(Arc<Kept>);

/// Lines, one behind the other.
#[derive(Debug, PartialEq, Eq, Default)]
struct Kept {
    text: String,
    /// Where the path and the value of each line end; it begins where the one before it ends.
    ends: Vec<(usize, usize)>,
}

impl Kept {
    fn of<P: AsRef<str>, V: AsRef<str>>(lines: &[(P, V)]) -> Self {
        let of_line = |(path, value): &(P, V)| path.as_ref().len() + value.as_ref().len();
        let length = lines.iter().map(of_line).sum();
        let mut kept =
            Self { text: String::with_capacity(length), ends: Vec::with_capacity(lines.len()) };
        for (path, value) in lines {
            kept.text.push_str(path.as_ref());
            let path_end = kept.text.len();
            kept.text.push_str(value.as_ref());
            kept.ends.push((path_end, kept.text.len()));
        }
        kept
    }
}

impl RequestEcho {
    /// Masks and keeps; order does not matter.
    pub fn new<P, V>(lines: impl IntoIterator<Item = (P, V)>) -> Self
    where
        P: AsRef<str>,
        V: AsRef<str>,
    {
        let is_kept = |(path, _): &(P, V)| !is_secret_path(path.as_ref());
        let lines: Vec<(P, V)> = lines.into_iter().filter(is_kept).collect();
        let masked = lines.iter().map(|(path, value)| (path.as_ref(), mask_cards(value.as_ref())));
        let mut kept: Vec<(&str, Cow<'_, str>)> = masked.collect();
        kept.sort_unstable();
        Self(Arc::new(Kept::of(&kept)))
    }

    /// The same with one more line, which the caller has masked: what a card was told apart by.
    #[must_use]
    pub fn with(&self, path: &str, masked: &str) -> Self {
        let mut lines: Vec<(&str, &str)> = self.lines().chain([(path, masked)]).collect();
        lines.sort_unstable();
        Self(Arc::new(Kept::of(&lines)))
    }

    /// Takes lines that were masked before.
    pub fn from_stored(lines: &[(String, String)]) -> Self {
        Self(Arc::new(Kept::of(lines)))
    }

    /// The lines, path and value, sorted by path.
    pub fn lines(&self) -> impl ExactSizeIterator<Item = (&str, &str)> {
        let kept = self.0.as_ref();
        let mut start = 0;
        kept.ends.iter().map(move |(path_end, end)| {
            let line = (kept.text.get(start..*path_end), kept.text.get(*path_end..*end));
            start = *end;
            (line.0.unwrap_or_default(), line.1.unwrap_or_default())
        })
    }

    /// The value of a line.
    pub fn value(&self, path: &str) -> Option<&str> {
        self.lines().find_map(|(own, value)| (own == path).then_some(value))
    }

    /// The first path whose value is not the same in both; `None` when they are equal.
    pub fn first_difference<'a>(&'a self, other: &'a Self) -> Option<&'a str> {
        let mut own = self.lines().peekable();
        let mut theirs = other.lines().peekable();
        loop {
            match (own.peek(), theirs.peek()) {
                (None, None) => return None,
                (Some((path, _)), None) | (None, Some((path, _))) => return Some(path),
                (Some(left), Some(right)) if left == right => {
                    own.next();
                    theirs.next();
                }
                (Some((left, _)), Some((right, _))) => return Some(left.min(right)),
            }
        }
    }
}
