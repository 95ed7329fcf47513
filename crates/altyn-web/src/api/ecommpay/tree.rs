//! A strict reader for signed JSON bodies.
//!
//! Guaranteed by [`parse`]: keys are unique (as decoded, so an escaped spelling does not hide a
//! second one), numbers keep the text they were sent with, strings without escapes are borrowed
//! from the body, and the size of the tree is bounded before anything is built from it. A general
//! JSON value loses the first two, and both decide whether a signature means what it seems to:
//! with two equal keys the signer and we could read different ones.
//!
//! The syntax is left to `jiter`; the signature rules are in [`super::sign`].

use std::borrow::Cow;
use std::fmt;

use altyn_domain::payment::RequestEcho;
use jiter::{Jiter, JiterError, Peek};

use super::sign::{Lines, Rules};

#[cfg(test)]
mod tests;

/// Containers inside containers that a body may have, the outermost one counted.
pub const MAX_DEPTH: usize = 16;
/// Values of all kinds that a body may have, containers counted.
pub const MAX_NODES: usize = 2_000;

/// Bytes that the paths of all leaves may have together.
///
/// Every line under a signature repeats its whole path, so a few long keys above many leaves would
/// make us hash thousands of times the body before we know who sent it.
pub const MAX_PATHS: usize = 64 * 1024;

/// What a position in a list adds to a path, at most: `:` and four digits.
const POSITION: usize = 5;

/// Up to this many keys, comparing every pair is faster than sorting them.
const FEW_KEYS: usize = 16;

/// One JSON value; text is borrowed from the body wherever it had no escapes.
///
/// `Debug` shows the shape and the keys only: bodies carry card numbers.
#[derive(Clone, PartialEq, Eq)]
pub enum Node<'a> {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number, as the text that was sent: `10.50` stays `10.50`.
    Number(&'a str),
    /// A string with its escapes resolved.
    Text(Cow<'a, str>),
    /// An array.
    List(Vec<Node<'a>>),
    /// An object, in the order sent; no key occurs twice.
    Object(Vec<(Cow<'a, str>, Node<'a>)>),
}

/// Why a body was refused before its meaning was looked at.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TreeError {
    /// Not JSON, or bytes after the end of it.
    #[error("the body is not valid JSON (byte {offset})")]
    Syntax {
        /// Where in the body, in bytes from 0.
        offset: usize,
    },
    /// The bytes are not UTF-8.
    #[error("the body is not valid UTF-8 (byte {offset})")]
    Encoding {
        /// The first byte that does not fit.
        offset: usize,
    },
    /// An object has one key twice.
    #[error("the parameter {path} occurs twice")]
    DuplicateKey {
        /// Keys and array positions joined with dots.
        path: String,
    },
    /// More than [`MAX_DEPTH`] levels.
    #[error("the body is nested deeper than {MAX_DEPTH} levels")]
    TooDeep,
    /// More than [`MAX_NODES`] values.
    #[error("the body has more than {MAX_NODES} values")]
    TooMany,
    /// Paths longer than [`MAX_PATHS`] together.
    #[error("the names of the parameters are too long")]
    TooLong,
    /// The outermost value is a list, a text or the like.
    #[error("the body is not a JSON object")]
    NotAnObject,
}

/// Reads a whole body, which must be one JSON object.
///
/// # Errors
/// See [`TreeError`]; the first fault met ends the reading.
pub fn parse(bytes: &[u8]) -> Result<Node<'_>, TreeError> {
    let text = std::str::from_utf8(bytes)
        .map_err(|fault| TreeError::Encoding { offset: fault.valid_up_to() })?;
    let mut reader = Reader { text, json: Jiter::new(bytes), nodes: 0, path: 0, paths: 0 };
    let first = reader.json.peek()?;
    let root = reader.value(first, 0)?;
    reader.json.finish()?;
    match root {
        Node::Object(_) => Ok(root),
        Node::Null | Node::Bool(_) | Node::Number(_) | Node::Text(_) | Node::List(_) => {
            Err(TreeError::NotAnObject)
        }
    }
}

/// The request as it is kept, flattened in the form that is signed.
///
/// `signature` and `frame_mode` are left out, as they are from the signature. Two bodies with equal
/// echoes are one request as far as may be known, and the first unequal line names what was changed.
#[must_use]
pub fn echo(node: &Node<'_>) -> RequestEcho {
    let lines = Lines::gather(node, Rules::CANONICAL);
    RequestEcho::new(lines.pairs())
}

impl<'a> Node<'a> {
    /// The member of an object with this key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Self> {
        self.as_object()?.iter().find_map(|(name, node)| (name == key).then_some(node))
    }

    /// Follows keys, and positions within lists (`"0"`), downwards.
    #[must_use]
    pub fn at(&self, path: &[&str]) -> Option<&Self> {
        path.iter().try_fold(self, |node, step| match node.as_list() {
            Some(items) => items.get(step.parse::<usize>().ok()?),
            None => node.get(step),
        })
    }

    /// The content of a string; a number is not one.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        if let Node::Text(text) = self { Some(text) } else { None }
    }

    /// The text of a number as it was sent.
    #[must_use]
    pub fn as_number(&self) -> Option<&'a str> {
        if let Node::Number(raw) = self { Some(raw) } else { None }
    }

    /// The members of an object in the order sent.
    #[must_use]
    pub fn as_object(&self) -> Option<&[(Cow<'a, str>, Self)]> {
        if let Node::Object(members) = self { Some(members) } else { None }
    }

    /// The elements of an array.
    #[must_use]
    pub fn as_list(&self) -> Option<&[Self]> {
        if let Node::List(items) = self { Some(items) } else { None }
    }

    /// What this is called in messages to a developer.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Node::Null => "null",
            Node::Bool(_) => "boolean",
            Node::Number(_) => "number",
            Node::Text(_) => "string",
            Node::List(_) => "array",
            Node::Object(_) => "object",
        }
    }
}

