//! Payments: states, kinds of operations, the books, callbacks.

use altyn_app::callback::CallbackState;
use altyn_domain::callback::CallbackDialect;
use altyn_domain::ledger::{Account, PostingKind};
use altyn_domain::payment::{OperationKind, OperationState, PaymentState};

use crate::lang::Lang;

/// What an operation is.
pub fn kind(kind: OperationKind, lang: Lang) -> &'static str {
    match kind {
        OperationKind::Sale => lang.pick("Оплата", "Sale"),
        OperationKind::Authorization => lang.pick("Авторизация", "Authorization"),
        OperationKind::Capture => lang.pick("Списание", "Capture"),
        OperationKind::Void => lang.pick("Снятие удержания", "Void"),
        OperationKind::Refund => lang.pick("Возврат", "Refund"),
    }
}

/// How far an operation has come.
pub fn operation_state(state: OperationState, lang: Lang) -> &'static str {
    match state {
        OperationState::Accepted => lang.pick("Принята", "Accepted"),
        OperationState::Clarifying => lang.pick("Ждёт данных магазина", "Awaiting shop’s data"),
        OperationState::Sending => lang.pick("Отправляется в банк", "Being sent to the bank"),
        OperationState::Unknown => lang.pick("Итог неизвестен", "Outcome unknown"),
        OperationState::Redirected => lang.pick("Плательщик у банка", "Payer at the bank"),
        OperationState::Instructed => lang.pick("Счёт выставлен", "Bill issued"),
        OperationState::Authenticating => lang.pick("Проверка 3-D Secure", "3-D Secure"),
        OperationState::Pending => lang.pick("В обработке у банка", "Pending at the bank"),
        OperationState::Approved => lang.pick("Выполнена", "Done"),
        OperationState::Declined => lang.pick("Отклонена", "Declined"),
        OperationState::Rejected => lang.pick("Не принята", "Rejected"),
    }
}

/// What became of an operation, as a notification tells it: `Возврат выполнен`.
pub fn told(kind: OperationKind, state: OperationState, lang: Lang) -> String {
    let ended = match state {
        OperationState::Approved => Some(approved(kind, lang)),
        OperationState::Declined => Some(declined(kind, lang)),
        OperationState::Rejected => Some(rejected(kind, lang)),
        OperationState::Accepted
        | OperationState::Clarifying
        | OperationState::Sending
        | OperationState::Unknown
        | OperationState::Redirected
        | OperationState::Instructed
        | OperationState::Authenticating
        | OperationState::Pending => None,
    };
    ended.map_or_else(
        || format!("{}: {}", self::kind(kind, lang), lower_first(operation_state(state, lang))),
        str::to_owned,
    )
}

fn approved(kind: OperationKind, lang: Lang) -> &'static str {
    match kind {
        OperationKind::Sale => lang.pick("Оплата прошла", "Sale done"),
        OperationKind::Authorization => lang.pick("Деньги удержаны", "Money held"),
        OperationKind::Capture => lang.pick("Деньги списаны", "Money captured"),
        OperationKind::Void => lang.pick("Удержание снято", "Hold released"),
        OperationKind::Refund => lang.pick("Возврат выполнен", "Refund done"),
    }
}

fn declined(kind: OperationKind, lang: Lang) -> &'static str {
    match kind {
        OperationKind::Sale => lang.pick("Оплата отклонена", "Sale declined"),
        OperationKind::Authorization => {
            lang.pick("Авторизация отклонена", "Authorization declined")
        }
        OperationKind::Capture => lang.pick("Списание отклонено", "Capture declined"),
        OperationKind::Void => lang.pick("Снятие удержания отклонено", "Void declined"),
        OperationKind::Refund => lang.pick("Возврат отклонён", "Refund declined"),
    }
}

fn rejected(kind: OperationKind, lang: Lang) -> &'static str {
    match kind {
        OperationKind::Sale => lang.pick("Оплата не принята", "Sale rejected"),
        OperationKind::Authorization => {
            lang.pick("Авторизация не принята", "Authorization rejected")
        }
        OperationKind::Capture => lang.pick("Списание не принято", "Capture rejected"),
        OperationKind::Void => lang.pick("Снятие удержания не принято", "Void rejected"),
        OperationKind::Refund => lang.pick("Возврат не принят", "Refund rejected"),
    }
}

