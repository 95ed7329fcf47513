//! The dialogs of actions: pages of their own, and the same in a layer over the list.
//!
//! Money is moved in two steps: what is asked, then what it will do. A dialog carries a key made when
//! it was drawn, so that pressing twice acts once; what was typed is kept whatever is wrong with it.

use altyn_app::cabinet::{RefundPosition, cart_of};
use altyn_app::jobs::SettledAs;
use altyn_domain::money::Amount;
use altyn_domain::payment::Operation;
use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;

use super::cart::{self, Line};
use super::case::Case;
use super::{amounts, words};
use crate::cabinet::assets::live_address;
use crate::cabinet::frame::{Frame, Section, show};
use crate::cabinet::guard::{Posted, Signed};
use crate::cabinet::words as said;
use crate::format::money;
use crate::lang::Lang;
use crate::state::Web;

/// What every dialog has.
pub struct Dialog {
    /// The language.
    pub lang: Lang,
    /// The form token.
    pub token: String,
    /// The payment's own page.
    pub address: String,
    /// The key of this dialog.
    pub key: String,
    /// Which payment, in half a line.
    pub about: String,
    /// What is wrong with the whole.
    pub error: Option<String>,
}

impl Dialog {
    /// A dialog about this payment. A key that the form brought is kept.
    pub fn new(web: &Web, signed: &Signed, case: &Case, key: &str) -> Self {
        let payment = &case.record().payment;
        let (order, sum) = (payment.reference.as_str(), money(payment.amount, signed.lang));
        Self {
            lang: signed.lang,
            token: signed.frame(web, Section::Payments).token,
            address: case.address(),
            key: if is_key(key) { key.to_owned() } else { new_key(web) },
            about: match signed.lang {
                Lang::Russian => format!("Платёж {}, заказ {order}, {sum}", payment.id),
                Lang::English => format!("Payment {}, order {order}, {sum}", payment.id),
            },
            error: None,
        }
    }
}

/// 128 unpredictable bits. Without randomness there is no key, and the dialog is asked for again.
fn new_key(web: &Web) -> String {
    let mut bytes = [0_u8; 16];
    match web.cabinet.randomness.fill(&mut bytes) {
        Ok(()) => data_encoding::HEXLOWER.encode(&bytes),
        Err(error) => {
            tracing::error!(%error, "a dialog has no key");
            String::new()
        }
    }
}

/// Whether a key can be one of ours.
pub fn is_key(key: &str) -> bool {
    key.len() == 32 && key.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// How a dialog is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// A page of its own.
    Page,
    /// A layer over the page that is there.
    Layer,
}

impl Place {
    /// What the address asks for.
    pub fn of(query: Option<&str>) -> Self {
        let asked = query.unwrap_or_default().split('&').any(|pair| pair == "part=1");
        if asked { Self::Layer } else { Self::Page }
    }
}

/// A dialog as a page of its own.
#[derive(Template)]
#[template(path = "cabinet/payments/dialog.html")]
pub struct Page {
    /// Around it.
    pub frame: Frame,
    /// What it is about.
    pub title: String,
    /// The dialog, drawn.
    pub body: String,
}

impl Page {
    fn live_script(&self) -> String {
        live_address()
    }
}

/// Shows a dialog where it was asked for.
pub fn present(
    web: &Web,
    signed: &Signed,
    (status, place): (StatusCode, Place),
    title: &str,
    body: &impl Template,
) -> Response {
    if place == Place::Layer {
        return show(status, body);
    }
    match body.render() {
        Ok(body) => {
            let frame = signed.frame(web, Section::Payments);
            show(status, &Page { frame, title: title.to_owned(), body })
        }
        Err(error) => {
            tracing::error!(%error, "a dialog could not be drawn");
            show(StatusCode::INTERNAL_SERVER_ERROR, body)
        }
    }
}

/// What a form of two steps asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// To look at what was typed and say what it will do.
    Check,
    /// To change what was typed.
    Edit,
    /// To do it.
    Confirm,
}

impl Step {
    /// What the pressed button says.
    pub fn of(posted: &Posted) -> Self {
        match posted.field("step") {
            "confirm" => Self::Confirm,
            "edit" => Self::Edit,
            _ => Self::Check,
        }
    }
}

/// What is about to be done.
pub struct Confirm {
    /// In a sentence or two.
    pub about: String,
    /// The button: a verb with its sum.
    pub button: String,
}

/// «Полный или частичный возврат платежа»
#[derive(Template)]
#[template(path = "cabinet/payments/refund.html")]
pub struct Refund {
    /// What every dialog has.
    pub dialog: Dialog,
    /// The most; nothing when no refund is offered.
    pub most: Option<Amount>,
    /// A part may be returned.
    pub part: bool,
    /// A part is chosen.
    pub is_part: bool,
    /// The sum as typed.
    pub sum: String,
    /// What is wrong with the sum.
    pub sum_error: Option<String>,
    /// The cart.
    pub lines: Vec<Line>,
    /// What is wrong with the positions.
    pub lines_error: Option<String>,
    /// Why, as typed.
    pub reason: String,
    /// The second step.
    pub confirm: Option<Confirm>,
}

