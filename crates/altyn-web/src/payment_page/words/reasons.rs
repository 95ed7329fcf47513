//! Every reason for which money did not move, in words a payer understands.
//!
//! The compiler asks for words when the domain learns a new reason.

use altyn_domain::reason::Reason;

use crate::lang::Lang;

/// A reason said to a payer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Said {
    /// What happened, a sentence.
    pub what: &'static str,
    /// What to do now, a sentence.
    pub advice: &'static str,
}

type Both = (&'static str, &'static str);

const OTHER_CARD: Both =
    ("Попробуйте другую карту или другой способ.", "Try another card or another way to pay.");
const ASK_BANK: Both = (
    "Причину знает ваш банк. Попробуйте другую карту или другой способ.",
    "Your bank knows why. Try another card or another way to pay.",
);
const ASK_SHOP: Both = (
    "Вернитесь в магазин и сообщите ему код ошибки.",
    "Return to the shop and tell it the error code.",
);
const OTHER_WAY: Both = (
    "Выберите другой способ оплаты или вернитесь в магазин.",
    "Choose another way to pay, or return to the shop.",
);
const AGAIN: Both = ("Попробуйте ещё раз.", "Try again.");
const LATER: Both = (
    "Попробуйте через несколько минут или выберите другой способ.",
    "Try again in a few minutes, or choose another way to pay.",
);

macro_rules! said {
    ($($name:ident: $russian:literal, $english:literal, $advice:expr;)+) => {
        /// What happened and what to do.
        pub fn reason(reason: Reason, lang: Lang) -> Said {
            let (what, advice): (Both, Both) = match reason {
                $(Reason::$name => (($russian, $english), $advice),)+
            };
            Said { what: lang.pick(what.0, what.1), advice: lang.pick(advice.0, advice.1) }
        }
    };
}

said! {
    GeneralDecline:
        "Банк отклонил платёж.",
        "The bank declined the payment.",
        ASK_BANK;
    InsufficientFunds:
        "Банк отклонил платёж: недостаточно средств.",
        "The bank declined the payment: not enough money.",
        ("Попробуйте другую карту или пополните счёт.", "Try another card, or top up the account.");
    CancelledByPayer:
        "Вы отменили оплату.",
        "You cancelled the payment.",
        ("Если передумаете, начните ещё раз.", "If you change your mind, start again.");
    PayerTimedOut:
        "Время на оплату вышло.",
        "The time to pay ran out.",
        AGAIN;
    ClarificationTimedOut:
        "Магазин не успел передать данные, нужные для оплаты.",
        "The shop did not send the data needed for the payment in time.",
        ("Начните оплату в магазине заново.", "Start the payment in the shop again.");
    LimitExceeded:
        "Банк отклонил платёж: превышен лимит на сумму или число покупок.",
        "The bank declined the payment: a limit on the sum or number of purchases is reached.",
        (
            "Измените лимит в приложении банка или попробуйте другую карту.",
            "Change the limit in your bank’s app, or try another card.",
        );
    AccountRestricted:
        "Банк отклонил платёж: счёт закрыт или ограничен.",
        "The bank declined the payment: the account is closed or restricted.",
        ASK_BANK;
    SuspectedFraud:
        "Банк отклонил платёж из соображений безопасности.",
        "The bank declined the payment for security reasons.",
        (
            "Позвоните в банк по номеру на карте или попробуйте другую карту.",
            "Call your bank by the number on the card, or try another card.",
        );
    WrongAmountPaid:
        "Оплачена не та сумма, поэтому заказ не оплачен.",
        "Another sum was paid than was asked, so the order is not paid.",
        (
            "Обратитесь в магазин: он поможет вернуть деньги.",
            "Contact the shop: it will help to return the money.",
        );
    ProviderRefusedData:
        "Банк не принял данные платежа.",
        "The bank did not accept the payment’s data.",
        (
            "Проверьте, что вы ввели, или выберите другой способ.",
            "Check what you entered, or choose another way to pay.",
        );
    ProviderUnavailable:
        "Сейчас этот способ оплаты недоступен.",
        "This way to pay is not available now.",
        LATER;
    IssuerUnavailable:
        "Банк, выпустивший карту, не отвечает.",
        "The bank that issued the card does not answer.",
        LATER;
    AuthenticationFailed:
        "Платёж не подтверждён: банк не получил верный код.",
        "The payment was not confirmed: the bank did not get the right code.",
        (
            "Попробуйте ещё раз или возьмите другую карту.",
            "Try again, or use another card.",
        );
    WrongCardData:
        "Банк не узнал карту: номер, срок или код введены с ошибкой.",
        "The bank does not know the card: its number, date or code is wrong.",
        ("Проверьте данные карты и попробуйте ещё раз.", "Check the card’s details and try again.");
    CardExpired:
        "Срок действия карты истёк.",
        "The card has expired.",
        OTHER_CARD;
    CardBlocked:
        "Банк отклонил платёж: карта заблокирована.",
        "The bank declined the payment: the card is blocked.",
        OTHER_CARD;
    CardNotPermitted:
        "Банк не разрешает такие платежи по этой карте.",
        "The bank does not allow such payments by this card.",
        OTHER_CARD;
    Interrupted:
        "Оплата прервалась, до банка она не дошла.",
        "The payment was interrupted and did not reach the bank.",
        AGAIN;
    CaptureExceedsHold:
        "Магазин запросил больше, чем удержано.",
        "The shop asked for more than is held.",
        ASK_SHOP;
    HoldReleased:
        "Банк уже снял удержание, списывать нечего.",
        "The bank has released the hold; there is nothing to take.",
        ASK_SHOP;
    PartialVoidUnsupported:
        "Удержание можно отменить только целиком.",
        "A hold can only be released whole.",
        ASK_SHOP;
    TwoStageUnsupported:
        "Для этого способа сумму нельзя удержать заранее.",
        "By this way to pay, no sum can be held in advance.",
        OTHER_WAY;
    RefundExceedsBalance:
        "Вернуть больше, чем осталось от платежа, нельзя.",
        "No more can be returned than is left of the payment.",
        ASK_SHOP;
    RefundCurrencyMismatch:
        "Вернуть можно только в валюте платежа.",
        "Money can only be returned in the payment’s currency.",
        ASK_SHOP;
    PartialRefundUnsupported:
        "При этом способе вернуть можно только всю сумму.",
        "By this way to pay, only the whole sum can be returned.",
        ASK_SHOP;
    WrongState:
        "Этот платёж уже нельзя провести.",
        "This payment can no longer be carried out.",
        ASK_SHOP;
    AmountBelowLimit:
        "Сумма меньше, чем принимает этот способ оплаты.",
        "The sum is less than this way to pay accepts.",
        OTHER_WAY;
    AmountAboveLimit:
        "Сумма больше, чем принимает этот способ оплаты.",
        "The sum is more than this way to pay accepts.",
        OTHER_WAY;
    CurrencyUnsupported:
        "Этот способ оплаты не принимает валюту заказа.",
        "This way to pay does not take the order’s currency.",
        OTHER_WAY;
    MethodDisabled:
        "Магазин не принимает этот способ оплаты.",
        "The shop does not accept this way to pay.",
        OTHER_WAY;
}

/// Whether a payer may be told that no money was taken from him: not when he paid a wrong sum.
pub fn nothing_was_taken(reason: Reason) -> bool {
    reason != Reason::WrongAmountPaid
}
