//! From a tree to the text under the signature.
//!
//! All lines are written one after another into one buffer, sorted as slices of it, and joined.
//! That is one growing allocation for any number of parameters, which is most of the difference
//! between this and a map of strings. A body may carry a card, so what was written is wiped.

use std::cmp::Ordering;
use std::fmt::Write;

use zeroize::{Zeroize as _, Zeroizing};

use super::Order;
use super::leafs::{Leaf, Leafs, Step};
use super::numbers::Numbers;

/// Room for the lines of an ordinary body, so that it is allocated once: growing would be slower
/// and would leave a copy behind.
const USUAL_LENGTH: usize = 4 * 1024;
const USUAL_LINES: usize = 32;

/// How a null is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Nulls {
    Empty,
    None,
}

/// What becomes of a `:` inside a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keys {
    AsIs,
    Doubled,
}

/// One way to make the text of a tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rules {
    pub(crate) order: Order,
    pub(crate) nulls: Nulls,
    pub(crate) numbers: Numbers,
    pub(crate) keys: Keys,
}

impl Rules {
    /// The documented rule; what we sign with.
    pub(crate) const CANONICAL: Self = Self {
        order: Order::Natural,
        nulls: Nulls::Empty,
        numbers: Numbers::AsSent,
        keys: Keys::AsIs,
    };
}

/// One leaf, as slices of the buffer of [`Lines`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct Line<'l> {
    /// Keys and positions joined with `:`.
    pub(crate) path: &'l str,
    /// `path:value`.
    pub(crate) whole: &'l str,
}

/// The leaves of a tree, in the order met.
pub(crate) struct Lines {
    text: Written,
    spans: Vec<Span>,
}

/// A text that only grows, within the room it has as a rule: what was written is wiped, and not
/// all the room.
struct Written(String);

impl Drop for Written {
    fn drop(&mut self) {
        std::mem::take(&mut self.0).into_bytes().as_mut_slice().zeroize();
    }
}

/// Where a line ends in the buffer; it begins where the one before it ends.
struct Span {
    path_end: usize,
    end: usize,
}

impl Lines {
    /// Walks a tree and writes its lines. They are met in their final order for
    /// [`Order::Levels`] and in the tree's own otherwise.
    pub(crate) fn gather<T: Leafs>(tree: &T, rules: Rules) -> Self {
        let lines = Self {
            text: Written(String::with_capacity(USUAL_LENGTH)),
            spans: Vec::with_capacity(USUAL_LINES),
        };
        let mut walk = Walk { rules, path: String::with_capacity(64), lines };
        walk.node(tree);
        walk.lines
    }

    /// Paths and values, in the order met.
    pub(crate) fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.each()
            .map(|line| (line.path, line.whole.get(line.path.len() + 1..).unwrap_or_default()))
    }

    fn each(&self) -> impl ExactSizeIterator<Item = Line<'_>> {
        let mut start = 0;
        self.spans.iter().map(move |span| {
            let line = Line {
                path: self.text.0.get(start..span.path_end).unwrap_or_default(),
                whole: self.text.0.get(start..span.end).unwrap_or_default(),
            };
            start = span.end;
            line
        })
    }

    /// The lines in the given order. Equal paths, which only keys with `:` can give, are put in
    /// the order of their values, so that the result never depends on the order in the body.
    pub(crate) fn ordered(&self, order: Order) -> Vec<Line<'_>> {
        let mut lines: Vec<Line<'_>> = self.each().collect();
        match order {
            Order::Natural => lines.sort_unstable_by(|a, b| {
                natural(a.path, b.path).then_with(|| a.whole.cmp(b.whole))
            }),
            Order::Paths => {
                lines.sort_unstable_by(|a, b| a.path.cmp(b.path).then(a.whole.cmp(b.whole)));
            }
            Order::Lines => lines.sort_unstable_by(|a, b| a.whole.cmp(b.whole)),
            Order::Levels => {}
        }
        lines
    }

    /// The text under the signature.
    pub(crate) fn joined(&self, order: Order) -> Zeroizing<String> {
        let length = self.text.0.len() + self.spans.len();
        let mut joined = Zeroizing::new(String::with_capacity(length));
        for line in self.ordered(order) {
            if !joined.is_empty() {
                joined.push(';');
            }
            joined.push_str(line.whole);
        }
        joined
    }
}

/// The state of one walk: the path to the current node, and what has been written.
struct Walk {
    rules: Rules,
    path: String,
    lines: Lines,
}

