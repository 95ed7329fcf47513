//! The contract page's content, gathered from the tables of the dialect.

use altyn_domain::method::{Method, MethodRules, When};
use altyn_domain::money::Amount;
use altyn_domain::payment::{OperationState, PaymentState};
use askama::Template;
use serde::Serialize;

use super::russian;
use crate::api::ecommpay::BODY_MAX_BYTES;
use crate::api::ecommpay::codes::Code;
use crate::api::ecommpay::contract::examples::{self, Told};
use crate::api::ecommpay::contract::fields::{Field, fields};
use crate::api::ecommpay::contract::stages::{CASES, Case, Outcome};
use crate::api::ecommpay::contract::{body_name, document};
use crate::api::ecommpay::endpoints::Endpoint;
use crate::api::ecommpay::sign::{SigningKey, canonical, sign};
use crate::api::ecommpay::view::{operation_status, payment_status};
use crate::lang::Lang;

/// The page.
#[derive(Template)]
#[template(path = "docs.html")]
pub struct Contract {
    lang: Lang,
    endpoints: Vec<EndpointRow>,
    clock: EndpointRow,
    clock_moved: String,
    methods: Vec<MethodRow>,
    accepted: String,
    refused: String,
    status: String,
    status_fields: Vec<FieldRow>,
    callback_fields: Vec<FieldRow>,
    callbacks: Vec<Example>,
    statuses: Vec<StatusRow>,
    stages: Vec<StageRow>,
    codes: Vec<CodeRow>,
    signing: Signing,
    body_max_kib: usize,
}

struct EndpointRow {
    id: &'static str,
    path: &'static str,
    title: &'static str,
    about: &'static str,
    fields: Vec<FieldRow>,
    example: String,
}

struct FieldRow {
    path: String,
    kind: String,
    required: bool,
    limits: String,
    about: String,
}

struct MethodRow {
    code: &'static str,
    limits: Vec<String>,
    test: String,
    refunds: &'static str,
    required: Vec<RequiredRow>,
}

struct RequiredRow {
    name: String,
    when: &'static str,
}

struct Example {
    id: &'static str,
    title: &'static str,
    text: String,
}

struct StatusRow {
    word: &'static str,
    is_final: bool,
    payment: bool,
    operation: bool,
    about: &'static str,
}

struct StageRow {
    what: &'static str,
    endpoint: &'static str,
    refused: bool,
    status: u16,
    code: &'static str,
    message: &'static str,
    field: &'static str,
    told: String,
}

struct CodeRow {
    number: &'static str,
    message: &'static str,
    status: u16,
}

/// The worked example of a signature.
struct Signing {
    secret: &'static str,
    body: String,
    text: String,
    signature: String,
}

impl Contract {
    /// All of it in one language.
    pub fn of(lang: Lang) -> Self {
        Self {
            lang,
            endpoints: Endpoint::ALL
                .iter()
                .filter(|endpoint| **endpoint != Endpoint::TestClock)
                .map(|endpoint| endpoint_row(*endpoint, lang))
                .collect(),
            clock: endpoint_row(Endpoint::TestClock, lang),
            clock_moved: pretty(&examples::clock_moved()),
            methods: Method::ALL.iter().map(|method| method_row(method.rules(), lang)).collect(),
            accepted: pretty(&examples::accepted()),
            refused: pretty(&serde_json::json!({
                "status": "error",
                "code": Code::FieldMissing.number(),
                "message": format!("{}: customer.ip_address", Code::FieldMissing.message()),
                "field": "customer.ip_address",
            })),
            status: pretty(&examples::status()),
            status_fields: rows("StatusBody", lang),
            callback_fields: rows("CallbackBody", lang),
            callbacks: Told::ALL.iter().map(|told| callback(*told, lang)).collect(),
            statuses: statuses(lang),
            stages: CASES.iter().map(|case| stage(case, lang)).collect(),
            codes: Code::ALL.iter().map(|code| code_row(*code)).collect(),
            signing: signing(),
            body_max_kib: BODY_MAX_BYTES / 1_024,
        }
    }
}

fn pretty(value: &impl Serialize) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}

fn endpoint_row(endpoint: Endpoint, lang: Lang) -> EndpointRow {
    EndpointRow {
        id: endpoint.id(),
        path: endpoint.path(),
        title: endpoint.title(lang),
        about: endpoint.about(lang),
        fields: rows(&body_name(endpoint), lang),
        example: examples::request_text(endpoint),
    }
}

fn rows(schema: &str, lang: Lang) -> Vec<FieldRow> {
    fields(document(), schema).iter().map(|field| field_row(field, lang)).collect()
}

fn field_row(field: &Field, lang: Lang) -> FieldRow {
    let words: Vec<&str> = field
        .types()
        .into_iter()
        .filter(|kind| *kind != "null")
        .map(|kind| word(kind, lang))
        .collect();
    let about = lang.pick(russian::about(&field.key), field.description());
    FieldRow {
        path: field.path.clone(),
        kind: words.join(lang.pick(" или ", " or ")),
        required: field.required,
        limits: limits(field, lang),
        about: about.trim().to_owned(),
    }
}

