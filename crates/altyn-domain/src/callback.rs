//! When a callback that was not accepted is sent again: a pure function of the attempts made.
//!
//! Source: ecommpay.md §4.1. Six attempts every 10 s; then a pause of `70 + 10·1.12^(n−4)` s for
//! n = 7…68, growing to about four hours; then every four hours up to 120 attempts, about eleven
//! days in all. In the words of PayKeeper (paykeeper.md §7.4): fifty attempts within half a day.

use crate::payment::{OperationKind, OperationState};
use crate::time::{HOUR_MS, MINUTE_MS, SECOND_MS};

/// How a project's merchant expects callbacks to be worded and answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum CallbackDialect {
    /// A signed JSON body about every result; HTTP 200 takes it (ecommpay.md §4).
    #[default]
    Ecommpay,
    /// A form about what was paid; `OK` and a hash take it (paykeeper.md §7).
    Paykeeper,
}

impl CallbackDialect {
    /// Every dialect.
    pub const ALL: &'static [Self] = &[Self::Ecommpay, Self::Paykeeper];

    /// The stable text form.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ecommpay => "ecommpay",
            Self::Paykeeper => "paykeeper",
        }
    }

    /// Reads the text form back.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|dialect| dialect.as_str() == text)
    }

    /// Whether a merchant of this dialect hears of an operation that has come to `state`, when he
    /// is told at all.
    pub fn tells(self, kind: OperationKind, state: OperationState) -> bool {
        match self {
            Self::Ecommpay => true,
            Self::Paykeeper => is_good_news(kind, state),
        }
    }
}

/// Whether this is the word that a payment was paid, or held.
pub fn is_good_news(kind: OperationKind, state: OperationState) -> bool {
    kind.is_opening() && state == OperationState::Approved
}

/// The pause after which no more growth happens.
const PAUSE_MAX_MS: i64 = 4 * HOUR_MS;

/// When to try again.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub enum RetryPlan {
    /// The documented plan of the dialect's original.
    #[default]
    Documented,
    /// Pauses in milliseconds, one after each attempt but the last; then give up.
    Pauses(Vec<i64>),
}

impl RetryPlan {
    /// The pause after `attempts` failed attempts, milliseconds; `None` when it is time to give up.
    pub fn pause_after(&self, dialect: CallbackDialect, attempts: u32) -> Option<i64> {
        match (self, dialect) {
            (Self::Documented, CallbackDialect::Ecommpay) => documented_pause(attempts),
            (Self::Documented, CallbackDialect::Paykeeper) => paykeeper_pause(attempts),
            (Self::Pauses(pauses), _) => {
                let at = usize::try_from(attempts.checked_sub(1)?).ok()?;
                pauses.get(at).copied()
            }
        }
    }
}

/// Attempts in the documented plan.
pub const DOCUMENTED_ATTEMPTS: u32 = 120;

/// Attempts in the plan of PayKeeper (seed 000).
pub const PAYKEEPER_ATTEMPTS: u32 = 50;

/// The number is documented, the spacing is ours.
fn paykeeper_pause(attempts: u32) -> Option<i64> {
    match attempts {
        1..=9 => Some(MINUTE_MS),
        10..=29 => Some(5 * MINUTE_MS),
        30..PAYKEEPER_ATTEMPTS => Some(30 * MINUTE_MS),
        _ => None,
    }
}

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

    const ECOMMPAY: CallbackDialect = CallbackDialect::Ecommpay;
    const PAYKEEPER: CallbackDialect = CallbackDialect::Paykeeper;

    proptest::proptest! {
        /// Whatever the plan and however many attempts: each pause is one, and giving up is final.
        #[test]
        fn every_plan_comes_to_an_end(
            attempts: u32,
            few in 0..200_u32,
            pauses in proptest::option::of(proptest::collection::vec(0..=PAUSE_MAX_MS, 0..130)),
        ) {
            let ends = pauses.as_ref().map_or(DOCUMENTED_ATTEMPTS, |pauses| {
                u32::try_from(pauses.len()).unwrap_or(u32::MAX).saturating_add(1)
            });
            let plan = pauses.map_or(RetryPlan::Documented, RetryPlan::Pauses);
            for dialect in CallbackDialect::ALL {
                for attempts in [attempts, few] {
                    let pause = plan.pause_after(*dialect, attempts);
                    proptest::prop_assert!(pause.is_none_or(|ms| (0..=PAUSE_MAX_MS).contains(&ms)));
                    proptest::prop_assert!(attempts < ends || pause.is_none());
                    let later = plan.pause_after(*dialect, attempts.saturating_add(1));
                    proptest::prop_assert!(attempts == 0 || pause.is_some() || later.is_none());
                }
            }
        }
    }

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
            let pause = RetryPlan::Documented.pause_after(ECOMMPAY, attempts);
            let pause = pause.map(|ms| ms / SECOND_MS);
            assert_eq!(pause, pause_s, "after {attempts} attempts");
        }
    }

    #[test]
    fn the_documented_plan_lasts_about_eleven_days_and_never_shrinks() {
        let pauses: Vec<i64> =
            (1..).map_while(|n| RetryPlan::Documented.pause_after(ECOMMPAY, n)).collect();
        assert_eq!(pauses.len(), 119);
        assert!(pauses.windows(2).all(|pair| pair.first() <= pair.last()));
        let total: i64 = pauses.iter().sum();
        assert!((10 * DAY_MS..12 * DAY_MS).contains(&total), "{} hours", total / HOUR_MS);
    }

    #[test]
    fn the_plan_of_paykeeper_is_fifty_tries_within_half_a_day() {
        let plan = RetryPlan::Documented;
        assert_eq!(plan.pause_after(PAYKEEPER, 0), None);
        let pauses: Vec<i64> = (1..).map_while(|n| plan.pause_after(PAYKEEPER, n)).collect();
        assert_eq!(pauses.len() + 1, PAYKEEPER_ATTEMPTS as usize);
        for (minutes, times) in [(1, 9), (5, 20), (30, 20)] {
            let spaced = pauses.iter().filter(|pause| **pause == minutes * MINUTE_MS);
            assert_eq!(spaced.count(), times, "{minutes} minutes");
        }
        assert!(pauses.windows(2).all(|pair| pair.first() <= pair.last()));
        assert_eq!(pauses.iter().sum::<i64>(), 11 * HOUR_MS + 49 * MINUTE_MS);
        assert_eq!(plan.pause_after(PAYKEEPER, u32::MAX), None);
    }

    #[test]
    fn a_project_may_have_a_plan_of_its_own() {
        let plan = RetryPlan::Pauses(vec![100, 200]);
        for dialect in CallbackDialect::ALL {
            let pauses: Vec<_> = (0..5).map(|n| plan.pause_after(*dialect, n)).collect();
            assert_eq!(pauses, [None, Some(100), Some(200), None, None]);
        }
    }

    #[test]
    fn paykeeper_tells_only_that_it_was_paid_or_held() {
        for &kind in OperationKind::ALL {
            for &state in OperationState::ALL {
                let good = matches!(
                    (kind, state),
                    (OperationKind::Sale | OperationKind::Authorization, OperationState::Approved)
                );
                assert_eq!(PAYKEEPER.tells(kind, state), good, "{kind:?} {state}");
                assert!(ECOMMPAY.tells(kind, state));
            }
        }
    }
}
