//! Every page of the section, drawn of example payments, friendly and hostile.

use std::sync::Arc;

use altyn_app::access::audit::{Action, AuditEntry, StoredAudit};
use altyn_app::cabinet::Offers;
use altyn_app::callback::{Callback, CallbackAttempt, CallbackProgress, CallbackState};
use altyn_app::check::StoredEntry;
use altyn_app::jobs::SettledAs;
use altyn_app::listing::{CurrencyTotal, Page, PaymentRow, Totals};
use altyn_app::ports::listing::{Attempt, History};
use altyn_app::ports::provider::Notification;
use altyn_domain::id::{ID_EPOCH_SECONDS, OperationId, PaymentId, ProjectId};
use altyn_domain::money::Currency;
use altyn_domain::payment::decide::{
    Applied, Change, Happening, Moment, PaymentRequest, accept_payment, accept_refund, apply,
};
use altyn_domain::payment::{Event, OperationKind, PaymentRef, ProviderFacts, Record, RequestEcho};
use altyn_domain::reason::Reason;
use altyn_domain::status::Told;
use altyn_domain::time::{HOUR_MS, Timestamp};
use altyn_testkit::build;
use askama::Template;

use super::case::Case;
use super::days::Day;
use super::dialogs::{Capture, Confirm, Dialog, Page as DialogPage, Refund, Settle, Void};
use super::filter::{Request, Within};
use super::list::{List, Scene};
use super::rows::Drawing;
use super::show::{Card, Page as PaymentPage};
use super::tabs::{Panel, Tab};
use crate::cabinet::frame::Section;
use crate::cabinet::frame::tests::{HOSTILE, LONG, example, example_hostile};
use crate::lang::Lang;

const START: Timestamp = Timestamp::from_millis(1_795_347_000_000);
const SALE: OperationId = made_at(START.as_seconds());
const REFUND: OperationId = made_at(START.as_seconds() + 3_600);

const fn made_at(second: i64) -> OperationId {
    OperationId::new((second - ID_EPOCH_SECONDS) << 21)
}

fn systems() -> Vec<(String, i64)> {
    vec![("alfa".to_owned(), 127), ("acquirer".to_owned(), 127), ("partner".to_owned(), 9)]
}

/// A payment by card with a cart, paid; a part of it is being returned for two hours.
struct Made {
    record: Record,
    events: Vec<Event>,
    entries: Vec<StoredEntry>,
}

impl Made {
    fn take(&mut self, change: Change) {
        self.events.extend(change.events);
        for posting in change.postings {
            let (operation, kind) = (posting.operation, posting.kind);
            let entries = posting.entries().iter();
            let stored = |entry| StoredEntry { operation, posting: kind, entry };
            self.entries.extend(entries.copied().map(stored));
        }
    }

    fn happen(&mut self, operation: OperationId, happening: Happening, at: Moment) {
        match apply(&mut self.record, operation, happening, at).unwrap() {
            Applied::Changed(change) | Applied::LateMoney(change) => self.take(change),
            Applied::Nothing => {}
        }
    }
}

fn made(hostile: bool, kind: OperationKind) -> Made {
    let reference = if hostile { HOSTILE.replace(';', "") } else { "2026-1187".to_owned() };
    let text = |plain: &str| if hostile { HOSTILE.to_owned() } else { plain.to_owned() };
    let positions = [("0", "Словарь", "2", "50000"), ("1", LONG, "1.5", "73450")];
    let mut lines: Vec<(String, String)> = Vec::new();
    for (index, description, quantity, amount) in positions {
        let path = |name: &str| format!("receipt_data:positions:{index}:{name}");
        lines.push((path("description"), text(description)));
        lines.push((path("quantity"), quantity.to_owned()));
        lines.push((path("amount"), amount.to_owned()));
    }
    let mut request = PaymentRequest {
        kind,
        reference: PaymentRef::new(reference).unwrap(),
        amount: build::rub(123_450),
        request: RequestEcho::new(lines),
        ..build::hold_request("x")
    };
    request.details.page = None;
    request.details.customer.last_name = Some(text("Иванов"));
    request.details.customer.first_name = Some(text("Пётр"));
    request.details.customer.email = Some(text("petr@example.ru"));
    request.details.description = text("Учебники");
    let project = build::project(1).project;
    let at = build::moment(START);
    let (record, change) = accept_payment(&project, (PaymentId::new(77), SALE), at, request);
    let mut made = Made { record, events: Vec::new(), entries: Vec::new() };
    made.take(change);
    made.happen(SALE, Happening::Send, build::moment(START.plus_millis(400)));
    let approved = Happening::Approve(build::facts());
    made.happen(SALE, approved, build::moment(START.plus_millis(2_400)));
    made
}

