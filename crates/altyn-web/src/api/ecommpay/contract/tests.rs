//! The contract against the code: schemas against the reader and the views, the document whole.

use std::collections::BTreeSet;

use altyn_app::ports::provider::Browser;
use serde_json::{Value, json};

use super::examples::{self, Told};
use super::fields::{Field, fields};
use super::{body_name, document};
use crate::api::ecommpay::codes::Code;
use crate::api::ecommpay::endpoints::{Answers, Endpoint};
use crate::api::ecommpay::refusal::Refusal;
use crate::api::ecommpay::rig::{Understood, card_payment, read_signed, remove, set, understand};
use crate::api::ecommpay::wire::UnknownPayment;

mod stages;

fn leafs(endpoint: Endpoint) -> Vec<Field> {
    let all = fields(document(), &body_name(endpoint));
    all.into_iter().filter(|field| !is_object(field)).collect()
}

fn is_object(field: &Field) -> bool {
    field.types().contains(&"object")
}

fn example(field: &Field) -> Value {
    let first = field.schema.get("examples").and_then(|examples| examples.get(0));
    first.or(field.schema.get("example")).cloned().unwrap_or_default()
}

/// The example as a number, where it is one.
fn number(field: &Field) -> i64 {
    let example = example(field);
    let digits = example.as_str().and_then(|text| text.parse().ok());
    example.as_i64().or(digits).unwrap_or(12_345)
}

/// A body with every documented field in it.
fn full(endpoint: Endpoint) -> Value {
    let mut body = json!({});
    for field in leafs(endpoint).iter().filter(|field| !field.path.ends_with("signature")) {
        let example = example(field);
        assert!(!example.is_null(), "{} has no example", field.key);
        set(&mut body, &field.path, example);
    }
    body
}

fn with(endpoint: Endpoint, path: &str, value: Value) -> Result<Understood, Refusal> {
    let mut body = full(endpoint);
    set(&mut body, path, value);
    read_signed(endpoint, &body)
}

#[track_caller]
fn refused(endpoint: Endpoint, field: &Field, value: &Value) {
    let refusal = with(endpoint, &field.path, value.clone())
        .expect_err(&format!("{endpoint:?} takes {} = {value}", field.path));
    let named = refusal.field.unwrap_or_default();
    // The first required field of a missing object is named.
    let fits = named == field.path || (is_object(field) && named.starts_with(&field.path));
    assert!(fits, "{endpoint:?} {} = {value}: {named} is blamed", field.path);
}

