//! Commits: whole or not at all, and refused for the right reason.

use std::sync::Arc;

use altyn_app::callback::CallbackAttempt;
use altyn_app::changeset::{AttemptEnd, AttemptStart, CallbackTry, Changeset, NotificationWrite};
use altyn_app::jobs::{JobEnd, JobKind, NewJob};
use altyn_app::ports::provider::Notification;
use altyn_app::ports::{CommitError, Conflict};
use altyn_domain::payment::Record;
use altyn_domain::payment::decide::Happening;

use super::jobs::claim_all;
use super::{Bench, assert_sound, commit_all, count, keep, refuse, row_counts};
use crate::build::{Shop, callback, payment_of, refund_request, sale_request};
use crate::clock::START;

/// A merchant's id is taken in whatever case it is written, in its project only.
pub async fn a_taken_reference_is_refused_in_any_case(bench: Arc<dyn Bench>) {
    let shop = Shop::open(bench.store()).await;
    let first = shop.accepted("Заказ-A1").await;
    let before = row_counts(&bench).await;
    for reference in ["Заказ-A1", "заказ-a1", "ЗАКАЗ-A1"] {
        let (_, changes) = shop.sale(reference);
        refuse(&shop.store, changes, Conflict::PaymentExists).await;
    }
    assert_eq!(row_counts(&bench).await, before);
    assert_eq!(shop.read(&first).await, first);
    let (_, changes) = payment_of(&shop.other, sale_request("Заказ-A1"));
    keep(&shop.store, changes).await;
}

/// Fifty at once, so that they meet within a batch and across batches.
pub async fn of_fifty_payments_with_one_reference_one_is_kept(bench: Arc<dyn Bench>) {
    let shop = Shop::open(bench.store()).await;
    let reference = |n: usize| if n.is_multiple_of(2) { "Один" } else { "оДиН" };
    let (records, changes): (Vec<Record>, Vec<Changeset>) =
        (0..50).map(|n| shop.sale(reference(n))).unzip();
    let answers = commit_all(&shop.store, changes).await;
    let kept: Vec<&Record> =
        records.iter().zip(&answers).filter(|(_, answer)| answer.is_ok()).map(|(r, _)| r).collect();
    let [winner] = kept.as_slice() else { panic!("{} were kept", kept.len()) };
    assert_eq!(shop.read(winner).await, **winner);
    for answer in answers.into_iter().filter_map(Result::err) {
        assert!(matches!(answer, CommitError::Conflict(Conflict::PaymentExists)), "{answer:?}");
    }
    for table in ["payments", "operations", "events", "jobs"] {
        assert_eq!(count(&bench, &format!("SELECT count(*) FROM {table}")).await, 1, "{table}");
    }
}

/// A changeset with something for every table.
async fn everything(shop: &Shop, record: &mut Record) -> Changeset {
    let sale = record.opening().expect("a sale").id;
    let (project, payment) = (record.payment.project, record.payment.id);
    keep(&shop.store, shop.happen(record, sale, Happening::Send)).await;
    let approved = Happening::Approve(crate::build::facts());
    let mut changes = shop.happen(record, sale, approved);
    let (with_refund, refund) = shop.refund(record, refund_request(1, Some("R")));
    *record = with_refund;
    changes.new_operations = refund.new_operations;
    changes.attempt_start = Some(AttemptStart {
        project,
        payment,
        operation: sale,
        number: 1,
        key: "key".to_owned(),
        at: START,
    });
    changes.notification = Some(NotificationWrite {
        project,
        operation: sale,
        notification: Notification { received_at: START, parameters: Vec::new() },
    });
    changes.jobs.push(NewJob {
        kind: JobKind::AskOutcome,
        subject: sale.get(),
        project,
        payment,
        lane: 1,
        due_at: START,
    });
    changes.new_callback = Some(callback(record));
    changes
}

/// Nothing of a refused changeset is written, whatever it holds.
pub async fn a_moved_version_refuses_the_whole_changeset(bench: Arc<dyn Bench>) {
    let shop = Shop::open(bench.store()).await;
    let mut record = shop.accepted("moved").await;
    let mut stale = record.clone();
    let sale = record.opening().expect("a sale").id;
    let changes = everything(&shop, &mut stale).await;
    record = shop.read(&record).await;
    keep(&shop.store, shop.happen(&mut record, sale, Happening::NotSent)).await;
    let before = row_counts(&bench).await;
    refuse(&shop.store, changes, Conflict::VersionMoved).await;
    assert_eq!(row_counts(&bench).await, before);
    assert_eq!(shop.read(&record).await, record);

    let (mut absent, _) = shop.sale("never committed");
    let sale = absent.opening().expect("a sale").id;
    let changes = shop.happen(&mut absent, sale, Happening::Send);
    refuse(&shop.store, changes, Conflict::VersionMoved).await;
    assert_eq!(row_counts(&bench).await, before);
    assert_sound(&bench).await;
}

