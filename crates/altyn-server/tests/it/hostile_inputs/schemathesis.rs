//! The served contract against the server that serves it: schemathesis makes requests that fit the
//! document and requests that do not, `contract_hooks.py` signs them, and no answer may be a
//! failure, have a status or a type that the document lacks, or a body that is not as it says.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use altyn_testkit::harness::bodies::{
    ALFA_SALE, CARD_SALE, alfa_sale, card_sale, card_sale_to_clarify,
};
use altyn_testkit::harness::cards::{self, AUTH, SALE};
use serde_json::json;

use crate::support::{CALLBACKS, World, run};
use crate::support::{Engine, script};

/// What is looked at in every answer. That a request which fits the document is accepted cannot
/// hold: a payment may be unknown, a sum more than is left.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
                      response_schema_conformance,response_headers_conformance,\
                      unsupported_method";
/// Further examples for each endpoint, beside those of every boundary of every field.
const EXAMPLES: &str = "40";
/// Requests that must have got past the signature and changed something, or the run shows little.
const ACCEPTED_MIN: u64 = 200;
/// Endpoints, of 16, that must have accepted something. One cannot: its answer of a bank is made
/// for one payment.
const ACCEPTING_MIN: usize = 15;

#[test]
fn no_answer_is_a_failure_or_undocumented() {
    run(Engine::Sqlite, contract);
}

fn contract(world: &mut World) {
    let Some(python) = script::python() else { return };
    let (payments, requests) = payments(world);
    let known = json!({
        "secret": world.merchant.secret,
        "project": world.merchant.project,
        "payments": payments,
        "requests": requests,
        "callbacks": world.shop.url(CALLBACKS),
        "cards": [cards::GOOD, cards::DECLINED, cards::CHALLENGED, cards::LEGACY],
    });
    let folder = tempfile::TempDir::new().unwrap();
    let counts = folder.path().join("counts.json");
    let hooks = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/hostile_inputs");
    let mut command = Command::new(python);
    command.args(["-m", "schemathesis.cli", "run", &world.node.url("/openapi.json")]);
    command.args(["--checks", CHECKS, "--max-examples", EXAMPLES, "--continue-on-failure"]);
    command.args(["--phases", "examples,coverage,fuzzing", "--mode", "all", "--no-color"]);
    command.args(["--seed", "5", "--generation-deterministic"]);
    command.args(["--warnings", "off", "--no-shrink"]);
    command.env("SCHEMATHESIS_HOOKS", "contract_hooks").env("PYTHONPATH", hooks);
    command.env("PYTHONDONTWRITEBYTECODE", "1").current_dir(folder.path());
    command.env("ALTYN_TEST_KNOWN", known.to_string()).env("ALTYN_TEST_COUNTS", &counts);
    let output = command.output().unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    let more = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}\n{more}");
    let counts: BTreeMap<String, u64> =
        serde_json::from_slice(&std::fs::read(&counts).unwrap()).unwrap();
    println!("{counts:#?}");
    let accepted = counts.iter().filter(|(answer, _)| answer.ends_with(" 200"));
    assert!(accepted.clone().map(|(_, count)| count).sum::<u64>() >= ACCEPTED_MIN, "{counts:#?}");
    assert!(accepted.count() >= ACCEPTING_MIN, "{counts:#?}");
    let log = world.node.log();
    assert!(!log.contains("panicked"), "{log}");
}

/// Payments in many states, and requests about them.
fn payments(world: &World) -> (Vec<String>, Vec<String>) {
    let mut payments = Vec::new();
    let mut named = |name: &str| {
        payments.push(name.to_owned());
        name.to_owned()
    };
    let mut requests = Vec::new();
    for number in 0..3 {
        world.alfa_paid(&named(&format!("paid at the bank {number}")), 10_000);
        world.card_paid(&named(&format!("paid at the partner {number}")), 10_000);
    }
    let mut asked = |path: &'static str, body: serde_json::Value| {
        requests.push(world.merchant.accepted(&world.node, path, &body));
    };
    for number in 0..3 {
        let name = named(&format!("paid by card {number}"));
        asked(SALE, cards::payment(&name, 10_000, cards::GOOD));
        let name = named(&format!("held {number}"));
        asked(AUTH, cards::payment(&name, 10_000, cards::GOOD));
        let name = named(&format!("authenticating {number}"));
        asked(SALE, cards::payment(&name, 10_000, cards::CHALLENGED));
        let name = named(&format!("authenticating the old way {number}"));
        asked(SALE, cards::payment(&name, 10_000, cards::LEGACY));
        asked(CARD_SALE, card_sale_to_clarify(&named(&format!("clarifying {number}")), 10_000));
    }
    asked(SALE, cards::payment(&named("declined"), 10_000, cards::DECLINED));
    asked(ALFA_SALE, alfa_sale(&named("at the bank"), 10_000));
    asked(CARD_SALE, card_sale(&named("at the partner"), 10_000));
    (payments, requests)
}
