//! Everything known of one payment; deliveries; how addresses do.

use std::sync::Arc;

use altyn_app::callback::{Callback, CallbackProgress, CallbackState, host_of};
use altyn_app::changeset::{AttemptEnd, AttemptStart, Changeset, NotificationWrite};
use altyn_app::context::delivery_job;
use altyn_app::ports::listing::{DeliveryFilter, EndpointHealth};
use altyn_app::ports::provider::Notification;
use altyn_domain::payment::OperationState;
use altyn_domain::payment::decide::Happening;

use super::{Bench, keep, tried};
use crate::build::{Shop, callback, facts, payment_of, refund_request, sale_request};
use crate::clock::START;

/// Nothing of it is left out, each in its order.
pub async fn a_payments_history_is_whole(bench: Arc<dyn Bench>) {
    let (shop, listing) = (Shop::open(bench.store()).await, bench.listing());
    let bystander = shop.paid("bystander").await;
    let mut record = shop.accepted("one").await;
    let sale = record.opening().expect("a payment has a sale").id;
    let mut send = shop.happen(&mut record, sale, Happening::Send);
    let sent = record.operation(sale).expect("the sale");
    let start = AttemptStart { number: 1, ..AttemptStart::of(sent, START) };
    send.attempt_start = Some(start.clone());
    keep(&shop.store, send).await;
    let mut approve = shop.happen(&mut record, sale, Happening::Approve(facts()));
    approve.attempt_end = Some(AttemptEnd {
        project: record.payment.project,
        operation: sale,
        number: 1,
        outcome: "approved",
        detail: "all is well".to_owned(),
        at: START.plus_millis(50),
    });
    let told = approve.new_callback.clone().expect("an approval is told");
    keep(&shop.store, approve).await;
    let notification = Notification {
        received_at: START.plus_millis(20),
        parameters: vec![("orderNumber".to_owned(), sale.to_string())],
    };
    let write = NotificationWrite {
        project: record.payment.project,
        operation: sale,
        notification: notification.clone(),
    };
    keep(&shop.store, Changeset { notification: Some(write), ..Changeset::default() }).await;
    keep(&shop.store, tried(&told, CallbackState::Owed, 1)).await;
    keep(&shop.store, tried(&told, CallbackState::Delivered, 2)).await;
    let (mut record, changes) = shop.refund(&record, refund_request(4_000, None));
    keep(&shop.store, changes).await;
    let refund = record.operations.last().expect("a refund").id;
    shop.approve(&mut record, refund).await;

    let history = listing.history(record.payment.project, record.payment.id).await;
    let history = history.expect("a history is read").expect("it is there");
    assert_eq!(history.record, shop.read(&record).await);
    let seqs: Vec<i64> = history.events.iter().map(|event| event.seq).collect();
    assert_eq!(seqs, (1..=record.payment.event_seq).collect::<Vec<_>>());
    let [attempt] = &history.attempts[..] else { panic!("{:?}", history.attempts) };
    assert_eq!((attempt.operation, attempt.number, &attempt.key), (sale, 1, &start.key));
    assert_eq!((attempt.started_at, attempt.finished_at), (START, Some(START.plus_millis(50))));
    assert_eq!(attempt.outcome.as_deref(), Some("approved"));
    assert_eq!(history.notifications, [(sale, notification)]);
    let posted: Vec<_> = history.posted.iter().map(|(operation, _)| *operation).collect();
    assert_eq!(posted, [sale, refund]);
    assert!(history.entries.iter().all(|entry| [sale, refund].contains(&entry.operation)));
    assert_eq!(history.entries.len(), 5);
    let callbacks: Vec<_> = history.callbacks.iter().map(|(one, _)| one.operation).collect();
    assert_eq!(callbacks, [sale, refund]);
    let (first, tries) = &history.callbacks[0];
    assert_eq!((first.id, first.progress.state), (told.id, CallbackState::Delivered));
    assert_eq!(first.body, told.body);
    assert_eq!(tries.iter().map(|one| one.status).collect::<Vec<_>>(), [Some(500), Some(200)]);
    // Neither was taken by a worker, so both are still due.
    let next: Vec<_> = history.next_tries.iter().map(|(id, _)| *id).collect();
    assert_eq!(next, [told.id, history.callbacks[1].0.id]);

    let elsewhere = listing.history(shop.other.id, bystander.payment.id).await;
    assert!(elsewhere.expect("a history is read").is_none());
}

/// An owed callback, committed with its job.
async fn owe(shop: &Shop, mut owed: Callback, url: &str, state: CallbackState) -> Callback {
    owed.url = url.to_owned();
    owed.told = OperationState::Approved;
    owed.progress = CallbackProgress {
        state,
        attempts: 1,
        ended_at: (state != CallbackState::Owed).then_some(START.plus_millis(3)),
    };
    let jobs = (state == CallbackState::Owed).then(|| delivery_job(&owed, START));
    let changes = Changeset {
        new_callback: Some(owed.clone()),
        jobs: jobs.into_iter().collect(),
        ..Changeset::default()
    };
    keep(&shop.store, changes).await;
    owed
}