impl Refund {
    /// As it is drawn first.
    pub fn new(dialog: Dialog, case: &Case) -> Self {
        let cart = case.record().opening().and_then(cart_of);
        Self {
            most: case.offers.refund,
            part: case.offers.refund_part,
            is_part: false,
            sum: String::new(),
            sum_error: None,
            lines: cart::lines(case.record(), cart.as_ref()),
            lines_error: None,
            reason: String::new(),
            confirm: None,
            dialog,
        }
    }

    /// Takes what was typed; gives the sum and the positions when both can be meant.
    pub fn take(&mut self, posted: &Posted) -> Option<(Amount, Vec<RefundPosition>)> {
        let lang = self.dialog.lang;
        self.is_part = posted.field("way") == "part";
        posted.field("sum").clone_into(&mut self.sum);
        posted.field("reason").clone_into(&mut self.reason);
        cart::take(&mut self.lines, |name| posted.field(name));
        let most = self.most?;
        if !self.is_part {
            return Some((self.whole(most), Vec::new()));
        }
        if let Some(wrong) = self.lines.iter().find(|line| line.wrong) {
            let error = altyn_app::cabinet::ActionError::Position(wrong.index);
            self.lines_error = Some(words::action_error(&error, lang));
        }
        let currency = most.currency();
        let minor = match cart::sum(&self.lines) {
            Some(computed) if self.sum.is_empty() => Ok(computed),
            Some(_) | None => amounts::parse(&self.sum, currency.exponent()),
        };
        let amount = match minor.map(|minor| Amount::new(minor, currency)) {
            Ok(Ok(amount)) if (1..=most.minor()).contains(&amount.minor()) => Some(amount),
            Ok(Ok(_) | Err(_)) => {
                let error = altyn_app::cabinet::ActionError::Amount { most };
                self.sum_error = Some(words::action_error(&error, lang));
                None
            }
            Err(fault) => {
                self.sum_error = Some(words::sum_fault(fault, lang).to_owned());
                None
            }
        };
        let positions = cart::chosen(&self.lines);
        if self.lines_error.is_some() {
            return None;
        }
        amount.map(|amount| (amount, positions))
    }

    /// All that is left; in the second step what the first has shown, so that nobody returns more
    /// than he was told because something moved meanwhile.
    fn whole(&self, most: Amount) -> Amount {
        let shown = amounts::parse(&self.sum, most.currency().exponent()).ok();
        let shown = shown.and_then(|minor| Amount::new(minor, most.currency()).ok());
        shown.unwrap_or(most)
    }

    /// Goes on to the second step.
    pub fn ask(&mut self, case: &Case, amount: Amount) {
        let lang = self.dialog.lang;
        self.sum = typed(amount, lang);
        self.confirm = Some(Confirm {
            about: words::after_refund(&case.record().payment, amount, lang),
            button: format!("{} {}", lang.pick("Вернуть", "Return"), money(amount, lang)),
        });
    }

    fn left(&self) -> String {
        self.most.map(|most| money(most, self.dialog.lang)).unwrap_or_default()
    }

    /// What all of a position cost.
    fn price(&self, line: &Line) -> Option<String> {
        let currency = self.most?.currency();
        let amount = Amount::new(line.amount_minor?, currency).ok()?;
        let lang = self.dialog.lang;
        let (quantity, sum) = (&line.quantity, money(amount, lang));
        Some(format!("{quantity} {} {sum}", lang.pick("за", "for")))
    }

    fn exponent(&self) -> u32 {
        self.most.map_or(2, |most| most.currency().exponent())
    }

    fn code(&self) -> &'static str {
        self.most.map_or("", |most| most.currency().code())
    }
}

/// «Списать средства»
#[derive(Template)]
#[template(path = "cabinet/payments/capture.html")]
pub struct Capture {
    /// What every dialog has.
    pub dialog: Dialog,
    /// The most; nothing when no capture is offered.
    pub most: Option<Amount>,
    /// The sum as typed.
    pub sum: String,
    /// What is wrong with it.
    pub sum_error: Option<String>,
    /// When it happens by itself.
    pub automatic: Option<String>,
    /// The second step.
    pub confirm: Option<Confirm>,
}

impl Capture {
    /// As it is drawn first.
    pub fn new(dialog: Dialog, case: &Case) -> Self {
        let lang = dialog.lang;
        let most = case.offers.capture;
        let automatic = case.offers.capture_at.map(|at| crate::format::moment(at, lang));
        let sum = most.map(|most| typed(most, lang)).unwrap_or_default();
        Self { most, sum, sum_error: None, automatic, confirm: None, dialog }
    }