fn with_refund(mut made: Made) -> Made {
    let at = build::moment(START.plus_millis(HOUR_MS));
    let request = build::refund_request(30_000, Some("ret-1"));
    let (record, change) = accept_refund(made.record.clone(), REFUND, at, request);
    made.record = record;
    made.take(change);
    made.happen(REFUND, Happening::Send, build::moment(START.plus_millis(HOUR_MS + 100)));
    made.happen(REFUND, Happening::LoseTrack, build::moment(START.plus_millis(HOUR_MS + 30_100)));
    made
}

fn callback(record: &Record) -> (Callback, Vec<CallbackAttempt>) {
    let progress = CallbackProgress { state: CallbackState::Owed, attempts: 2, ended_at: None };
    let callback =
        Callback { created_at: START.plus_millis(2_400), progress, ..build::callback(record) };
    let attempt = |at, status, error: Option<&str>| CallbackAttempt {
        callback: callback.id,
        at: START.plus_millis(at),
        duration_ms: 431,
        status,
        answer: b"<h1>no</h1>".to_vec(),
        error: error.map(str::to_owned),
    };
    let tries = vec![attempt(2_500, Some(500), None), attempt(12_500, None, Some("time-out"))];
    (callback, tries)
}

fn case(hostile: bool, made: Made, offers: Offers) -> Case {
    let text = |plain: &str| if hostile { HOSTILE.to_owned() } else { plain.to_owned() };
    let entry = AuditEntry {
        at: START.plus_millis(HOUR_MS),
        login: text("anna"),
        operation: Some(REFUND),
        detail: text("300.00 RUB; передумал"),
        ..build::entry(Action::Refund)
    };
    let attempt = |operation, number, outcome: &str| Attempt {
        operation,
        number,
        key: "4hkq1zx".to_owned(),
        started_at: START.plus_millis(if operation == SALE { 500 } else { HOUR_MS + 100 }),
        finished_at: Some(START.plus_millis(HOUR_MS + 30_100)),
        outcome: Some(outcome.to_owned()),
        detail: Some(text("HTTP 200")),
    };
    let parameters = vec![("mdOrder".to_owned(), text("b4a0")), ("pan".to_owned(), text("1"))];
    let notification = Notification { received_at: START.plus_millis(2_000), parameters };
    let (callback, tries) = callback(&made.record);
    let history = History {
        posted: vec![(SALE, START.plus_millis(2_400))],
        attempts: vec![attempt(SALE, 1, "approved"), attempt(REFUND, 1, "unknown")],
        notifications: vec![(SALE, notification)],
        next_tries: vec![(callback.id, START.plus_millis(3 * HOUR_MS))],
        callbacks: vec![(callback, tries)],
        events: made.events,
        entries: made.entries,
        record: made.record,
    };
    let mut project = build::project(1);
    project.project.name = text("Книжный");
    Case {
        project: Arc::new(project),
        history,
        told: Told::Owed,
        offers,
        people: vec![StoredAudit { id: 1, entry, seal: None }],
        now: START.plus_millis(3 * HOUR_MS),
    }
}