fn word(kind: &str, lang: Lang) -> &str {
    let russian = match kind {
        "string" => "строка",
        "integer" => "целое",
        "boolean" => "да или нет",
        "array" => "список",
        "object" => "объект",
        other => other,
    };
    lang.pick(russian, kind)
}

/// What the schema says of the values, in a few words.
fn limits(field: &Field, lang: Lang) -> String {
    let mut said = Vec::new();
    match (field.number("minLength"), field.number("maxLength")) {
        (Some(least), Some(most)) if least == most => {
            said.push(format!("{most} {}", lang.pick("знаков", "characters")));
        }
        (_, Some(most)) => said.push(format!("≤ {most} {}", lang.pick("знаков", "characters"))),
        (_, None) => {}
    }
    if let Some((least, most)) = field.number("minimum").zip(field.number("maximum")) {
        said.push(format!("{}…{}", grouped(least), grouped(most)));
    }
    said.extend(form(field.text("pattern"), field.text("format"), lang).map(str::to_owned));
    said.join(", ")
}

/// A long number in groups of three, narrow no-break spaces between them.
fn grouped(number: i64) -> String {
    let digits: Vec<char> = number.to_string().chars().collect();
    let groups: Vec<String> = digits.rchunks(3).rev().map(|group| group.iter().collect()).collect();
    groups.join("\u{202f}")
}

/// A pattern or format in words; machines have it in the OpenAPI document.
fn form(pattern: &str, format: &str, lang: Lang) -> Option<&'static str> {
    let (russian, english) = match (pattern, format) {
        ("^[A-Z]{3}$", _) => ("три буквы ISO 4217", "three letters of ISO 4217"),
        ("^[A-Z]{2}$", _) => ("две заглавные буквы", "two capital letters"),
        ("^[0-9]{4,24}$", _) => ("от 4 до 24 цифр", "4 to 24 digits"),
        ("^[0-9]+$", _) => ("цифры", "digits"),
        ("^[0-9]{3,4}$", _) => ("три или четыре цифры", "three or four digits"),
        (pattern, _) if pattern.contains("{11,18}") => ("от 12 до 19 цифр", "12 to 19 digits"),
        (pattern, _) if pattern.contains("{1,6}x") => ("вида 1920x1080", "like 1920x1080"),
        (pattern, _) if pattern.starts_with("^[A-Za-z0-9_-]") => ("base64url", "base64url"),
        (_, "ip") => ("IPv4 или IPv6", "IPv4 or IPv6"),
        (_, "email") => ("адрес электронной почты", "an e-mail address"),
        (pattern, _) if pattern.starts_with("^https?") => ("ссылка http(s)", "an http(s) address"),
        (pattern, _) if pattern.starts_with("^[^;") => ("без «;»", "no `;`"),
        (_, _) => return None,
    };
    Some(lang.pick(russian, english))
}

fn method_row(rules: &'static MethodRules, lang: Lang) -> MethodRow {
    let limits = rules.currencies.iter().map(|limits| {
        let major = |minor| {
            let major = Amount::new(minor, limits.currency).map(Amount::to_major);
            let major = major.unwrap_or_default();
            let (whole, part) = major.split_once('.').unwrap_or((&major, ""));
            let whole = whole.parse().map(grouped).unwrap_or_default();
            format!("{whole}{}{part}", lang.pick(",", "."))
        };
        let least = major(limits.min_minor);
        let most = limits.max_minor.map_or_else(String::new, |most| format!("–{}", major(most)));
        let from = if limits.max_minor.is_none() { lang.pick("от ", "from ") } else { "" };
        format!("{}: {from}{least}{most}", limits.currency)
    });
    let others = rules.any_currency.then(|| lang.pick("и все другие", "and every other"));
    let required = rules.required.iter().map(|(field, when)| {
        let when = match when {
            When::Always => "",
            When::Kazakhstan => lang.pick("для Казахстана", "for Kazakhstan"),
        };
        RequiredRow { name: format!("customer.{}", field.as_str()), when }
    });
    let clarified = rules.clarified.iter().map(|field| {
        let when = lang.pick("иначе уточнение", "else clarification");
        RequiredRow { name: format!("customer.{}", field.as_str()), when }
    });
    let test = rules.test_currencies.map(|only| only.iter().map(|c| c.code()).collect::<Vec<_>>());
    MethodRow {
        code: rules.code,
        limits: limits.chain(others.map(str::to_owned)).collect(),
        test: test.map_or_else(|| "–".to_owned(), |only| only.join(", ")),
        refunds: if rules.partial_refunds {
            lang.pick("полные и частичные", "full and partial")
        } else {
            lang.pick("только полные", "full only")
        },
        required: required.chain(clarified).collect(),
    }
}

