//! What a letter says, and that nothing in it is read as markup or as a header.

use altyn_domain::card::{CardFacts, Expiry};
use altyn_domain::id::PaymentId;
use altyn_domain::payment::PaymentRef;
use altyn_domain::time::Timestamp;
use altyn_testkit::build;
use serde_json::Value;

use super::*;

fn record() -> Record {
    let (mut record, _) =
        build::payment_of(&build::project(7).project, build::sale_request("Заказ № 10"));
    record.payment.id = PaymentId::new(388);
    record.payment.amount = build::rub(123_450);
    record.payment.details.description = "Кофе и чай".to_owned();
    let operation = record.operations.first_mut().unwrap();
    // 22 November 2026, 11:05 UTC.
    operation.updated_at = Timestamp::from_millis(1_795_345_500_000);
    operation.card = Some(CardFacts {
        mask: "400000******0077".to_owned(),
        brand: None,
        expiry: Expiry::new(12, 2034).unwrap(),
        holder: None,
    });
    record
}

/// Subject, text, HTML.
fn written(project: &Project, record: &Record) -> [String; 3] {
    let operation = record.opening().unwrap().id;
    let body = body(project, record, operation, "https://pay.example");
    let body: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(body.as_object().unwrap().len(), 3);
    ["subject", "text", "html"].map(|name| body[name].as_str().unwrap().to_owned())
}

fn project() -> Project {
    Project { name: "Кофейня".to_owned(), ..build::project(7).project }
}

#[test]
fn it_says_what_was_paid() {
    let [subject, text, html] = written(&project(), &record());
    let sum = "1\u{202f}234,50\u{202f}₽";
    assert_eq!(subject, format!("Получена оплата: {sum}, заказ Заказ № 10 — Кофейня"));
    let expected = format!(
        "Получена оплата: {sum}\n\n\
         Номер заказа: Заказ № 10\n\
         Номер платежа: 388\n\
         Способ оплаты: Альфа-Клик\n\
         Карта: 400000******0077\n\
         Время: 22.11.2026 14:05 МСК\n\
         Назначение: Кофе и чай\n\n\
         Платёж в кабинете: https://pay.example/cabinet/payments/7/388\n\n\
         Кофейня\n\
         Письмо отправлено автоматически: в настройках проекта указан этот адрес."
    );
    assert_eq!(text.trim_end(), expected);
    for part in [sum, "Заказ № 10", "400000******0077", "22.11.2026 14:05 МСК", "Кофейня"]
    {
        assert!(html.contains(part), "{part} in {html}");
    }
    assert!(html.contains("href=\"https://pay.example/cabinet/payments/7/388\""), "{html}");
    for outside in ["<script", "<img", "<link", "src="] {
        assert!(!html.contains(outside), "a letter asks nobody for anything: {html}");
    }
}

#[test]
fn a_hold_says_so() {
    let mut record = record();
    let operation = record.operations.first_mut().unwrap();
    operation.kind = OperationKind::Authorization;
    operation.capture_at = Some(Timestamp::from_millis(1_795_431_900_000));
    let [subject, text, html] = written(&project(), &record);
    assert!(subject.starts_with("Деньги удержаны: "), "{subject}");
    for own in [text, html] {
        assert!(own.contains("Спишется само") && own.contains("23.11.2026 14:05 МСК"), "{own}");
    }
}

#[test]
fn foreign_texts_stay_texts() {
    let mut record = record();
    record.payment.reference = PaymentRef::new("<b>&\"'</b>").unwrap();
    record.payment.details.description =
        "<script>alert(1)</script>\r\n\r\nBcc: all@example.org".to_owned();
    let name = "Лавка\r\nBcc: all@example.org\u{0}</p>".to_owned();
    let [subject, text, html] = written(&Project { name, ..project() }, &record);
    assert!(!subject.contains(|letter: char| letter.is_control()), "{subject:?}");
    assert!(subject.ends_with("заказ <b>&\"'</b> — Лавка Bcc: all@example.org </p>"), "{subject}");
    assert!(text.contains("\nНомер заказа: <b>&\"'</b>\n"), "plain text is not escaped: {text}");
    assert!(!html.contains("<b>") && !html.contains("<script"), "{html}");
    assert!(text.lines().all(|line| !line.starts_with("Bcc:")), "{text}");
}

#[test]
fn the_mail_server_takes_it_by_2xx() {
    for (status, error, expected) in [
        (Some(250), None, true),
        (Some(251), None, true),
        (Some(354), None, false),
        (Some(451), Some("later"), false),
        (Some(550), Some("no"), false),
        (None, Some("refused"), false),
        (None, None, false),
    ] {
        let error = error.map(str::to_owned);
        let report = SendReport { status, error, ..SendReport::default() };
        assert_eq!(is_taken(&report), expected, "{report:?}");
    }
}
