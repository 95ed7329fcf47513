//! What a merchant may send wrongly: each refused at once, by its code and field, with nothing
//! stored and the server unmoved.

mod fields;
mod races;
mod transport;

use altyn_testkit::harness::bodies::{ALFA_SALE, alfa_sale};
use altyn_testkit::harness::http;
use serde_json::{Value, json};

use crate::support::{Provider, World};

/// The body with the value at a dotted path replaced; `null` is written, not removed.
fn set(body: &Value, path: &str, value: &Value) -> Value {
    let mut body = body.clone();
    let place = path.split('.').fold(&mut body, |place, step| &mut place[step]);
    *place = value.clone();
    body
}

/// Posts bytes as they are and compares HTTP status, code and field of the refusal.
#[track_caller]
fn refused_bytes(
    world: &World,
    (name, method, path): (&str, &str, &str),
    bytes: &[u8],
    expected: (u16, &str, &str),
) {
    let json_type = [("content-type", "application/json")];
    let answer = http::request(method, &world.node.url(path), &json_type, bytes).unwrap();
    let told: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let text = |name: &str| told[name].as_str().unwrap_or_default().to_owned();
    let (code, field) = (text("code"), text("field"));
    assert_eq!((answer.status, code.as_str(), field.as_str()), expected, "{name}: {told}");
    assert_eq!(told["status"], "error", "{name}: {told}");
}

/// Nothing reached a provider, and a right request still works.
fn nothing_happened(world: &World) {
    assert!(world.emulators.orders(Provider::Rbs).is_empty());
    assert!(world.emulators.orders(Provider::Ipay).is_empty());
    assert!(world.shop.callbacks().is_empty());
    assert!(world.node.is_ready());
    world.merchant.accepted(&world.node, ALFA_SALE, &alfa_sale("a right one", 10_000));
    world.shop.wait_status("a right one", "awaiting redirect result");
    assert_eq!(world.emulators.orders(Provider::Rbs).len(), 1);
    let log = world.node.log();
    assert!(!log.contains("panicked"), "{log}");
}

/// Whether the project has no such payment.
fn is_unknown(world: &World, payment_id: &str) -> bool {
    world.merchant.status(&world.node, payment_id)["errors"][0]["code"] == json!("3061")
}
