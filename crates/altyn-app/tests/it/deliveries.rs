//! Deliveries: the plan, identical bytes, giving up, resending by hand.

use altyn_app::callback::{CallbackFilter, CallbackState};
use altyn_app::changeset::Changeset;
use altyn_app::context::delivery_job;
use altyn_app::ports::Clock;
use altyn_app::ports::store::Store;
use altyn_domain::callback::DOCUMENTED_ATTEMPTS;
use altyn_domain::time::{HOUR_MS, SECOND_MS};

use crate::world::{World, approved, sale_request};

#[tokio::test]
async fn six_tries_by_ten_seconds_then_slower_with_the_same_bytes() {
    let world = World::new().await;
    world.accept(sale_request("order-1")).await;
    world.bank.will([approved()]);
    world.shop.will([500, 404, 301, 204, 500, 500]);
    assert_eq!(world.work().await, ["approved", "retry"]);
    for turn in 2..=6 {
        assert_eq!(world.work().await, Vec::<&str>::new(), "before try {turn}");
        world.clock.advance(10 * SECOND_MS);
        assert_eq!(world.work().await, ["retry"], "try {turn}");
    }
    world.clock.advance(10 * SECOND_MS);
    assert_eq!(world.work().await, Vec::<&str>::new());
    world.clock.advance(75 * SECOND_MS);
    assert_eq!(world.work().await, ["delivered"]);
    let told = world.shop.told();
    assert_eq!(told.len(), 7);
    assert!(told.iter().all(|body| body == &told[0]));
    world.check().await;
}

#[tokio::test]
async fn after_120_tries_it_is_given_up_and_can_be_resent() {
    let world = World::new().await;
    world.accept(sale_request("order-1")).await;
    world.bank.will([approved()]);
    world.shop.will(vec![500; DOCUMENTED_ATTEMPTS as usize]);
    world.work().await;
    for _ in 1..DOCUMENTED_ATTEMPTS {
        world.clock.advance(4 * HOUR_MS);
        world.work().await;
    }
    let list = || world.store.callbacks(CallbackFilter { limit: 10, ..Default::default() });
    let given_up = list().await.unwrap().remove(0);
    assert_eq!(given_up.progress.state, CallbackState::GivenUp);
    assert_eq!(given_up.progress.attempts, DOCUMENTED_ATTEMPTS);
    world.clock.advance(4 * HOUR_MS);
    assert_eq!(world.work().await, Vec::<&str>::new());
    let jobs = vec![delivery_job(&given_up, world.clock.now())];
    world.commit(Changeset { jobs, ..Changeset::default() }).await;
    assert_eq!(world.work().await, ["delivered"]);
    let delivered = list().await.unwrap().remove(0);
    assert_eq!(delivered.progress.state, CallbackState::Delivered);
    let attempts = world.store.callback_attempts(given_up.id).await.unwrap();
    assert_eq!(attempts.len(), DOCUMENTED_ATTEMPTS as usize + 1);
    assert!(world.shop.told().windows(2).all(|pair| pair[0] == pair[1]));
    world.check().await;
}
