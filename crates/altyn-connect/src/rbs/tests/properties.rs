//! Whatever the gateway answers: no panic, and no payment, decline or refund that it did not tell.

use proptest::prelude::*;

use super::*;
use map::Order;
use map::following::{Followed, followed};
use wire::step::Step;

/// A value that could stand in a field: mostly near to what is right.
fn field() -> impl Strategy<Value = Value> {
    prop_oneof![
        prop::sample::select(vec![
            json!(null),
            json!(0),
            json!("0"),
            json!(2),
            json!("2"),
            json!(4),
            json!(6),
            json!(2000),
            json!("2000"),
            json!(1999),
            json!("abc123"),
            json!("643"),
            json!(true),
            json!([]),
            json!({}),
            json!(-1),
            json!(i64::MAX),
            json!(u64::MAX),
            json!(2.0),
            json!(""),
        ]),
        any::<i64>().prop_map(|number| json!(number)),
        ".{0,8}".prop_map(|text| json!(text)),
    ]
}

/// A parameter of a notification, or something else.
fn parameter() -> impl Strategy<Value = (String, String)> {
    let names = vec!["orderNumber", "mdOrder", "operation", "status", "amount", "sign_alias", "a"];
    let name = prop_oneof![
        4 => prop::sample::select(names).prop_map(str::to_owned),
        1 => "\\PC{0,8}".prop_filter("made below", |name| name != "checksum"),
    ];
    (name, prop_oneof![".{0,12}", "[a-z0-9;]{0,12}"])
}

static RBS: std::sync::LazyLock<Rbs> = std::sync::LazyLock::new(|| rbs("http://x", "key"));

proptest! {
    /// Whatever is sent: without the key it is refused, with the key it is read, and once any one
    /// value of it has been changed it is refused.
    #[test]
    fn only_who_has_the_key_notifies(
        mut told in prop::collection::vec(parameter(), 0..8),
        guess in prop_oneof!["\\PC{0,70}", "[0-9A-F]{64}"],
        changed: prop::sample::Index,
        with in ".{0,12}",
    ) {
        prop_assert!(RBS.read_notification(&told).is_err());
        let checksum = |checksum: String| ("checksum".to_owned(), checksum);
        told.push(checksum(guess));
        prop_assert!(RBS.read_notification(&told).is_err());
        told.pop();
        told.push(("orderNumber".to_owned(), "7".to_owned()));
        let right = sign::sha256_hex("key", &wire::signed_text(&told));
        told.push(checksum(right));
        prop_assert!(RBS.read_notification(&told).is_ok_and(|subject| subject.authentic));
        let at = changed.index(told.len());
        if let Some((name, value)) = told.get_mut(at).filter(|(name, value)| {
            name != "sign_alias" && *value != with
        }) {
            let name = name.clone();
            *value = with;
            prop_assert!(RBS.read_notification(&told).is_err(), "{name} was changed: {told:?}");
        }
    }

    #[test]
    fn no_bytes_pass_for_a_payment(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        if let Some(reply) = Reply::read(&bytes) {
            let order = map::order_of(&reply.order(), &sale());
            prop_assert!(!matches!(order, Order::Paid(_) | Order::Held(_)));
            prop_assert!(matches!(reply.step(), Step::Over(_)));
        }
    }

    #[test]
    fn only_an_explicit_word_is_a_payment(
        changes in prop::collection::vec(
            (prop::sample::select(vec!["errorCode", "orderNumber", "orderStatus", "amount",
                "currency", "paymentAmountInfo", "depositedAmount", "refundedAmount", "actionCode",
                "attributes", "refunds", "authDateTime"]), field()),
            0..4,
        ),
    ) {
        let mut body = status();
        for (name, value) in changes {
            let at = match name {
                "depositedAmount" | "refundedAmount" => body.pointer_mut("/paymentAmountInfo"),
                _ => Some(&mut body),
            };
            if let Some(map) = at.and_then(Value::as_object_mut) {
                map.insert(name.to_owned(), value);
            }
        }
        let view = Reply::read(body.to_string().as_bytes()).unwrap().order();
        let fine = |field: &str, words: &[Value]| words.contains(&body[field]);
        let is_said = fine("errorCode", &[json!(0), json!("0"), json!(null)])
            && fine("orderStatus", &[json!(2), json!("2"), json!(4), json!("4")])
            && fine("amount", &[json!(2000), json!("2000")])
            && fine("orderNumber", &[json!("abc123")]);
        let outcome = map::asked(map::order_of(&view, &sale()), &sale());
        prop_assert!(is_said || !matches!(outcome, ProviderOutcome::Approved(_)), "{body}");
        let closed = fine("orderStatus", &[json!(3), json!("3"), json!(6), json!("6")]);
        prop_assert!(closed || !matches!(outcome, ProviderOutcome::Declined(..)), "{body}");
        let call = refund(500);
        let held = view.deposited;
        let returned = followed(&view, call.order.as_ref().unwrap(), &call);
        prop_assert!(held == Some(1500) || !matches!(returned, Followed::Done(_)), "{body}");

        for kind in [OperationKind::Sale, OperationKind::Authorization] {
            let card = ProviderCall { kind, method: Method::Card, ..sale() };
            let outcome = map::asked(map::order_of(&view, &card), &card);
            let is_held = kind == OperationKind::Authorization
                && fine("orderStatus", &[json!(1), json!("1")])
                && fine("amount", &[json!(2000), json!("2000")]);
            prop_assert!(
                is_said || is_held || !matches!(outcome, ProviderOutcome::Approved(_)),
                "{body}"
            );
            prop_assert!(closed || !matches!(outcome, ProviderOutcome::Declined(..)), "{body}");
        }
        for kind in [OperationKind::Capture, OperationKind::Void] {
            let call = ProviderCall { kind, ..call.clone() };
            let found = followed(&view, call.order.as_ref().unwrap(), &call);
            let taken = fine("orderStatus", &[json!(2), json!("2"), json!(4), json!("4")]);
            let ended = if kind == OperationKind::Void { closed } else { taken };
            prop_assert!(ended || !matches!(found, Followed::Done(_)), "{body}");
        }
    }

    #[test]
    fn no_reply_to_a_card_breaks_the_reader(
        fields in prop::collection::vec(
            (prop::sample::select(vec!["errorCode", "errorMessage", "error", "errorTypeName",
                "processingErrorType", "redirect", "info", "acsUrl", "paReq", "termUrl",
                "packedCReq", "is3DSVer2", "threeDSServerTransId", "threeDSMethodURL",
                "threeDSMethodDataPacked"]), field()),
            0..8,
        ),
    ) {
        let body: serde_json::Map<String, Value> =
            fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let body = Value::Object(body);
        let reply = Reply::read(body.to_string().as_bytes()).unwrap();
        let _ = reply.error_types();
        // Whatever is wrong, the payer is sent nowhere.
        let fine = [json!(0), json!("0"), json!(null)].contains(&body["errorCode"]);
        prop_assert!(fine || matches!(reply.step(), Step::Over(_)), "{body}");
    }
}
