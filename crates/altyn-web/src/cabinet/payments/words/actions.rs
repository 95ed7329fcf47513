//! What an action will do, said before it, and why it was not done, said after.

use altyn_app::cabinet::ActionError;
use altyn_domain::money::Amount;
use altyn_domain::payment::Payment;
use altyn_domain::status::Status;

use crate::cabinet::words;
use crate::format::money;
use crate::lang::Lang;

/// What the payment comes to when this refund is done.
pub fn after_refund(payment: &Payment, amount: Amount, lang: Lang) -> String {
    let returned = payment.refunded.plus(amount).unwrap_or(payment.captured);
    let all = returned.minor() >= payment.captured.minor();
    let end = if all { Status::Refunded } else { Status::PartiallyRefunded };
    let (now, end) = (words::status(Status::Refunding, lang), words::status(end, lang));
    let sum = money(amount, lang);
    match lang {
        Lang::Russian => format!(
            "Плательщику вернётся {sum}. Статус станет «{now}», после ответа банка — «{end}». \
             Отменить возврат будет нельзя."
        ),
        Lang::English => format!(
            "The payer gets {sum} back. The status becomes “{now}”, and “{end}” when the bank has \
             answered. A refund cannot be taken back."
        ),
    }
}

/// What a capture does.
pub fn will_capture(held: Amount, amount: Amount, lang: Lang) -> String {
    let sum = money(amount, lang);
    let rest = held.minus(amount).ok().filter(|rest| !rest.is_zero());
    let rest = rest.map(|rest| money(rest, lang));
    match (lang, rest) {
        (Lang::Russian, None) => {
            format!("С карты плательщика спишется {sum}. После этого деньги можно только вернуть.")
        }
        (Lang::Russian, Some(rest)) => format!(
            "С карты плательщика спишется {sum}, остаток {rest} разблокируется. \
             После этого деньги можно только вернуть."
        ),
        (Lang::English, None) => {
            format!("{sum} is taken from the payer’s card. It can only be refunded then.")
        }
        (Lang::English, Some(rest)) => format!(
            "{sum} is taken from the payer’s card, and {rest} is released. \
             What is taken can only be refunded then."
        ),
    }
}

/// What the release of a hold does.
pub fn will_void(held: Amount, lang: Lang) -> String {
    let sum = money(held, lang);
    let end = words::status(Status::Canceled, lang);
    match lang {
        Lang::Russian => format!(
            "Удержанные {sum} разблокируются на карте плательщика. Статус станет «{end}». \
             Списать их по этому платежу будет нельзя."
        ),
        Lang::English => format!(
            "The held {sum} is released on the payer’s card. The status becomes “{end}”. \
             It cannot be captured any more."
        ),
    }
}

/// Why an action was not carried out, and what to do.
pub fn action_error(error: &ActionError, lang: Lang) -> String {
    match error {
        ActionError::NotFound => {
            lang.pick("Такого платежа нет.", "There is no such payment.").into()
        }
        ActionError::Denied(_) => {
            lang.pick("У вас нет права на это действие.", "You have no right to do this.").into()
        }
        ActionError::NotOffered => lang
            .pick(
                "Сейчас это действие недоступно: платёж изменился. Откройте его ещё раз.",
                "This is not possible now: the payment has changed. Open it again.",
            )
            .into(),
        ActionError::Amount { most } if most.is_zero() => {
            lang.pick("Возвращать больше нечего.", "Nothing is left.").into()
        }
        ActionError::Amount { most } => {
            let most = money(*most, lang);
            match lang {
                Lang::Russian => format!("Сумма — больше нуля и не больше {most}."),
                Lang::English => format!("The sum is more than zero and at most {most}."),
            }
        }
        ActionError::WholeOnly => lang
            .pick(
                "Этим способом оплаты можно вернуть только всю сумму.",
                "By this method only the whole sum can be returned.",
            )
            .into(),
        ActionError::Position(index) => {
            let place = index.saturating_add(1);
            match lang {
                Lang::Russian => format!(
                    "Позиция {place}: укажите количество больше нуля и не больше оставшегося."
                ),
                Lang::English => {
                    format!("Position {place}: give a quantity above zero, at most what is left.")
                }
            }
        }
        ActionError::NoReason => {
            lang.pick("Укажите, на чём это основано.", "Say what this rests on.").into()
        }
        ActionError::Failure(_) => lang
            .pick(
                "Не получилось записать действие. Проверьте платёж и попробуйте ещё раз.",
                "The action could not be written. Look at the payment and try again.",
            )
            .into(),
    }
}
