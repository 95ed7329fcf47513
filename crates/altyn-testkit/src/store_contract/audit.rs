//! The audit log: with its change or not at all, found by filter, sealed in one chain.

use std::sync::Arc;

use altyn_app::access::audit::{
    Action, AuditEntry, AuditFilter, ChainBreach, ChainWalk, StoredAudit,
};
use altyn_app::changeset::Changeset;
use altyn_app::ports::{AccessStore, Conflict};
use altyn_domain::id::{OperationId, PaymentId};

use super::{Bench, commit_all, count, keep, refuse};
use crate::build::{self, Shop, project_id};
use crate::clock::START;

/// An entry of these words.
pub(super) fn entry(action: Action, detail: &str) -> AuditEntry {
    AuditEntry { detail: detail.to_owned(), ..build::entry(action) }
}

async fn log(access: &Arc<dyn AccessStore>, entry: AuditEntry) {
    access.audit(entry).await.expect("an entry is written");
}

async fn list(access: &Arc<dyn AccessStore>, filter: AuditFilter) -> Vec<StoredAudit> {
    access.audit_entries(&filter).await.expect("the log is read")
}

async fn details(access: &Arc<dyn AccessStore>, filter: AuditFilter) -> Vec<String> {
    list(access, filter).await.into_iter().map(|stored| stored.entry.detail).collect()
}

fn everything() -> AuditFilter {
    AuditFilter { limit: 1_000, ..AuditFilter::default() }
}

/// What is refused is not told of; what is kept is, once.
pub async fn an_entry_goes_with_its_changeset(bench: Arc<dyn Bench>) {
    let shop = Shop::open(bench.store()).await;
    let access = bench.access();
    let told = |detail: &str| {
        let mut entry = entry(Action::Refund, detail).in_project(shop.project.id);
        entry.payment = Some(PaymentId::new(5));
        entry.operation = Some(OperationId::new(i64::MAX));
        entry
    };
    let (_, sale) = shop.sale("one");
    keep(&shop.store, Changeset { audit: Some(told("kept")), ..sale }).await;
    let (_, again) = shop.sale("one");
    let again = Changeset { audit: Some(told("refused")), ..again };
    refuse(&shop.store, again, Conflict::PaymentExists).await;
    let alone = Changeset { audit: Some(told("alone")), ..Changeset::default() };
    keep(&shop.store, alone).await;

    // In one batch, some of them refused.
    let batch = (0..40).map(|at| {
        let (_, sale) = shop.sale(&format!("batch-{}", at / 2));
        Changeset { audit: Some(told("batch")), ..sale }
    });
    let answers = commit_all(&shop.store, batch.collect()).await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 20);
    let found = list(&access, everything()).await;
    assert_eq!(found.iter().filter(|stored| stored.entry == told("batch")).count(), 20);
    let mut others = found.iter().rev().filter(|stored| stored.entry.detail != "batch");
    assert_eq!(others.next().map(|stored| &stored.entry), Some(&told("kept")));
    assert_eq!(others.next().map(|stored| &stored.entry), Some(&told("alone")));
    assert_eq!(others.next(), None);
    assert!(found.windows(2).all(|pair| pair[0].id > pair[1].id), "in the order of writing");
}

