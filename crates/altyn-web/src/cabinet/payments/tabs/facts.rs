//! «Информация о платеже» and «Параметры операции».

use altyn_domain::payment::{
    Operation, OperationEvent, OperationKind, OperationState, PaymentState,
};
use altyn_domain::time::Timestamp;

use super::super::case::Case;
use super::super::words::{self, Key};
use super::{Fact, Group};
use crate::cabinet::words as said;
use crate::format::money;
use crate::lang::Lang;
use crate::payment_page::words::brand;

/// «Информация о платеже»
pub fn info(case: &Case, lang: Lang) -> Vec<Group> {
    let record = case.record();
    let payment = &record.payment;
    let customer = &payment.details.customer;
    let opening = record.opening();
    let status = case.status();
    let label = words::status_and_hold(status, payment.state, lang);
    let reason = opening.and_then(|opening| opening.reason);
    let reason =
        reason.map(|reason| format!("{} ({})", words::reason(reason, lang), reason.as_str()));
    let unique = opening.and_then(|opening| opening.provider.payment_id.clone());
    let told = approval(case);
    let money_facts = vec![
        Fact::new(Key::Amount, money(payment.amount, lang), lang),
        Fact::new(Key::Captured, money(payment.captured, lang), lang),
        Fact::new(Key::Refunded, money(payment.refunded, lang), lang),
        Fact::new(Key::Status, format!("{label} ({})", status.as_str()), lang),
        Fact::new(Key::State, said::payment_state(payment.state, lang), lang),
        Fact::maybe(Key::Reason, reason, lang),
    ];
    let order = vec![
        Fact::new(Key::Id, payment.id.to_string(), lang),
        Fact::maybe(Key::UniqueId, unique, lang),
        Fact::new(Key::OrderId, payment.reference.as_str(), lang),
        Fact::new(Key::ServiceName, payment.details.description.as_str(), lang),
        Fact::new(Key::Project, project(case), lang),
        Fact::new(Key::Method, said::method(payment.method, lang), lang),
    ];
    let payer = vec![
        Fact::maybe(Key::ClientId, altyn_app::listing::client_of(record), lang),
        Fact::maybe(Key::Email, customer.email.clone(), lang),
        Fact::maybe(Key::Phone, customer.phone.clone(), lang),
    ];
    let times = vec![
        Fact::at(Key::PendingAt, Some(payment.created_at), lang),
        Fact::at(Key::ObtainAt, opening.and_then(|one| approved_at(case, one)), lang),
        Fact::at(Key::SuccessAt, told.and_then(|(at, _)| at), lang),
        Fact::maybe(Key::RepeatCounter, told.map(|(_, tries)| tries.to_string()), lang),
    ];
    vec![
        Group::titled(lang.pick("Деньги", "Money"), money_facts),
        Group::titled(lang.pick("Заказ", "Order"), order),
        Group::titled(lang.pick("Плательщик", "Payer"), payer),
        Group::titled(lang.pick("Когда", "When"), times),
    ]
}

fn project(case: &Case) -> String {
    let project = &case.project.project;
    format!("{} ({})", project.name, project.id)
}

/// When the merchant took the word of the payment, and how many tries that took.
fn approval(case: &Case) -> Option<(Option<Timestamp>, usize)> {
    let opening = case.record().opening()?.id;
    let about = |(callback, _): &&(altyn_app::callback::Callback, Vec<_>)| {
        callback.operation == opening && callback.told == OperationState::Approved
    };
    let (callback, tries) = case.history.callbacks.iter().rev().find(about)?;
    let delivered = callback.progress.state == altyn_app::callback::CallbackState::Delivered;
    Some((callback.progress.ended_at.filter(|_| delivered), tries.len()))
}

fn approved_at(case: &Case, operation: &Operation) -> Option<Timestamp> {
    let approves = |event: &&altyn_domain::payment::Event| {
        event.operation == operation.id && event.event == Some(OperationEvent::Approve)
    };
    case.history.events.iter().find(approves).map(|event| event.at)
}

