//! One payment: its head with the actions, its alarms, its tabs. It opens in the list (`?part=1`) and
//! has an address of its own.

use altyn_app::access::user::Right;
use altyn_app::cabinet::REFUND_ALARM_MS;
use altyn_domain::id::OperationId;
use altyn_domain::payment::{Operation, OperationKind, OperationState};
use altyn_domain::status::{Status, Told};
use askama::Template;
use axum::extract::{Path, RawQuery, State};
use axum::http::StatusCode;
use axum::response::Response;
use url::form_urlencoded;

use super::case::Case;
use super::rows::systems;
use super::tabs::{Panel, Tab};
use super::view::{Chip, Time};
use super::words;
use crate::cabinet::assets::live_address;
use crate::cabinet::frame::{Frame, Section, show};
use crate::cabinet::guard::Signed;
use crate::cabinet::words as said;
use crate::format::{money, span};
use crate::lang::Lang;
use crate::state::Web;

/// `GET /cabinet/payments/{project}/{payment}`
pub async fn payment(
    State(web): State<Web>,
    signed: Signed,
    Path(number): Path<(String, String)>,
    RawQuery(query): RawQuery,
) -> Response {
    let case = match Case::load(&web, &signed, &number).await {
        Ok(case) => case,
        Err(answer) => return answer,
    };
    let query = query.unwrap_or_default();
    let asked = |name: &str| {
        let pair = form_urlencoded::parse(query.as_bytes()).find(|(own, _)| own == name);
        pair.map(|(_, value)| value.into_owned()).unwrap_or_default()
    };
    let frame = signed.frame(&web, Section::Payments);
    let tab = Tab::parse(&asked("tab"));
    let panel = Panel::of(
        &systems(&web),
        &case,
        tab,
        (signed.lang, signed.actor.may(Right::SeeRequest, case.number().0)),
    );
    let card = Card::new(&case, &frame, tab, panel);
    if asked("part") == "1" {
        return show(StatusCode::OK, &card);
    }
    show(StatusCode::OK, &Page { frame, card })
}

/// A payment on a page of its own.
#[derive(Template)]
#[template(path = "cabinet/payments/page.html")]
pub struct Page {
    /// Around it.
    pub frame: Frame,
    /// The payment.
    pub card: Card,
}

impl Page {
    fn title(&self) -> String {
        format!("{} {}", self.frame.lang.pick("Платёж", "Payment"), self.card.id)
    }

    fn live_script(&self) -> String {
        live_address()
    }
}

/// What may be done, and what it does.
pub struct Action {
    label: &'static str,
    about: String,
    way: Way,
    is_main: bool,
}

/// How an action is reached.
enum Way {
    /// By a dialog.
    Dialog(String),
    /// At once, by a form.
    Form(String),
}

/// An operation that has not ended and that somebody may look into.
struct Open {
    id: OperationId,
    title: String,
    about: String,
    is_overdue: bool,
    may_ask: bool,
    may_settle: bool,
    may_close: bool,
}

/// Nobody was told, and nothing is there to be sent.
struct Untold {
    about: &'static str,
    settings: Option<String>,
}

struct TabLink {
    label: &'static str,
    address: String,
    is_current: bool,
}

/// The payment itself, in the list or on a page.
#[derive(Template)]
#[template(path = "cabinet/payments/card.html")]
pub struct Card {
    lang: Lang,
    token: String,
    address: String,
    id: String,
    version: i64,
    order: String,
    project: String,
    chip: Chip,
    amount: String,
    facts: Vec<String>,
    actions: Vec<Action>,
    open: Vec<Open>,
    untold: Option<Untold>,
    declined: Option<(String, String)>,
    tabs: Vec<TabLink>,
    current: &'static str,
    panel: Panel,
}

impl Card {
    /// A payment with this tab open.
    pub fn new(case: &Case, frame: &Frame, tab: Tab, panel: Panel) -> Self {
        let lang = frame.lang;
        let may_set = frame.sections.contains(&Section::Projects);
        let payment = &case.record().payment;
        let address = case.address();
        let link = |other: &Tab| TabLink {
            label: other.label(lang),
            address: format!("{address}?tab={}", other.code()),
            is_current: *other == tab,
        };
        Self {
            lang,
            token: frame.token.clone(),
            id: payment.id.to_string(),
            version: payment.version,
            order: payment.reference.as_str().to_owned(),
            project: case.project.project.name.clone(),
            chip: Chip::of(case.status(), payment.state, lang),
            amount: money(payment.amount, lang),
            facts: facts(case, lang),
            actions: actions(case, lang),
            open: open(case, lang),
            untold: untold(case, may_set, lang),
            declined: declined(case, lang),
            tabs: Tab::ALL.iter().map(link).collect(),
            current: tab.label(lang),
            panel,
            address,
        }
    }
}

