//! Holds: what they count, what they post, and the limit they set.

use std::sync::Arc;

use altyn_app::ports::CommitError;
use altyn_domain::payment::PaymentState;
use altyn_domain::payment::decide::{Happening, VoidRequest};

use super::{Bench, assert_sound, commit_all, count, keep};
use crate::build::{Shop, capture_request, facts, rub};

/// A hold is in no book until it is captured; what is captured is, and no more than was held.
pub async fn a_hold_is_captured_or_released(bench: Arc<dyn Bench>) {
    let shop = Shop::open(bench.store()).await;
    let (taken, released) = (shop.held("taken").await, shop.held("released").await);
    assert_eq!(count(&bench, "SELECT count(*) FROM entries").await, 0);
    assert_sound(&bench).await;

    let (mut taken, changes) = shop.capture(&taken, capture_request(7_000));
    keep(&shop.store, changes).await;
    let capture = taken.operations.last().expect("a capture").id;
    shop.approve(&mut taken, capture).await;
    let (mut released, changes) = shop.void(&released, VoidRequest::default());
    keep(&shop.store, changes).await;
    let void = released.operations.last().expect("a void").id;
    shop.approve(&mut released, void).await;

    for (record, state, captured) in
        [(&taken, PaymentState::Paid, 7_000), (&released, PaymentState::Voided, 0)]
    {
        let read = shop.read(record).await;
        assert_eq!(&read, record);
        let payment = read.payment;
        assert_eq!((payment.state, payment.authorized), (state, rub(10_000)));
        assert_eq!(payment.captured, rub(captured));
    }
    let posted = "SELECT count(*) FROM entries WHERE posting = 'capture'";
    assert_eq!(count(&bench, posted).await, 3);
    assert_eq!(count(&bench, "SELECT count(*) FROM entries").await, 3);
    let payable = "SELECT credit_minor FROM balances WHERE account = 'merchant_payable'";
    assert_eq!(count(&bench, payable).await, 7_000 - 126);
    assert_sound(&bench).await;
}

/// Whatever mistake a program makes, the database does not take more than was held.
pub async fn no_more_is_taken_than_was_held(bench: Arc<dyn Bench>) {
    let shop = Shop::open(bench.store()).await;
    let held = shop.held("held").await;
    let (mut record, changes) = shop.capture(&held, capture_request(10_000));
    keep(&shop.store, changes).await;
    let capture = record.operations.last().expect("a capture").id;
    keep(&shop.store, shop.happen(&mut record, capture, Happening::Send)).await;
    let mut too_much = record.clone();
    too_much.payment.authorized = rub(9_999);
    let changes = shop.happen(&mut too_much, capture, Happening::Approve(facts()));
    let (_, good) = shop.sale("beside");
    let mut answers = commit_all(&shop.store, vec![changes, good]).await;
    assert!(matches!(answers.pop(), Some(Ok(()))), "nobody else is refused");
    match answers.pop() {
        Some(Err(CommitError::Store(error))) => {
            assert!(error.to_string().contains("never_more_taken_than_held"), "{error}");
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(shop.read(&record).await, record);
    assert_sound(&bench).await;
}