#[track_caller]
fn taken(endpoint: Endpoint, field: &Field, value: Value) {
    if let Err(refusal) = with(endpoint, &field.path, value.clone()) {
        panic!("{endpoint:?} refuses {} = {value}: {refusal:?}", field.path);
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

#[test]
fn a_field_of_another_type_is_refused_by_name() {
    for endpoint in Endpoint::ALL {
        for field in fields(document(), &body_name(*endpoint)) {
            if field.path.ends_with("signature") {
                continue;
            }
            let others = json!([true, 12345, 1.5, "text", [1], [], {"a": 1}, null]);
            for other in others.as_array().unwrap() {
                // PHP writes an empty object as an empty list.
                let php = is_object(&field) && other == &json!([]);
                if !php && !field.types().contains(&kind(other)) {
                    refused(*endpoint, &field, other);
                }
            }
        }
    }
}

#[test]
fn a_field_of_each_documented_type_is_taken() {
    for endpoint in Endpoint::ALL {
        read_signed(*endpoint, &full(*endpoint)).unwrap();
        for field in leafs(*endpoint) {
            let types = field.types();
            if types.contains(&"integer") && types.contains(&"string") {
                let number = number(&field);
                taken(*endpoint, &field, json!(number));
                taken(*endpoint, &field, json!(number.to_string()));
            }
            let sums = ["payment.amount", "payment.currency"].contains(&field.path.as_str());
            if types.contains(&"null") && !sums {
                taken(*endpoint, &field, Value::Null);
            }
        }
    }
}

#[test]
fn a_required_field_is_missed_by_name_and_no_other_is() {
    for endpoint in Endpoint::ALL {
        for field in leafs(*endpoint) {
            let mut body = full(*endpoint);
            remove(&mut body, &field.path);
            let read = read_signed(*endpoint, &body);
            let half_a_sum = !field.required
                && ["payment.amount", "payment.currency"].contains(&field.path.as_str());
            match read {
                Ok(_) => {
                    assert!(!field.required || field.path.ends_with("signature"), "{}", field.path)
                }
                Err(refusal) => {
                    assert!(field.required || half_a_sum, "{} {refusal:?}", field.path);
                    assert_eq!(refusal.field.as_deref(), Some(field.path.as_str()));
                }
            }
        }
    }
}

/// The example made `length` characters long, in a way that keeps its form.
fn stretched(field: &Field, length: usize) -> Value {
    let example = example(field);
    let text = example.as_str().unwrap().to_owned();
    let more = "a".repeat(length - text.chars().count());
    json!(if field.text("format") == "email" { more + &text } else { text + &more })
}

#[test]
fn limits_are_as_documented() {
    let mut seen = BTreeSet::new();
    for endpoint in Endpoint::ALL {
        for field in leafs(*endpoint) {
            if field.path.ends_with("signature") {
                continue;
            }
            if let Some(longest) = field.number("maxLength") {
                let longest = usize::try_from(longest).unwrap();
                taken(*endpoint, &field, stretched(&field, longest));
                refused(*endpoint, &field, &stretched(&field, longest + 1));
                seen.insert("maxLength");
            }
            if let Some(least) = field.number("minimum") {
                taken(*endpoint, &field, json!(least));
                refused(*endpoint, &field, &json!(least - 1));
                seen.insert("minimum");
            }
            if let Some(greatest) = field.number("maximum") {
                taken(*endpoint, &field, json!(greatest));
                refused(*endpoint, &field, &json!(greatest + 1));
                seen.insert("maximum");
            }
            let pattern = field.text("pattern");
            let text = example(&field).as_str().unwrap_or_default().to_owned();
            if !pattern.is_empty() {
                refused(*endpoint, &field, &json!(format!("{text}\u{7}")));
                seen.insert("pattern");
            }
            if pattern.contains("[^;") || pattern.starts_with("^[0-9A-Z") {
                refused(*endpoint, &field, &json!(format!("{text};")));
                seen.insert("no semicolon");
            }
            if !field.text("format").is_empty() && !field.types().contains(&"integer") {
                refused(*endpoint, &field, &json!("not of this format"));
                seen.insert("format");
            }
        }
    }
    assert_eq!(seen.len(), 6, "{seen:?}");
}

#[test]
fn whatever_the_domain_knows_of_a_sale_is_documented() {
    let Ok(Understood::Sale(sale)) =
        read_signed(Endpoint::OnlineBankingSale, &full(Endpoint::OnlineBankingSale))
    else {
        panic!("a full sale is read");
    };
    let altyn_domain::payment::Details { customer, description, return_urls, callback, page } =
        sale.details;
    assert!(page.is_none() && sale.card.is_none());
    let altyn_domain::payment::Customer {
        id,
        ip_address,
        account_id,
        phone,
        email,
        country,
        first_name,
        last_name,
        language,
    } = customer;
    let altyn_domain::payment::ReturnUrls { success, decline, back } = return_urls;
    let altyn_domain::payment::CallbackWishes { url, success_url, decline_url, delay_ms, disabled } =
        callback;
    for told in [
        id,
        ip_address,
        account_id,
        phone,
        email,
        country,
        first_name,
        last_name,
        language,
        success,
        decline,
        back,
        url,
        success_url,
        decline_url,
        Some(description),
    ] {
        assert!(told.is_some_and(|told| !told.is_empty()));
    }
    assert_eq!((delay_ms, disabled), (5_000, false));
}

#[test]
fn whatever_an_acquirer_is_told_of_a_browser_is_documented() {
    let body = full(Endpoint::CardSale);
    let payment = card_payment(Endpoint::CardSale, &body).unwrap();
    let Browser { accept, user_agent, language, screen, color_depth, timezone_offset_min, scripts } =
        payment.browser;
    let texts = [accept, user_agent, language, payment.authentication_return];
    assert!(texts.iter().all(Option::is_some));
    assert_eq!((screen, color_depth), (Some((1920, 1080)), Some(24)));
    assert_eq!((timezone_offset_min, scripts), (Some(-180), true));
}

#[test]
fn a_body_without_a_fitting_signature_is_refused() {
    for endpoint in Endpoint::ALL {
        let body = full(*endpoint);
        let read = |body: &Value| understand(*endpoint, body.to_string().as_bytes());
        assert_eq!(read(&body).unwrap_err().code, Code::EmptySignature);
        let place =
            if *endpoint == Endpoint::StatusOfRequest { "signature" } else { "general.signature" };
        for (signature, code) in [
            (json!(""), Code::EmptySignature),
            (json!(null), Code::EmptySignature),
            (json!(7), Code::EmptySignature),
            (json!("x"), Code::InvalidSignature),
            (json!("A".repeat(86) + "=="), Code::InvalidSignature),
        ] {
            let mut body = body.clone();
            set(&mut body, place, signature);
            assert_eq!(read(&body).unwrap_err().code, code);
        }
    }
}

/// What does not fit the schema, as paths with a word.
fn misfits(schema: &Value, value: &Value, at: &str, found: &mut Vec<String>) {
    if let Some(name) = schema.get("$ref").and_then(Value::as_str) {
        let pointer = name.trim_start_matches('#');
        let target = document().pointer(pointer);
        return misfits(target.unwrap_or_else(|| panic!("{name} leads nowhere")), value, at, found);
    }
    let choices = schema.get("oneOf").or_else(|| schema.get("anyOf"));
    if let Some(choices) = choices.and_then(Value::as_array) {
        let fitting = choices.iter().filter(|choice| {
            let mut inner = Vec::new();
            misfits(choice, value, at, &mut inner);
            inner.is_empty()
        });
        if fitting.count() == 0 {
            found.push(format!("{at}: fits none"));
        }
        return;
    }
    let types = match &schema["type"] {
        Value::String(one) => vec![one.as_str()],
        Value::Array(several) => several.iter().filter_map(Value::as_str).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => vec![],
    };
    if !types.contains(&kind(value)) {
        found.push(format!("{at}: {} is not {types:?}", kind(value)));
    }
    if let (Some(text), Some(longest)) = (value.as_str(), schema["maxLength"].as_u64())
        && text.chars().count() as u64 > longest
    {
        found.push(format!("{at}: too long"));
    }
    for item in value.as_array().into_iter().flatten() {
        misfits(&schema["items"], item, &format!("{at}[]"), found);
    }
    let Some(members) = value.as_object() else { return };
    for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        if !members.contains_key(name) {
            found.push(format!("{at}.{name}: is missing"));
        }
    }
    for (name, member) in members {
        let own = schema["properties"].get(name).or(schema.get("additionalProperties"));
        match own {
            Some(own) => misfits(own, member, &format!("{at}.{name}"), found),
            None => found.push(format!("{at}.{name}: is not documented")),
        }
    }
}

#[track_caller]
fn fits(schema: &str, value: &Value) {
    let mut found = Vec::new();
    let name = json!({"$ref": format!("#/components/schemas/{schema}")});
    misfits(&name, value, schema, &mut found);
    assert!(found.is_empty(), "{found:#?}\n{value:#}");
}

#[test]
fn what_goes_out_fits_its_schema() {
    for told in Told::ALL {
        let callback = examples::callback(*told).unwrap_or_else(|| panic!("{told:?} is not made"));
        fits("CallbackBody", &serde_json::to_value(callback).unwrap());
    }
    fits("StatusBody", &serde_json::to_value(examples::status().unwrap()).unwrap());
    fits("Accepted", &serde_json::to_value(examples::accepted()).unwrap());
    fits("ClockMoved", &serde_json::to_value(examples::clock_moved()).unwrap());
    let mut unknown = UnknownPayment::of(35, "Payment 12");
    unknown.signature = "A".repeat(88);
    fits("UnknownPayment", &serde_json::to_value(unknown).unwrap());
}

#[test]
fn examples_of_requests_fit_and_are_read() {
    for endpoint in Endpoint::ALL {
        let text = examples::request_text(*endpoint);
        understand(*endpoint, text.as_bytes()).unwrap_or_else(|refusal| panic!("{refusal:?}"));
        fits(&body_name(*endpoint), &examples::request(*endpoint));
        fits(&body_name(*endpoint), &crate::api::ecommpay::rig::signed(*endpoint, full(*endpoint)));
    }
}

fn references(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            if let Some(Value::String(reference)) = members.get("$ref") {
                found.insert(reference.clone());
            }
            members.values().for_each(|member| references(member, found));
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[test]
fn the_document_is_whole() {
    let document = document();
    assert_eq!(document["openapi"], "3.1.0");
    let mut found = BTreeSet::new();
    references(document, &mut found);
    for reference in &found {
        let pointer = reference.trim_start_matches('#');
        assert!(document.pointer(pointer).is_some(), "{reference} leads nowhere");
    }
    let schemas = document["components"]["schemas"].as_object().unwrap();
    for name in schemas.keys() {
        assert!(found.contains(&format!("#/components/schemas/{name}")), "{name} is not used");
    }
    let paths = document["paths"].as_object().unwrap();
    assert_eq!(paths.len(), Endpoint::ALL.len());
    for endpoint in Endpoint::ALL {
        let operation = &paths[endpoint.path()]["post"];
        let statuses: Vec<&str> =
            operation["responses"].as_object().unwrap().keys().map(String::as_str).collect();
        let expected = ["200", "400", "403", "404", "405", "408", "413", "422", "500", "503"];
        assert_eq!(statuses, expected);
        assert_eq!(operation["parameters"].is_array(), endpoint.path().contains('{'));
    }
    assert!(document["webhooks"]["callback"]["post"]["requestBody"].is_object());
    assert_eq!(Endpoint::Status.answers(), Answers::Document);
    let told = document["info"]["description"].as_str().unwrap();
    for code in Code::ALL {
        assert!(told.contains(&format!("| {} | ", code.number())));
    }
}
