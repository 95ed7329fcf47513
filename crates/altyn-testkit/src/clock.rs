//! A clock that stands still until it is moved.

use std::sync::atomic::{AtomicI64, Ordering};

use altyn_app::ports::Clock;
use altyn_domain::time::Timestamp;

/// The moment tests begin at unless they say otherwise: 2027-01-15 08:00 UTC.
pub const START: Timestamp = Timestamp::from_millis(1_800_000_000_000);

/// A clock for tests.
#[derive(Debug)]
pub struct FakeClock(AtomicI64);

impl FakeClock {
    /// Stands at `now`.
    pub const fn at(now: Timestamp) -> Self {
        Self(AtomicI64::new(now.as_millis()))
    }

    /// Jumps to `now`, backwards too.
    pub fn set(&self, now: Timestamp) {
        self.0.store(now.as_millis(), Ordering::SeqCst);
    }

    /// Goes on by `span_ms` and says what time it is then.
    pub fn advance(&self, span_ms: i64) -> Timestamp {
        Timestamp::from_millis(self.0.fetch_add(span_ms, Ordering::SeqCst) + span_ms)
    }
}

impl Default for FakeClock {
    fn default() -> Self {
        Self::at(START)
    }
}

impl Clock for FakeClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::SeqCst))
    }
}
