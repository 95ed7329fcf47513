//! «Отправить оповещение»: one payment's callbacks, and all that were given up.

use std::sync::Arc;

use altyn_app::access::audit::Action;
use altyn_app::access::user::Role;
use altyn_app::cabinet::{ActionError, resend, resend_all};
use altyn_app::callback::{Callback, CallbackFilter, CallbackState};
use altyn_app::ports::Store;
use altyn_app::ports::listing::DeliveryFilter;
use altyn_domain::callback::RetryPlan;
use altyn_domain::id::{PaymentId, ProjectId};
use altyn_domain::project::Project;

use super::hasty::Hasty;
use super::{DONE, Office, REFUSED, actor};
use crate::world::{World, sale_request};

/// One try, and it is given up.
fn impatient(project: &mut Project) {
    project.retry_plan = RetryPlan::Pauses(Vec::new());
}

impl World {
    async fn callbacks(&self, (project, payment): (ProjectId, PaymentId)) -> Vec<Callback> {
        let filter = CallbackFilter {
            project: Some(project),
            payment: Some(payment),
            limit: 100,
            ..CallbackFilter::default()
        };
        self.store.callbacks(filter).await.unwrap()
    }
}

#[tokio::test]
async fn what_was_given_up_is_owed_again_and_told_with_the_same_bytes() {
    let office = Office::with(impatient).await;
    office.world.shop.will([500]);
    let payment = office.sold("order-1").await;
    let given_up = office.world.callbacks(payment).await.remove(0);
    assert_eq!(given_up.progress.state, CallbackState::GivenUp);
    let found = resend(&office.cabinet, &office.with_role(Role::Support), payment).await.unwrap();
    assert_eq!(found, [given_up.id]);
    // At once, before any try: the payment is not given up any more (paykeeper.md §4).
    let owed = office.world.callbacks(payment).await.remove(0).progress;
    assert_eq!((owed.state, owed.attempts, owed.ended_at), (CallbackState::Owed, 0, None));
    assert_eq!(office.world.work().await, ["delivered"]);
    let told = office.world.shop.told();
    assert_eq!((told.len(), &told[0]), (2, &told[1]));
    let delivered = office.world.callbacks(payment).await.remove(0);
    assert_eq!(delivered.progress.state, CallbackState::Delivered);
    assert_eq!(office.tried().await, [(Action::Resend, DONE)]);
    let entry = office.log().await.remove(0).entry;
    assert_eq!((entry.payment, entry.operation), (Some(payment.1), Some(given_up.operation)));
    office.world.check().await;
}

#[tokio::test]
async fn what_was_taken_is_not_sent_again() {
    let office = Office::new().await;
    let payment = office.sold("order-1").await;
    let found = resend(&office.cabinet, &office.with_role(Role::Support), payment).await;
    assert!(matches!(found, Err(ActionError::NotOffered)), "{found:?}");
    let callback = office.world.callbacks(payment).await.remove(0);
    assert_eq!(callback.progress.state, CallbackState::Delivered);
    assert_eq!(office.world.work().await, Vec::<&str>::new());
    assert_eq!(office.world.shop.told().len(), 1);
    assert_eq!(office.tried().await, [(Action::Resend, REFUSED)]);
    office.world.check().await;
}

#[tokio::test]
async fn without_a_callback_there_is_nothing_to_send() {
    let office = Office::with(|project| project.callback_url = None).await;
    let payment = office.sold("order-1").await;
    let found = resend(&office.cabinet, &office.operator(), payment).await;
    assert!(matches!(found, Err(ActionError::NotOffered)), "{found:?}");
    assert_eq!(office.tried().await, [(Action::Resend, REFUSED)]);
}

#[tokio::test]
async fn only_who_may_send_does() {
    let office = Office::with(impatient).await;
    office.world.shop.will([500]);
    let payment = office.sold("order-1").await;
    let finance = resend(&office.cabinet, &office.with_role(Role::Finance), payment).await;
    assert!(matches!(finance, Err(ActionError::Denied(_))), "{finance:?}");
    let stranger = resend(&office.cabinet, &office.stranger(), payment).await;
    assert!(matches!(stranger, Err(ActionError::NotFound)), "{stranger:?}");
    let all = DeliveryFilter { projects: vec![payment.0], ..DeliveryFilter::default() };
    for who in [office.with_role(Role::Finance), office.stranger()] {
        let found = resend_all(&office.cabinet, &who, all.clone()).await;
        assert!(matches!(found, Err(ActionError::Denied(_))), "{found:?}");
    }
    assert_eq!(office.tried().await, [(Action::Resend, REFUSED); 4]);
    assert_eq!(office.world.work().await, Vec::<&str>::new());
    assert_eq!(office.world.shop.told().len(), 1);
}

#[tokio::test]
async fn all_that_was_given_up_goes_out_again_where_he_may() {
    let office = Office::with(impatient).await;
    let other = office.other_project().await;
    let mut own = Vec::new();
    office.world.shop.will([500, 500, 200, 500]);
    for reference in ["one", "two", "told"] {
        own.push(office.sold(reference).await);
    }
    let foreign = office.paid_in(&other, sale_request("foreign")).await;
    let both = vec![own[0].0, foreign.0];
    let all = DeliveryFilter { projects: both, limit: 1, ..DeliveryFilter::default() };
    let who = office.with_role(Role::Support);
    assert_eq!(resend_all(&office.cabinet, &who, all.clone()).await.unwrap(), 2);
    assert_eq!(office.tried().await, [(Action::Resend, DONE)]);
    let entry = office.log().await.remove(0).entry;
    assert_eq!(entry.project, Some(own[0].0));
    assert!(entry.detail.starts_with("2 callbacks, given_up"), "{}", entry.detail);
    assert_eq!(office.world.work().await, ["delivered", "delivered"]);
    let state = office.world.callbacks(foreign).await.remove(0).progress.state;
    assert_eq!(state, CallbackState::GivenUp);
    // Again there is nothing, and that he tried is in the log.
    assert_eq!(resend_all(&office.cabinet, &who, all.clone()).await.unwrap(), 0);
    assert_eq!(office.tried().await.len(), 2);
    let platform = actor("platform", &[(None, Role::Operator)]);
    assert_eq!(resend_all(&office.cabinet, &platform, all).await.unwrap(), 1);
    office.world.check().await;
}

#[tokio::test]
async fn where_looking_stops_sending_goes_on() {
    let mut office = Office::with(impatient).await;
    office.world.shop.will([500, 500]);
    for reference in ["one", "two"] {
        office.sold(reference).await;
    }
    office.cabinet.listing = Arc::new(Hasty(office.world.store.clone()));
    let all = DeliveryFilter { projects: vec![office.project()], ..DeliveryFilter::default() };
    let found = resend_all(&office.cabinet, &office.operator(), all).await.unwrap();
    assert_eq!(found, 2);
    assert_eq!(office.world.work().await, ["delivered", "delivered"]);
}
