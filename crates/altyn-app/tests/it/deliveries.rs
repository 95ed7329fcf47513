//! Deliveries: the plan, identical bytes, giving up, resending by hand, and the channels.

use altyn_app::callback::{CallbackFilter, CallbackState, Wording, host_of, lane_of};
use altyn_app::changeset::Changeset;
use altyn_app::context::delivery_job;
use altyn_app::ports::Clock;
use altyn_app::ports::store::Store;
use altyn_domain::callback::{CallbackDialect, DOCUMENTED_ATTEMPTS, PAYKEEPER_ATTEMPTS};
use altyn_domain::payment::CallbackWishes;
use altyn_domain::project::Project;
use altyn_domain::reason::Reason;
use altyn_domain::time::{HOUR_MS, SECOND_MS};

use crate::world::{World, approved, declined, sale_request};

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

/// The addresses told of one sale that was approved and one that was declined.
async fn told_at(change: impl FnOnce(&mut Project), wishes: CallbackWishes) -> Vec<String> {
    let world = World::with(change).await;
    for (reference, outcome) in [("good", approved()), ("bad", declined(Reason::GeneralDecline))] {
        let mut request = sale_request(reference);
        request.details.callback = wishes.clone();
        world.bank.will([outcome]);
        world.accept(request).await;
        world.work().await;
    }
    world.check().await;
    let received = world.shop.received.lock().unwrap();
    received.iter().map(|(url, _)| url.clone()).collect()
}

#[tokio::test]
async fn a_letter_is_for_good_news_where_no_address_is_known() {
    let by_mail = |project: &mut Project| {
        project.callback_url = None;
        project.notify_email = Some("shop@example.org".to_owned());
    };
    let silent = || CallbackWishes::default();
    let url = |url: &str| Some(url.to_owned());
    let letter = ["mailto:shop@example.org"];
    assert_eq!(told_at(by_mail, silent()).await, letter);
    let own = CallbackWishes { url: url("https://a.example/"), ..silent() };
    assert_eq!(told_at(by_mail, own).await, ["https://a.example/"; 2]);
    let lost = CallbackWishes { decline_url: url("https://lost.example/"), ..silent() };
    assert_eq!(told_at(by_mail, lost).await, [letter[0], "https://lost.example/"]);
    let disabled = CallbackWishes { disabled: true, ..silent() };
    assert_eq!(told_at(by_mail, disabled).await, Vec::<String>::new());
    let nobody = |project: &mut Project| project.callback_url = None;
    assert_eq!(told_at(nobody, silent()).await, Vec::<String>::new());
}

#[tokio::test]
async fn in_the_words_of_paykeeper_only_success_is_told_and_fifty_times() {
    let paykeeper = |project: &mut Project| project.dialect = CallbackDialect::Paykeeper;
    assert_eq!(told_at(paykeeper, CallbackWishes::default()).await.len(), 1);
    let world = World::with(paykeeper).await;
    world.bank.will([approved()]);
    world.shop.will(vec![500; PAYKEEPER_ATTEMPTS as usize]);
    world.accept(sale_request("order-1")).await;
    world.work().await;
    for _ in 1..PAYKEEPER_ATTEMPTS {
        world.clock.advance(HOUR_MS / 2);
        world.work().await;
    }
    let filter = CallbackFilter { limit: 10, ..Default::default() };
    let given_up = world.store.callbacks(filter).await.unwrap().remove(0);
    assert_eq!(given_up.progress.state, CallbackState::GivenUp);
    assert_eq!(given_up.progress.attempts, PAYKEEPER_ATTEMPTS);
    world.check().await;
}

#[test]
fn address_and_bytes_tell_the_wording_and_letters_share_a_lane() {
    let project = altyn_testkit::build::project(7).project;
    let (record, _) = altyn_testkit::build::payment_of(&project, sale_request("order-1"));
    let mut callback = altyn_testkit::build::callback(&record);
    for (url, body, expected) in [
        ("https://a.example/", "{\"a\":1}", Wording::Json),
        ("https://a.example/", "", Wording::Json),
        ("https://a.example/", "id=1&sum=1.00", Wording::Form),
        ("mailto:a@shop.example", "{\"subject\":\"\"}", Wording::Letter("a@shop.example")),
    ] {
        callback.url = url.to_owned();
        callback.body = body.as_bytes().to_vec();
        assert_eq!(callback.wording(), expected, "{url} {body}");
    }
    assert_eq!(lane_of("mailto:a@shop.example"), lane_of("mailto:b@other.example"));
    assert_ne!(lane_of("mailto:a@shop.example"), lane_of("https://shop.example/"));
    assert_eq!(host_of("mailto:\"a@b\"@shop.example"), "shop.example");
}