const URLS: [&str; 4] = [
    "https://one.example/hook?order=1",
    "https://two.example:8443/hook",
    "mailto:shop@three.example",
    "https://four.example/?next=https://one.example/",
];

/// Each filter and all together, page after page without a gap, over many projects.
pub async fn deliveries_are_listed_by_filter_a_page_at_a_time(bench: Arc<dyn Bench>) {
    let (shop, listing) = (Shop::open(bench.store()).await, bench.listing());
    let (one, two) = (shop.accepted("one").await, shop.accepted("two").await);
    let (foreign, changes) = payment_of(&shop.other, sale_request("foreign"));
    keep(&shop.store, changes).await;
    let mut all: Vec<(Callback, &str)> = Vec::new();
    for turn in 0..90_usize {
        let record = [&one, &two, &foreign][turn % 3];
        let state = CallbackState::ALL[turn / 3 % 3];
        let made = owe(&shop, callback(record), URLS[turn % 4], state).await;
        all.insert(0, (made, record.payment.reference.as_str()));
    }
    let first = all[5].0.clone();
    keep(&shop.store, tried(&first, first.progress.state, 1)).await;
    let projects = [vec![], vec![shop.project.id], vec![shop.project.id, shop.other.id]];
    for projects in projects {
        for state in [None, Some(CallbackState::Delivered), Some(CallbackState::GivenUp)] {
            for payment in [None, Some(two.payment.id)] {
                for host in [None, Some("one.example"), Some("three.example"), Some("example")] {
                    let filter = DeliveryFilter {
                        projects: projects.clone(),
                        state,
                        payment,
                        host: host.map(str::to_owned),
                        before: None,
                        limit: 7,
                    };
                    let expected: Vec<_> = all
                        .iter()
                        .filter(|(one, _)| projects.contains(&one.project))
                        .filter(|(one, _)| state.is_none_or(|state| one.progress.state == state))
                        .filter(|(one, _)| payment.is_none_or(|payment| one.payment == payment))
                        .filter(|(one, _)| host.is_none_or(|host| host_of(&one.url) == host))
                        .map(|(one, reference)| (one.id, (*reference).to_owned()))
                        .collect();
                    let mut found = Vec::new();
                    let mut next = filter.clone();
                    loop {
                        let page = listing.deliveries(&next).await.expect("a page is read");
                        assert!(page.found.len() <= 7);
                        found.extend(page.found.into_iter().map(|one| {
                            assert!(one.callback.body.is_empty());
                            let is_owed = one.callback.progress.state == CallbackState::Owed;
                            assert_eq!(one.next_at, is_owed.then_some(START));
                            assert_eq!(one.last.is_some(), one.callback.id == first.id);
                            (one.callback.id, one.reference)
                        }));
                        assert_eq!(page.older.is_some(), found.len() < expected.len());
                        let Some(older) = page.older else { break };
                        next.before = Some(older);
                    }
                    assert_eq!(found, expected, "{filter:?}");
                }
            }
        }
    }
}

/// The worst first; what is of others is not told.
pub async fn addresses_are_judged_by_what_came_of_their_callbacks(bench: Arc<dyn Bench>) {
    let (shop, listing) = (Shop::open(bench.store()).await, bench.listing());
    let (ours, changes) = payment_of(&shop.other, sale_request("theirs"));
    keep(&shop.store, changes).await;
    let theirs = owe(&shop, callback(&ours), URLS[0], CallbackState::GivenUp).await;
    let record = shop.accepted("one").await;
    for (url, delivered, owed, given_up) in [(URLS[0], 3, 1, 0), (URLS[1], 1, 0, 2)] {
        for (state, count) in [
            (CallbackState::Delivered, delivered),
            (CallbackState::Owed, owed),
            (CallbackState::GivenUp, given_up),
        ] {
            for _ in 0..count {
                owe(&shop, callback(&record), url, state).await;
            }
        }
    }
    let health = |url: &str, delivered, owed, given_up| EndpointHealth {
        project: shop.project.id,
        url: url.to_owned(),
        delivered,
        owed,
        given_up,
        last_delivered_at: Some(START.plus_millis(3)),
    };
    let found = listing.endpoints(&[shop.project.id], START).await.expect("they are read");
    let expected = [
        health("https://two.example:8443/hook", 1, 0, 2),
        health("https://one.example/hook", 3, 1, 0),
    ];
    assert_eq!(found, expected);
    let both = [shop.project.id, shop.other.id];
    let found = listing.endpoints(&both, START).await.expect("they are read");
    assert_eq!(found.len(), 3);
    assert_eq!(found.iter().filter(|one| one.project == theirs.project).count(), 1);
    let later = START.plus_millis(1);
    let found = listing.endpoints(&[shop.project.id], later).await.expect("they are read");
    let still =
        EndpointHealth { last_delivered_at: None, ..health("https://one.example/hook", 0, 1, 0) };
    assert_eq!(found, [still]);
    assert_eq!(listing.endpoints(&[], START).await.expect("they are read"), []);
}
