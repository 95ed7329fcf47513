//! Callbacks about cards, against bodies written from ecommpay.md §3.8, §4.2 and §4.3.

use altyn_domain::card::{CardFacts, Expiry};
use altyn_domain::payment::{Authentication, AuthenticationStep};
use altyn_testkit::build::{moment, rub};

use super::*;
use crate::api::ecommpay::contract::examples::{self, Told};

#[track_caller]
fn check(told: Told, fixture: &Value) {
    let ours = serde_json::to_value(examples::callback(told).unwrap()).unwrap();
    compare(fixture, &ours);
    assert_eq!(ours["payment"]["date"], fixture["payment"]["date"]);
}

#[test]
fn two_stages() {
    check(Told::Held, &fixture!("cards", "auth-success"));
    check(Told::Captured, &fixture!("cards", "capture-success"));
    check(Told::Released, &fixture!("cards", "cancel-success"));
    check(Told::CardDecline, &fixture!("cards", "sale-decline"));
}

#[test]
fn steps_of_3d_secure() {
    check(Told::Fingerprint, &fixture!("cards", "3ds-iframe"));
    check(Told::Challenge, &fixture!("cards", "3ds-redirect"));
    check(Told::Legacy, &fixture!("cards", "3ds-acs"));
}

/// A card's payment, and the steps that lead where it stands.
fn record(card: Option<CardFacts>, steps: Vec<Happening>) -> Record {
    let project = rig::project(42);
    let id = OperationId::new(1);
    let now = moment(Timestamp::from_millis(1_800_000_000_000));
    let asked = PaymentRequest {
        kind: OperationKind::Sale,
        card,
        reference: PaymentRef::new("1").unwrap(),
        method: Method::Card,
        amount: rub(10_000),
        details: Details {
            customer: Customer { account_id: Some("login".to_owned()), ..Customer::default() },
            ..Details::default()
        },
        request: RequestEcho::default(),
    };
    let project = with_cards(project.project);
    let (mut record, _) = accept_payment(&project, (PaymentId::new(1), id), now, asked);
    for happening in steps {
        apply(&mut record, id, happening, now).unwrap();
    }
    record
}

fn with_cards(mut project: altyn_domain::project::Project) -> altyn_domain::project::Project {
    if project.method(Method::Card).is_none() {
        let like = project.methods[0].clone();
        project.methods.push(altyn_domain::method::MethodSetting { method: Method::Card, ..like });
    }
    project
}

fn body(record: &Record) -> Value {
    let account =
        ProviderAccount { name: String::new(), wire_id: 1, endpoint_id: None, payment_system: 127 };
    sent(&rig::project(42), record, OperationId::new(1), &account)
}

fn card(holder: Option<&str>) -> Option<CardFacts> {
    Some(CardFacts {
        mask: "999999******9995".to_owned(),
        brand: None,
        expiry: Expiry::new(1, 2030).unwrap(),
        holder: holder.map(str::to_owned),
    })
}

#[test]
fn what_is_not_known_of_a_card_is_left_out() {
    let told = body(&record(card(None), vec![]));
    let expected = serde_json::json!({
        "number": "999999******9995", "expiry_month": "01", "expiry_year": "2030",
    });
    assert_eq!(told["account"], expected);
    let told = body(&record(card(Some("J;S")), vec![]));
    assert_eq!(told["account"]["card_holder"], "J,S");
    // A login is nothing of a card's.
    assert_eq!(body(&record(None, vec![])).get("account"), None);
}

#[test]
fn a_step_is_told_only_while_it_is_awaited() {
    for step in AuthenticationStep::ALL {
        let authentication = Authentication {
            step: *step,
            url: "https://bank.example/;a=1".to_owned(),
            fields: Vec::new(),
            transaction: None,
        };
        let awaited = vec![
            Happening::Send,
            Happening::Authenticate(authentication, ProviderFacts::default()),
        ];
        let shown = |body: &Value| (body.get("acs").is_some(), body.get("threeds2").is_some());
        let told = body(&record(card(None), awaited.clone()));
        let first = *step == AuthenticationStep::Legacy;
        assert_eq!(shown(&told), (first, !first));
        assert!(plain(&told), "{told}");
        let ended = awaited
            .into_iter()
            .chain([Happening::Decline(Reason::AuthenticationFailed, ProviderFacts::default())]);
        let told = body(&record(card(None), ended.collect()));
        assert_eq!(shown(&told), (false, false));
        assert_eq!(told["operation"]["code"], "10114");
    }
}
