//! How far claims have looked, so that the backlog of a busy lane is not walked over by each.
//!
//! A claim that found less than it asked for has seen everything due: what is left belongs to busy
//! lanes, and what is added later is due later. So the next claims begin where it stood, a margin
//! earlier. What the margin does not cover (a commit that took long, a job made due in the past, what
//! another node held at that moment) is found by the walk over everything that comes every few
//! seconds, and at once when a lane is busy no more. With no busy lane nothing is passed over.

use altyn_app::jobs::FROM_THE_FIRST;
use altyn_domain::time::{SECOND_MS, Timestamp};

/// How much before the moment of the last claim the next one begins.
const MARGIN_MS: i64 = SECOND_MS;
/// How often everything is walked over nevertheless.
const WHOLE_EVERY_MS: i64 = 5 * SECOND_MS;

/// Where claims of one kind begin.
#[derive(Debug, Default)]
pub struct Walk {
    passed: Option<Passed>,
    turn: u64,
}

#[derive(Clone, Copy, Debug)]
struct Passed {
    /// Everything due before is of busy lanes.
    until: Timestamp,
    /// When everything was last looked at.
    whole_at: Timestamp,
}

/// From where one claim looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Start {
    /// What was due before is passed over.
    pub since: Timestamp,
    now: Timestamp,
    turn: u64,
}

impl Walk {
    /// From where a claim at `now` looks.
    pub fn start(&self, now: Timestamp) -> Start {
        let passed = self.passed.filter(|passed| {
            // A clock that was put back says nothing about what was passed.
            (0..WHOLE_EVERY_MS).contains(&(now.as_millis() - passed.whole_at.as_millis()))
        });
        let since = passed.map_or(FROM_THE_FIRST, |passed| passed.until);
        Start { since, now, turn: self.turn }
    }

    /// The claim that began at `start` found less than it asked for.
    pub fn ended(&mut self, start: Start) {
        if start.turn != self.turn {
            return;
        }
        let before = self.passed.filter(|_| start.since > FROM_THE_FIRST);
        let whole_at = before.map_or(start.now, |passed| passed.whole_at);
        self.passed = Some(Passed { until: start.now.plus_millis(-MARGIN_MS), whole_at });
    }

    /// A lane is busy no more: what was passed over may be its.
    pub fn forget(&mut self) {
        self.passed = None;
        self.turn += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(1_000_000 + millis)
    }

    #[test]
    fn a_claim_begins_where_the_last_one_came_to_the_end() {
        let mut walk = Walk::default();
        assert_eq!(walk.start(at(0)).since, FROM_THE_FIRST);
        walk.ended(walk.start(at(0)));
        assert_eq!(walk.start(at(10)).since, at(-1_000));
        walk.ended(walk.start(at(10)));
        assert_eq!(walk.start(at(4_999)).since, at(-990));
        assert_eq!(walk.start(at(5_000)).since, FROM_THE_FIRST, "everything, now and then");
        walk.ended(walk.start(at(5_000)));
        assert_eq!(walk.start(at(9_999)).since, at(4_000));
        assert_eq!(walk.start(at(4_999)).since, FROM_THE_FIRST, "the clock was put back");
    }

    #[test]
    fn when_a_lane_is_free_again_everything_is_looked_at() {
        let mut walk = Walk::default();
        walk.ended(walk.start(at(0)));
        let under_way = walk.start(at(10));
        walk.forget();
        assert_eq!(walk.start(at(20)).since, FROM_THE_FIRST);
        walk.ended(under_way);
        assert_eq!(walk.start(at(20)).since, FROM_THE_FIRST, "it did not know of the free lane");
    }
}
