//! Sign-ins that failed slow down those that follow, by account and by address.
//!
//! Guaranteed: while there is a wait, no password and no code is looked at; guesses at one account
//! that are sent at once are counted before any of them is looked at, so they gain nothing over
//! guesses one after another; accounts that do not exist are counted like those that do. A wait is
//! never longer than [`WAIT_MAX_MS`], so nobody is locked out of another's account for good.

use altyn_domain::time::{DAY_MS, MINUTE_MS, SECOND_MS, Timestamp};

use super::roster::LOGIN_MAX_CHARS;
use super::session::cut;
use super::sign_in::SignInError;
use super::user::Failures;
use crate::cabinet::Cabinet;
use crate::context::Failure;

/// Failures of an account that cost nothing: a person mistypes, tries an older password, sees that
/// the keyboard is in the other language.
pub const ACCOUNT_FREE: u32 = 5;
/// Failures from an address that cost nothing: an office of several people has one.
pub const ADDRESS_FREE: u32 = 20;
/// The longest wait: four guesses an hour find no password, and a person can sit it out.
pub const WAIT_MAX_MS: i64 = 15 * MINUTE_MS;
/// Failures are forgotten so long after the last one.
pub const FORGET_MS: i64 = DAY_MS;

/// Failures whose last is before this count no more.
pub fn forgotten_before(now: Timestamp) -> Timestamp {
    now.plus_millis(-FORGET_MS)
}

/// How long after so many failures nothing is looked at, milliseconds: a second, then twice as
/// long after each further failure.
fn pause_after(count: u32, free: u32) -> i64 {
    let Some(more) = count.checked_sub(free) else { return 0 };
    let doubled = 2_i64.checked_pow(more).and_then(|times| SECOND_MS.checked_mul(times));
    doubled.map_or(WAIT_MAX_MS, |ms| ms.min(WAIT_MAX_MS))
}

/// How long from now.
fn wait(failures: Failures, free: u32, now: Timestamp) -> i64 {
    let until = failures.last_at.plus_millis(pause_after(failures.count, free));
    // A clock that was set back must not make anybody wait longer than the most.
    (until.as_millis() - now.as_millis()).clamp(0, WAIT_MAX_MS)
}

/// A try to prove who one is, counted as a failure of the account until it has succeeded.
#[derive(Debug)]
pub(super) struct Try {
    account: String,
    address: String,
}

impl Try {
    /// Whether a password or a code may be looked at now.
    pub(super) async fn begin(
        cabinet: &Cabinet,
        login: &str,
        address: &str,
    ) -> Result<Self, SignInError> {
        let made = Self {
            account: format!("login:{}", cut(&login.trim().to_lowercase(), LOGIN_MAX_CHARS)),
            address: format!("address:{}", network_of(address)),
        };
        let now = cabinet.context.clock.now();
        let seen = look(cabinet, &made.account, now).await?;
        let from_there = look(cabinet, &made.address, now).await?;
        let waits = [(seen, ACCOUNT_FREE), (from_there, ADDRESS_FREE)];
        refuse(waits.into_iter().map(|(failures, free)| wait(failures, free, now)).max())?;
        let subject = std::slice::from_ref(&made.account);
        let counted = cabinet.access.add_failure(subject, now).await.map_err(Failure::from)?;
        let counted = counted.first().copied().unwrap_or_default();
        // Others that began at the same moment were counted in between.
        if counted.count > ACCOUNT_FREE.max(seen.count.saturating_add(1)) {
            refuse(Some(wait(Failures { last_at: now, ..counted }, ACCOUNT_FREE, now)))?;
        }
        Ok(made)
    }

    /// Whether the address is still welcome after a password was compared, which takes a while:
    /// guesses at many accounts that are sent at once are so held to little more than
    /// [`ADDRESS_FREE`].
    pub(super) async fn go_on(&self, cabinet: &Cabinet) -> Result<(), SignInError> {
        let now = cabinet.context.clock.now();
        let from_there = look(cabinet, &self.address, now).await?;
        refuse(Some(wait(from_there, ADDRESS_FREE, now)))
    }

    /// It failed.
    pub(super) async fn failed(self, cabinet: &Cabinet) -> Result<(), Failure> {
        let now = cabinet.context.clock.now();
        cabinet.access.add_failure(&[self.address], now).await?;
        Ok(())
    }

    /// It succeeded, with everything that was to be proved.
    pub(super) async fn succeeded(self, cabinet: &Cabinet) -> Result<(), Failure> {
        Ok(cabinet.access.clear_failures(&self.account).await?)
    }
}

/// Forgets the failures of an account: whoever gave it a new password knows the person.
pub(super) async fn forgive(cabinet: &Cabinet, login: &str) -> Result<(), Failure> {
    Ok(cabinet.access.clear_failures(&format!("login:{login}")).await?)
}

/// The failures that still count. Those that do not are removed, so that counting begins anew.
async fn look(cabinet: &Cabinet, subject: &str, now: Timestamp) -> Result<Failures, Failure> {
    let found = cabinet.access.failures(subject).await?;
    if found.count == 0 || found.last_at >= forgotten_before(now) {
        return Ok(found);
    }
    cabinet.access.clear_failures(subject).await?;
    Ok(Failures::default())
}

fn refuse(wait_ms: Option<i64>) -> Result<(), SignInError> {
    match wait_ms.unwrap_or(0) {
        0 => Ok(()),
        wait_ms => Err(SignInError::Wait { wait_ms }),
    }
}

/// The address, or the network it is in where one customer has a whole one (IPv6: 64 bits).
fn network_of(address: &str) -> String {
    match address.parse() {
        Ok(std::net::IpAddr::V6(address)) if address.to_ipv4_mapped().is_none() => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
        Ok(address) => address.to_canonical().to_string(),
        Err(_) => cut(address, LOGIN_MAX_CHARS),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_doubles_and_ends_growing() {
        let pauses: Vec<i64> =
            [0, 4, 5, 6, 7, 14, 15, 60, 69, 70, u32::MAX].map(|n| pause_after(n, 5)).into();
        let most = WAIT_MAX_MS;
        assert_eq!(pauses, [0, 0, 1_000, 2_000, 4_000, 512_000, most, most, most, most, most]);
    }

    #[test]
    fn a_clock_set_back_makes_nobody_wait_for_days() {
        let failures = Failures { count: 6, last_at: Timestamp::from_millis(DAY_MS) };
        assert_eq!(wait(failures, 5, Timestamp::from_millis(0)), WAIT_MAX_MS);
        assert_eq!(wait(failures, 5, Timestamp::from_millis(DAY_MS + 500)), 1_500);
        assert_eq!(wait(failures, 5, Timestamp::from_millis(DAY_MS + 2_000)), 0);
    }

    #[test]
    fn a_customers_network_is_one_address() {
        for (address, network) in [
            ("192.0.2.7", "192.0.2.7"),
            ("::ffff:192.0.2.7", "192.0.2.7"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
            ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
            ("unknown", "unknown"),
        ] {
            assert_eq!(network_of(address), network);
        }
    }
}
