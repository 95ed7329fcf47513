//! Leaving for the bank: to pay there, to confirm there, or to let it look at the browser first.

use askama::Template;

use super::{Bill, Frame, Href, Post};
use crate::payment_page::words;

/// Where the payer is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Alfa-Bank's page, to pay there.
    AlfaClick,
    /// The partner's page, to pay there.
    Partner,
    /// The bank that issued the card, to confirm there (3-D Secure).
    CardBank,
}

/// One sentence, one button; the script presses it.
#[derive(Template)]
#[template(path = "pay/leaving.html")]
pub struct Leaving<'a> {
    /// Around it.
    pub frame: Frame<'a>,
    /// What is paid.
    pub bill: Bill<'a>,
    /// To whom.
    pub place: Place,
    /// Where.
    pub to: Href<'a>,
    /// What is posted there; `None` is followed as a link.
    pub fields: Option<&'a [(&'a str, &'a str)]>,
}

impl Leaving<'_> {
    fn state(&self) -> &'static str {
        match self.place {
            Place::AlfaClick | Place::Partner => "leaving",
            Place::CardBank => "challenge",
        }
    }

    fn title(&self) -> &'static str {
        let (russian, english) = match self.place {
            Place::AlfaClick => ("Переходим в Альфа-Банк", "Going to Alfa-Bank"),
            Place::Partner => ("Переходим на страницу партнёра", "Going to the partner’s page"),
            Place::CardBank => ("Подтвердите платёж в банке", "Confirm the payment at your bank"),
        };
        self.frame.lang.pick(russian, english)
    }

    fn sentence(&self) -> &'static str {
        let (russian, english) = match self.place {
            Place::AlfaClick => (
                "Оплатите на странице Альфа-Банка — после этого вы вернётесь сюда.",
                "Pay on Alfa-Bank’s page; after that you come back here.",
            ),
            Place::Partner => (
                "Оплатите на странице партнёра — после этого вы вернётесь сюда.",
                "Pay on the partner’s page; after that you come back here.",
            ),
            Place::CardBank => (
                "Банк, выпустивший карту, попросит код из сообщения или подтверждение в \
                 приложении — после этого вы вернётесь сюда.",
                "The bank that issued the card will ask for a code or for a confirmation in its \
                 app; after that you come back here.",
            ),
        };
        self.frame.lang.pick(russian, english)
    }

    fn button(&self) -> &'static str {
        let (russian, english) = match self.place {
            Place::AlfaClick => ("Перейти в Альфа-Банк", "Go to Alfa-Bank"),
            Place::Partner => ("Перейти к партнёру", "Go to the partner"),
            Place::CardBank => ("Перейти в банк", "Go to the bank"),
        };
        self.frame.lang.pick(russian, english)
    }

    fn sum(&self) -> String {
        words::money(self.bill.amount, self.frame.lang)
    }
}

/// The device check of 3-D Secure 2: the bank's page runs unseen for some seconds.
///
/// The script posts `check` into the hidden frame and then `done`, with `completed=1` when a page
/// of ours has come up in the frame and `completed=0` after ten seconds. Without script the payer
/// presses the button, and `completed=0` goes.
#[derive(Template)]
#[template(path = "pay/fingerprint.html")]
pub struct Fingerprint<'a> {
    /// Around it.
    pub frame: Frame<'a>,
    /// What is paid.
    pub bill: Bill<'a>,
    /// What the bank wants posted to it.
    pub check: Post<'a>,
    /// Where to go on.
    pub done: Post<'a>,
}

impl Fingerprint<'_> {
    fn state(&self) -> &'static str {
        "fingerprint"
    }

    fn title(&self) -> &'static str {
        self.frame.lang.pick("Связываемся с банком", "Contacting the bank")
    }

    fn sum(&self) -> String {
        words::money(self.bill.amount, self.frame.lang)
    }
}
