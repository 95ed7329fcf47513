//! Jobs: leased to one owner at a time, never forgotten.

use std::collections::HashSet;
use std::sync::Arc;

use altyn_app::changeset::Changeset;
use altyn_app::jobs::{Claim, FROM_THE_FIRST, Job, JobEnd, JobKind, JobStats, LEASE_MS, NewJob};
use altyn_app::ports::Store;
use altyn_domain::payment::Record;
use altyn_domain::payment::decide::Happening;
use altyn_domain::time::Timestamp;

use super::{Bench, keep};
use crate::build::{Shop, number};
use crate::clock::START;

const KIND: JobKind = JobKind::AskOutcome;

fn claim(kind: JobKind, owner: &str, now: Timestamp) -> Claim {
    Claim {
        kind,
        owner: owner.to_owned(),
        now,
        since: FROM_THE_FIRST,
        until: now.plus_millis(LEASE_MS),
        limit: 1_000,
        busy_lanes: Vec::new(),
    }
}

/// All due jobs of a kind.
pub(super) async fn claim_all(
    store: &Arc<dyn Store>,
    kind: JobKind,
    owner: &str,
    now: Timestamp,
) -> Vec<Job> {
    store.claim_jobs(claim(kind, owner, now)).await.expect("jobs are claimed")
}

struct Queue {
    store: Arc<dyn Store>,
    record: Record,
}

impl Queue {
    async fn open(bench: &Arc<dyn Bench>) -> Self {
        let shop = Shop::open(bench.store()).await;
        let record = shop.accepted("with jobs").await;
        Self { store: shop.store, record }
    }

    fn job(&self, subject: i64, lane: i64, due_at: Timestamp) -> NewJob {
        let payment = &self.record.payment;
        let (project, payment) = (payment.project, payment.id);
        NewJob { kind: KIND, subject, project, payment, lane, due_at }
    }

    async fn add(&self, jobs: Vec<NewJob>) {
        keep(&self.store, Changeset { jobs, ..Changeset::default() }).await;
    }

    async fn end(&self, end: JobEnd) {
        keep(&self.store, Changeset { job_end: Some(end), ..Changeset::default() }).await;
    }

    async fn due(&self, owner: &str, now: Timestamp) -> Vec<Job> {
        claim_all(&self.store, KIND, owner, now).await
    }

    /// The one due job; panics when there is none or more.
    async fn one(&self, now: Timestamp) -> Job {
        let mut due = self.due("worker", now).await;
        assert_eq!(due.len(), 1, "{due:?}");
        due.remove(0)
    }
}

/// Eight claimers at once: each job goes to one of them.
pub async fn a_due_job_is_leased_to_one_owner(bench: Arc<dyn Bench>) {
    let queue = Queue::open(&bench).await;
    let jobs: Vec<NewJob> = (0..400).map(|_| queue.job(number(), 1, START)).collect();
    let all: HashSet<i64> = jobs.iter().map(|job| job.subject).collect();
    queue.add(jobs).await;
    let claimers: Vec<_> = (0..8)
        .map(|n| {
            let store = Arc::clone(&queue.store);
            tokio::spawn(async move {
                let mut got: Vec<Job> = Vec::new();
                loop {
                    let claim = Claim { limit: 7, ..claim(KIND, &format!("w{n}"), START) };
                    let page = store.claim_jobs(claim).await.expect("jobs are claimed");
                    assert!(
                        page.len() <= 7
                            && page.iter().all(|job| job.lease.owner == format!("w{n}"))
                    );
                    if page.is_empty() {
                        return got;
                    }
                    got.extend(page);
                }
            })
        })
        .collect();
    let mut subjects = Vec::new();
    for claimer in claimers {
        subjects.extend(claimer.await.expect("a claimer ends").iter().map(|job| job.subject));
    }
    // A claimer may find nothing while another holds the rows it looked at: what is left is due.
    subjects.extend(queue.due("last", START).await.iter().map(|job| job.subject));
    assert_eq!(subjects.len(), all.len());
    assert_eq!(subjects.into_iter().collect::<HashSet<_>>(), all);
}

