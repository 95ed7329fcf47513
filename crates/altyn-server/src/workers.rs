//! The loops that work jobs: one per kind, each claiming what is due as far as it has room.
//!
//! Lanes keep a slow or dead endpoint from holding up the rest. What is claimed beyond a lane's
//! limit waits in memory, under its lease, for a place in the lane; while anything waits there, the
//! lane is left out of claims. What waited too long to end within its lease is let go: it comes up
//! again when the lease runs out.

mod walk;

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use altyn_app::context::Context;
use altyn_app::jobs::{Claim, Job, JobKind, LEASE_MS, run_job};
use altyn_domain::time::{SECOND_MS, Timestamp};
use altyn_web::metrics::Metrics;
use tokio::sync::{Notify, watch};
use walk::Walk;

/// How often the store is looked at when nobody says that there is work.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// How long the store is left alone after it failed.
const STORE_PAUSE: Duration = Duration::from_secs(1);
/// Jobs claimed at a time: one transaction. Also the most that can wait in one lane.
const CLAIM_MAX: usize = 256;
/// How often claims are made while work keeps coming: what comes in between is claimed together, in
/// one transaction. Work that comes after a quiet moment is claimed at once.
const CLAIM_EVERY: Duration = Duration::from_millis(10);
/// The most a job takes: a call to a provider or a merchant (35 s) and two commits.
const JOB_MAX_MS: i64 = 40 * SECOND_MS;

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

impl Worker {
    /// Works until `stop` says so, then waits for what is under way.
    pub async fn run(self, mut stop: watch::Receiver<bool>) {
        let crew = Arc::new(Crew { worker: self, flight: Mutex::default(), room: Notify::new() });
        let mut claimed_at = tokio::time::Instant::now() - CLAIM_EVERY;
        while !*stop.borrow() {
            let room = crew.worker.limits.in_flight.saturating_sub(crew.flight().flying);
            if room == 0 {
                tokio::select! {
                    () = crew.room.notified() => {}
                    _ = stop.changed() => {}
                }
                continue;
            }
            tokio::time::sleep_until(claimed_at + CLAIM_EVERY).await;
            claimed_at = tokio::time::Instant::now();
            let limit = room.min(CLAIM_MAX);
            let pause = match crew.claim(limit).await {
                Ok(jobs) if jobs.len() == limit => {
                    claimed_at -= CLAIM_EVERY;
                    crew.start(jobs);
                    continue;
                }
                Ok(jobs) => {
                    crew.start(jobs);
                    LOOK_EVERY
                }
                Err(error) => {
                    let kind = crew.worker.kind.as_str();
                    tracing::warn!(job.kind = kind, %error, "cannot claim jobs");
                    STORE_PAUSE
                }
            };
            tokio::select! {
                () = crew.worker.wakes.wait(crew.worker.kind) => {}
                () = crew.room.notified() => {}
                () = tokio::time::sleep(pause) => {}
                _ = stop.changed() => {}
            }
        }
        crew.flight().send_home();
        while crew.flight().flying > 0 {
            crew.room.notified().await;
        }
    }
}

/// A worker and what it has under way.
struct Crew {
    worker: Worker,
    flight: Mutex<Flight>,
    /// Rung when a claim may find more room than before.
    room: Notify,
}

impl Crew {
    fn flight(&self) -> std::sync::MutexGuard<'_, Flight> {
        self.flight.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn claim(&self, limit: usize) -> Result<Vec<Job>, altyn_app::ports::StoreError> {
        let worker = &self.worker;
        let now = worker.context.clock.now();
        let (busy_lanes, start) = {
            let flight = self.flight();
            (flight.busy_lanes(), flight.walk.start(now))
        };
        let passes_over_some = !busy_lanes.is_empty();
        let claim = Claim {
            kind: worker.kind,
            owner: worker.owner.clone(),
            now,
            since: start.since,
            until: now.plus_millis(LEASE_MS),
            limit: u32::try_from(limit).unwrap_or(u32::MAX),
            busy_lanes,
        };
        let jobs = worker.context.store.claim_jobs(claim).await?;
        if passes_over_some && jobs.len() < limit {
            self.flight().walk.ended(start);
        }
        Ok(jobs)
    }

    fn start(self: &Arc<Self>, jobs: Vec<Job>) {
        for job in jobs {
            let Some(job) = self.flight().take_off(job, self.worker.limits.per_lane) else {
                continue;
            };
            let crew = Arc::clone(self);
            tokio::spawn(async move {
                let mut next = Some(job);
                while let Some(job) = next {
                    let lane = job.lane;
                    let report = run_job(&crew.worker.context, job).await;
                    crew.worker.metrics.job(report.kind.as_str(), report.outcome);
                    next = crew.land(lane);
                }
            });
        }
    }

