//! The screens of the Payment Page, as pure functions of what they show.
//!
//! Each screen is a struct of typed values that renders to HTML. Everything works without script;
//! nothing on a page is inline script or style, so that the strictest policy can stand. Text is
//! escaped by the templates; an address is an [`Href`], which cannot be script.
//!
//! What a page needs from its policy: its own origin for style, script, images and `connect-src`;
//! `form-action` for wherever its forms lead; for [`Fingerprint`] also `frame-src` for the bank and
//! ourselves.

mod choose;
mod closed;
mod fields;
mod leave;
mod live;
mod outcome;
#[cfg(test)]
mod tests;

use altyn_domain::money::Amount;
use altyn_domain::time::Timestamp;

use crate::lang::Lang;
use crate::payment_page::words;

pub use choose::{Choose, Decline, Offer};
pub use closed::{Gone, Refused};
pub use fields::{Fault, Field, FieldError};
pub use leave::{Fingerprint, Leaving, Place};
pub use live::{Instruction, Live, Waiting};
pub use outcome::{AutoReturn, Meaning, Outcome, Paid};

/// The stylesheet of these pages.
pub const STYLE: &str = include_str!("../../static/pay.css");
/// Their script.
pub const SCRIPT: &str = include_str!("../../static/pay.js");

/// An address that is safe to follow: `http(s)` or a place of our own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Href<'a>(&'a str);

impl<'a> Href<'a> {
    /// Our own front.
    pub const ROOT: Href<'static> = Href("/");

    /// Refuses every other scheme, and what a browser would read as another host's or script.
    pub fn new(address: &'a str) -> Option<Self> {
        let clean = !address.chars().any(|c| c.is_control() || c.is_whitespace() || c == '\\');
        let own = address.starts_with(['/', '?']) && !address.starts_with("//");
        let scheme = address.split_once("://").map(|(scheme, _)| scheme);
        let web = scheme.is_some_and(|scheme| {
            scheme.eq_ignore_ascii_case("https") || scheme.eq_ignore_ascii_case("http")
        });
        (clean && (own || web)).then_some(Self(address))
    }

    /// As given.
    pub const fn as_str(self) -> &'a str {
        self.0
    }
}

impl std::fmt::Display for Href<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0)
    }
}

/// What every screen has around it.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    /// The language of the words.
    pub lang: Lang,
    /// This page in the other language.
    pub other_language: Option<Href<'a>>,
    /// Who is paid; nobody on a page that belongs to no payment.
    pub shop: Option<Shop<'a>>,
    /// A test project: no money moves.
    pub test: bool,
    /// Where the stylesheet is.
    pub style: Href<'a>,
    /// Where the script is.
    pub script: Href<'a>,
    /// Opened inside a page of the shop, so that links have to leave the frame.
    pub framed: bool,
    /// The result as JSON, for the shop's page around the frame.
    pub result: Option<&'a str>,
}

/// Who is paid.
#[derive(Clone, Copy, Debug)]
pub struct Shop<'a> {
    /// Its name.
    pub name: &'a str,
    /// Where a payer may ask: an e-mail address or a telephone number.
    pub support: Option<&'a str>,
}

impl Shop<'_> {
    /// Stands where others have a logo.
    fn initial(&self) -> String {
        let first = self.name.chars().find(|c| c.is_alphanumeric()).unwrap_or('₽');
        first.to_uppercase().collect()
    }

    /// Where the support's address leads, if it is one.
    fn support_link(&self) -> Option<String> {
        let text = self.support?;
        let plain =
            !text.chars().any(|c| c.is_control() || c.is_whitespace() || "?&%:".contains(c));
        if plain && text.contains('@') {
            return Some(format!("mailto:{text}"));
        }
        let digits: String = text.chars().filter(char::is_ascii_digit).collect();
        let phone = text.chars().all(|c| c.is_ascii_digit() || " ()+-".contains(c));
        (phone && digits.len() > 4).then(|| format!("tel:+{digits}"))
    }
}

/// What is paid.
#[derive(Clone, Copy, Debug)]
pub struct Bill<'a> {
    /// How much.
    pub amount: Amount,
    /// What for; may be empty.
    pub description: &'a str,
    /// The shop's number of the order.
    pub order: &'a str,
}

/// A moment for people and for machines.
struct Time {
    machine: String,
    words: String,
}

impl Time {
    fn of(at: Timestamp, lang: Lang) -> Self {
        Self { machine: words::machine_moment(at), words: words::moment(at, lang) }
    }
}

/// Where a form leads, and what it carries unseen.
#[derive(Clone, Copy, Debug)]
pub struct Post<'a> {
    /// Where.
    pub action: Href<'a>,
    /// Names and values.
    pub hidden: &'a [(&'a str, &'a str)],
}