fn refunding(hostile: bool) -> Case {
    let offers = Offers {
        resend: true,
        ask: vec![REFUND],
        settle: vec![REFUND],
        overdue: vec![REFUND],
        ..Offers::default()
    };
    case(hostile, with_refund(made(hostile, OperationKind::Sale)), offers)
}

fn paid(hostile: bool) -> Case {
    let offers = Offers {
        refund: Some(build::rub(123_450)),
        refund_part: true,
        resend: true,
        ..Offers::default()
    };
    case(hostile, made(hostile, OperationKind::Sale), offers)
}

/// Paid, and nobody was told; a refund of it was declined.
fn untold(hostile: bool) -> Case {
    let mut made = with_refund(made(hostile, OperationKind::Sale));
    let at = build::moment(START.plus_millis(2 * HOUR_MS));
    let declined = Happening::Decline(Reason::GeneralDecline, ProviderFacts::default());
    made.happen(REFUND, declined, at);
    let case = case(hostile, made, Offers::default());
    let mut project = build::project(1);
    project.project.callback_url = None;
    Case { told: Told::Nobody, project: Arc::new(project), ..case }
}

fn held(hostile: bool) -> Case {
    let offers = Offers {
        capture: Some(build::rub(123_450)),
        capture_at: Some(START.plus_millis(100 * HOUR_MS)),
        void: true,
        ..Offers::default()
    };
    case(hostile, made(hostile, OperationKind::Authorization), offers)
}

fn dialog(case: &Case, lang: Lang) -> Dialog {
    Dialog {
        lang,
        token: "0123456789abcdef".to_owned(),
        address: case.address(),
        key: "00112233445566778899aabbccddeeff".to_owned(),
        about: case.record().payment.reference.as_str().to_owned(),
        error: Some(lang.pick("Не получилось.", "It failed.").to_owned()),
    }
}

/// A list as it is for this query.
fn list(lang: Lang, hostile: bool, query: &str, rows: &[Case]) -> List {
    let frame = if hostile {
        example_hostile(lang, Section::Payments)
    } else {
        example(lang, Section::Payments)
    };
    let projects: Vec<ProjectId> = frame.projects.iter().map(|own| own.id).collect();
    let named = frame
        .projects
        .iter()
        .map(|own| (own.id, (own.name.clone(), START.plus_millis(3 * HOUR_MS))));
    let drawing = Drawing { lang, systems: systems(), projects: named.collect() };
    let mut request = Request::read(query);
    let within = Within { accounts: systems(), projects };
    request.problems.extend(request.asked.filter(&within).1);
    let rows: Vec<PaymentRow> =
        rows.iter().map(|case| PaymentRow::of(case.record(), case.told)).collect();
    let place = rows.first().map(PaymentRow::place);
    let totals = Totals {
        count: rows.len() as u64,
        complete: !hostile,
        sums: vec![CurrencyTotal {
            currency: Currency::RUB,
            count: rows.len() as u64,
            amount_minor: 123_450,
            captured_minor: 123_450,
            refunded_minor: 30_000,
        }],
    };
    let page = Page { older: place, newer: place, stopped_early: rows.is_empty(), rows };
    let found = request.problems.is_empty().then_some((page, totals));
    let today = Day::of(START);
    List::new(Scene { frame, within, drawing, today, may_export: true }, request, found)
}

fn page_of(lang: Lang, hostile: bool, case: &Case, tab: Tab) -> String {
    let frame = match hostile {
        true => example_hostile(lang, Section::Payments),
        false => example(lang, Section::Payments),
    };
    let panel = Panel::of(&systems(), case, tab, (lang, true));
    let card = Card::new(case, &frame, tab, panel);
    PaymentPage { frame, card }.render().unwrap()
}

fn dialog_page(lang: Lang, hostile: bool, body: &impl Template) -> String {
    let frame = match hostile {
        true => example_hostile(lang, Section::Payments),
        false => example(lang, Section::Payments),
    };
    let title = "Платёж".to_owned();
    DialogPage { frame, title, body: body.render().unwrap() }.render().unwrap()
}