/// Oldest first, of the kind asked for, no more than asked for, none of a busy lane.
pub async fn claims_respect_kind_time_limit_and_lanes(bench: Arc<dyn Bench>) {
    let queue = Queue::open(&bench).await;
    let at = |ms| START.plus_millis(ms);
    let added = [
        queue.job(1, 10, at(-5)),
        queue.job(2, 20, at(-3)),
        queue.job(3, 10, at(-4)),
        queue.job(4, 30, at(0)),
        queue.job(5, 10, at(1)),
        NewJob { kind: JobKind::ExpireClarification, ..queue.job(1, 10, at(-9)) },
    ];
    queue.add(added.to_vec()).await;
    let subjects = |jobs: Vec<Job>| jobs.iter().map(|job| job.subject).collect::<Vec<_>>();
    let claimed = async |busy_lanes: &[i64], limit| {
        let busy_lanes = busy_lanes.to_vec();
        let claim = Claim { limit, busy_lanes, ..claim(KIND, "worker", START) };
        subjects(queue.store.claim_jobs(claim).await.expect("jobs are claimed"))
    };
    assert_eq!(claimed(&[], 0).await, Vec::<i64>::new());
    assert_eq!(claimed(&[10, 20], 10).await, [4]);
    assert_eq!(claimed(&[20], 1).await, [1]);
    let since = Claim { since: at(-3), ..claim(KIND, "worker", START) };
    assert_eq!(subjects(queue.store.claim_jobs(since).await.expect("jobs are claimed")), [2]);
    assert_eq!(claimed(&[], 10).await, [3]);
    assert_eq!(claimed(&[], 10).await, Vec::<i64>::new());
    let later = queue.due("worker", at(1)).await;
    let [job] = later.as_slice() else { panic!("{later:?}") };
    let payment = &queue.record.payment;
    assert_eq!((job.kind, job.subject, job.lane), (KIND, 5, 10));
    assert_eq!((job.project, job.payment), (payment.project, payment.id));
    assert_eq!((job.attempts, job.lease.until), (0, at(1 + LEASE_MS)));
    assert_eq!(job.lease.owner, "worker");
    let other = claim_all(&queue.store, JobKind::ExpireClarification, "worker", START).await;
    assert_eq!(subjects(other), [1]);
}

/// A dead worker's job is done by another.
pub async fn a_job_comes_up_again_when_its_lease_runs_out(bench: Arc<dyn Bench>) {
    let queue = Queue::open(&bench).await;
    queue.add(vec![queue.job(1, 1, START)]).await;
    let first = queue.due("dead", START).await.remove(0);
    assert_eq!(queue.due("alive", START.plus_millis(LEASE_MS - 1)).await, []);
    let second = queue.due("alive", START.plus_millis(LEASE_MS)).await.remove(0);
    assert_eq!((second.subject, second.lease.owner.as_str()), (first.subject, "alive"));
    queue.end(second.done()).await;
    assert_eq!(queue.due("alive", START.plus_millis(10 * LEASE_MS)).await, []);
}

/// Put off: due then, not before, and it counts.
pub async fn a_job_put_off_is_due_when_it_said(bench: Arc<dyn Bench>) {
    let queue = Queue::open(&bench).await;
    queue.add(vec![queue.job(1, 1, START)]).await;
    let mut now = START;
    for turn in 0..3 {
        let job = queue.one(now).await;
        assert_eq!(job.attempts, turn);
        let due_at = now.plus_millis(5_000);
        queue.end(job.again(due_at, Some("нет связи".to_owned()))).await;
        assert_eq!(queue.due("worker", due_at.plus_millis(-1)).await, []);
        now = due_at;
    }
}

/// The news came after the worker had looked: its putting off must not swallow it.
pub async fn a_job_woken_while_leased_is_due_at_once(bench: Arc<dyn Bench>) {
    let queue = Queue::open(&bench).await;
    queue.add(vec![queue.job(1, 1, START)]).await;
    let job = queue.one(START).await;
    queue.add(vec![queue.job(1, 1, START)]).await;
    assert_eq!(queue.due("other", START).await, [], "a wake does not break the lease");
    queue.end(job.again(START.plus_millis(LEASE_MS * 9), None)).await;
    let job = queue.one(START.plus_millis(1)).await;
    queue.end(job.again(START.plus_millis(LEASE_MS * 9), None)).await;
    assert_eq!(queue.due("worker", START.plus_millis(LEASE_MS * 8)).await, []);
}