    /// Takes what was typed; gives the sum when it can be meant.
    pub fn take(&mut self, posted: &Posted) -> Option<Amount> {
        let lang = self.dialog.lang;
        posted.field("sum").clone_into(&mut self.sum);
        let most = self.most?;
        let parsed = amounts::parse(&self.sum, most.currency().exponent());
        match parsed.map(|minor| Amount::new(minor, most.currency())) {
            Ok(Ok(amount)) if (1..=most.minor()).contains(&amount.minor()) => Some(amount),
            Ok(Ok(_) | Err(_)) => {
                let error = altyn_app::cabinet::ActionError::Amount { most };
                self.sum_error = Some(words::action_error(&error, lang));
                None
            }
            Err(fault) => {
                self.sum_error = Some(words::sum_fault(fault, lang).to_owned());
                None
            }
        }
    }

    /// Goes on to the second step.
    pub fn ask(&mut self, amount: Amount) {
        let lang = self.dialog.lang;
        self.sum = typed(amount, lang);
        let held = self.most.unwrap_or(amount);
        self.confirm = Some(Confirm {
            about: words::will_capture(held, amount, lang),
            button: format!("{} {}", lang.pick("Списать", "Capture"), money(amount, lang)),
        });
    }

    fn held(&self) -> String {
        self.most.map(|most| money(most, self.dialog.lang)).unwrap_or_default()
    }

    fn code(&self) -> &'static str {
        self.most.map_or("", |most| most.currency().code())
    }
}

/// The release of a hold: nothing to type, so one step.
#[derive(Template)]
#[template(path = "cabinet/payments/void.html")]
pub struct Void {
    /// What every dialog has.
    pub dialog: Dialog,
    /// What it does; nothing when it is not offered.
    pub confirm: Option<Confirm>,
}

impl Void {
    /// As it is drawn.
    pub fn new(dialog: Dialog, case: &Case) -> Self {
        let lang = dialog.lang;
        let held = case.record().free_hold();
        let confirm = case.offers.void.then(|| Confirm {
            about: words::will_void(held, lang),
            button: format!("{} {}", lang.pick("Разблокировать", "Release"), money(held, lang)),
        });
        Self { dialog, confirm }
    }
}

/// «Отметить выполненным», «отметить неудавшимся»
#[derive(Template)]
#[template(path = "cabinet/payments/settle.html")]
pub struct Settle {
    /// What every dialog has.
    pub dialog: Dialog,
    /// The operation, by number and by name; nothing when it is not offered.
    pub operation: Option<(String, String)>,
    /// The bank has declined it already.
    pub is_closing: bool,
    /// How it ended.
    pub outcome: SettledAs,
    /// What it rests on, as typed.
    pub reason: String,
    /// What is wrong with that.
    pub reason_error: Option<String>,
}

impl Settle {
    /// As it is drawn first.
    pub fn new(dialog: Dialog, operation: Option<&Operation>, outcome: SettledAs) -> Self {
        let lang = dialog.lang;
        let named = |operation: &Operation| {
            let kind = said::kind(operation.kind, lang);
            (operation.id.to_string(), format!("{kind} {}", money(operation.amount, lang)))
        };
        Self {
            is_closing: operation.is_some_and(Operation::awaits_closing),
            operation: operation.map(named),
            outcome,
            reason: String::new(),
            reason_error: None,
            dialog,
        }
    }

    fn is_done(&self) -> bool {
        self.outcome == SettledAs::Approved
    }

    fn about(&self, named: &str) -> String {
        if self.is_closing {
            return match self.dialog.lang {
                Lang::Russian => format!(
                    "Банк отказал: «{named}». Отметка закрывает возврат, и платёж вернётся в прежний \
                     статус. Деньги и проводки не изменятся, магазин оповещения не получит."
                ),
                Lang::English => format!(
                    "The bank declined: “{named}”. The mark closes the refund, and the payment returns \
                     to its status before. Money and postings do not change; the shop is not told."
                ),
            };
        }
        match (self.is_done(), self.dialog.lang) {
            (true, Lang::Russian) => format!(
                "«{named}» будет считаться выполненным: появятся проводки, магазин получит \
                 оповещение. Отменить отметку нельзя. Отмечайте, только если это видно в выписке \
                 банка."
            ),
            (true, Lang::English) => format!(
                "“{named}” counts as done: it is posted, and the shop is told. This cannot be taken \
                 back. Do it only if the bank’s statement shows it."
            ),
            (false, Lang::Russian) => format!(
                "«{named}» будет считаться неудавшимся: деньги останутся там, где были, магазин \
                 получит оповещение. Отменить отметку нельзя. Отмечайте, только если выписка банка \
                 это подтверждает."
            ),
            (false, Lang::English) => format!(
                "“{named}” counts as failed: the money stays where it was, and the shop is told. \
                 This cannot be taken back. Do it only if the bank’s statement confirms it."
            ),
        }
    }
}

/// A sum as it stands in a field.
fn typed(amount: Amount, lang: Lang) -> String {
    amounts::typed(amount.minor(), amount.currency().exponent(), lang.pick(',', '.'))
}

/// How an address or a form names an outcome.
pub fn outcome_of(word: &str) -> Option<SettledAs> {
    match word {
        "done" => Some(SettledAs::Approved),
        "failed" => Some(SettledAs::Declined),
        _ => None,
    }
}