fn callback(told: Told, lang: Lang) -> Example {
    let (russian, english) = match told {
        Told::Redirect => ("Куда отправить пользователя", "Where to send the payer"),
        Told::Fingerprint => ("3-D Secure 2: скрытый фрейм", "3-D Secure 2: a hidden frame"),
        Told::Challenge => ("3-D Secure 2: подтверждение в банке", "3-D Secure 2: the challenge"),
        Told::Legacy => ("3-D Secure 1", "3-D Secure 1"),
        Told::CardDecline => ("Карта отклонена", "A card that was declined"),
        Told::Held => ("Деньги удержаны", "Money was held"),
        Told::Captured => ("Часть удержанного списана", "A part of a hold was taken"),
        Told::Released => ("Удержание отпущено", "A hold was released"),
        Told::Success => ("Оплата прошла", "A sale that was paid"),
        Told::Decline => ("Оплата отклонена", "A sale that was declined"),
        Told::Refund => ("Частичный возврат", "A partial refund"),
        Told::Clarification => ("Нужны данные", "Data is missing"),
        Told::Rejected => ("Запрос не прошёл проверку", "A request that failed validation"),
    };
    let text = pretty(&examples::callback(told));
    Example { id: told.id(), title: lang.pick(russian, english), text }
}

fn statuses(lang: Lang) -> Vec<StatusRow> {
    let payments = PaymentState::ALL.iter().map(|state| payment_status(*state));
    let operations = OperationState::ALL.iter().map(|state| operation_status(*state));
    let mut rows: Vec<StatusRow> = Vec::new();
    for (word, payment) in
        payments.map(|word| (word, true)).chain(operations.map(|word| (word, false)))
    {
        if let Some(row) = rows.iter_mut().find(|row| row.word == word) {
            row.operation |= !payment;
            continue;
        }
        let (is_final, about) = meaning(word, lang);
        rows.push(StatusRow { word, is_final, payment, operation: !payment, about });
    }
    rows
}

/// What a status means; a test demands an answer for each.
fn meaning(word: &str, lang: Lang) -> (bool, &'static str) {
    let (is_final, russian, english) = match word {
        "processing" => (
            false,
            "Обрабатывается; итог ещё не известен",
            "Being handled; the outcome is not known yet",
        ),
        "awaiting clarification" => (
            false,
            "Ждём данные: /v2/payment/clarification, 30 минут",
            "Waiting for data: /v2/payment/clarification, 30 minutes",
        ),
        "awaiting redirect result" => (
            false,
            "Пользователя нужно отправить по redirect_data",
            "The payer is to be sent by redirect_data",
        ),
        "awaiting customer action" => (
            false,
            "Банк выставил счёт; пользователь платит сам",
            "The bank sent a bill; the payer pays on his own",
        ),
        "awaiting 3ds result" => (
            false,
            "Пользователя нужно провести через 3-D Secure по acs или threeds2",
            "The payer is to pass 3-D Secure by acs or threeds2",
        ),
        "awaiting capture" => (
            false,
            "Деньги удержаны: спишите их capture или отпустите cancel",
            "The money is held: take it by capture or release it by cancel",
        ),
        "canceled" => (true, "Удержание отпущено, деньги не списаны", "The hold was released"),
        "success" => (
            true,
            "Оплачено (у платежа) или выполнено (у операции)",
            "Paid (a payment) or done (an operation)",
        ),
        "partially refunded" => (
            true,
            "Возвращена часть; payment.sum — остаток",
            "A part was returned; payment.sum is what is left",
        ),
        "refunded" => (true, "Возвращено всё", "All was returned"),
        "decline" => {
            (true, "Отклонено; причина — в operation.code", "Declined; operation.code says why")
        }
        "error" => (
            true,
            "Не прошло проверку; тот же payment_id можно прислать снова",
            "Failed validation; the same payment_id may be sent again",
        ),
        _ => (false, "", ""),
    };
    (is_final, lang.pick(russian, english))
}

fn stage(case: &'static Case, lang: Lang) -> StageRow {
    let told = match case.outcome {
        Outcome::Refused(_) | Outcome::Answered => String::new(),
        Outcome::Told { payment, operation } => {
            format!("payment: {payment}, operation: {operation}")
        }
    };
    StageRow {
        what: lang.pick(case.russian, case.english),
        endpoint: case.endpoint.path(),
        refused: matches!(case.outcome, Outcome::Refused(_)),
        status: case.status().as_u16(),
        code: case.code.number(),
        message: case.code.message(),
        field: case.field,
        told,
    }
}

fn code_row(code: Code) -> CodeRow {
    CodeRow { number: code.number(), message: code.message(), status: code.status().as_u16() }
}

fn signing() -> Signing {
    let example = examples::request(Endpoint::CardPartnerRefund);
    let key = SigningKey::new(examples::SECRET);
    let text = examples::request_text(Endpoint::CardPartnerRefund);
    let signature = sign(&example, &key);
    Signing {
        secret: examples::SECRET,
        body: text.replace(&format!(",\n    \"signature\": \"{signature}\""), ""),
        text: canonical(&example),
        signature,
    }
}

#[cfg(test)]
mod tests {
    use super::{Lang, statuses};

    #[test]
    fn every_status_has_a_meaning() {
        for row in Lang::ALL.iter().flat_map(|lang| statuses(*lang)) {
            assert!(!row.about.is_empty(), "{}", row.word);
        }
    }
}
