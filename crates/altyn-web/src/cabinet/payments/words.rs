//! What the section «Платежи» says: what a status means, what happened, what is wrong with a field,
//! what an action will do, what a parameter is.

mod actions;
mod faults;
mod params;

use altyn_domain::payment::{OperationEvent, OperationState, PaymentState};
use altyn_domain::reason::Reason;
use altyn_domain::status::Status;

use crate::cabinet::words;
use crate::lang::Lang;

pub use actions::{action_error, after_refund, will_capture, will_void};
pub use faults::{problem, sum_fault};
pub use params::{About, Key, about};

/// The status as the list shows it: a hold is said beside it (paykeeper.md §4: «Получен,
/// авторизован»).
pub fn status_and_hold(status: Status, state: PaymentState, lang: Lang) -> String {
    let word = words::status(status, lang);
    if state == PaymentState::Authorized {
        return format!("{word}, {}", lang.pick("авторизован", "on hold"));
    }
    word.to_owned()
}

/// What a status means, in a sentence (seed 000).
pub fn status_about(status: Status, lang: Lang) -> &'static str {
    let (russian, english) = match status {
        Status::Pending => (
            "Плательщик перешёл к оплате; результата ещё нет.",
            "The payer went on to pay; there is no result yet.",
        ),
        Status::Obtained => (
            "Транзакция прошла без ошибок; оповещение магазину ещё не принято.",
            "The transaction went through; the shop has not taken the word of it yet.",
        ),
        Status::Canceled => (
            "Плательщик нажал «Отмена», или удержание снято. Денег не взято.",
            "The payer pressed “Cancel”, or the hold was released. No money was taken.",
        ),
        Status::Success => (
            "Транзакция прошла, и магазин принял оповещение о ней.",
            "The transaction went through, and the shop has taken the word of it.",
        ),
        Status::Failed => (
            "Транзакция отклонена. Денег не взято.",
            "The transaction was declined. No money was taken.",
        ),
        Status::Stuck => (
            "Деньги получены, но магазин не удалось оповестить.",
            "The money was obtained, but the shop could not be told.",
        ),
        Status::Refunded => {
            ("Вся сумма возвращена плательщику.", "The whole sum was returned to the payer.")
        }
        Status::Refunding => (
            "Запрос на возврат отправлен в банк; ответ должен прийти в течение часа.",
            "The bank was asked to refund; its answer is due within an hour.",
        ),
        Status::PartiallyRefunded => {
            ("Часть суммы возвращена плательщику.", "A part of the sum was returned to the payer.")
        }
    };
    lang.pick(russian, english)
}

/// How a refund stands.
pub fn refund_state(state: OperationState, lang: Lang) -> &'static str {
    let (russian, english) = match state {
        OperationState::Accepted => ("Принят, ждёт отправки", "Accepted, to be sent"),
        OperationState::Unknown => ("Ответ банка не получен", "The bank’s answer is not known"),
        OperationState::Approved => ("Выполнен", "Done"),
        OperationState::Declined => ("Отклонён", "Declined"),
        OperationState::Rejected => ("Не принят", "Rejected"),
        OperationState::Clarifying
        | OperationState::Sending
        | OperationState::Redirected
        | OperationState::Instructed
        | OperationState::Authenticating
        | OperationState::Pending => ("В банке", "At the bank"),
    };
    lang.pick(russian, english)
}

/// What happened to an operation; `None` is its beginning.
pub fn event(event: Option<OperationEvent>, lang: Lang) -> &'static str {
    let Some(event) = event else {
        return lang.pick("Операция принята", "Accepted");
    };
    let (russian, english) = match event {
        OperationEvent::Clarify => ("Не хватает данных от магазина", "The shop’s data is missing"),
        OperationEvent::Clarified => ("Магазин прислал данные", "The shop sent the data"),
        OperationEvent::ClarificationTimedOut => {
            ("Магазин не прислал данные вовремя", "The shop did not send the data in time")
        }
        OperationEvent::Reject => ("Запрос не принят по правилам", "Refused by the rules"),
        OperationEvent::Send => ("Отправка в банк", "Sent to the bank"),
        OperationEvent::Redirect => ("Банк ждёт плательщика", "The bank waits for the payer"),
        OperationEvent::Instruct => ("Банк выставил счёт", "The bank billed the payer"),
        OperationEvent::Authenticate => {
            ("Банк просит пройти 3-D Secure", "The bank asks for 3-D Secure")
        }
        OperationEvent::Pend => ("Банк ответит позже", "The bank will answer later"),
        OperationEvent::NotSent => ("Запрос до банка не дошёл", "The bank was not reached"),
        OperationEvent::LoseTrack => ("Ответ банка потерян", "The bank’s answer was lost"),
        OperationEvent::Approve => ("Банк выполнил", "The bank did it"),
        OperationEvent::Decline => ("Отклонено", "Declined"),
    };
    lang.pick(russian, english)
}

/// What a call to a provider came to, by its stable word; an unknown word stands for itself.
pub fn outcome(word: &str, lang: Lang) -> &str {
    match word {
        "redirect" => lang.pick("банк ждёт плательщика", "the bank waits for the payer"),
        "authenticate" => lang.pick("нужен 3-D Secure", "3-D Secure is asked for"),
        "instruct" => lang.pick("счёт выставлен", "the payer was billed"),
        "approved" => lang.pick("выполнено", "done"),
        "declined" => lang.pick("отклонено", "declined"),
        "pending" => lang.pick("обрабатывается", "being handled"),
        "not_sent" => lang.pick("не дошло до банка", "did not reach the bank"),
        "unknown" => lang.pick("ответа нет", "no answer"),
        other => other,
    }
}

/// Why money was not returned; what is said of a payment does not all fit a refund.
pub fn refund_reason(reason: Reason, lang: Lang) -> &'static str {
    if reason == Reason::GeneralDecline {
        return lang.pick("Банк не назвал причину.", "The bank gave no reason.");
    }
    self::reason(reason, lang)
}

/// Why no money was taken, said to whom it did not happen.
pub fn reason(reason: Reason, lang: Lang) -> &'static str {
    if reason == Reason::CancelledByPayer {
        return lang.pick("Плательщик отменил оплату.", "The payer cancelled the payment.");
    }
    words::reason(reason, lang)
}

#[cfg(test)]
mod tests;
