//! Clocks of projects: moved forward, and what is due moves with them.

use std::sync::Arc;

use altyn_app::changeset::Changeset;
use altyn_app::jobs::{Job, JobKind, LEASE_MS, NewJob};
use altyn_app::ports::Store;
use altyn_domain::id::{PaymentId, ProjectId};
use altyn_domain::project::Project;
use altyn_domain::time::Timestamp;

use super::jobs::claim_all;
use super::{Bench, commit_all, count, keep};
use crate::build::{LANE, Shop, number};
use crate::clock::START;

const KIND: JobKind = JobKind::AskOutcome;

fn job(project: &Project, subject: i64, due_at: Timestamp) -> NewJob {
    let payment = PaymentId::new(1);
    NewJob { kind: KIND, subject, project: project.id, payment, lane: LANE, due_at }
}

async fn add(store: &Arc<dyn Store>, jobs: Vec<NewJob>) {
    keep(store, Changeset { jobs, ..Changeset::default() }).await;
}

async fn due(store: &Arc<dyn Store>, now: Timestamp) -> Vec<i64> {
    subjects(&claim_all(store, KIND, "worker", now).await)
}

fn subjects(jobs: &[Job]) -> Vec<i64> {
    jobs.iter().map(|job| job.subject).collect()
}

async fn advance(store: &Arc<dyn Store>, project: ProjectId, by_ms: i64) -> Option<i64> {
    store.advance_clock(project, by_ms, None).await.expect("the clock is moved")
}

async fn offset(store: &Arc<dyn Store>, project: &Project) -> i64 {
    let all = store.projects().await.expect("projects are read");
    let found = all.iter().find(|stored| stored.project.id == project.id);
    found.expect("the project is there").project.clock_offset_ms
}

/// Its jobs come due earlier, nobody else's; every cache notices; nothing else of it changes.
pub async fn a_clock_takes_what_is_due_for_its_project_along(bench: Arc<dyn Bench>) {
    let shop = Shop::open(bench.store()).await;
    let store = &shop.store;
    let at = |ms| START.plus_millis(ms);
    let before = store.projects().await.expect("projects are read");
    add(
        store,
        vec![
            job(&shop.project, 1, at(10_000)),
            job(&shop.project, 2, at(12_000)),
            job(&shop.other, 3, at(10_000)),
        ],
    )
    .await;
    let version = store.projects_version().await.expect("the version is read");
    let own_version = "SELECT version FROM projects WHERE id = 42";
    let own = count(&bench, own_version).await;

    assert_eq!(advance(store, shop.project.id, 4_000).await, Some(4_000));
    let moved = store.projects_version().await.expect("the version is read");
    assert_ne!(moved, version, "caches notice");
    assert_eq!(advance(store, shop.project.id, 6_000).await, Some(10_000));
    assert_ne!(store.projects_version().await.expect("the version is read"), moved);
    assert_eq!(count(&bench, own_version).await, own + 2);

    let mut expected = before;
    for stored in expected.iter_mut().filter(|stored| stored.project.id == shop.project.id) {
        stored.project.clock_offset_ms = 10_000;
        stored.version += 2;
    }
    assert_eq!(store.projects().await.expect("projects are read"), expected);
    assert_eq!(due(store, at(-1)).await, Vec::<i64>::new());
    assert_eq!(due(store, at(0)).await, [1]);
    assert_eq!(due(store, at(2_000)).await, [2]);
    assert_eq!(due(store, at(9_999)).await, Vec::<i64>::new());
    assert_eq!(due(store, at(10_000)).await, [3], "another project's job is due when it was");

    let version = store.projects_version().await.expect("the version is read");
    let nobody = ProjectId::new(7).expect("a project's number");
    assert_eq!(advance(store, nobody, 1_000).await, None);
    assert_eq!(store.projects_version().await.expect("the version is read"), version);
}

/// Who holds a job goes on holding it, and what is asked for meanwhile is due earlier.
pub async fn a_lease_is_real_time_and_stays(bench: Arc<dyn Bench>) {
    let shop = Shop::open(bench.store()).await;
    let store = &shop.store;
    let at = |ms| START.plus_millis(ms);
    add(store, vec![job(&shop.project, 1, START), job(&shop.project, 2, START)]).await;
    let held = claim_all(store, KIND, "holder", START).await;
    assert_eq!(subjects(&held), [1, 2]);
    // The second is woken while it is held.
    add(store, vec![job(&shop.project, 2, at(LEASE_MS * 3))]).await;
    assert_eq!(advance(store, shop.project.id, LEASE_MS).await, Some(LEASE_MS));
    assert_eq!(due(store, at(LEASE_MS - 1)).await, Vec::<i64>::new());
    for job in &held {
        let end = job.again(at(LEASE_MS * 9), None);
        keep(store, Changeset { job_end: Some(end), ..Changeset::default() }).await;
    }
    assert_eq!(due(store, at(LEASE_MS * 2 - 1)).await, Vec::<i64>::new());
    assert_eq!(due(store, at(LEASE_MS * 2)).await, [2], "woken for so much earlier");
    assert_eq!(due(store, at(LEASE_MS * 9 - 1)).await, [2], "its new lease has run out");
    assert_eq!(due(store, at(LEASE_MS * 9)).await, [1], "put off by its worker's own clock");
}

/// Moving a clock takes all jobs of a project, in the middle of everybody's writing; neither may
/// break the other, and two moves add up.
pub async fn clocks_move_beside_writers(bench: Arc<dyn Bench>) {
    let shop = Shop::open(bench.store()).await;
    let store = &shop.store;
    add(store, (0..100).map(|_| job(&shop.project, number(), START)).collect()).await;
    let held = claim_all(store, KIND, "holder", START).await;
    let movers: Vec<_> = (0..4)
        .map(|_| {
            let (store, project) = (Arc::clone(store), shop.project.id);
            tokio::spawn(async move {
                for _ in 0..5 {
                    assert!(advance(&store, project, 1_000).await.is_some());
                }
            })
        })
        .collect();
    // Each ends its own job and adds one that sorts anywhere among the others.
    let changes = held.iter().rev().map(|job| {
        let (_, sale) = shop.sale(&format!("beside-{}", job.subject));
        Changeset { job_end: Some(job.done()), ..sale }
    });
    for answer in commit_all(store, changes.collect()).await {
        answer.expect("each commit is kept");
    }
    for mover in movers {
        mover.await.expect("each move is made");
    }
    assert_eq!(offset(store, &shop.project).await, 20_000);
    assert_eq!(offset(store, &shop.other).await, 0);
    assert_eq!(due(store, START).await, Vec::<i64>::new(), "each job was ended");
}
