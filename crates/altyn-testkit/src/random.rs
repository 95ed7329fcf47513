//! Numbers that follow from a seed (SplitMix64): the same on every machine and in every version, so
//! that a seed that was written down repeats its run.

use std::time::Duration;

/// A stream of numbers.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// From a seed; each `part` of a run gets a stream of its own, which what other parts draw does
    /// not move.
    pub const fn new(seed: u64, part: u64) -> Self {
        let mixed = part.wrapping_add(1).wrapping_mul(0x2545_f491_4f6c_dd1d);
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ mixed)
    }

    /// Any number.
    pub const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// 0 and more, below `limit`; 0 when there is nothing below it.
    pub const fn below(&mut self, limit: u64) -> u64 {
        if limit == 0 { 0 } else { self.next() % limit }
    }

    /// From `least` to `most`, both included.
    pub const fn between(&mut self, least: u64, most: u64) -> u64 {
        least + self.below(most.saturating_sub(least).saturating_add(1))
    }

    /// A time between two, milliseconds.
    pub const fn pause(&mut self, least_ms: u64, most_ms: u64) -> Duration {
        Duration::from_millis(self.between(least_ms, most_ms))
    }

    /// True once in `times`.
    pub const fn one_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }

    /// True so many times of a thousand.
    pub const fn per_mille(&mut self, times: u64) -> bool {
        self.below(1_000) < times
    }

    /// A place in a list of this length.
    #[expect(clippy::cast_possible_truncation, reason = "below a length, which is a usize")]
    pub const fn place(&mut self, length: usize) -> usize {
        self.below(length as u64) as usize
    }
}