/// «Параметры операции»: each try of the payer, the last one first.
pub fn operation(systems: &[(String, i64)], case: &Case, lang: Lang) -> Vec<Group> {
    let record = case.record();
    let tries: Vec<&Operation> =
        record.operations.iter().rev().filter(|operation| operation.kind.is_opening()).collect();
    let several = tries.len() > 1;
    let group = |(turn, operation): (usize, &&Operation)| {
        let facts = of_opening(systems, case, operation, lang);
        if !several {
            return Group::of(facts);
        }
        let number = tries.len() - turn;
        let state = said::operation_state(operation.state, lang);
        Group::titled(format!("{} {number}: {state}", lang.pick("Попытка", "Try")), facts)
    };
    tries.iter().enumerate().map(group).collect()
}

fn of_opening(
    systems: &[(String, i64)],
    case: &Case,
    operation: &Operation,
    lang: Lang,
) -> Vec<Fact> {
    let facts = &operation.provider;
    let card = operation.card.as_ref();
    let customer = &case.record().payment.details.customer;
    let own = vec![
        Fact::new(Key::Operation, operation.id.to_string(), lang),
        Fact::new(Key::PsId, system(systems, &operation.account), lang),
        Fact::new(Key::Method, said::method(operation.method, lang), lang),
    ];
    let of_card = vec![
        Fact::maybe(Key::CardNumber, card.map(|card| card.mask.clone()), lang),
        Fact::maybe(Key::CardBrand, card.and_then(|card| card.brand).map(brand), lang),
        Fact::maybe(
            Key::Expiry,
            card.map(|card| format!("{:02}/{}", card.expiry.month(), card.expiry.year())),
            lang,
        ),
        Fact::maybe(Key::Holder, card.and_then(|card| card.holder.clone()), lang),
    ];
    let of_bank = vec![
        Fact::maybe(Key::UniqueId, facts.payment_id.clone(), lang),
        Fact::maybe(Key::Rrn, facts.rrn.clone(), lang),
        Fact::maybe(Key::ApprovalCode, facts.auth_code.clone(), lang),
        Fact::maybe(Key::ThreeDs, three_ds(operation), lang),
        Fact::new(Key::IsCaptured, is_captured(case, operation, lang), lang),
        Fact::at(Key::CaptureAt, case.offers.capture_at, lang),
        Fact::maybe(Key::BankId, None::<String>, lang),
    ];
    let of_payer = vec![
        Fact::maybe(Key::Account, customer.account_id.clone(), lang),
        Fact::maybe(Key::ClientIp, customer.ip_address.clone(), lang),
    ];
    let mut shown = own;
    if card.is_some() {
        shown.extend(of_card);
    }
    shown.extend(of_bank);
    shown.extend(of_payer);
    shown
}

/// `127 — alfa`
fn system(systems: &[(String, i64)], account: &str) -> String {
    let known = systems.iter().find(|(name, _)| name == account);
    known.map_or_else(|| account.to_owned(), |(name, number)| format!("{number} — {name}"))
}

fn three_ds(operation: &Operation) -> Option<String> {
    let eci = operation.provider.eci.as_ref().map(|eci| format!("ECI {eci}"));
    let step = operation.authentication.as_ref().map(|step| step.step.as_str().to_owned());
    let said: Vec<String> = [eci, step].into_iter().flatten().collect();
    (!said.is_empty()).then(|| said.join(", "))
}

fn is_captured(case: &Case, operation: &Operation, lang: Lang) -> &'static str {
    let payment = &case.record().payment;
    let is_last = case.record().opening().is_some_and(|opening| opening.id == operation.id);
    if !is_last || payment.captured.is_zero() {
        let held = is_last && payment.state == PaymentState::Authorized;
        return if held {
            lang.pick("нет, деньги удержаны", "no, the money is held")
        } else {
            lang.pick("нет", "no")
        };
    }
    let partly = operation.kind == OperationKind::Authorization
        && payment.captured.minor() < payment.authorized.minor();
    if partly {
        lang.pick("да, частично", "yes, a part")
    } else {
        lang.pick("да", "yes")
    }
}
