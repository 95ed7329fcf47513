//! Making ids: time-ordered, unique across nodes, never reused after a crash or a clock step.
//!
//! A node leases a number and, with each renewal, reserves the seconds up to some point ahead. Ids
//! are only made within what is reserved, and a node that starts begins after whatever was
//! reserved under its number before; so neither a killed process nor a clock set back can make an
//! id twice.

use std::sync::{Mutex, PoisonError};

use altyn_domain::id::{ID_EPOCH_SECONDS, IDS_PER_SECOND, IdLayout};
use altyn_domain::time::Timestamp;

/// How far ahead seconds are reserved at each renewal.
pub const RESERVE_SECONDS: i64 = 60;

/// No id can be made now: the lease was lost or its reservation is used up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this node may not make ids now: its lease has not been renewed")]
pub struct NoIds;

/// Makes ids for one node.
#[derive(Debug, Default)]
pub struct IdSource {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    node: u8,
    /// The second ids are made in, Unix.
    second: i64,
    /// The next position within it.
    sequence: u32,
    /// The last second that is reserved, Unix; zero while there is no lease.
    reserved: i64,
}

impl IdSource {
    /// A source that makes nothing until it is given a lease.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes over a number: ids begin after `used`, and stay at or before `reserved`.
    pub fn begin(&self, node: u8, used: i64, reserved: i64) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        *state = State { node, second: used + 1, sequence: 0, reserved };
    }

    /// Moves the reservation on.
    pub fn extend(&self, reserved: i64) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.reserved = state.reserved.max(reserved);
    }

    /// Stops making ids.
    pub fn revoke(&self) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.reserved = 0;
    }

    /// The second up to which ids may have been made: what the next renewal must reserve beyond.
    pub fn second(&self) -> i64 {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).second
    }

    /// The next id. A burst borrows from coming seconds; a clock set back goes unnoticed; one set
    /// forward, beyond what is reserved, is followed once the next renewal has reserved that.
    pub fn next(&self, now: Timestamp) -> Result<i64, NoIds> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let now = now.as_seconds();
        if now > state.second && now <= state.reserved {
            (state.second, state.sequence) = (now, 0);
        } else if state.sequence >= IDS_PER_SECOND {
            (state.second, state.sequence) = (state.second + 1, 0);
        }
        if state.second > state.reserved || state.reserved == 0 {
            return Err(NoIds);
        }
        let layout = IdLayout {
            second: u32::try_from(state.second - ID_EPOCH_SECONDS).map_err(|_| NoIds)?,
            sequence: u16::try_from(state.sequence).map_err(|_| NoIds)?,
            node: state.node,
        };
        state.sequence += 1;
        Ok(layout.pack())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_800_000_000;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_millis(second * 1_000)
    }

    #[test]
    fn ids_grow_through_bursts_and_clock_steps_back() {
        let source = IdSource::new();
        source.begin(3, NOW - 1, NOW + RESERVE_SECONDS);
        let mut last = 0;
        for turn in 0..200_000 {
            let id = source.next(at(NOW - turn % 7)).unwrap_or_default();
            assert!(id > last, "turn {turn}");
            last = id;
        }
    }

    #[test]
    fn nothing_is_made_outside_the_reservation() {
        let source = IdSource::new();
        assert_eq!(source.next(at(NOW)), Err(NoIds));
        source.begin(0, NOW + 10, NOW + 12);
        assert!(source.next(at(NOW)).is_ok());
        // Two seconds are reserved, and all of them can be had, whatever o'clock it is.
        let made = (1..2 * IDS_PER_SECOND).filter(|_| source.next(at(NOW + 3_600)).is_ok());
        assert_eq!(made.count(), 2 * IDS_PER_SECOND as usize - 1);
        assert_eq!(source.next(at(NOW)), Err(NoIds));
        assert_eq!(source.next(at(NOW + 13)), Err(NoIds));
        source.extend(NOW + 20);
        assert!(source.next(at(NOW + 13)).is_ok());
        source.revoke();
        assert_eq!(source.next(at(NOW + 13)), Err(NoIds));
    }

    #[test]
    fn a_restart_does_not_repeat_what_was_reserved() {
        let first = IdSource::new();
        first.begin(0, NOW - 1, NOW + RESERVE_SECONDS);
        let made = first.next(at(NOW)).unwrap_or_default();
        let second = IdSource::new();
        second.begin(0, NOW + RESERVE_SECONDS, NOW + 2 * RESERVE_SECONDS);
        assert!(second.next(at(NOW)).unwrap_or_default() > made);
    }
}