/// Good and refused changesets come together; each gets its own answer.
pub async fn a_refused_changeset_refuses_nobody_else(bench: Arc<dyn Bench>) {
    let shop = Shop::open(bench.store()).await;
    shop.accepted("taken").await;
    let mut moved = shop.accepted("moved").await;
    let mut stale = moved.clone();
    let sale = moved.opening().expect("a sale").id;
    keep(&shop.store, shop.happen(&mut moved, sale, Happening::Send)).await;
    let mut good = Vec::new();
    let mut all = Vec::new();
    for turn in 0..60 {
        all.push(match turn % 3 {
            0 => shop.sale("TAKEN").1,
            1 => shop.happen(&mut stale.clone(), sale, Happening::Send),
            _ => {
                let (record, changes) = shop.sale(&format!("good-{turn}"));
                good.push(record);
                changes
            }
        });
    }
    for (turn, answer) in commit_all(&shop.store, all).await.into_iter().enumerate() {
        let expected = match turn % 3 {
            0 => Err(Conflict::PaymentExists),
            1 => Err(Conflict::VersionMoved),
            _ => Ok(()),
        };
        let answer = answer.map_err(|error| match error {
            CommitError::Conflict(conflict) => conflict,
            CommitError::Overloaded | CommitError::Store(_) => panic!("{error:?}"),
        });
        assert_eq!(answer, expected, "turn {turn}");
    }
    for record in &good {
        assert_eq!(shop.read(record).await, *record);
    }
    stale = shop.read(&stale).await;
    assert_eq!(stale, moved);
    assert_sound(&bench).await;
}

/// What a constraint refuses is an error for whoever sent it, and for nobody beside it.
pub async fn a_row_the_database_refuses_fails_its_own_changeset_only(bench: Arc<dyn Bench>) {
    let shop = Shop::open(bench.store()).await;
    let first = shop.accepted("first").await;
    let mut all = Vec::new();
    let mut records = Vec::new();
    for turn in 0..40 {
        let (record, mut changes) = shop.sale(&format!("beside-{turn}"));
        if turn == 17 {
            changes.new_operations = first.operations.clone();
        }
        records.push(record);
        all.push(changes);
    }
    for (turn, answer) in commit_all(&shop.store, all).await.into_iter().enumerate() {
        let store_failed = matches!(answer, Err(CommitError::Store(_)));
        assert_eq!((answer.is_ok(), store_failed), (turn != 17, turn == 17), "{turn}: {answer:?}");
    }
    for (turn, record) in records.iter().enumerate() {
        let (project, id) = (record.payment.project, record.payment.id);
        let read = shop.store.payment(project, id).await.expect("a read works");
        assert_eq!(read.as_ref(), (turn != 17).then_some(record));
    }
    assert_eq!(shop.read(&first).await, first);
    assert_sound(&bench).await;
}

/// Also across payments of the project; free again in another project.
pub async fn a_merchants_refund_id_is_unique_within_its_project(bench: Arc<dyn Bench>) {
    let shop = Shop::open(bench.store()).await;
    let (one, two) = (shop.paid("one").await, shop.paid("two").await);
    let (_, changes) = shop.refund(&one, refund_request(1, Some("R-1")));
    keep(&shop.store, changes).await;
    let before = row_counts(&bench).await;
    let (_, changes) = shop.refund(&two, refund_request(1, Some("R-1")));
    refuse(&shop.store, changes, Conflict::RefundIdExists).await;
    let (_, changes) = shop.refund(&shop.read(&one).await, refund_request(1, Some("R-1")));
    refuse(&shop.store, changes, Conflict::RefundIdExists).await;
    assert_eq!(row_counts(&bench).await, before);
    assert_eq!(shop.read(&two).await, two);
    let (_, changes) = shop.refund(&two, refund_request(1, Some("r-1")));
    keep(&shop.store, changes).await;
    for _ in 0..2 {
        let (_, changes) = shop.refund(&shop.read(&two).await, refund_request(1, None));
        keep(&shop.store, changes).await;
    }
    let elsewhere = Shop { project: shop.other.clone(), ..shop.clone() };
    let foreign = elsewhere.paid("one").await;
    let (_, changes) = elsewhere.refund(&foreign, refund_request(1, Some("R-1")));
    keep(&shop.store, changes).await;
    assert_sound(&bench).await;
}