/// The half line under the sum: who, when, what was returned.
fn facts(case: &Case, lang: Lang) -> Vec<String> {
    let payment = &case.record().payment;
    let mut facts = vec![Time::exact(payment.created_at, lang).words];
    facts.push(said::method(payment.method, lang).to_owned());
    facts.extend(altyn_app::listing::client_of(case.record()));
    if !payment.refunded.is_zero() {
        let refunded = money(payment.refunded, lang);
        facts.push(format!("{} {refunded}", lang.pick("возвращено", "refunded")));
    }
    let opening = case.record().opening();
    if let Some(reason) = opening.and_then(|opening| opening.reason) {
        facts.push(words::reason(reason, lang).trim_end_matches('.').to_owned());
    }
    facts
}

fn actions(case: &Case, lang: Lang) -> Vec<Action> {
    let offers = &case.offers;
    let address = case.address();
    let dialog = |what: &str| Way::Dialog(format!("{address}/{what}"));
    let mut actions = Vec::new();
    if let Some(most) = offers.capture {
        actions.push(Action {
            label: lang.pick("Списать средства", "Capture the money"),
            about: capture_about(case, money(most, lang), lang),
            way: dialog("capture"),
            is_main: true,
        });
    }
    if let Some(most) = offers.refund {
        let most = money(most, lang);
        let about = match (offers.refund_part, lang) {
            (true, Lang::Russian) => format!("Можно вернуть до {most}."),
            (true, Lang::English) => format!("Up to {most} can be returned."),
            (false, Lang::Russian) => {
                format!("Этим способом возвращается только вся сумма: {most}.")
            }
            (false, Lang::English) => {
                format!("By this method only the whole sum is returned: {most}.")
            }
        };
        actions.push(Action {
            label: refund_label(lang),
            about,
            way: dialog("refund"),
            is_main: false,
        });
    }
    if offers.void {
        actions.push(Action {
            label: lang.pick("Снять удержание", "Release the hold"),
            about: lang
                .pick(
                    "Деньги разблокируются на карте плательщика.",
                    "The money is released on the payer’s card.",
                )
                .to_owned(),
            way: dialog("void"),
            is_main: false,
        });
    }
    if offers.resend {
        actions.push(Action {
            label: lang.pick("Отправить оповещение", "Send the notification"),
            about: lang
                .pick(
                    "Очередь попыток начнётся заново; магазин получит то же оповещение.",
                    "The tries begin anew; the shop gets the same notification.",
                )
                .to_owned(),
            way: Way::Form(format!("{address}/resend")),
            is_main: false,
        });
    }
    actions
}

/// The button's words (seed 000).
pub fn refund_label(lang: Lang) -> &'static str {
    lang.pick("Полный или частичный возврат платежа", "Full or partial refund")
}

fn capture_about(case: &Case, held: String, lang: Lang) -> String {
    let at = case.offers.capture_at.map(|at| Time::of(at, lang).words);
    match (at, lang) {
        (Some(at), Lang::Russian) => {
            format!("Удержано {held}. Без вашего участия спишется {at}.")
        }
        (Some(at), Lang::English) => {
            format!("{held} is held. By itself it is captured on {at}.")
        }
        (None, Lang::Russian) => format!("Удержано {held}. Автоматического списания не будет."),
        (None, Lang::English) => format!("{held} is held. It is not captured by itself."),
    }
}

