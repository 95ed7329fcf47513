//! Pages of no payment: a link that was refused, and an address that leads nowhere.

use askama::Template;

use super::Frame;

/// The shop's link could not be accepted. Nothing is kept of it: the code says it all to whoever
/// may open it.
#[derive(Template)]
#[template(path = "pay/refused.html")]
pub struct Refused<'a> {
    /// Around it.
    pub frame: Frame<'a>,
    /// Sealed facts for the merchant, about a hundred characters, if they could be sealed.
    pub code: Option<&'a str>,
}

impl Refused<'_> {
    fn state(&self) -> &'static str {
        "refused"
    }

    fn title(&self) -> &'static str {
        self.frame
            .lang
            .pick("Не удалось открыть страницу оплаты", "The payment page cannot be opened")
    }

    /// Where a line may break; what is copied is the code itself.
    fn groups(&self) -> Vec<&str> {
        self.code.unwrap_or_default().split_inclusive('-').collect()
    }
}

/// Nothing is at this address, or no longer.
#[derive(Template)]
#[template(path = "pay/gone.html")]
pub struct Gone<'a> {
    /// Around it.
    pub frame: Frame<'a>,
}

impl Gone<'_> {
    fn state(&self) -> &'static str {
        "gone"
    }

    fn title(&self) -> &'static str {
        self.frame.lang.pick("Такой страницы оплаты нет", "There is no such payment page")
    }
}
