//! «Параметры запроса»: what the platform and the acquirer set, for support; for those alone who
//! have the right to see it. Card numbers are masked once more, whoever wrote them there.

use altyn_domain::id::order_number;
use altyn_domain::mask::{is_secret_path, mask_cards};
use altyn_domain::payment::Operation;

use super::super::case::Case;
use super::super::view::Time;
use super::super::words::{self, Key};
use super::{Fact, Group};
use crate::cabinet::words as said;
use crate::format::money;
use crate::lang::Lang;

/// Fiscal parameters (seed 000).
const FISCAL: &[Key] = &[
    Key::FopReceiptKey,
    Key::FopUuid,
    Key::FopFpd,
    Key::FopFnd,
    Key::FopReceiptNumber,
    Key::FopFn,
    Key::FopRnkkt,
];

/// The tab.
pub fn of(case: &Case, lang: Lang) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for operation in &case.record().operations {
        let title =
            format!("{} {}", said::kind(operation.kind, lang), money(operation.amount, lang));
        groups.push(Group::titled(title, of_operation(operation, lang)));
        let echo = operation.request.lines();
        if echo.len() > 0 {
            groups
                .push(Group::raw(lang.pick("Запрос магазина", "The shop’s request"), masked(echo)));
        }
        groups.extend(attempts(case, operation, lang));
        groups.extend(notifications(case, operation, lang));
    }
    let none = |key: &Key| Fact::maybe(*key, None::<String>, lang);
    let mut fiscal = Group::titled(
        lang.pick("Фискальные параметры", "Fiscal parameters"),
        FISCAL.iter().map(none).collect(),
    );
    fiscal.note = Some(lang.pick(
        "Значения появятся, когда будет подключена фискализация.",
        "The values appear once fiscalization is connected.",
    ));
    groups.push(fiscal);
    groups
}

fn of_operation(operation: &Operation, lang: Lang) -> Vec<Fact> {
    vec![
        Fact::new(Key::Operation, operation.id.to_string(), lang),
        Fact::new(Key::OrderNumber, order_number(operation.id), lang),
        Fact::maybe(Key::UniqueId, operation.provider.payment_id.clone(), lang),
        Fact::new(Key::State, said::operation_state(operation.state, lang), lang),
        Fact::maybe(
            Key::Reason,
            operation
                .reason
                .map(|reason| format!("{} ({})", words::reason(reason, lang), reason.as_str())),
            lang,
        ),
    ]
}

fn attempts(case: &Case, operation: &Operation, lang: Lang) -> Option<Group> {
    let own = case.history.attempts.iter().filter(|attempt| attempt.operation == operation.id);
    let lines: Vec<(String, String)> = own
        .map(|attempt| {
            let at = Time::exact(attempt.started_at, lang).words;
            let outcome = attempt.outcome.as_deref().unwrap_or("…");
            let detail = attempt.detail.as_deref().unwrap_or_default();
            let said = format!("{} ({outcome}) {detail}", words::outcome(outcome, lang));
            (format!("{}, {}, {at}", attempt.number, attempt.key), said.trim().to_owned())
        })
        .collect();
    let title = lang.pick("Обращения к банку", "Calls to the bank");
    (!lines.is_empty()).then(|| Group::raw(title, masked(lines)))
}

fn notifications(case: &Case, operation: &Operation, lang: Lang) -> Vec<Group> {
    let own = case.history.notifications.iter().filter(|(id, _)| *id == operation.id);
    own.map(|(_, notification)| {
        let at = Time::exact(notification.received_at, lang).words;
        let title = format!("{} {at}", lang.pick("Уведомление банка", "The bank’s notification"));
        Group::raw(title, masked(notification.parameters.clone()))
    })
    .collect()
}

fn masked<P, V>(lines: impl IntoIterator<Item = (P, V)>) -> Vec<(String, String)>
where
    P: Into<String> + AsRef<str>,
    V: AsRef<str>,
{
    let shown = lines.into_iter().filter(|(path, _)| !is_secret_path(path.as_ref()));
    shown.map(|(path, value)| (path.into(), mask_cards(value.as_ref()).into_owned())).collect()
}
