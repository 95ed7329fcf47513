//! Waiting for what another process does: there is nothing to be notified by, so it is polled.

use std::time::{Duration, Instant};

/// How long anything may take before a test gives up; many times what it takes.
pub const PATIENCE: Duration = Duration::from_secs(60);
/// Between two looks.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// The time that has passed, not what o'clock it is.
#[expect(clippy::disallowed_methods, reason = "a measurement of how long a process took")]
pub fn monotonic() -> Instant {
    Instant::now()
}

/// What is left of [`PATIENCE`].
#[derive(Clone, Copy, Debug)]
pub struct Patience(Instant);

impl Patience {
    /// All of it.
    pub fn new() -> Self {
        Self(monotonic() + PATIENCE)
    }

    /// What is left; `None` when it is over.
    pub fn left(self) -> Option<Duration> {
        self.0.checked_duration_since(monotonic()).filter(|left| !left.is_zero())
    }
}

impl Default for Patience {
    fn default() -> Self {
        Self::new()
    }
}

/// Looks until `look` finds something, and gives it; panics with `what` when patience is over.
pub fn eventually<T>(what: &str, look: impl FnMut() -> Option<T>) -> T {
    eventually_within(PATIENCE, LOOK_EVERY, what, look)
}

/// The same with a patience of its own and a pause between looks: for what takes minutes.
#[expect(clippy::disallowed_methods, reason = "polls another process, a short while a look")]
pub fn eventually_within<T>(
    patience: Duration,
    every: Duration,
    what: &str,
    mut look: impl FnMut() -> Option<T>,
) -> T {
    let until = monotonic() + patience;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(monotonic() < until, "this did not come about in {patience:?}: {what}");
        std::thread::sleep(every);
    }
}