/// Why «Отправить оповещение» is not offered where a merchant should have been told, and what to do.
fn untold(case: &Case, may_set: bool, lang: Lang) -> Option<Untold> {
    if case.status() != Status::Stuck || case.told != Told::Nobody {
        return None;
    }
    let project = &case.project.project;
    let settings = may_set.then(|| format!("/cabinet/projects/{}#notifications", project.id));
    if project.callback_url.is_some() || project.notify_email.is_some() {
        let about = lang.pick(
            "О платеже никто не оповещён: когда он прошёл, оповещать было некуда или незачем. \
             Отправлять заново нечего — сообщите о нём магазину сами.",
            "Nobody was notified of this payment: when it went through there was no address, or \
             no notification was wanted. There is nothing to send again; tell the shop yourself.",
        );
        return Some(Untold { about, settings: None });
    }
    let about = lang.pick(
        "Оповещать некуда: у проекта нет ни адреса для оповещений, ни e-mail. Укажите их в \
         настройках проекта — о следующих платежах магазин узнает сам, об этом сообщите ему.",
        "There is nowhere to notify: the project has neither an address for notifications nor an \
         e-mail. Set one in the project’s settings: the shop will learn of the next payments by \
         itself; of this one, tell it.",
    );
    Some(Untold { about, settings })
}

/// The last refund, when the bank declined it: its own end and why, which the status does not say
/// (ruling 29a).
fn declined(case: &Case, lang: Lang) -> Option<(String, String)> {
    let mut refunds = case.record().operations.iter();
    let last = refunds.rfind(|operation| operation.kind == OperationKind::Refund)?;
    if last.state != OperationState::Declined || last.awaits_closing() {
        return None;
    }
    let named = said::told(last.kind, last.state, lang);
    let sum = money(last.amount, lang);
    let reason = last.reason.map_or("", |reason| words::refund_reason(reason, lang));
    let rest = lang.pick(
        "Деньги плательщику не возвращены. Запросите возврат ещё раз или обратитесь в службу \
         поддержки.",
        "The payer got nothing back. Ask for the refund again, or turn to support.",
    );
    Some((format!("{named}: {sum}"), format!("{reason} {rest}").trim().to_owned()))
}

/// What has not ended: first what takes too long.
fn open(case: &Case, lang: Lang) -> Vec<Open> {
    let offers = &case.offers;
    let is_listed = |operation: &&Operation| {
        let offered = [&offers.overdue, &offers.settle, &offers.ask];
        offered.iter().any(|list| list.contains(&operation.id)) || operation.awaits_closing()
    };
    let mut open: Vec<Open> = case
        .record()
        .operations
        .iter()
        .filter(is_listed)
        .map(|operation| {
            let is_overdue = offers.overdue.contains(&operation.id);
            let kind = said::kind(operation.kind, lang);
            Open {
                id: operation.id,
                title: format!("{kind} {}", money(operation.amount, lang)),
                about: open_about(case, operation, is_overdue, lang),
                is_overdue,
                may_ask: offers.ask.contains(&operation.id),
                may_settle: offers.settle.contains(&operation.id),
                may_close: offers.close.contains(&operation.id),
            }
        })
        .collect();
    open.sort_by_key(|open| !open.is_overdue);
    open
}

fn open_about(case: &Case, operation: &Operation, is_overdue: bool, lang: Lang) -> String {
    let state = said::operation_state(operation.state, lang);
    if operation.awaits_closing() {
        let reason = operation.reason.map_or("", |reason| words::refund_reason(reason, lang));
        let rest = lang.pick(
            "Деньги плательщику не возвращены. Обратитесь в службу поддержки, запросите возврат ещё \
             раз или отметьте этот неудавшимся: тогда платёж вернётся в прежний статус.",
            "The payer got nothing back. Turn to support, ask for the refund again, or mark this one \
             as failed: the payment then returns to its status before.",
        );
        return format!("{state}. {reason} {rest}");
    }
    let lasts = case.now.as_millis().saturating_sub(operation.created_at.as_millis());
    let lasts = span(lasts, lang);
    if !is_overdue {
        return match lang {
            Lang::Russian => format!("{state}, уже {lasts}."),
            Lang::English => format!("{state}, for {lasts}."),
        };
    }
    let limit = span(REFUND_ALARM_MS, lang);
    match lang {
        Lang::Russian => format!(
            "{state}, уже {lasts} — дольше, чем {limit}. Запросите банк; если ответа нет, \
             обратитесь в службу поддержки и отметьте итог по выписке банка."
        ),
        Lang::English => format!(
            "{state}, for {lasts}: longer than {limit}. Ask the bank; if it does not say, turn to \
             support and state the outcome by the bank’s statement."
        ),
    }
}

/// Who may state an outcome, for those who may not.
impl Card {
    fn needs_somebody(&self, open: &Open) -> bool {
        open.is_overdue && !open.may_settle && !open.may_ask
    }

    fn right_to_settle(&self) -> &'static str {
        said::right(Right::Settle, self.lang)
    }
}
