//! Many sorted streams read as one, a bounded number of rows of each at a time.
//!
//! What is found is exact as far as it goes: a row is given only when no stream can have another
//! one before it. How far that is rests on the budget of rows that may be looked at.

use std::cmp::Reverse;

/// Which way the streams are walked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    /// From the greatest key on.
    Down,
    /// From the smallest key on.
    Up,
}

impl Direction {
    /// Whether `a` comes before `b`.
    fn is_before<K: Ord>(self, a: &K, b: &K) -> bool {
        match self {
            Self::Down => a > b,
            Self::Up => a < b,
        }
    }

    /// Puts keys in the order of the walk.
    pub(crate) fn sort<K: Ord>(self, keys: &mut [K]) {
        match self {
            Self::Down => keys.sort_unstable_by(|a, b| b.cmp(a)),
            Self::Up => keys.sort_unstable(),
        }
    }
}

/// A stream to read on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ask<K> {
    /// Its place in the list of streams.
    pub(crate) stream: usize,
    /// The key it was read to.
    pub(crate) reached: Option<K>,
    /// Rows to look at.
    pub(crate) size: usize,
}

/// The next rows of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Chunk<K> {
    /// Those that are wanted.
    pub(crate) found: Vec<K>,
    /// The last one looked at; `None` when the stream has no more.
    pub(crate) last: Option<K>,
    /// How many were looked at.
    pub(crate) seen: usize,
}

/// What was found.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Found<K> {
    /// In the order of the walk, no more than needed.
    pub(crate) keys: Vec<K>,
    /// The budget was used up here: what comes after is not known.
    pub(crate) stopped_at: Option<K>,
}

/// The walk.
#[derive(Debug)]
pub(crate) struct Merge<K> {
    direction: Direction,
    need: usize,
    budget: usize,
    streams: Vec<Stream<K>>,
    found: Vec<K>,
    is_stopped: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stream<K> {
    reach: Reach<K>,
    /// Rows to look at when it is read next. It grows with each turn, so that a stream with most of
    /// the rows is read in a few turns, and one with hardly any not in vain.
    size: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reach<K> {
    Nothing,
    To(K),
    End,
}

/// Rows looked at in a stream at once, at most: an answer is bounded too.
const SIZE_MAX: usize = 8_192;
/// How much more is looked at the next time.
const GROWTH: usize = 4;
/// Of the streams that may have the next row, one of so many is read on at a time: those that are
/// read the least far hold up the others.
const PART: usize = 4;

impl<K: Copy + Ord> Merge<K> {
    /// A walk of so many streams for the first `need` rows that are wanted; the first look at each
    /// stream is at `size` rows.
    pub(crate) fn new(streams: usize, direction: Direction, need: usize, size: usize) -> Self {
        let stream = Stream { reach: Reach::Nothing, size: size.clamp(1, SIZE_MAX) };
        Self {
            direction,
            need,
            budget: 0,
            streams: vec![stream; streams],
            found: Vec::new(),
            is_stopped: false,
        }
    }

    /// Lets it look at so many rows more.
    pub(crate) fn allow(&mut self, budget: usize) {
        self.budget = self.budget.saturating_add(budget);
        self.is_stopped = false;
    }

    /// What to read next; nothing when enough was found, or nothing is left, or the budget is used
    /// up.
    pub(crate) fn asks(&mut self) -> Vec<Ask<K>> {
        self.direction.sort(&mut self.found);
        self.found.truncate(self.need);
        let mut asks = self.unsettled();
        if asks.is_empty() {
            return asks;
        }
        if self.budget == 0 {
            self.is_stopped = true;
            return Vec::new();
        }
        let share = self.budget.div_ceil(asks.len());
        for ask in &mut asks {
            ask.size = ask.size.min(share);
            if let Some(stream) = self.streams.get_mut(ask.stream) {
                stream.size = stream.size.saturating_mul(GROWTH).min(SIZE_MAX);
            }
        }
        asks
    }

    /// Streams to read on: the foremost of those that may still have a row before the last one
    /// needed.
    fn unsettled(&self) -> Vec<Ask<K>> {
        let cut = self.need.checked_sub(1).and_then(|last| self.found.get(last));
        let may_matter = |reached: &K| match cut {
            Some(cut) => self.direction.is_before(reached, cut),
            None => self.need > 0,
        };
        let (mut asks, mut unread) = (Vec::new(), Vec::new());
        for (at, stream) in self.streams.iter().enumerate() {
            let ask = |reached| Ask { stream: at, reached, size: stream.size };
            match stream.reach {
                Reach::Nothing => unread.extend((self.need > 0).then(|| ask(None))),
                Reach::To(key) => asks.extend(may_matter(&key).then(|| ask(Some(key)))),
                Reach::End => {}
            }
        }
        if !unread.is_empty() {
            return unread;
        }
        match self.direction {
            Direction::Down => asks.sort_unstable_by_key(|ask| Reverse(ask.reached)),
            Direction::Up => asks.sort_unstable_by_key(|ask| ask.reached),
        }
        asks.truncate(asks.len().div_ceil(PART));
        asks
    }

    /// Takes what a stream gave.
    pub(crate) fn take(&mut self, stream: usize, chunk: Chunk<K>) {
        self.budget = self.budget.saturating_sub(chunk.seen.max(1));
        self.found.extend(chunk.found);
        if let Some(stream) = self.streams.get_mut(stream) {
            stream.reach = chunk.last.map_or(Reach::End, Reach::To);
        }
    }

    /// Whether the budget was used up.
    pub(crate) const fn is_stopped(&self) -> bool {
        self.is_stopped
    }

    /// What was found when there was nothing more to ask.
    pub(crate) fn finish(self) -> Found<K> {
        let mut keys = self.found;
        if !self.is_stopped {
            return Found { keys, stopped_at: None };
        }
        let reached = self.streams.into_iter().filter_map(|stream| match stream.reach {
            Reach::To(key) => Some(key),
            Reach::Nothing | Reach::End => None,
        });
        let direction = self.direction;
        let first = |a: K, b: K| if direction.is_before(&b, &a) { b } else { a };
        let stopped_at = reached.reduce(first);
        if let Some(stopped_at) = &stopped_at {
            keys.retain(|key| !direction.is_before(stopped_at, key));
        }
        Found { keys, stopped_at }
    }
}

#[cfg(test)]
mod tests;