    /// Frees a place in the lane, or gives it to the next that waits for it.
    fn land(&self, lane: i64) -> Option<Job> {
        let now = self.worker.context.clock.now();
        let mut flight = self.flight();
        let (before, was_busy) = (flight.flying, flight.is_busy(lane));
        let next = flight.land(lane, now);
        let drained = was_busy && !flight.is_busy(lane);
        if drained {
            flight.walk.forget();
        }
        let freed = next.is_none() && before >= self.worker.limits.in_flight;
        if drained || freed || flight.flying == 0 {
            self.room.notify_one();
        }
        next
    }
}

#[derive(Default)]
struct Flight {
    /// Under way.
    flying: usize,
    lanes: HashMap<i64, Lane>,
    walk: Walk,
}

#[derive(Default)]
struct Lane {
    flying: usize,
    waiting: VecDeque<Job>,
}

impl Flight {
    /// Lanes in which jobs wait: there is no use in claiming more of them.
    fn busy_lanes(&self) -> Vec<i64> {
        let waiting = self.lanes.iter().filter(|(_, lane)| !lane.waiting.is_empty());
        waiting.map(|(number, _)| *number).collect()
    }

    fn is_busy(&self, lane: i64) -> bool {
        self.lanes.get(&lane).is_some_and(|lane| !lane.waiting.is_empty())
    }

    /// Gives the job back when its lane has a place for it; else it waits.
    fn take_off(&mut self, job: Job, per_lane: usize) -> Option<Job> {
        let lane = self.lanes.entry(job.lane).or_default();
        if lane.flying >= per_lane {
            lane.waiting.push_back(job);
            return None;
        }
        lane.flying += 1;
        self.flying += 1;
        Some(job)
    }

    /// A job of this lane has ended: the next one that can still end within its lease.
    fn land(&mut self, number: i64, now: Timestamp) -> Option<Job> {
        let lane = self.lanes.get_mut(&number)?;
        while let Some(job) = lane.waiting.pop_front() {
            if job.lease.until >= now.plus_millis(JOB_MAX_MS) {
                return Some(job);
            }
        }
        lane.flying = lane.flying.saturating_sub(1);
        self.flying = self.flying.saturating_sub(1);
        if lane.flying == 0 {
            self.lanes.remove(&number);
        }
        None
    }

    /// Lets go of everything that waits; the leases are given back at the stop.
    fn send_home(&mut self) {
        for lane in self.lanes.values_mut() {
            lane.waiting.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use altyn_app::jobs::Lease;
    use altyn_domain::id::{PaymentId, ProjectId};

    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_000_000);

    fn job(subject: i64, lane: i64) -> Job {
        Job {
            kind: JobKind::DeliverCallback,
            subject,
            project: ProjectId::new(1).unwrap(),
            payment: PaymentId::new(1),
            lane,
            attempts: 0,
            lease: Lease { owner: "w".to_owned(), until: NOW.plus_millis(LEASE_MS) },
            wakes: 0,
        }
    }

    #[test]
    fn what_is_beyond_a_lane_waits_for_its_place_and_others_fly() {
        let mut flight = Flight::default();
        let flying = (1..=5).filter_map(|n| flight.take_off(job(n, 7), 3)).count();
        assert_eq!(flying, 3);
        assert!(flight.take_off(job(9, 8), 3).is_some(), "another lane has room");
        assert_eq!((flight.flying, flight.busy_lanes()), (4, vec![7]));
        assert_eq!(flight.land(7, NOW).map(|next| next.subject), Some(4));
        assert_eq!(flight.land(7, NOW).map(|next| next.subject), Some(5));
        assert!(flight.busy_lanes().is_empty());
        for _ in 0..3 {
            assert!(flight.land(7, NOW).is_none());
        }
        assert!(flight.land(8, NOW).is_none());
        assert_eq!((flight.flying, flight.lanes.len()), (0, 0));
    }

    #[test]
    fn what_waited_too_long_is_left_to_its_lease() {
        let mut flight = Flight::default();
        for n in 1..=3 {
            flight.take_off(job(n, 7), 1);
        }
        let late = NOW.plus_millis(LEASE_MS - JOB_MAX_MS + 1);
        assert!(flight.land(7, late).is_none());
        assert_eq!((flight.flying, flight.lanes.len()), (0, 0));
    }

    #[test]
    fn at_the_stop_nothing_more_takes_off() {
        let mut flight = Flight::default();
        for n in 1..=3 {
            flight.take_off(job(n, 7), 1);
        }
        flight.send_home();
        assert_eq!(flight.flying, 1);
        assert!(flight.land(7, NOW).is_none());
        assert_eq!(flight.flying, 0);
    }
}