/// A name within a sentence.
pub fn lower_first(text: &str) -> String {
    let mut rest = text.chars();
    let first = rest.next().map(|first| first.to_lowercase().to_string()).unwrap_or_default();
    format!("{first}{}", rest.as_str())
}

/// How a payment stands, in our own words.
pub fn payment_state(state: PaymentState, lang: Lang) -> &'static str {
    match state {
        PaymentState::Processing => lang.pick("Обрабатывается", "Processing"),
        PaymentState::AwaitingClarification => {
            lang.pick("Ждёт данных магазина", "Awaiting shop’s data")
        }
        PaymentState::AwaitingRedirect => lang.pick("Плательщик у банка", "Payer at the bank"),
        PaymentState::AwaitingCustomer => lang.pick("Ждёт плательщика", "Awaiting the payer"),
        PaymentState::AwaitingAuthentication => lang.pick("Проверка 3-D Secure", "3-D Secure"),
        PaymentState::Authorized => lang.pick("Деньги удержаны", "Money held"),
        PaymentState::Voided => lang.pick("Удержание снято", "Hold released"),
        PaymentState::Paid => lang.pick("Оплачен", "Paid"),
        PaymentState::PartiallyRefunded => lang.pick("Возвращён частично", "Partially refunded"),
        PaymentState::Refunded => lang.pick("Возвращён", "Refunded"),
        PaymentState::Declined => lang.pick("Отклонён", "Declined"),
        PaymentState::Rejected => lang.pick("Не принят", "Rejected"),
    }
}

/// An account of the books.
pub fn account(account: Account, lang: Lang) -> &'static str {
    match account {
        Account::ProviderReceivable => lang.pick("Расчёты с банком", "Provider receivable"),
        Account::MerchantPayable => lang.pick("Расчёты с магазином", "Merchant payable"),
        Account::FeeIncome => lang.pick("Доход от комиссии", "Fee income"),
        Account::Suspense => lang.pick("Невыясненные суммы", "Suspense"),
    }
}

/// What a posting records.
pub fn posting(kind: PostingKind, lang: Lang) -> &'static str {
    match kind {
        PostingKind::Sale => lang.pick("Оплата", "Sale"),
        PostingKind::Capture => lang.pick("Списание", "Capture"),
        PostingKind::Refund => lang.pick("Возврат", "Refund"),
        PostingKind::LateMoney => lang.pick("Деньги после отказа", "Late money"),
    }
}

/// Where a callback stands.
pub fn callback_state(state: CallbackState, lang: Lang) -> &'static str {
    match state {
        CallbackState::Owed => lang.pick("Отправляется", "On its way"),
        CallbackState::Delivered => lang.pick("Доставлено", "Delivered"),
        CallbackState::GivenUp => lang.pick("Не доставлено", "Not delivered"),
    }
}

/// Why a try to notify came to nothing, in a few words; what the network says beyond them stands on
/// the page of the notification, as it is.
pub fn try_error(error: &str, lang: Lang) -> &str {
    let known = [
        ("no whole answer within", "нет полного ответа вовремя", "no whole answer in time"),
        ("Connection refused", "соединение отклонено", "connection refused"),
        ("Connection reset", "соединение оборвано", "connection reset"),
        ("connection closed", "соединение закрыто без ответа", "connection closed, no answer"),
        ("the name has no address", "имя сайта не найдено", "the host was not found"),
        ("is not public", "внутренний адрес, не разрешён", "a private address, not allowed"),
        ("certificate", "сертификат не подходит", "the certificate does not fit"),
    ];
    let found = known.iter().find(|(stored, ..)| error.contains(stored));
    found.map_or(error, |(_, russian, english)| lang.pick(*russian, *english))
}

/// How a merchant expects callbacks.
pub fn dialect(dialect: CallbackDialect, lang: Lang) -> &'static str {
    match dialect {
        CallbackDialect::Ecommpay => {
            lang.pick("Подписанный JSON (ECommPay)", "Signed JSON (ECommPay)")
        }
        CallbackDialect::Paykeeper => {
            lang.pick("POST-форма с ответом OK (PayKeeper)", "POST form answered OK (PayKeeper)")
        }
    }
}
