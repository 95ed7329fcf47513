//! Whatever the gateway answers: no panic, and no payment, decline or refund that it did not tell.

use proptest::prelude::*;

use super::*;

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

proptest! {
    #[test]
    fn no_bytes_pass_for_a_payment(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        if let Some(reply) = Reply::read(&bytes) {
            let sale_is = map::sale_of(&reply.order(), &sale());
            prop_assert!(!matches!(sale_is, Sale::Paid(_)));
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
        let outcome = map::asked_sale(map::sale_of(&view, &sale()), &sale());
        prop_assert!(is_said || !matches!(outcome, ProviderOutcome::Approved(_)), "{body}");
        let closed = fine("orderStatus", &[json!(3), json!("3"), json!(6), json!("6")]);
        prop_assert!(closed || !matches!(outcome, ProviderOutcome::Declined(..)), "{body}");
        let call = refund(500);
        let held = view.deposited;
        let returned = map::refund_of(&view, call.sale.as_ref().unwrap(), call.amount);
        prop_assert!(held == Some(1500) || !matches!(returned, Returned::Done(_)), "{body}");
    }
}