/// Fifty refunds of fifty payments under one merchant's id.
pub async fn of_fifty_refunds_with_one_id_one_is_kept(bench: Arc<dyn Bench>) {
    let shop = Shop::open(bench.store()).await;
    let mut all = Vec::new();
    for turn in 0..50 {
        let paid = shop.paid(&format!("paid-{turn}")).await;
        all.push(shop.refund(&paid, refund_request(1, Some("R"))).1);
    }
    let answers = commit_all(&shop.store, all).await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
    for answer in answers.into_iter().filter_map(Result::err) {
        assert!(matches!(answer, CommitError::Conflict(Conflict::RefundIdExists)), "{answer:?}");
    }
    assert_sound(&bench).await;
}

/// Somebody else's lease, one that ran out and was taken, one given back, a job that is gone.
pub async fn a_lost_lease_refuses_the_whole_changeset(bench: Arc<dyn Bench>) {
    let shop = Shop::open(bench.store()).await;
    let mut record = shop.accepted("leased").await;
    let sale = record.opening().expect("a sale").id;
    let step = |end: JobEnd| {
        let mut changes = shop.happen(&mut record.clone(), sale, Happening::Send);
        changes.job_end = Some(end);
        changes
    };
    let kind = JobKind::CallProvider;
    let first = claim_all(&shop.store, kind, "first", START).await.remove(0);
    let mut stolen = first.clone();
    stolen.lease.owner = "second".to_owned();
    let later = first.lease.until;
    let before = row_counts(&bench).await;
    refuse(&shop.store, step(stolen.done()), Conflict::LeaseLost).await;
    let second = claim_all(&shop.store, kind, "second", later).await.remove(0);
    for end in [first.done(), first.again(later, None)] {
        refuse(&shop.store, step(end), Conflict::LeaseLost).await;
    }
    assert_eq!(shop.store.release_jobs("second", later).await.expect("released"), 1);
    refuse(&shop.store, step(second.done()), Conflict::LeaseLost).await;
    assert_eq!(row_counts(&bench).await, before);
    assert_eq!(shop.read(&record).await, record);

    let third = claim_all(&shop.store, kind, "third", later).await.remove(0);
    let mut changes = shop.happen(&mut record, sale, Happening::Send);
    changes.job_end = Some(third.again(later, None));
    keep(&shop.store, changes).await;
    let fourth = claim_all(&shop.store, kind, "third", later).await.remove(0);
    let end = Changeset { job_end: Some(fourth.done()), ..Changeset::default() };
    keep(&shop.store, end.clone()).await;
    refuse(&shop.store, end, Conflict::LeaseLost).await;
}

/// An attempt is kept when it begins and completed when it ends.
pub async fn attempts_begin_and_end(bench: Arc<dyn Bench>) {
    let shop = Shop::open(bench.store()).await;
    let record = shop.accepted("tried").await;
    let (project, payment) = (record.payment.project, record.payment.id);
    let operation = record.opening().expect("a sale").id;
    let start = |number| Changeset {
        attempt_start: Some(AttemptStart {
            project,
            payment,
            operation,
            number,
            key: format!("ключ-{number}"),
            at: START.plus_millis(number),
        }),
        ..Changeset::default()
    };
    let end = |number, outcome| Changeset {
        attempt_end: Some(AttemptEnd {
            project,
            operation,
            number,
            outcome,
            detail: "нет связи".to_owned(),
            at: START.plus_millis(100 + number),
        }),
        ..Changeset::default()
    };
    for changes in [start(1), end(1, "not_sent"), start(2), start(3), end(3, "approved")] {
        keep(&shop.store, changes).await;
    }
    let again = shop.store.commit(start(2)).await;
    assert!(matches!(again, Err(CommitError::Store(_))), "{again:?}");
    let rows = bench.sql("SELECT number, outcome FROM attempts ORDER BY number").await;
    let cell = |text: &str| Some(text.to_owned());
    assert_eq!(
        rows.expect("attempts are read"),
        [
            vec![cell("1"), cell("not_sent")],
            vec![cell("2"), None],
            vec![cell("3"), cell("approved")],
        ]
    );
}

