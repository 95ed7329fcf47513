//! How many requests of merchants' servers may be under way at once; the others are put off quickly.
//!
//! Guaranteed: never more than the configured number; what is refused cost no more than reading it,
//! and nothing of it is stored. Attempted: that what is taken is answered within about twice
//! [`TARGET`] however much comes. The number falls while answers take longer than that and more
//! than [`LEAST`] are under way, and grows again as they are quicker, so that a slow disk gets a short queue.
//!
//! Payers, providers' notifications and people are not held up here: they are few, and what they
//! bring ends what was begun. What holds for them is the store's own queue.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// What an answer should not take longer than: long for a merchant's server, short for a payer who
/// waits for it.
const TARGET: Duration = Duration::from_millis(250);
/// Below this the number does not fall: group commit lives on many writing together.
const LEAST: f64 = 64.0;
/// What is left of the number when answers were too slow; at most once in a [`TARGET`].
const FALL: f64 = 0.8;
/// What the number grows by with each quick answer while it is needed.
const GROWTH: f64 = 0.125;
/// How often the log says that requests are being put off.
const TELL_EVERY: Duration = Duration::from_secs(10);

/// The room for requests; clones share it.
#[derive(Clone, Debug)]
pub struct Admission(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    most: f64,
    pace: Mutex<Pace>,
}

#[derive(Debug)]
struct Pace {
    under_way: u32,
    limit: f64,
    fell_at: Option<Instant>,
    put_off: u64,
    told_at: Option<Instant>,
}

/// A place for one request; given back when it is dropped, and what it took is taken into account.
#[derive(Debug)]
pub struct Place {
    room: Arc<Shared>,
    since: Instant,
}

impl Admission {
    /// Room for at most so many.
    pub fn new(most: u32) -> Self {
        let most = f64::from(most.max(1));
        let pace = Pace { under_way: 0, limit: most, fell_at: None, put_off: 0, told_at: None };
        Self(Arc::new(Shared { most, pace: Mutex::new(pace) }))
    }

    /// A place for one more, or `None` when it must be put off.
    pub fn enter(&self) -> Option<Place> {
        self.enter_at(monotonic())
    }

    fn enter_at(&self, now: Instant) -> Option<Place> {
        let mut pace = self.0.pace();
        if f64::from(pace.under_way) >= pace.limit {
            pace.put_off(now);
            return None;
        }
        pace.under_way += 1;
        Some(Place { room: Arc::clone(&self.0), since: now })
    }

    /// How many are under way.
    pub fn under_way(&self) -> u32 {
        self.0.pace().under_way
    }
}

impl Shared {
    /// Whoever panicked with the lock has left whole numbers behind.
    fn pace(&self) -> MutexGuard<'_, Pace> {
        self.pace.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn leave(&self, since: Instant, now: Instant) {
        let mut pace = self.pace();
        let under_way = f64::from(pace.under_way);
        pace.under_way = pace.under_way.saturating_sub(1);
        if now.saturating_duration_since(since) <= TARGET {
            if under_way * 2.0 >= pace.limit {
                pace.limit = (pace.limit + GROWTH).min(self.most);
            }
        } else if under_way > LEAST
            && pace.fell_at.is_none_or(|at| now.saturating_duration_since(at) >= TARGET)
        {
            pace.fell_at = Some(now);
            pace.limit = (pace.limit.min(under_way) * FALL).max(LEAST.min(self.most));
        }
    }
}

impl Pace {
    fn put_off(&mut self, now: Instant) {
        self.put_off += 1;
        if self.told_at.is_none_or(|at| now.saturating_duration_since(at) >= TELL_EVERY) {
            self.told_at = Some(now);
            let (put_off, under_way) = (self.put_off, self.under_way);
            tracing::warn!(put_off, under_way, "more requests come than can be answered in time");
            self.put_off = 0;
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.room.leave(self.since, monotonic());
    }
}

#[expect(clippy::disallowed_methods, reason = "a measurement of how long an answer took")]
fn monotonic() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUICK: Duration = Duration::from_millis(5);
    const SLOW: Duration = Duration::from_millis(400);

    /// So many enter at once, and leave one by one after so long.
    fn wave(admission: &Admission, count: usize, took: Duration, now: &mut Instant) -> usize {
        let places: Vec<Place> = (0..count).map_while(|_| admission.enter_at(*now)).collect();
        let taken = places.len();
        *now += took;
        for place in places {
            place.room.leave(place.since, *now);
            // It has left at a time of our own.
            std::mem::forget(place);
        }
        taken
    }

    #[test]
    fn there_is_room_for_so_many_and_a_place_comes_back() {
        let admission = Admission::new(2);
        let (first, second) = (admission.enter().unwrap(), admission.enter().unwrap());
        assert!(admission.enter().is_none());
        drop(first);
        let third = admission.enter().unwrap();
        assert!(admission.enter().is_none());
        drop((second, third));
        assert_eq!(admission.under_way(), 0);
    }

    #[test]
    fn slow_answers_make_the_queue_short_and_quick_ones_long_again() {
        let (admission, mut now) = (Admission::new(1_024), monotonic());
        assert_eq!(wave(&admission, 2_000, SLOW, &mut now), 1_024);
        assert_eq!(wave(&admission, 2_000, SLOW, &mut now), 820, "it fell once, not 1,024 times");
        for _ in 0..20 {
            wave(&admission, 2_000, SLOW, &mut now);
        }
        assert_eq!(wave(&admission, 2_000, SLOW, &mut now), 64);
        for _ in 0..200 {
            wave(&admission, 2_000, QUICK, &mut now);
        }
        assert_eq!(wave(&admission, 2_000, QUICK, &mut now), 1_024, "as before");
    }

    #[test]
    fn slowness_counts_when_many_are_under_way() {
        let (admission, mut now) = (Admission::new(100), monotonic());
        for _ in 0..50 {
            assert_eq!(wave(&admission, 49, SLOW, &mut now), 49);
        }
        assert_eq!(wave(&admission, 200, QUICK, &mut now), 100);
        let few = Admission::new(3);
        for _ in 0..50 {
            assert_eq!(wave(&few, 9, SLOW, &mut now), 3, "fewer than the least");
        }
        let many = Admission::new(1_024);
        assert_eq!(wave(&many, 200, SLOW, &mut now), 200);
        assert_eq!(wave(&many, 2_000, QUICK, &mut now), 160, "far from full, and too many");
    }
}
