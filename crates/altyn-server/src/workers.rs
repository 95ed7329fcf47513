//! The loops that work jobs: one per kind, each claiming what is due as far as it has room.
//!
//! Lanes keep a slow or dead endpoint from holding up the rest: a lane that is full is left out of
//! claims until half of it is free again, and what was claimed beyond its limit is put back.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use altyn_app::changeset::Changeset;
use altyn_app::context::Context;
use altyn_app::jobs::{Claim, Job, JobKind, LEASE_MS, run_job};
use altyn_domain::time::SECOND_MS;
use altyn_web::metrics::Metrics;
use tokio::sync::{Notify, watch};

/// How often the store is looked at when nobody says that there is work.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// How long the store is left alone after it failed.
const STORE_PAUSE: Duration = Duration::from_secs(1);
/// Jobs claimed at a time: one transaction.
const CLAIM_MAX: usize = 256;
/// How long a job beyond its lane's limit is put back for.
const PUT_BACK_MS: i64 = 2 * SECOND_MS;

/// How many jobs may be under way.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// In all.
    pub in_flight: usize,
    /// In one lane.
    pub per_lane: usize,
}

/// Wakes the loops when work became due at once.
#[derive(Clone, Default)]
pub struct Wakes(Arc<HashMap<JobKind, Notify>>);

impl Wakes {
    /// One bell per kind.
    pub fn new() -> Self {
        Self(Arc::new(JobKind::ALL.iter().map(|kind| (*kind, Notify::new())).collect()))
    }

    /// There is work of this kind.
    pub fn ring(&self, kind: JobKind) {
        if let Some(bell) = self.0.get(&kind) {
            bell.notify_one();
        }
    }

    async fn wait(&self, kind: JobKind) {
        match self.0.get(&kind) {
            Some(bell) => bell.notified().await,
            None => std::future::pending().await,
        }
    }
}

/// One kind's loop.
pub struct Worker {
    /// The use cases.
    pub context: Context,
    /// What it works.
    pub kind: JobKind,
    /// Who holds its leases.
    pub owner: String,
    /// How much at once.
    pub limits: Limits,
    /// Told of new work.
    pub wakes: Wakes,
    /// What is counted.
    pub metrics: Arc<Metrics>,
}

#[derive(Default)]
struct Flight {
    in_all: usize,
    lanes: HashMap<i64, usize>,
    /// Lanes left out of claims until they are half empty.
    full: Vec<i64>,
}

impl Worker {
    /// Works until `stop` says so, then waits for what is under way.
    pub async fn run(self, mut stop: watch::Receiver<bool>) {
        let worker = Arc::new(self);
        let flight = Arc::new(Mutex::new(Flight::default()));
        let landed = Arc::new(Notify::new());
        while !*stop.borrow() {
            let room = worker.limits.in_flight.saturating_sub(lock(&flight).in_all);
            if room == 0 {
                tokio::select! {
                    () = landed.notified() => {}
                    _ = stop.changed() => {}
                }
                continue;
            }
            let pause = match worker.claim(room.min(CLAIM_MAX), &flight).await {
                Ok(jobs) if jobs.is_empty() => LOOK_EVERY,
                Ok(jobs) => {
                    worker.start(jobs, &flight, &landed).await;
                    continue;
                }
                Err(error) => {
                    tracing::warn!(job.kind = worker.kind.as_str(), %error, "cannot claim jobs");
                    STORE_PAUSE
                }
            };
            tokio::select! {
                () = worker.wakes.wait(worker.kind) => {}
                () = tokio::time::sleep(pause) => {}
                _ = stop.changed() => {}
            }
        }
        while lock(&flight).in_all > 0 {
            landed.notified().await;
        }
    }

    async fn claim(
        &self,
        limit: usize,
        flight: &Mutex<Flight>,
    ) -> Result<Vec<Job>, altyn_app::ports::StoreError> {
        let now = self.context.clock.now();
        let claim = Claim {
            kind: self.kind,
            owner: self.owner.clone(),
            now,
            until: now.plus_millis(LEASE_MS),
            limit: u32::try_from(limit).unwrap_or(u32::MAX),
            busy_lanes: lock(flight).full.clone(),
        };
        self.context.store.claim_jobs(claim).await
    }

    async fn start(
        self: &Arc<Self>,
        jobs: Vec<Job>,
        flight: &Arc<Mutex<Flight>>,
        landed: &Arc<Notify>,
    ) {
        let mut beyond = Vec::new();
        for job in jobs {
            if !lock(flight).take_off(job.lane, self.limits.per_lane) {
                beyond.push(job);
                continue;
            }
            let (worker, flight, landed) =
                (Arc::clone(self), Arc::clone(flight), Arc::clone(landed));
            tokio::spawn(async move {
                let lane = job.lane;
                let report = run_job(&worker.context, job).await;
                worker.metrics.job(report.kind.as_str(), report.outcome);
                lock(&flight).land(lane, worker.limits.per_lane);
                landed.notify_one();
            });
        }
        let now = self.context.clock.now();
        for job in beyond {
            let end = job.again(now.plus_millis(PUT_BACK_MS), None);
            let changeset = Changeset { job_end: Some(end), ..Changeset::default() };
            // A job that cannot be put back comes up when its lease runs out.
            let _ = self.context.store.commit(changeset).await;
        }
    }
}

impl Flight {
    /// Takes a place in the lane, or says that it is full.
    fn take_off(&mut self, lane: i64, per_lane: usize) -> bool {
        let taken = self.lanes.entry(lane).or_default();
        if *taken >= per_lane {
            if !self.full.contains(&lane) {
                self.full.push(lane);
            }
            return false;
        }
        *taken += 1;
        self.in_all += 1;
        true
    }

    fn land(&mut self, lane: i64, per_lane: usize) {
        self.in_all = self.in_all.saturating_sub(1);
        let left = self.lanes.get(&lane).copied().unwrap_or_default().saturating_sub(1);
        if left == 0 {
            self.lanes.remove(&lane);
        } else {
            self.lanes.insert(lane, left);
        }
        if left <= per_lane / 2 {
            self.full.retain(|full| *full != lane);
        }
    }
}

fn lock(flight: &Mutex<Flight>) -> std::sync::MutexGuard<'_, Flight> {
    flight.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_lane_is_left_out_until_half_of_it_is_free() {
        let mut flight = Flight::default();
        assert!((0..4).all(|_| flight.take_off(1, 4)));
        assert!(!flight.take_off(1, 4), "the lane is full");
        assert!(flight.take_off(2, 4), "another lane is not");
        assert_eq!(flight.full, [1]);
        flight.land(1, 4);
        assert_eq!(flight.full, [1]);
        flight.land(1, 4);
        assert!(flight.full.is_empty());
        for lane in [1, 1, 2] {
            flight.land(lane, 4);
        }
        assert_eq!((flight.in_all, flight.lanes.len()), (0, 0));
    }
}