/// By each field, by all of them, newest first.
pub async fn entries_are_listed_by_filter_a_page_at_a_time(bench: Arc<dyn Bench>) {
    let access = bench.access();
    let (one, two) = (project_id(1), project_id(u32::MAX));
    let payment = PaymentId::new(77);
    for (detail, project, payment, user, action) in [
        ("a", Some(one), None, Some(7), Action::Look),
        ("b", None, None, None, Action::SignIn),
        ("c", Some(two), Some(payment), Some(7), Action::Refund),
        ("d", Some(one), Some(payment), Some(8), Action::Refund),
        ("e", Some(project_id(9)), None, Some(8), Action::Look),
        ("f", Some(two), None, Some(8), Action::Capture),
    ] {
        let told = entry(action, detail).refused();
        log(&access, AuditEntry { project, payment, user, ..told }).await;
    }
    let stored = list(&access, everything()).await;
    let before = stored.get(1).map(|stored| stored.id);
    let all = everything;
    let cases: [(AuditFilter, &[&str]); 12] = [
        (all(), &["f", "e", "d", "c", "b", "a"]),
        (AuditFilter { limit: 2, ..all() }, &["f", "e"]),
        (AuditFilter { before, limit: 2, ..all() }, &["d", "c"]),
        (AuditFilter { projects: Some(vec![]), ..all() }, &[]),
        (AuditFilter { projects: Some(vec![one]), ..all() }, &["d", "a"]),
        (AuditFilter { projects: Some(vec![two, one, two]), ..all() }, &["f", "d", "c", "a"]),
        (AuditFilter { projects: Some(vec![one, two]), limit: 1, before, ..all() }, &["d"]),
        (AuditFilter { payment: Some(payment), ..all() }, &["d", "c"]),
        (AuditFilter { user: Some(7), ..all() }, &["c", "a"]),
        (AuditFilter { action: Some(Action::Look), ..all() }, &["e", "a"]),
        (
            AuditFilter {
                projects: Some(vec![two]),
                payment: Some(payment),
                user: Some(7),
                action: Some(Action::Refund),
                before,
                limit: 5,
            },
            &["c"],
        ),
        (AuditFilter { user: Some(7), action: Some(Action::Capture), ..all() }, &[]),
    ];
    for (filter, expected) in cases {
        assert_eq!(details(&access, filter.clone()).await, expected, "{filter:?}");
    }
    for action in Action::ALL {
        log(&access, entry(*action, "each")).await;
        let found = list(&access, AuditFilter { action: Some(*action), limit: 1, ..all() }).await;
        let found = found.first().map(|stored| stored.entry.clone());
        assert_eq!(found, Some(entry(*action, "each")));
    }
}

/// Walks the chain from its beginning, a few entries at a time.
async fn walk(access: &Arc<dyn AccessStore>) -> (i64, Vec<ChainBreach>) {
    let (mut walk, mut breaches) = (ChainWalk::default(), Vec::new());
    loop {
        let page = access.sealed_after(walk.head().0, 3).await.expect("the chain is read");
        if page.is_empty() {
            return (walk.head().0, breaches);
        }
        for stored in &page {
            breaches.extend(walk.step(stored));
        }
    }
}

async fn seal(access: &Arc<dyn AccessStore>, limit: u32) -> u64 {
    access.seal_audit(limit).await.expect("the log is sealed")
}

/// The unsealed are taken in the order of writing, so many at a time.
pub async fn entries_are_sealed_in_order_and_walked(bench: Arc<dyn Bench>) {
    let access = bench.access();
    assert_eq!(seal(&access, 10).await, 0);
    assert_eq!(walk(&access).await, (0, vec![]));
    for number in 0..10 {
        let bare = AuditEntry { user: None, ..entry(Action::Look, "") };
        log(&access, if number % 2 == 0 { bare } else { entry(Action::Look, "ё") }).await;
    }
    for (limit, sealed) in [(4, 4), (0, 0), (100, 6), (100, 0)] {
        assert_eq!(seal(&access, limit).await, sealed);
    }
    log(&access, entry(Action::SignOut, "tail")).await;
    let newest = list(&access, everything()).await;
    assert_eq!(newest.first().map(|stored| &stored.seal), Some(&None), "the tail is unsealed");
    assert_eq!(walk(&access).await, (10, vec![]));
    assert_eq!(seal(&access, 100).await, 1);
    assert_eq!(walk(&access).await, (11, vec![]));
    let positions: Vec<Option<i64>> = list(&access, everything())
        .await
        .into_iter()
        .rev()
        .map(|stored| stored.seal.map(|seal| seal.position))
        .collect();
    assert_eq!(positions, (1..=11).map(Some).collect::<Vec<_>>());
}

