//! A letter to a merchant who has no address for callbacks: what was paid, in Russian, as plain text
//! and as HTML (paykeeper.md §7.5).

use altyn_app::ports::delivery::SendReport;
use altyn_domain::id::OperationId;
use altyn_domain::payment::{Operation, OperationKind, Record};
use altyn_domain::project::Project;
use askama::Template;
use serde_json::json;

use crate::lang::Lang;
use crate::payment_page::words;

const LANG: Lang = Lang::Russian;

#[derive(Template)]
#[template(path = "letter/paid.html")]
struct Html<'a> {
    said: &'a Said,
}

#[derive(Template)]
#[template(path = "letter/paid.txt")]
struct Text<'a> {
    said: &'a Said,
}

/// What both forms say.
struct Said {
    project: String,
    title: &'static str,
    sum: String,
    /// Name and value.
    lines: Vec<(&'static str, String)>,
    link: String,
}

/// A JSON object with the texts `subject`, `text` and `html`.
pub fn body(
    project: &Project,
    record: &Record,
    operation: OperationId,
    public_url: &str,
) -> Vec<u8> {
    let said = Said::of(project, record, record.operation(operation), public_url);
    let order = line(record.payment.reference.as_str());
    let subject = format!("{}: {}, заказ {order} — {}", said.title, said.sum, said.project);
    // Both templates write to memory only.
    let text = Text { said: &said }.render().unwrap_or_default();
    let html = Html { said: &said }.render().unwrap_or_default();
    json!({"subject": subject, "text": text, "html": html}).to_string().into_bytes()
}

/// Whether our mail server took it (RFC 5321: 2xx).
pub fn is_taken(report: &SendReport) -> bool {
    report.error.is_none() && matches!(report.status, Some(200..=299))
}

impl Said {
    fn of(
        project: &Project,
        record: &Record,
        operation: Option<&Operation>,
        public_url: &str,
    ) -> Self {
        let payment = &record.payment;
        let held = operation.is_some_and(|own| own.kind == OperationKind::Authorization);
        let at = operation.map_or(payment.updated_at, |operation| operation.updated_at);
        let mut lines = vec![
            ("Номер заказа", line(payment.reference.as_str())),
            ("Номер платежа", payment.id.to_string()),
            ("Способ оплаты", words::method(payment.method, LANG).to_owned()),
        ];
        let card = operation.and_then(|operation| operation.card.as_ref());
        lines.extend(card.map(|card| ("Карта", card.mask.clone())));
        lines.push(("Время", words::moment(at, LANG)));
        let capture_at = operation.and_then(|operation| operation.capture_at);
        lines.extend(capture_at.map(|at| ("Спишется само", words::moment(at, LANG))));
        let description = line(&payment.details.description);
        if !description.is_empty() {
            lines.push(("Назначение", description));
        }
        Self {
            project: line(&project.name),
            title: if held {
                "Деньги удержаны"
            } else {
                "Получена оплата"
            },
            sum: words::money(payment.amount, LANG),
            lines,
            link: format!("{public_url}/cabinet/payments/{}/{}", payment.project, payment.id),
        }
    }
}

/// A text on one line.
fn line(text: &str) -> String {
    text.split(|letter: char| letter.is_whitespace() || letter.is_control())
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests;
