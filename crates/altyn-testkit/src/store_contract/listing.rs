//! The list of payments: every change arrives, whatever crashes, and is found by whatever filter;
//! and the histories beside it.

mod finding;
mod histories;
mod made;

use std::sync::Arc;

use altyn_app::callback::{Callback, CallbackAttempt, CallbackProgress, CallbackState};
use altyn_app::changeset::{CallbackTry, Changeset};
use altyn_app::jobs;
use altyn_app::listing::{ListingFilter, PaymentRow};
use altyn_app::ports::Listing;
use altyn_domain::payment::Record;
use altyn_domain::payment::decide::Happening;
use altyn_domain::status::{Status, Told};

use super::{Bench, commit_all, keep};
use crate::build::{Shop, facts, refund_request};
use crate::clock::START;

pub use finding::*;
pub use histories::*;

/// Has the list take over all there is.
pub async fn settle(listing: &Arc<dyn Listing>) {
    while listing.catch_up().await.expect("a step is taken") > 0 {}
    let lag = listing.lag().await.expect("the lag is read");
    assert_eq!((lag.waiting, lag.building), (0, None));
}

async fn row(listing: &Arc<dyn Listing>, record: &Record) -> PaymentRow {
    let payment = &record.payment;
    let rows = listing.rows(&[payment.project], &[payment.id]).await.expect("rows are read");
    rows.into_iter().next().expect("the payment is listed")
}

/// The whole list of the shop's first project.
async fn all(listing: &Arc<dyn Listing>, shop: &Shop) -> Vec<PaymentRow> {
    let filter = ListingFilter { projects: vec![shop.project.id], ..ListingFilter::default() };
    let page = listing.page(&filter, altyn_app::listing::Part::Newest, 10_000).await;
    page.expect("a page is read").rows
}

/// The next try to deliver, and where it leaves the callback.
fn tried(callback: &Callback, state: CallbackState, attempts: u32) -> Changeset {
    let failed = state != CallbackState::Delivered;
    let callback_try = Some(CallbackTry {
        attempt: CallbackAttempt {
            callback: callback.id,
            at: START.plus_millis(i64::from(attempts)),
            duration_ms: 5,
            status: Some(if failed { 500 } else { 200 }),
            answer: Vec::new(),
            error: None,
        },
        progress: CallbackProgress {
            state,
            attempts,
            ended_at: (state != CallbackState::Owed).then_some(START.plus_millis(7)),
        },
    });
    Changeset { callback_try, ..Changeset::default() }
}

/// An approval, committed, and the callback that tells of it.
async fn approve(shop: &Shop, record: &mut Record) -> Callback {
    let sale = record.opening().expect("a payment has a sale").id;
    let send = shop.happen(record, sale, Happening::Send);
    keep(&shop.store, send).await;
    let approve = shop.happen(record, sale, Happening::Approve(facts()));
    let callback = approve.new_callback.clone().expect("an approval is told");
    keep(&shop.store, approve).await;
    callback
}

/// A payment's row shows each step of its life, and of the word about it.
pub async fn every_change_arrives_in_the_list(bench: Arc<dyn Bench>) {
    let (shop, listing) = (Shop::open(bench.store()).await, bench.listing());
    settle(&listing).await;
    let mut record = shop.accepted("one").await;
    let check = async |record: &Record, told: Told, status: Status| {
        settle(&listing).await;
        let row = row(&listing, record).await;
        assert_eq!(row.status, status);
        assert_eq!(row, PaymentRow::of(&shop.read(record).await, told));
    };
    check(&record, Told::Nobody, Status::Pending).await;
    let callback = approve(&shop, &mut record).await;
    check(&record, Told::Owed, Status::Obtained).await;
    keep(&shop.store, tried(&callback, CallbackState::Owed, 1)).await;
    keep(&shop.store, tried(&callback, CallbackState::Owed, 2)).await;
    check(&record, Told::Owed, Status::Obtained).await;
    keep(&shop.store, tried(&callback, CallbackState::GivenUp, 3)).await;
    check(&record, Told::GivenUp, Status::Stuck).await;
    keep(&shop.store, jobs::resend(std::slice::from_ref(&callback), START)).await;
    check(&record, Told::Owed, Status::Obtained).await;
    keep(&shop.store, tried(&callback, CallbackState::Delivered, 1)).await;
    check(&record, Told::Delivered, Status::Success).await;

    let (mut record, changes) = shop.refund(&record, refund_request(4_000, None));
    keep(&shop.store, changes).await;
    check(&record, Told::Delivered, Status::Refunding).await;
    let refund = record.operations.last().expect("a refund").id;
    shop.approve(&mut record, refund).await;
    check(&record, Told::Delivered, Status::PartiallyRefunded).await;
    let (mut record, changes) = shop.refund(&record, refund_request(6_000, None));
    keep(&shop.store, changes).await;
    let refund = record.operations.last().expect("a refund").id;
    shop.approve(&mut record, refund).await;
    check(&record, Told::Delivered, Status::Refunded).await;
}

