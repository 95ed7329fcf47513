//! Callbacks: kept word for word, followed try by try, listed a page at a time.

use std::sync::Arc;

use altyn_app::callback::{
    Callback, CallbackAttempt, CallbackFilter, CallbackProgress, CallbackState,
};
use altyn_app::changeset::{CallbackTry, Changeset};
use altyn_app::jobs::{JobKind, resend};
use altyn_domain::id::CallbackId;

use super::{Bench, count, keep};
use crate::build::{Shop, callback, number, payment_of, sale_request};
use crate::clock::START;

async fn owe(shop: &Shop, callback: &Callback) {
    let new_callback = Some(callback.clone());
    keep(&shop.store, Changeset { new_callback, ..Changeset::default() }).await;
}

fn a_try(callback: &Callback, turn: u32, state: CallbackState) -> CallbackTry {
    let failed = state != CallbackState::Delivered;
    CallbackTry {
        attempt: CallbackAttempt {
            callback: callback.id,
            at: START.plus_millis(i64::from(turn) * 1_000),
            duration_ms: i64::from(turn),
            status: (turn > 1).then_some(if failed { 503 } else { 200 }),
            answer: b"\x00\xff not text".repeat(turn as usize),
            error: failed.then(|| format!("попытка {turn}")),
        },
        progress: CallbackProgress {
            state,
            attempts: turn,
            ended_at: (state != CallbackState::Owed).then_some(START.plus_millis(99)),
        },
    }
}

/// Its bytes are the same ever after; its tries are numbered as they come.
pub async fn callbacks_read_back_and_follow_their_tries(bench: Arc<dyn Bench>) {
    let shop = Shop::open(bench.store()).await;
    let record = shop.accepted("told").await;
    let (mut owed, bystander) = (callback(&record), callback(&record));
    owe(&shop, &owed).await;
    owe(&shop, &bystander).await;
    let read = async |id| shop.store.callback(id).await.expect("a read works");
    assert_eq!(read(owed.id).await.as_ref(), Some(&owed));
    assert_eq!(read(CallbackId::new(number())).await, None);
    let mut expected = Vec::new();
    for (turn, state) in [
        (1, CallbackState::Owed),
        (2, CallbackState::Owed),
        (3, CallbackState::GivenUp),
        (4, CallbackState::Delivered),
    ] {
        let one = a_try(&owed, turn, state);
        owed.progress = one.progress;
        expected.push(one.attempt.clone());
        keep(&shop.store, Changeset { callback_try: Some(one), ..Changeset::default() }).await;
        assert_eq!(read(owed.id).await.as_ref(), Some(&owed));
        let tries = shop.store.callback_attempts(owed.id).await.expect("a read works");
        assert_eq!(tries, expected);
    }
    let numbers = bench.sql("SELECT number FROM callback_attempts ORDER BY number").await;
    let expected: Vec<_> = (1..=4).map(|n: i64| vec![Some(n.to_string())]).collect();
    assert_eq!(numbers.expect("tries are read"), expected);
    assert_eq!(read(bystander.id).await, Some(bystander.clone()));
    let none = shop.store.callback_attempts(bystander.id).await.expect("a read works");
    assert_eq!(none, []);
}

/// Those that were given up are owed again, with their tries uncounted and on record; one that was
/// taken stays so, and a job that delivers comes with them.
pub async fn deliveries_are_begun_anew(bench: Arc<dyn Bench>) {
    let shop = Shop::open(bench.store()).await;
    let record = shop.accepted("told").await;
    let mut all = Vec::new();
    for (attempts, state) in
        [(7, CallbackState::GivenUp), (3, CallbackState::Owed), (2, CallbackState::Delivered)]
    {
        let mut one = callback(&record);
        let ended_at = (state != CallbackState::Owed).then_some(START);
        one.progress = CallbackProgress { state, attempts, ended_at };
        owe(&shop, &one).await;
        all.push(one);
    }
    let bystander = {
        let mut one = callback(&record);
        one.progress = all.first().expect("the one that was given up").progress;
        owe(&shop, &one).await;
        one
    };
    keep(&shop.store, resend(&all, START)).await;
    let anew = CallbackProgress { state: CallbackState::Owed, attempts: 0, ended_at: None };
    let read = async |id| shop.store.callback(id).await.expect("a read works");
    for one in &all {
        let taken = one.progress.state == CallbackState::Delivered;
        let progress = if taken { one.progress } else { anew };
        assert_eq!(read(one.id).await, Some(Callback { progress, ..one.clone() }));
    }
    assert_eq!(read(bystander.id).await, Some(bystander));
    let kind = JobKind::DeliverCallback.number();
    let jobs = format!("SELECT count(*) FROM jobs WHERE kind = {kind}");
    assert_eq!(count(&bench, &jobs).await, 3);
}

/// Newest first, each filter and all together, page after page without a gap.
pub async fn callbacks_are_listed_by_filter_a_page_at_a_time(bench: Arc<dyn Bench>) {
    let shop = Shop::open(bench.store()).await;
    let (one, two) = (shop.accepted("one").await, shop.accepted("two").await);
    let (foreign, changes) = payment_of(&shop.other, sale_request("one"));
    keep(&shop.store, changes).await;
    let mut all = Vec::new();
    for turn in 0..30_usize {
        let record = [&one, &two, &foreign].into_iter().cycle().nth(turn).expect("a record");
        let state = CallbackState::ALL.iter().copied().cycle().nth(turn / 3).expect("a state");
        let mut owed = callback(record);
        owed.progress.state = state;
        owed.progress.ended_at = (state != CallbackState::Owed).then_some(START);
        owe(&shop, &owed).await;
        all.insert(0, owed);
    }
    for project in [None, Some(shop.project.id)] {
        for payment in [None, Some(two.payment.id)] {
            for state in [None, Some(CallbackState::GivenUp)] {
                for limit in [1, 4, 1_000] {
                    let filter = CallbackFilter { project, payment, state, before: None, limit };
                    let expected: Vec<Callback> = all
                        .iter()
                        .filter(|one| project.is_none_or(|wanted| wanted == one.project))
                        .filter(|one| payment.is_none_or(|wanted| wanted == one.payment))
                        .filter(|one| state.is_none_or(|wanted| wanted == one.progress.state))
                        .cloned()
                        .collect();
                    assert_eq!(pages(&shop, filter.clone()).await, expected, "{filter:?}");
                }
            }
        }
    }
}

async fn pages(shop: &Shop, mut filter: CallbackFilter) -> Vec<Callback> {
    let mut all = Vec::new();
    loop {
        let page = shop.store.callbacks(filter.clone()).await.expect("a page is read");
        assert!(page.len() <= filter.limit as usize);
        let Some(last) = page.last() else { return all };
        filter.before = Some(last.id);
        all.extend(page);
    }
}
