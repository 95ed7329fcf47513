//! Missing data: asked for, completed, or run out of time.

use altyn_app::payment::{ClarifyError, clarify};
use altyn_domain::method::Method;
use altyn_domain::money::{Amount, Currency};
use altyn_domain::payment::decide::PaymentRequest;
use altyn_domain::payment::{Customer, PaymentRef, PaymentState};
use altyn_domain::time::MINUTE_MS;

use crate::world::{World, redirect, sale_request};

fn request(reference: &str) -> PaymentRequest {
    let mut request = sale_request(reference);
    request.method = Method::CardPartner;
    request.amount = Amount::new(1_000, Currency::KES).unwrap();
    request.details.customer.phone = None;
    request.details.customer.email = None;
    request
}

async fn give(world: &World, data: Customer) -> Result<(), ClarifyError> {
    let reference = PaymentRef::new("order-1").unwrap();
    clarify(&world.context, &world.project, &reference, data).await.map(drop)
}

fn phone() -> Customer {
    Customer { phone: Some("254700000000".to_owned()), ..Customer::default() }
}

fn email() -> Customer {
    Customer { email: Some("a@b.co".to_owned()), ..Customer::default() }
}

#[tokio::test]
async fn the_missing_comes_in_parts_and_the_payment_goes_on() {
    let world = World::new().await;
    world.accept(request("order-1")).await;
    world.work().await;
    world.clock.advance(29 * MINUTE_MS);
    give(&world, phone()).await.unwrap();
    world.work().await;
    // The 30 minutes began anew.
    world.clock.advance(29 * MINUTE_MS);
    world.work().await;
    assert_eq!(world.state("order-1").await, PaymentState::AwaitingClarification);
    give(&world, email()).await.unwrap();
    world.bank.will([redirect()]);
    world.work().await;
    assert_eq!(world.state("order-1").await, PaymentState::AwaitingRedirect);
    assert_eq!(world.shop.told().len(), 3);
    assert!(matches!(give(&world, email()).await, Err(ClarifyError::NotAsked)));
    world.check().await;
}

#[tokio::test]
async fn thirty_minutes_without_data_decline() {
    let world = World::new().await;
    world.accept(request("order-1")).await;
    world.work().await;
    world.clock.advance(30 * MINUTE_MS - 1);
    world.work().await;
    assert_eq!(world.state("order-1").await, PaymentState::AwaitingClarification);
    world.clock.advance(1);
    assert_eq!(world.work().await, ["expired", "delivered"]);
    assert_eq!(world.state("order-1").await, PaymentState::Declined);
    assert!(world.bank.called().is_empty());
    world.check().await;
}