/// What was committed and not yet taken over is taken over by whoever comes next.
pub async fn what_was_committed_before_a_crash_is_listed(bench: Arc<dyn Bench>) {
    let (shop, listing) = (Shop::open(bench.store()).await, bench.listing());
    let first = shop.accepted("first").await;
    settle(&listing).await;
    let (second, third) = (shop.paid("second").await, shop.accepted("third").await);
    assert!(listing.lag().await.expect("the lag is read").waiting > 0);
    let reopened = bench.reopened().await;
    settle(&reopened).await;
    for record in [&first, &second, &third] {
        assert_eq!(row(&reopened, record).await.version, record.payment.version);
        assert_eq!(row(&listing, record).await.version, record.payment.version);
    }
}

/// However often a payment changed, it is looked at once.
pub async fn changes_of_one_payment_are_taken_over_at_once(bench: Arc<dyn Bench>) {
    let (shop, listing) = (Shop::open(bench.store()).await, bench.listing());
    settle(&listing).await;
    assert_eq!(listing.catch_up().await.expect("a step is taken"), 0);
    let record = shop.paid("one").await;
    assert_eq!(listing.lag().await.expect("the lag is read").waiting, 3);
    assert_eq!(listing.catch_up().await.expect("a step is taken"), 1);
    assert_eq!(listing.catch_up().await.expect("a step is taken"), 0);
    assert_eq!(row(&listing, &record).await.version, record.payment.version);
    // What is of no use any more is not kept.
    let kept = super::count(&bench, "SELECT count(*) FROM changes").await;
    assert!(kept <= 1, "{kept}");
}

/// Two nodes feed one list while payments come in; nothing is lost or put back.
pub async fn two_that_feed_the_list_do_not_mix(bench: Arc<dyn Bench>) {
    let shop = Shop::open(bench.store()).await;
    let feeders = [bench.listing(), bench.reopened().await];
    let (ended, end) = tokio::sync::watch::channel(false);
    let feeding: Vec<_> = feeders
        .iter()
        .map(|listing| {
            let (listing, end) = (Arc::clone(listing), end.clone());
            tokio::spawn(async move {
                while !*end.borrow() {
                    listing.catch_up().await.expect("a step is taken");
                    tokio::task::yield_now().await;
                }
            })
        })
        .collect();
    let mut records = Vec::new();
    for round in 0..20 {
        let sales: Vec<_> = (0..20).map(|n| shop.sale(&format!("{round}-{n}"))).collect();
        let (some, changes): (Vec<_>, Vec<_>) = sales.into_iter().unzip();
        assert!(commit_all(&shop.store, changes).await.iter().all(Result::is_ok));
        let mut some = some;
        let sent = some
            .iter_mut()
            .map(|record| {
                let sale = record.opening().expect("a payment has a sale").id;
                shop.happen(record, sale, Happening::Send)
            })
            .collect();
        assert!(commit_all(&shop.store, sent).await.iter().all(Result::is_ok));
        records.extend(some);
    }
    ended.send(true).expect("they are listening");
    for feeder in feeding {
        feeder.await.expect("a feeder does not fail");
    }
    settle(&feeders[1]).await;
    for listing in &feeders {
        let rows = all(listing, &shop).await;
        assert_eq!(rows.len(), records.len());
        for record in &records {
            assert_eq!(row(listing, record).await, PaymentRow::of(record, Told::Nobody));
        }
    }
}

/// Built anew it is what it was; and so is a list of payments that were there before it.
pub async fn a_list_is_built_anew(bench: Arc<dyn Bench>) {
    let (shop, listing) = (Shop::open(bench.store()).await, bench.listing());
    let sales = (0..1_200).map(|n| shop.sale(&format!("n-{n}")).1).collect();
    assert!(commit_all(&shop.store, sales).await.iter().all(Result::is_ok));
    let mut paid = shop.accepted("paid").await;
    approve(&shop, &mut paid).await;
    settle(&listing).await;
    let before = all(&listing, &shop).await;
    assert_eq!(before.len(), 1_201);
    assert_eq!(before.first().map(|row| row.status), Some(Status::Obtained));
    listing.rebuild().await.expect("it is forgotten");
    assert_eq!(listing.lag().await.expect("the lag is read").building, Some(0));
    // What happens meanwhile is not lost, and listed at once.
    let last = shop.accepted("meanwhile").await;
    let first_step = listing.catch_up().await.expect("a step is taken");
    assert!((1_000..=2_000).contains(&first_step), "{first_step}");
    assert!(listing.lag().await.expect("the lag is read").building.is_some());
    settle(&listing).await;
    let after = all(&listing, &shop).await;
    assert_eq!(after.first().map(|row| row.id), Some(last.payment.id));
    assert_eq!(after.get(1..), Some(&before[..]));
}
