//! What the Payment Page says: methods, faults and reasons, in both languages.
//!
//! No word here is a decision: whether a payment may be tried again, or a field is right, is
//! decided elsewhere and only said here.

mod reasons;
#[cfg(test)]
mod tests;

use altyn_domain::card::CardBrand;
use altyn_domain::method::Method;

use crate::lang::Lang;

pub use crate::format::{machine_moment, moment, money, plural, span, units};
pub use reasons::{Said, nothing_was_taken, reason};

/// What a method is called.
pub fn method(method: Method, lang: Lang) -> &'static str {
    match method {
        Method::Card => lang.pick("Банковская карта", "Bank card"),
        Method::AlfaClick => lang.pick("Альфа-Клик", "Alfa-Click"),
        Method::CardPartner => lang.pick("Карта через партнёра", "Card via a partner"),
    }
}

/// What a method is, in half a sentence.
pub fn method_note(method: Method, lang: Lang) -> &'static str {
    match method {
        Method::Card => lang.pick("Данные карты — здесь", "Card details on this page"),
        Method::AlfaClick => lang.pick("Интернет-банк Альфа-Банка", "Alfa-Bank internet banking"),
        Method::CardPartner => {
            lang.pick("Данные карты — у партнёра", "Card details on the partner’s page")
        }
    }
}

/// The name of a card scheme, as it writes itself.
pub const fn brand(brand: CardBrand) -> &'static str {
    match brand {
        CardBrand::Mir => "Мир",
        CardBrand::Visa => "Visa",
        CardBrand::Mastercard => "Mastercard",
        CardBrand::Maestro => "Maestro",
        CardBrand::Amex => "American Express",
        CardBrand::Jcb => "JCB",
        CardBrand::UnionPay => "UnionPay",
        CardBrand::Diners => "Diners Club",
    }
}