/// Pages of the section, by name.
pub fn pages(lang: Lang, hostile: bool) -> Vec<(&'static str, String)> {
    let rows = [refunding(hostile), paid(hostile), held(hostile)];
    let filtered = if hostile {
        "q=%22%3E%3Cscript%3E&status=success&from=2026-11-01&min=%3Cimg"
    } else {
        "q=book&status=success&from=2026-11-01&min=x"
    };
    let [refunding, paid, held] = [refunding(hostile), paid(hostile), held(hostile)];
    let text = |plain: &str| if hostile { HOSTILE.to_owned() } else { plain.to_owned() };
    let mut refund = Refund::new(dialog(&paid, lang), &paid);
    refund.is_part = true;
    refund.sum = text("1 000,5");
    refund.reason = text("Передумал");
    refund.sum_error = Some(text("Сумма"));
    for line in &mut refund.lines {
        line.typed = text("1");
    }
    let mut sure = Refund::new(dialog(&paid, lang), &paid);
    sure.reason = text("Передумал");
    sure.ask(&paid, build::rub(30_000));
    let mut capture = Capture::new(dialog(&held, lang), &held);
    capture.sum = text("5");
    let mut settle = Settle::new(
        dialog(&refunding, lang),
        refunding.record().operation(REFUND),
        SettledAs::Declined,
    );
    settle.reason = text("Выписка");
    let void = Void { confirm: Some(sentence()), ..Void::new(dialog(&held, lang), &held) };
    vec![
        ("payments", list(lang, hostile, "", &rows).render().unwrap()),
        ("payments-wrong", list(lang, hostile, filtered, &rows).render().unwrap()),
        ("payments-empty", list(lang, hostile, "status=stuck", &[]).render().unwrap()),
        ("payment", page_of(lang, hostile, &refunding, Tab::Info)),
        ("payment-untold", page_of(lang, hostile, &untold(hostile), Tab::Info)),
        ("payment-operation", page_of(lang, hostile, &held, Tab::Operation)),
        ("payment-refunds", page_of(lang, hostile, &refunding, Tab::Refunds)),
        ("payment-request", page_of(lang, hostile, &refunding, Tab::Request)),
        ("payment-history", page_of(lang, hostile, &refunding, Tab::History)),
        ("payment-ledger", page_of(lang, hostile, &paid, Tab::Ledger)),
        ("refund", dialog_page(lang, hostile, &refund)),
        ("refund-sure", dialog_page(lang, hostile, &sure)),
        ("capture", dialog_page(lang, hostile, &capture)),
        ("void", dialog_page(lang, hostile, &void)),
        ("settle", dialog_page(lang, hostile, &settle)),
    ]
}

fn sentence() -> Confirm {
    Confirm {
        about: "Деньги разблокируются.".to_owned(), button: "Снять".to_owned()
    }
}

fn shown(name: &str, lang: Lang) -> String {
    pages(lang, false).into_iter().find(|(own, _)| *own == name).unwrap().1
}

#[test]
fn the_list_shows_what_the_seed_asks_for() {
    let html = shown("payments", Lang::Russian);
    for said in [
        "Фильтр платежей",
        "Загрузить реестр платежей",
        "Инициирован возврат",
        "дольше часа",
        "Получен, авторизован",
        ">127</span>",
        "1\u{202f}234,50\u{202f}₽",
        "Все платежи. <b>3 платежа на",
        "2026-1187",
        "Пётр",
        "431422******0056",
        "data-news=\"/cabinet/payments/news?since=",
    ] {
        assert!(html.contains(said), "{said}");
    }
    for size in [10, 25, 50, 100, 250, 500] {
        assert!(html.contains(&format!("<option value=\"{size}\"")));
    }
}

