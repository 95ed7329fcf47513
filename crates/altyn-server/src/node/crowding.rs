//! How much of what this process would do waits for a processor.
//!
//! Attempted only: where the system does not count it (it is Linux that does), nothing ever waits.

use std::path::Path;

/// Where the system counts, thread by thread: nanoseconds run, nanoseconds waited, turns.
const THREADS: &str = "/proc/self/task";

/// What was counted when it was looked at last.
#[derive(Debug, Default)]
pub struct Crowding(Counted);

/// Nanoseconds of all threads together.
#[derive(Clone, Copy, Debug, Default)]
struct Counted {
    run: u64,
    waited: u64,
}

impl Crowding {
    /// The share of waiting in the time in which threads ran or would have run, since the last look:
    /// next to 0 on a machine with room, a third and more on one that is full.
    pub fn since_last(&mut self) -> f64 {
        let now = Counted::of(Path::new(THREADS));
        let share = now.waited_since(self.0);
        self.0 = now;
        share
    }
}

impl Counted {
    fn of(threads: &Path) -> Self {
        let mut sum = Self::default();
        for thread in std::fs::read_dir(threads).into_iter().flatten().flatten() {
            let Ok(text) = std::fs::read_to_string(thread.path().join("schedstat")) else {
                // It has ended meanwhile.
                continue;
            };
            let mut numbers = text.split_ascii_whitespace().map_while(|word| word.parse().ok());
            sum.run += numbers.next().unwrap_or(0_u64);
            sum.waited += numbers.next().unwrap_or(0_u64);
        }
        sum
    }

    fn waited_since(self, earlier: Self) -> f64 {
        // Threads that have ended take what they had counted with them.
        let run = self.run.saturating_sub(earlier.run);
        let waited = self.waited.saturating_sub(earlier.waited);
        match run.saturating_add(waited) {
            0 => 0.0,
            #[expect(clippy::cast_precision_loss, reason = "a share, to a percent or so")]
            all => waited as f64 / all as f64,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_are_summed_and_the_share_is_of_what_came_since() {
        let folder = tempfile::tempdir().unwrap();
        let thread = |name: &str, text: &str| {
            let own = folder.path().join(name);
            std::fs::create_dir_all(&own).unwrap();
            std::fs::write(own.join("schedstat"), text).unwrap();
        };
        thread("1", "100 0 3\n");
        thread("2", "200 300 4\n");
        std::fs::create_dir(folder.path().join("ended")).unwrap();
        let before = Counted::of(folder.path());
        assert_eq!((before.run, before.waited), (300, 300));
        thread("1", "400 100 9\n");
        let after = Counted::of(folder.path());
        assert!((after.waited_since(before) - 0.25).abs() < 1e-9);
        assert!(before.waited_since(after).abs() < 1e-9, "nothing is less than nothing");
        let nowhere = Counted::of(&folder.path().join("nowhere"));
        assert!(nowhere.waited_since(Counted::default()).abs() < 1e-9);
    }
}