/// What is to be changed must be there; else nothing of the changeset is written.
pub async fn a_change_of_a_row_that_is_not_there_fails(bench: Arc<dyn Bench>) {
    let shop = Shop::open(bench.store()).await;
    let record = shop.accepted("there").await;
    let (stranger, _) = shop.sale("not there");
    let operation = stranger.opening().expect("a sale").clone();
    let project = record.payment.project;
    let (at, detail) = (START, String::new());
    let attempt_end =
        AttemptEnd { project, operation: operation.id, number: 1, outcome: "unknown", detail, at };
    let unknown = callback(&record);
    let attempt = CallbackAttempt {
        callback: unknown.id,
        at,
        duration_ms: 0,
        status: None,
        answer: Vec::new(),
        error: None,
    };
    let callback_try = CallbackTry { attempt, progress: unknown.progress };
    let before = row_counts(&bench).await;
    let (_, new) = shop.sale("with it");
    for changes in [
        Changeset { attempt_end: Some(attempt_end), ..new.clone() },
        Changeset { callback_try: Some(callback_try), ..new.clone() },
        Changeset { changed_operations: vec![operation], ..new },
    ] {
        let failed = shop.store.commit(changes).await;
        assert!(matches!(failed, Err(CommitError::Store(_))), "{failed:?}");
    }
    assert_eq!(row_counts(&bench).await, before);
}

/// A second event under one number can never be written.
pub async fn an_event_number_is_used_once(bench: Arc<dyn Bench>) {
    let shop = Shop::open(bench.store()).await;
    let mut record = shop.accepted("numbered").await;
    let sale = record.opening().expect("a sale").id;
    for _ in 0..3 {
        for happening in [Happening::Send, Happening::NotSent] {
            keep(&shop.store, shop.happen(&mut record, sale, happening)).await;
        }
    }
    let numbers = bench.sql("SELECT seq FROM events ORDER BY seq").await.expect("events are read");
    let expected: Vec<_> = (1..=7).map(|seq: i64| vec![Some(seq.to_string())]).collect();
    assert_eq!(numbers, expected);
    let mut next = record.clone();
    let mut changes = shop.happen(&mut next, sale, Happening::Send);
    for event in &mut changes.events {
        event.seq = 7;
    }
    let refused = shop.store.commit(changes).await;
    assert!(matches!(refused, Err(CommitError::Store(_))), "{refused:?}");
    assert_eq!(shop.read(&record).await, record);
    assert_sound(&bench).await;
}

/// The running balances are the sums of the entries, whatever batches they came in.
pub async fn postings_add_up_in_the_balances(bench: Arc<dyn Bench>) {
    let shop = Shop::open(bench.store()).await;
    let mut approvals = Vec::new();
    for turn in 0..30 {
        let mut record = shop.accepted(&format!("sale-{turn}")).await;
        let sale = record.opening().expect("a sale").id;
        keep(&shop.store, shop.happen(&mut record, sale, Happening::Send)).await;
        approvals.push(shop.happen(&mut record, sale, Happening::Approve(crate::build::facts())));
    }
    for answer in commit_all(&shop.store, approvals).await {
        answer.expect("each approval is kept");
    }
    let sum = |column: &str, account: &str| {
        format!("SELECT sum({column}) FROM balances WHERE account = '{account}'")
    };
    for (column, account, expected) in [
        ("debit_minor", "provider_receivable", 30 * 10_000),
        ("credit_minor", "merchant_payable", 30 * 9_750),
        ("credit_minor", "fee_income", 30 * 250),
    ] {
        assert_eq!(count(&bench, &sum(column, account)).await, expected, "{account}");
    }
    assert_sound(&bench).await;
}

/// An operation's posting of one kind is in the books at most once.
pub async fn a_posting_is_taken_once(bench: Arc<dyn Bench>) {
    let shop = Shop::open(bench.store()).await;
    let mut record = shop.accepted("once").await;
    let sale = record.opening().expect("a sale").id;
    keep(&shop.store, shop.happen(&mut record, sale, Happening::Send)).await;
    let changes = shop.happen(&mut record, sale, Happening::Approve(crate::build::facts()));
    let postings = Changeset { postings: changes.postings.clone(), ..Changeset::default() };
    keep(&shop.store, changes).await;
    let again = shop.store.commit(postings).await;
    assert!(matches!(again, Err(CommitError::Store(_))), "{again:?}");
    assert_sound(&bench).await;
}
