//! The loops beside the workers: projects compared with the store's, the list of payments kept up,
//! the audit log sealed, what has ended swept away.
//!
//! Each ends when told to stop. A failure is told once, not at each turn, and the loop goes on: the
//! store answers again some time, and everything here catches up from what is stored.

use std::sync::Arc;
use std::time::Duration;

use altyn_app::access::throttle;
use altyn_app::ports::{AccessStore, Clock as _, Listing, Store, StoreError};
use altyn_app::projects::Projects;
use tokio::sync::watch;
use tokio::time::Instant;

use super::clock;
use super::crowding::Crowding;

/// How often projects are compared with the store's (ruling 10: within a second).
const REFRESH_EVERY: Duration = Duration::from_millis(500);
/// How often the list of payments looks for changes: a person does not see so short a lag.
const CATCH_UP_EVERY: Duration = Duration::from_millis(150);
/// A step of so many payments leaves more behind it, as a rule.
const MANY: u64 = 500;
/// The share of waiting from which a machine counts as full ([`Crowding`]).
const CROWDED: f64 = 0.25;
/// Times of a step that the list rests then.
const GIVE_WAY: u32 = 9;
/// How long the list may be behind for the payments' sake.
const BEHIND_MAX: Duration = Duration::from_secs(60);
/// How often audit entries are sealed; what is not sealed yet could be removed unseen.
const SEAL_EVERY: Duration = Duration::from_secs(1);
/// Entries sealed in one transaction.
const SEAL_MAX: u32 = 1_000;
/// How often sessions and failures that have ended are removed: they count no more anyway.
const SWEEP_EVERY: Duration = Duration::from_secs(600);
/// How long the store is left alone after it failed.
const STORE_PAUSE: Duration = Duration::from_secs(1);

/// Reads the projects anew when they have changed.
pub async fn refresh(
    projects: Arc<Projects>,
    store: Arc<dyn Store>,
    mut stopped: watch::Receiver<bool>,
) {
    let mut outage = Outage::of("projects could not be read again");
    while pause(REFRESH_EVERY, &mut stopped).await {
        outage.note(projects.refresh(store.as_ref()).await);
    }
}

/// Takes the changes of payments over into the list. On a machine that is full it gives way to the
/// payments themselves, for a while: what it lists later it lists once, however often it changed.
pub async fn keep_listing(listing: Arc<dyn Listing>, mut stopped: watch::Receiver<bool>) {
    let mut outage = Outage::of("the list of payments falls behind");
    let mut crowding = Crowding::default();
    let mut rest = Duration::ZERO;
    let mut abreast = Instant::now();
    while pause(rest, &mut stopped).await {
        let began = Instant::now();
        let payments = outage.note(listing.catch_up().await);
        if payments.is_some_and(|payments| payments < MANY) {
            abreast = began;
        }
        rest = match payments {
            None => STORE_PAUSE,
            Some(0) => CATCH_UP_EVERY,
            Some(_) => rest_after(began.elapsed(), crowding.since_last(), abreast.elapsed()),
        };
    }
}

/// How long the list rests after a step.
fn rest_after(took: Duration, crowding: f64, behind: Duration) -> Duration {
    if crowding < CROWDED || behind > BEHIND_MAX { Duration::ZERO } else { took * GIVE_WAY }
}

/// Seals the audit log.
pub async fn keep_sealing(access: Arc<dyn AccessStore>, mut stopped: watch::Receiver<bool>) {
    let mut outage = Outage::of("the audit log is not sealed");
    let mut rest = Duration::ZERO;
    while pause(rest, &mut stopped).await {
        let sealed = outage.note(access.seal_audit(SEAL_MAX).await);
        let more = sealed.is_some_and(|sealed| sealed >= u64::from(SEAL_MAX));
        rest = if more { Duration::ZERO } else { SEAL_EVERY };
    }
}

/// Removes sessions and failures that have ended.
pub async fn keep_swept(access: Arc<dyn AccessStore>, mut stopped: watch::Receiver<bool>) {
    let mut outage = Outage::of("sessions that have ended are not removed");
    let mut rest = Duration::ZERO;
    while pause(rest, &mut stopped).await {
        let now = clock().now();
        outage.note(access.sweep_access(now, throttle::forgotten_before(now)).await);
        rest = SWEEP_EVERY;
    }
}

/// Waits; `false` when it is time to stop.
async fn pause(rest: Duration, stopped: &mut watch::Receiver<bool>) -> bool {
    if *stopped.borrow() {
        return false;
    }
    tokio::select! {
        () = tokio::time::sleep(rest) => true,
        _ = stopped.changed() => false,
    }
}

/// A failure that lasts, told when it begins and when it ends.
pub(super) struct Outage {
    what: &'static str,
    lasts: bool,
}

impl Outage {
    pub(super) fn of(what: &'static str) -> Self {
        Self { what, lasts: false }
    }

    pub(super) fn note<T>(&mut self, result: Result<T, StoreError>) -> Option<T> {
        match &result {
            Err(error) if !self.lasts => tracing::warn!(%error, "{}", self.what),
            Ok(_) if self.lasts => tracing::info!("over: {}", self.what),
            Ok(_) | Err(_) => {}
        }
        self.lasts = result.is_err();
        result.ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_gives_way_where_it_is_crowded_and_not_for_ever() {
        let (step, full) = (Duration::from_millis(100), CROWDED + 0.1);
        assert_eq!(rest_after(step, full, Duration::from_secs(1)), Duration::from_millis(900));
        assert_eq!(rest_after(step, 0.1, Duration::from_secs(1)), Duration::ZERO);
        assert_eq!(rest_after(step, full, BEHIND_MAX + step), Duration::ZERO);
    }
}
