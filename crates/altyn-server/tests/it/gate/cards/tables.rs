//! The test cards of both documents, through the whole platform, and the emulator's own rules.
//!
//! Where the two disagree (4111111111111111), the emulator is ECommPay's. What is asked for after a
//! stored card (4000000000000119, …0135) and partial authorization (5126160000356675,
//! 4010571676223548) are not offered, so those cards pay. 5426257498741734 stands in ECommPay's
//! table with a wrong check digit: the platform refuses it like any such number.

use altyn_testkit::harness::bodies::over;
use altyn_testkit::harness::cards::{self, AUTH, SALE};
use serde_json::json;

use super::Step::{Challenge, Frame, Legacy};
use super::{RIGHT, Step, pay};
use crate::support::World;

on_both_databases! {
    ecommpays_test_cards,
    the_gateways_test_cards,
    the_last_digits_decline,
}

/// Numbers, the steps they ask for, and the code at the end.
type Row = (&'static [&'static str], &'static [Step], &'static str);

/// ecommpay.md §7.
const ECOMMPAY: &[Row] = &[
    (
        &[
            "4000000000000077",
            "4000000000000119",
            "4000000000000135",
            "5126160000356675",
            "4010571676223548",
        ],
        &[],
        "0",
    ),
    (&["4111111111111111"], &[], "10000"),
    (&["4539121411168251"], &[], "10202"),
    (&["4314220000000056", "4006260000000014", "5413330000000019"], &[Frame, Challenge], "0"),
    (
        &[
            "4314220000000072",
            "4314220000000098",
            "5413330000000035",
            "5413330000000092",
            "4012000000020089",
            "5544330000000045",
        ],
        &[Frame, Challenge],
        "10114",
    ),
    (&["4477000000000006", "5252000000000004"], &[Frame], "0"),
    (&["4012000000020063", "4344693136092508", "5544330000000029"], &[Legacy], "0"),
    (
        &["4165519761269614", "4331289925608649", "4383604346807330", "5722753235016359"],
        &[Legacy],
        "10114",
    ),
];

/// The number of ECommPay's table whose check digit is wrong.
const WRONG_DIGIT: &str = "5426257498741734";

/// providers.md §1.12.
const GATEWAY: &[Row] = &[
    (&["5555555555555599"], &[Frame, Challenge], "0"),
    (&["5168494895055780"], &[Frame], "10114"),
    (&["4000001111111118"], &[Frame], "0"),
    (&["4444555511113333"], &[], "0"),
];

/// Cards of no table: what their last four digits say.
const LAST_DIGITS: &[Row] = &[
    (&["2200000000009005"], &[], "10000"),
    (&["2200000000099014"], &[], "10102"),
    (&["2200000000039051"], &[], "10105"),
    (&["2200000000009054"], &[], "10106"),
    (&["2200000000079057"], &[], "10204"),
    (&["2200000000019061", "2200000000079065"], &[], "10101"),
    (&["2200000000059091"], &[], "10202"),
    (&["2200000000000053", "378282246310005", "6759649826438453"], &[], "0"),
];

fn rows_hold(world: &World, rows: &[Row]) {
    for (numbers, steps, code) in rows {
        for (number, path) in numbers.iter().flat_map(|number| [(number, SALE), (number, AUTH)]) {
            let id = format!("{number}{path}").replace('/', "-");
            let (met, told) = pay(world, path, &cards::payment(&id, 10_000, number), RIGHT);
            assert_eq!((met.as_slice(), told.code()), (*steps, *code), "{path} {}", told.body);
            let status = match (*code, path) {
                ("0", SALE) => "success",
                ("0", _) => "awaiting capture",
                (_, _) => "decline",
            };
            assert_eq!(told.status(), status, "{path} {}", told.body);
        }
    }
}

fn ecommpays_test_cards(world: &mut World) {
    rows_hold(world, ECOMMPAY);
    let wrong = cards::payment("wrong-digit", 10_000, WRONG_DIGIT);
    world.merchant.refused(&world.node, SALE, &wrong, (400, "502", "card.pan"));
}

fn the_gateways_test_cards(world: &mut World) {
    rows_hold(world, GATEWAY);
    // The code 123 alone is right for them.
    for (number, code) in [("5555555555555599", "124"), ("4444555511113333", "1234")] {
        let body = cards::payment(&format!("code-{number}"), 10_000, number);
        let (steps, told) = pay(world, SALE, &over(&body, &json!({"card": {"cvv": code}})), RIGHT);
        assert_eq!((steps.len(), told.code()), (0, "10102"), "{}", told.body);
    }
}

fn the_last_digits_decline(world: &mut World) {
    rows_hold(world, LAST_DIGITS);
}