impl Walk {
    fn node<T: Leafs>(&mut self, node: &T) {
        if let Some(leaf) = node.leaf() {
            self.leaf(&leaf);
        } else if self.rules.order == Order::Levels {
            let mut children = Vec::new();
            node.each_child(|step, child| children.push((step, child)));
            children.sort_by(|(a, _), (b, _)| by_level(*a, *b));
            for (step, child) in children {
                self.child(step, child);
            }
        } else {
            node.each_child(|step, child| self.child(step, child));
        }
    }

    fn child<T: Leafs>(&mut self, step: Step<'_>, child: &T) {
        if matches!(step, Step::Name("signature" | "frame_mode")) {
            return;
        }
        let mark = self.path.len();
        if mark > 0 {
            self.path.push(':');
        }
        match step {
            Step::Name(key) if self.rules.keys == Keys::Doubled && key.contains(':') => {
                self.path.push_str(&key.replace(':', "::"));
            }
            Step::Name(key) => self.path.push_str(key),
            Step::Index(index) => push_number(&mut self.path, index),
        }
        self.node(child);
        self.path.truncate(mark);
    }

    fn leaf(&mut self, leaf: &Leaf<'_>) {
        let text = &mut self.lines.text.0;
        text.push_str(&self.path);
        let path_end = text.len();
        text.push(':');
        match leaf {
            Leaf::Null if self.rules.nulls == Nulls::None => text.push_str("None"),
            Leaf::Null => {}
            Leaf::Bool(value) => text.push(if *value { '1' } else { '0' }),
            Leaf::Number(raw) => self.rules.numbers.write(raw, text),
            Leaf::Text(value) => text.push_str(value),
        }
        self.lines.spans.push(Span { path_end, end: text.len() });
    }
}

fn push_number(out: &mut String, number: usize) {
    // Writing to a String reports no error; the trait only has one to give.
    let _: std::fmt::Result = write!(out, "{number}");
}

/// Natural order: runs of digits by the number they spell, other characters by code point, and
/// of two texts equal in that the shorter one first.
pub(super) fn natural(a: &str, b: &str) -> Ordering {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let same = a.iter().zip(b).take_while(|(x, y)| x == y).count();
    match (a.get(same), b.get(same)) {
        // Bytes of UTF-8 sort as code points do. This is the case for nearly every pair.
        (Some(x), Some(y)) if !x.is_ascii_digit() && !y.is_ascii_digit() => x.cmp(y),
        (Some(_), Some(_)) => natural_with_digits(a, b),
        (None, _) | (_, None) => a.len().cmp(&b.len()),
    }
}

fn natural_with_digits(a: &[u8], b: &[u8]) -> Ordering {
    let (mut left, mut right) = (a, b);
    loop {
        let ordering = match (left.split_first(), right.split_first()) {
            (Some((x, _)), Some((y, _))) if x.is_ascii_digit() && y.is_ascii_digit() => {
                let (x, y) = (digits(&mut left), digits(&mut right));
                x.len().cmp(&y.len()).then_with(|| x.cmp(y))
            }
            (Some((x, left_rest)), Some((y, right_rest))) => {
                (left, right) = (left_rest, right_rest);
                x.cmp(y)
            }
            (None, Some(_)) => Ordering::Less,
            (Some(_), None) => Ordering::Greater,
            (None, None) => return a.len().cmp(&b.len()),
        };
        if ordering.is_ne() {
            return ordering;
        }
    }
}

/// Takes the run of digits at the front and returns it without leading zeros.
fn digits<'t>(text: &mut &'t [u8]) -> &'t [u8] {
    let length = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (run, rest) = text.split_at(length);
    *text = rest;
    let zeros = run.iter().take_while(|byte| **byte == b'0').count();
    run.get(zeros..).unwrap_or_default()
}

/// The order of an object's keys in JavaScript after a sort: those that look like array positions
/// by number, then the others by UTF-16 code unit.
fn by_level(a: Step<'_>, b: Step<'_>) -> Ordering {
    match (position(a), position(b)) {
        (Some(x), Some(y)) => x.cmp(&y),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => units(a).cmp(units(b)),
    }
}

fn position(step: Step<'_>) -> Option<usize> {
    match step {
        Step::Index(index) => Some(index),
        Step::Name(key) => {
            let plain = key == "0" || !key.starts_with(['0', '+']);
            // 2^32 - 1 is a length in JavaScript and no longer a position.
            let number: u32 = if plain { key.parse().ok()? } else { return None };
            (number < u32::MAX).then(|| usize::try_from(number).ok()).flatten()
        }
    }
}

fn units(step: Step<'_>) -> impl Iterator<Item = u16> {
    let key = match step {
        Step::Name(key) => key,
        Step::Index(_) => "",
    };
    key.encode_utf16()
}