impl fmt::Debug for Node<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Node::List(items) => f.debug_list().entries(items).finish(),
            Node::Object(members) => {
                f.debug_map().entries(members.iter().map(|(key, node)| (key, node))).finish()
            }
            Node::Null | Node::Bool(_) | Node::Number(_) | Node::Text(_) => {
                f.write_str(self.kind())
            }
        }
    }
}

impl From<JiterError> for TreeError {
    fn from(fault: JiterError) -> Self {
        Self::Syntax { offset: fault.index }
    }
}

impl TreeError {
    /// Puts a step in front of the path of a duplicate. Paths are built on the way out, so a good
    /// body pays nothing for them.
    fn below(self, step: &dyn fmt::Display) -> Self {
        if let Self::DuplicateKey { path } = self {
            return Self::DuplicateKey { path: format!("{step}.{path}") };
        }
        self
    }
}

/// The state of one reading. `text` and the data of `json` are the same bytes.
struct Reader<'a> {
    text: &'a str,
    json: Jiter<'a>,
    nodes: usize,
    /// Length of the path to the current value, and of the paths of all leaves so far.
    path: usize,
    paths: usize,
}

impl<'a> Reader<'a> {
    fn value(&mut self, peek: Peek, depth: usize) -> Result<Node<'a>, TreeError> {
        self.nodes += 1;
        if self.nodes > MAX_NODES {
            return Err(TreeError::TooMany);
        }
        match peek {
            Peek::Array | Peek::Object if depth == MAX_DEPTH => Err(TreeError::TooDeep),
            Peek::Array => self.list(depth + 1),
            Peek::Object => self.object(depth + 1),
            _ => self.leaf(peek),
        }
    }

    fn leaf(&mut self, peek: Peek) -> Result<Node<'a>, TreeError> {
        self.paths += self.path;
        if self.paths > MAX_PATHS {
            return Err(TreeError::TooLong);
        }
        match peek {
            Peek::Null => {
                self.json.known_null()?;
                Ok(Node::Null)
            }
            Peek::True | Peek::False => Ok(Node::Bool(self.json.known_bool(peek)?)),
            Peek::String => {
                let decoded = self.json.known_str()?;
                Ok(Node::Text(borrowed(self.text, decoded)))
            }
            _ => self.number(peek),
        }
    }

    /// Everything else that begins a value; jiter refuses what is no number, `NaN` and `Infinity`
    /// included.
    fn number(&mut self, peek: Peek) -> Result<Node<'a>, TreeError> {
        let offset = self.json.current_index();
        self.json.known_number_bytes(peek)?;
        let end = self.json.current_index();
        self.text.get(offset..end).map(Node::Number).ok_or(TreeError::Syntax { offset })
    }

    fn list(&mut self, depth: usize) -> Result<Node<'a>, TreeError> {
        let mut items = Vec::new();
        self.path += POSITION;
        let mut next = self.json.known_array()?;
        while let Some(peek) = next {
            let item = self.value(peek, depth).map_err(|fault| fault.below(&items.len()))?;
            items.push(item);
            next = self.json.array_step()?;
        }
        self.path -= POSITION;
        Ok(Node::List(items))
    }

    fn object(&mut self, depth: usize) -> Result<Node<'a>, TreeError> {
        let mut members = Vec::new();
        let text = self.text;
        let mut next = self.json.known_object()?.map(|key| borrowed(text, key));
        while let Some(key) = next {
            let peek = self.json.peek()?;
            let step = key.len() + 1;
            self.path += step;
            let node = self.value(peek, depth).map_err(|fault| fault.below(&key))?;
            self.path -= step;
            members.push((key, node));
            next = self.json.next_key()?.map(|key| borrowed(text, key));
        }
        refuse_duplicates(&members)?;
        Ok(Node::Object(members))
    }
}

/// Turns a string handed out by jiter into one that outlives the reader.
///
/// jiter returns a part of the body when there was no escape and its own buffer otherwise, under
/// one short lifetime. The address tells which: the two allocations do not overlap, so a string
/// that begins inside the body is a part of it.
fn borrowed<'a>(text: &'a str, decoded: &str) -> Cow<'a, str> {
    decoded
        .as_ptr()
        .addr()
        .checked_sub(text.as_ptr().addr())
        .and_then(|start| text.get(start..start.checked_add(decoded.len())?))
        .map_or_else(|| Cow::Owned(decoded.to_owned()), Cow::Borrowed)
}

fn refuse_duplicates(members: &[(Cow<'_, str>, Node<'_>)]) -> Result<(), TreeError> {
    let twice = if members.len() <= FEW_KEYS {
        let mut rest = members;
        let mut found = None;
        while let Some(((key, _), later)) = rest.split_first() {
            if later.iter().any(|(other, _)| other == key) {
                found = Some(key.as_ref());
                break;
            }
            rest = later;
        }
        found
    } else {
        let mut keys: Vec<&str> = members.iter().map(|(key, _)| key.as_ref()).collect();
        keys.sort_unstable();
        keys.array_windows().find_map(|[key, next]| (key == next).then_some(*key))
    };
    twice.map_or(Ok(()), |key| Err(TreeError::DuplicateKey { path: key.to_owned() }))
}