/// The news may have come after the provider's answer: the question is asked again, unless the
/// answer was written.
pub async fn a_question_woken_while_asked_is_not_done_without_an_answer(bench: Arc<dyn Bench>) {
    let queue = Queue::open(&bench).await;
    queue.add(vec![queue.job(1, 1, START)]).await;
    let job = queue.one(START).await;
    queue.add(vec![queue.job(1, 1, START)]).await;
    queue.end(job.done()).await;
    let job = queue.one(START.plus_millis(1)).await;
    queue.end(job.done()).await;
    let later = START.plus_millis(LEASE_MS * 99);
    assert_eq!(queue.due("worker", later).await, [], "nobody woke it the second time");

    queue.add(vec![queue.job(2, 1, START)]).await;
    let job = queue.one(START).await;
    queue.add(vec![queue.job(2, 1, START)]).await;
    let mut record = queue.record.clone();
    let sale = record.opening().expect("a sale").id;
    let shop = Shop::open(Arc::clone(&queue.store)).await;
    let mut answered = shop.happen(&mut record, sale, Happening::Send);
    answered.job_end = Some(job.done());
    keep(&queue.store, answered).await;
    assert_eq!(queue.due("worker", later).await, [], "the answer was written");
}

/// Waking brings a job forward; it never puts it off.
pub async fn a_waiting_job_is_woken_earlier_never_later(bench: Arc<dyn Bench>) {
    let queue = Queue::open(&bench).await;
    let at = |ms| START.plus_millis(ms);
    queue.add(vec![queue.job(1, 1, at(1_000))]).await;
    queue.add(vec![queue.job(1, 1, at(5_000))]).await;
    assert_eq!(queue.due("worker", at(999)).await, []);
    queue.add(vec![queue.job(1, 1, at(500)), queue.job(1, 1, at(700))]).await;
    assert_eq!(queue.due("worker", at(499)).await, []);
    assert_eq!(queue.one(at(500)).await.subject, 1);
}

/// Done removes; the work that follows under the same name is new work.
pub async fn a_finished_job_is_gone_and_a_new_one_beside_its_end_stays(bench: Arc<dyn Bench>) {
    let queue = Queue::open(&bench).await;
    queue.add(vec![queue.job(1, 1, START)]).await;
    let job = queue.one(START).await;
    let later = START.plus_millis(LEASE_MS * 3);
    let changes = Changeset {
        jobs: vec![queue.job(1, 2, later)],
        job_end: Some(job.done()),
        ..Changeset::default()
    };
    keep(&queue.store, changes).await;
    assert_eq!(queue.due("worker", later.plus_millis(-1)).await, []);
    let job = queue.one(later).await;
    assert_eq!((job.attempts, job.lane), (0, 2));
    queue.end(job.done()).await;
    assert_eq!(queue.due("worker", START.plus_millis(LEASE_MS * 99)).await, []);
}

/// A worker that stops gives back what it holds, and only that.
pub async fn leases_are_given_back(bench: Arc<dyn Bench>) {
    let queue = Queue::open(&bench).await;
    queue.add((1..=5).map(|subject| queue.job(subject, 1, START)).collect()).await;
    let leaving = Claim { limit: 3, ..claim(KIND, "leaving", START) };
    queue.store.claim_jobs(leaving).await.expect("jobs are claimed");
    assert_eq!(queue.due("staying", START).await.len(), 2);
    let now = START.plus_millis(10);
    let release = async |owner: &str| queue.store.release_jobs(owner, now).await.expect("released");
    assert_eq!(release("leaving").await, 3);
    assert_eq!(release("leaving").await, 0);
    let back = queue.due("next", now).await;
    assert_eq!(back.iter().map(|job| job.attempts).collect::<Vec<_>>(), [0, 0, 0]);
}

/// For the dashboard: how many wait, and how late the oldest is.
pub async fn jobs_are_counted_by_kind(bench: Arc<dyn Bench>) {
    let queue = Queue::open(&bench).await;
    let at = |ms| START.plus_millis(ms);
    let other = NewJob { kind: JobKind::DeliverCallback, ..queue.job(9, 1, at(60_000)) };
    queue.add(vec![queue.job(1, 1, at(0)), queue.job(2, 1, at(400)), other]).await;
    let stats = queue.store.job_stats(at(1_000)).await.expect("jobs are counted");
    let of = |kind| {
        let found = stats.iter().find(|stats| stats.kind == kind).copied();
        found.unwrap_or(JobStats { kind, waiting: 0, oldest_due_ms: 0 })
    };
    for (kind, waiting, oldest_due_ms) in [
        (JobKind::CallProvider, 1, 1_000),
        (KIND, 2, 1_000),
        (JobKind::DeliverCallback, 1, 0),
        (JobKind::ExpireClarification, 0, 0),
    ] {
        assert_eq!(of(kind), JobStats { kind, waiting, oldest_due_ms });
    }
}
