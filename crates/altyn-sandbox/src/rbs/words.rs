//! Where an order stands, in the payer's words.

use super::card;
use super::order::{OrderState, RbsOrder};
use crate::pages::{Lang, Tone};

/// The state in the payer's words; shared with the lists of the bank and the index.
pub(crate) fn words(order: &RbsOrder, lang: Lang) -> (Tone, &'static str, &'static str) {
    match order.state {
        OrderState::Created => (
            Tone::Waiting,
            lang.pick("Создан", "Created"),
            lang.pick("Ещё не в банке.", "Not at the bank yet."),
        ),
        OrderState::Pending => (
            Tone::Waiting,
            lang.pick("Ждёт оплаты", "Waiting for payment"),
            lang.pick(
                "Счёт выставлен в банке: войдите под своим логином и оплатите его.",
                "The bill is at the bank: log in there and pay it.",
            ),
        ),
        OrderState::Authenticating => (
            Tone::Waiting,
            lang.pick("Ждёт 3-D Secure", "Waiting for 3-D Secure"),
            lang.pick(
                "Подтвердите оплату на странице банка, выпустившего карту.",
                "Confirm the payment on the page of the bank that issued the card.",
            ),
        ),
        OrderState::Approved => (
            Tone::Success,
            lang.pick("Деньги удержаны", "Money is held"),
            lang.pick(
                "Магазин спишет удержанное или отпустит его.",
                "The shop will capture what is held, or release it.",
            ),
        ),
        OrderState::PartlyTaken => (
            Tone::Success,
            lang.pick("Оплачено частично", "Paid in part"),
            lang.pick(
                "Магазин списал часть удержанного и может списать остальное.",
                "The shop has captured a part of what is held and may capture the rest.",
            ),
        ),
        OrderState::Deposited => (
            Tone::Success,
            lang.pick("Оплачено", "Paid"),
            lang.pick("Платёж проведён.", "The payment went through."),
        ),
        OrderState::Reversed => (
            Tone::Returned,
            lang.pick("Оплата отменена", "Payment reversed"),
            lang.pick(
                "Магазин отменил оплату, деньги вернулись.",
                "The shop cancelled the payment.",
            ),
        ),
        OrderState::Refunded => (
            Tone::Returned,
            lang.pick("Возвращено", "Refunded"),
            lang.pick(
                "Магазин вернул деньги целиком или частью.",
                "The shop gave back all or a part.",
            ),
        ),
        OrderState::Declined => declined(order.action_code, lang),
    }
}

/// Why nothing was taken, by actionCode.
fn declined(code: i32, lang: Lang) -> (Tone, &'static str, &'static str) {
    match code {
        super::NO_FUNDS => (
            Tone::Problem,
            lang.pick("Отклонено", "Declined"),
            lang.pick(
                "Недостаточно средств на счёте. Деньги не списаны.",
                "Not enough money on the account. Nothing was taken.",
            ),
        ),
        super::TIMED_OUT => (
            Tone::Problem,
            lang.pick("Время вышло", "Time is up"),
            lang.pick(
                "Оплату не подтвердили вовремя. Деньги не списаны, заказ можно оформить снова.",
                "The payment was not confirmed in time. Nothing was taken; you may order again.",
            ),
        ),
        code if card::reason(code, lang).is_some() => (
            Tone::Problem,
            lang.pick("Отклонено", "Declined"),
            lang.pick(
                "Деньги не списаны. Попробуйте другую карту.",
                "Nothing was taken. Try another card.",
            ),
        ),
        _ => (
            Tone::Problem,
            lang.pick("Отменено", "Cancelled"),
            lang.pick("Оплата отменена. Деньги не списаны.", "Cancelled. Nothing was taken."),
        ),
    }
}