/// Many sealers beside many writers: each entry has one place, and no place is empty.
pub async fn sealers_at_once_make_one_chain(bench: Arc<dyn Bench>) {
    let access = bench.access();
    let mut tasks = Vec::new();
    for writer in 0..8 {
        let access = Arc::clone(&access);
        tasks.push(tokio::spawn(async move {
            for number in 0..10 {
                log(&access, entry(Action::Look, &format!("{writer}-{number}"))).await;
                if writer % 2 == 0 {
                    seal(&access, 7).await;
                }
            }
        }));
    }
    for task in tasks {
        task.await.expect("a sealer does not panic");
    }
    while seal(&access, 50).await > 0 {}
    assert_eq!(walk(&access).await, (80, vec![]));
    assert_eq!(count(&bench, "SELECT count(DISTINCT position) FROM audit").await, 80);
}

/// A changed, a moved and a removed entry each break the chain at their place.
pub async fn whoever_touches_the_chain_is_seen(bench: Arc<dyn Bench>) {
    let access = bench.access();
    for number in 0..9 {
        let told = entry(Action::Refund, &format!("{number} RUB"));
        log(&access, AuditEntry { project: Some(project_id(42)), ..told }).await;
    }
    assert_eq!(seal(&access, 100).await, 9);
    assert_eq!(walk(&access).await, (9, vec![]));
    let ids: Vec<i64> = list(&access, everything()).await.iter().rev().map(|one| one.id).collect();
    let id = |position: usize| ids.get(position - 1).copied().expect("there is such an entry");
    let changed = |position: usize| ChainBreach::Changed {
        id: id(position),
        position: i64::try_from(position).expect("a small number"),
    };
    let sql = |statement: &'static str| {
        let bench = Arc::clone(&bench);
        async move { bench.sql(statement).await.expect("the log is touched") }
    };
    for (touch, put_back) in [
        ("detail = '90 RUB'", "detail = '4 RUB'"),
        ("login = 'boris'", "login = 'анна'"),
        ("user_id = NULL", "user_id = 7"),
        ("project = 41", "project = 42"),
        ("payment = 1", "payment = NULL"),
        ("result = 'refused'", "result = 'done'"),
        ("action = 'look'", "action = 'refund'"),
        ("at = at + 1", "at = at - 1"),
    ] {
        for (set, expected) in [(touch, vec![changed(5)]), (put_back, vec![])] {
            let statement = format!("UPDATE audit SET {set} WHERE position = 5");
            bench.sql(&statement).await.expect("the log is touched");
            assert_eq!(walk(&access).await, (9, expected), "{statement}");
        }
    }
    // Two change places, with their hashes.
    for statement in [
        "UPDATE audit SET position = -1 WHERE position = 2",
        "UPDATE audit SET position = 2 WHERE position = 3",
        "UPDATE audit SET position = 3 WHERE position = -1",
    ] {
        sql(statement).await;
    }
    let moved = |id: i64, position| ChainBreach::Changed { id, position };
    let swapped = vec![moved(id(3), 2), moved(id(2), 3), moved(id(4), 4)];
    assert_eq!(walk(&access).await, (9, swapped.clone()));
    sql("DELETE FROM audit WHERE position = 7").await;
    let mut removed = swapped;
    removed.push(ChainBreach::Missing { position: 7 });
    assert_eq!(walk(&access).await, (9, removed));
}

/// A zero character comes from whoever knocks, and what he did is told of all the same.
pub async fn texts_that_no_database_takes_are_kept_all_the_same(bench: Arc<dyn Bench>) {
    let access = bench.access();
    let odd = AuditEntry { login: "an\0na".to_owned(), ..entry(Action::SignIn, "\0") };
    log(&access, odd).await;
    let found = list(&access, everything()).await;
    let found = found.first().map(|stored| &stored.entry);
    assert_eq!(found.map(|entry| entry.login.as_str()), Some("an\u{fffd}na"));
    assert_eq!(access.user_by_login("an\0na").await.expect("users are read"), None);
    let subjects = ["login:an\0na".to_owned()];
    let counted = access.add_failure(&subjects, START).await.expect("the store answers");
    let read = access.failures(&subjects[0]).await.expect("failures are read");
    assert_eq!(counted, [read]);
    assert_eq!(read.count, 1);
    assert_eq!(seal(&access, 9).await, 1);
    assert_eq!(walk(&access).await, (1, vec![]));
}
