//! When a callback that was not accepted is sent again: a pure function of the attempts made.
//!
//! Source: ecommpay.md §4.1. Six attempts every 10 s; then a pause of `70 + 10·1.12^(n−4)` s for
//! n = 7…68, growing to about four hours; then every four hours up to 120 attempts, about eleven
//! days in all.

use crate::time::{HOUR_MS, SECOND_MS};

/// The pause after which no more growth happens.
const PAUSE_MAX_MS: i64 = 4 * HOUR_MS;

/// When to try again.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub enum RetryPlan {
    /// The documented plan of the original.
    #[default]
    Documented,
    /// Pauses in milliseconds, one after each attempt but the last; then give up.
    Pauses(Vec<i64>),
}

impl RetryPlan {
    /// The pause after `attempts` failed attempts, milliseconds; `None` when it is time to give up.
    pub fn pause_after(&self, attempts: u32) -> Option<i64> {
        match self {
            Self::Documented => documented_pause(attempts),
            Self::Pauses(pauses) => {
                let at = usize::try_from(attempts.checked_sub(1)?).ok()?;
                pauses.get(at).copied()
            }
        }
    }

    /// How many attempts are made in all.
    pub fn attempts_max(&self) -> u32 {
        match self {
            Self::Documented => DOCUMENTED_ATTEMPTS,
            Self::Pauses(pauses) => u32::try_from(pauses.len()).unwrap_or(u32::MAX - 1) + 1,
        }
    }
}

/// Attempts in the documented plan.
pub const DOCUMENTED_ATTEMPTS: u32 = 120;

fn documented_pause(attempts: u32) -> Option<i64> {
    match attempts {
        0 => None,
        1..=5 => Some(10 * SECOND_MS),
        6..=67 => Some(growing_pause(attempts + 1)),
        68..DOCUMENTED_ATTEMPTS => Some(PAUSE_MAX_MS),
        _ => None,
    }
}

/// `70 + 10·1.12^(n−4)` seconds in whole numbers: the power in thousandths of a millisecond.
fn growing_pause(n: u32) -> i64 {
    let mut micros: i128 = 10 * 1_000 * 1_000;
    for _ in 4..n {
        micros = micros * 112 / 100;
    }
    let grown = i64::try_from(micros / 1_000).unwrap_or(PAUSE_MAX_MS);
    (70 * SECOND_MS + grown).min(PAUSE_MAX_MS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::DAY_MS;

    #[test]
    fn the_documented_plan_as_a_table() {
        for (attempts, pause_s) in [
            (0, None),
            (1, Some(10)),
            (5, Some(10)),
            (6, Some(84)),
            (7, Some(85)),
            (10, Some(92)),
            (20, Some(138)),
            (40, Some(732)),
            (60, Some(6_458)),
            (66, Some(12_680)),
            (67, Some(14_193)),
            (68, Some(14_400)),
            (119, Some(14_400)),
            (120, None),
            (u32::MAX, None),
        ] {
            let pause = RetryPlan::Documented.pause_after(attempts).map(|ms| ms / SECOND_MS);
            assert_eq!(pause, pause_s, "after {attempts} attempts");
        }
    }

    #[test]
    fn the_documented_plan_lasts_about_eleven_days_and_never_shrinks() {
        let pauses: Vec<i64> = (1..).map_while(|n| RetryPlan::Documented.pause_after(n)).collect();
        assert_eq!(pauses.len(), 119);
        assert!(pauses.windows(2).all(|pair| pair.first() <= pair.last()));
        let total: i64 = pauses.iter().sum();
        assert!((10 * DAY_MS..12 * DAY_MS).contains(&total), "{} hours", total / HOUR_MS);
    }

    #[test]
    fn a_project_may_have_a_plan_of_its_own() {
        let plan = RetryPlan::Pauses(vec![100, 200]);
        let pauses: Vec<_> = (0..5).map(|n| plan.pause_after(n)).collect();
        assert_eq!(pauses, [None, Some(100), Some(200), None, None]);
        assert_eq!(plan.attempts_max(), 3);
    }
}
