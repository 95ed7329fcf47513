//! Races: writers of one payment and of many, each deciding again when refused.

use std::sync::Arc;

use altyn_app::changeset::Changeset;
use altyn_app::ports::{CommitError, Conflict};
use altyn_domain::payment::decide::Happening;
use altyn_domain::payment::{OperationKind, OperationState, Record};

use super::{Bench, assert_sound, commit_all, count};
use crate::build::{Shop, refund_request};

/// Commits what `decide` makes of the payment as it stands, until it is not refused.
async fn until_kept(
    shop: &Shop,
    record: &Record,
    decide: impl Fn(&Shop, Record) -> Changeset,
) -> u32 {
    let mut tries = 0;
    loop {
        tries += 1;
        let changes = decide(shop, shop.read(record).await);
        match shop.store.commit(changes).await {
            Ok(()) => return tries,
            Err(CommitError::Conflict(Conflict::VersionMoved)) => {}
            Err(other) => panic!("{other:?}"),
        }
    }
}

/// Each refused writer reads and decides again; at the end there is a version for each.
pub async fn sixty_four_writers_of_one_payment_lose_no_change(bench: Arc<dyn Bench>) {
    let shop = Shop::open(bench.store()).await;
    let record = shop.accepted("contended").await;
    let sale = record.opening().expect("a sale").id;
    let writers: Vec<_> = (0..64)
        .map(|_| {
            let (shop, record) = (shop.clone(), record.clone());
            tokio::spawn(async move {
                until_kept(&shop, &record, |shop, mut record| {
                    let sending =
                        record.opening().is_some_and(|sale| sale.state == OperationState::Sending);
                    let happening = if sending { Happening::NotSent } else { Happening::Send };
                    shop.happen(&mut record, sale, happening)
                })
                .await
            })
        })
        .collect();
    for writer in writers {
        writer.await.expect("a writer gets through");
    }
    let end = shop.read(&record).await;
    assert_eq!(end.payment.version - record.payment.version, 64);
    assert_eq!(end.payment.event_seq - record.payment.event_seq, 64);
    assert_eq!(count(&bench, "SELECT count(*) FROM events").await, end.payment.event_seq);
    assert_sound(&bench).await;
}

/// Two at a time, each for more than half: one is accepted, the other kept as declined.
pub async fn two_refunds_never_return_more_than_was_taken(bench: Arc<dyn Bench>) {
    let shop = Shop::open(bench.store()).await;
    for turn in 0..10 {
        let paid = shop.paid(&format!("paid-{turn}")).await;
        let refunds: Vec<_> = (0..2)
            .map(|_| {
                let (shop, paid) = (shop.clone(), paid.clone());
                tokio::spawn(async move {
                    until_kept(&shop, &paid, |shop, record| {
                        shop.refund(&record, refund_request(6_000, None)).1
                    })
                    .await
                })
            })
            .collect();
        for refund in refunds {
            refund.await.expect("a refund gets through");
        }
        let end = shop.read(&paid).await;
        let in_state = |state| {
            let of = |operation: &&_| refund_in(operation, state);
            end.operations.iter().filter(of).count()
        };
        assert_eq!(in_state(OperationState::Accepted), 1, "{end:?}");
        assert_eq!(in_state(OperationState::Declined), 1, "{end:?}");
        assert_eq!(end.payment.refund_reserved.minor(), 6_000);
    }
    assert_sound(&bench).await;
}

fn refund_in(operation: &altyn_domain::payment::Operation, state: OperationState) -> bool {
    operation.kind == OperationKind::Refund && operation.state == state
}

/// Different payments do not hinder each other, in whatever order their changes meet.
pub async fn many_writers_of_many_payments_all_get_through(bench: Arc<dyn Bench>) {
    let shop = Shop::open(bench.store()).await;
    let mut records = Vec::new();
    let mut all = Vec::new();
    for n in 0..200 {
        let (record, changes) = shop.sale(&format!("many-{:03}", (n * 73) % 200));
        records.push(record);
        all.push(changes);
    }
    for answer in commit_all(&shop.store, all).await {
        answer.expect("a new payment is kept");
    }
    for turn in 0..4 {
        let mut changes = Vec::new();
        for record in &mut records {
            let sale = record.opening().expect("a sale").id;
            let happening = if turn % 2 == 0 { Happening::Send } else { Happening::NotSent };
            changes.push(shop.happen(record, sale, happening));
        }
        if turn % 2 == 1 {
            changes.reverse();
        }
        for answer in commit_all(&shop.store, changes).await {
            answer.expect("a change of a payment of its own is kept");
        }
    }
    for record in &records {
        assert_eq!(shop.read(record).await, *record);
    }
    assert_sound(&bench).await;
}