#[test]
fn what_is_wrong_stands_at_its_field_and_nothing_is_shown_wider() {
    let html = shown("payments-wrong", Lang::Russian);
    assert!(html.contains("<details class=\"filter\" open>"));
    assert!(html.contains("Введите сумму цифрами") && html.contains("value=\"x\""));
    assert!(!html.contains("data-row"));
    let english = shown("payments-wrong", Lang::English);
    assert!(english.contains("Enter the sum in digits"));
}

#[test]
fn an_overdue_refund_is_an_alarm_with_its_three_ways() {
    let html = shown("payment", Lang::Russian);
    for said in [
        "дольше, чем 1\u{a0}час",
        "Запросить банк ещё раз",
        "Отметить выполненным",
        "Отметить неудавшимся",
        "Отправить оповещение",
    ] {
        assert!(html.contains(said), "{said}");
    }
    assert!(!html.contains("Полный или частичный возврат платежа"));
    assert!(!html.contains("Списать средства"));
}

#[test]
fn who_may_not_see_the_request_does_not() {
    let case = refunding(false);
    let frame = example(Lang::Russian, Section::Payments);
    let panel = Panel::of(&systems(), &case, Tab::Request, (Lang::Russian, false));
    let html = Card::new(&case, &frame, Tab::Request, panel).render().unwrap();
    assert!(html.contains("Просмотр параметров запроса") && !html.contains("receipt_data"));
    let open = shown("payment-request", Lang::Russian);
    assert!(open.contains("receipt_data:positions:0:description") && open.contains("fop_fpd"));
}

#[test]
fn where_nobody_was_told_it_says_what_to_do() {
    let html = shown("payment-untold", Lang::Russian);
    assert!(html.contains("Совершён без оповещения") && html.contains("Оповещать некуда"));
    assert!(html.contains("/cabinet/projects/1#notifications"));
    assert!(!html.contains("Отправить оповещение"));
}

#[test]
fn a_declined_refund_is_told_beside_the_status() {
    let html = shown("payment-untold", Lang::Russian);
    assert!(html.contains("Возврат отклонён: 300,00\u{202f}₽"));
    assert!(!shown("payment", Lang::Russian).contains("Возврат отклонён"));
}

#[test]
fn the_history_is_in_order_and_says_who() {
    let html = shown("payment-history", Lang::Russian);
    let places: Vec<usize> = [
        "Оплата 1\u{202f}234,50\u{202f}₽: операция принята",
        "обращение к банку № 1",
        "Уведомление от банка",
        "Попытка оповещения № 1",
        "Попытка оповещения № 2",
        "300,00\u{202f}₽; передумал",
        "ответ банка потерян",
        "Следующая попытка оповещения",
    ]
    .iter()
    .map(|said| html.find(said).unwrap_or_else(|| panic!("{said}")))
    .collect();
    assert!(places.is_sorted(), "{places:?}");
    assert!(html.contains("</b> · anna"));
}

#[test]
fn a_refund_names_who_asked_and_what_is_left_when_it_is_done() {
    let html = shown("payment-refunds", Lang::Russian);
    assert!(html.contains(">anna<") && html.contains("300,00\u{202f}₽"));
    assert!(html.contains("Ответ банка не получен"));
}

#[test]
fn the_second_step_says_what_will_happen_and_carries_the_key() {
    let html = shown("refund-sure", Lang::Russian);
    assert!(html.contains("Статус станет «Инициирован возврат»"));
    assert!(html.contains("«Частично возвращен клиенту»"));
    assert!(html.contains(">Вернуть 300,00\u{202f}₽</button>"));
    assert!(html.contains("name=\"key\" value=\"00112233445566778899aabbccddeeff\""));
    assert!(html.contains("name=\"sum\" value=\"300\""));
}

#[test]
fn a_cart_is_shown_with_what_is_left_of_it() {
    let html = shown("refund", Lang::English);
    assert!(html.contains("name=\"quantity_0\"") && html.contains("data-amount=\"50000\""));
    assert!(html.contains("aria-invalid=\"true\""));
}
