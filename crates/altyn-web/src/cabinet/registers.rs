//! The section «Реестры»: asking for a register of a view of the list, watching it being made,
//! fetching it.
//!
//! Guaranteed: what is fetched is looked up by number and owner, never by a name from outside.

mod file;

use altyn_app::access::user::Right;
use altyn_app::cabinet::{ExportRefused, RegisterRequest, ask_for_register, fetch_register};
use altyn_app::context::Failure;
use altyn_app::export::{Export, ExportError, ExportFormat, ExportState};
use askama::Template;
use axum::Router;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use url::form_urlencoded;

use super::endpoint::{Endpoint, Needs};
use super::frame::{Frame, Section, go_on, show};
use super::guard::{Posted, Signed};
use super::payments::view::total;
use super::payments::view_of;
use super::words;
use crate::lang::Lang;
use crate::state::Web;

const PATH: &str = "/cabinet/registers";
const LIST: Endpoint = Endpoint::get(PATH, Needs::Right(Right::Export));
const NEW: Endpoint = Endpoint::get("/cabinet/registers/new", Needs::Right(Right::Export));
const ASK: Endpoint = Endpoint::post("/cabinet/registers/new", Needs::Right(Right::Export));
const FETCH: Endpoint =
    Endpoint::get("/cabinet/registers/{register}/file", Needs::Right(Right::Export));

/// What is here.
pub const ENDPOINTS: &[Endpoint] = &[LIST, NEW, ASK, FETCH];

/// Where it is.
pub fn routes() -> Router<Web> {
    Router::new()
        .merge(LIST.serve(list))
        .merge(NEW.serve(new))
        .merge(ASK.serve(ask))
        .merge(FETCH.serve(fetch))
}

/// A register as it is shown.
struct Row {
    id: i64,
    created: String,
    format: &'static str,
    state: ExportState,
    error: Option<&'static str>,
    rows: String,
    /// Of a hundred, while it is being made and its size is known.
    percent: Option<u64>,
    left: Option<String>,
    size: String,
    sums: Vec<String>,
    expires: String,
}

#[derive(Template)]
#[template(path = "cabinet/registers.html")]
struct List {
    frame: Frame,
    rows: Vec<Row>,
    is_making: bool,
    /// The register that was asked for just now.
    asked: Option<i64>,
}

impl List {
    /// What has become of the register that was asked for: the tone, the sign and the words.
    fn news(&self) -> Option<(&'static str, &'static str, String)> {
        let row = self.rows.iter().find(|row| Some(row.id) == self.asked)?;
        let lang = self.frame.lang;
        Some(match row.state {
            ExportState::Making => {
                let said = lang.pick(
                    "Реестр готовится. Страницу можно закрыть: он будет здесь.",
                    "The register is being made. You may close the page: it will be here.",
                );
                ("waiting", "waiting", said.to_owned())
            }
            ExportState::Ready => {
                let rows = lang.pick("строк", "rows");
                let said = lang.pick("Реестр готов:", "The register is ready:");
                ("success", "success", format!("{said} {rows} {}, {}.", row.rows, row.size))
            }
            ExportState::Failed => {
                let said = lang.pick("Реестр не получился.", "The register could not be made.");
                ("problem", "problem", format!("{said} {}", row.error.unwrap_or_default()))
            }
        })
    }
}

/// `GET /cabinet/registers`
async fn list(State(web): State<Web>, signed: Signed, RawQuery(query): RawQuery) -> Response {
    if let Err(refusal) = signed.require(&web, Right::Export, None).await {
        return refusal;
    }
    let exports = match web.cabinet.exports.exports_of(signed.actor.user.id).await {
        Ok(exports) => exports,
        Err(error) => return signed.failed(&Failure::from(error)),
    };
    let now_ms = web.context.clock.now().as_millis();
    let rows: Vec<Row> =
        exports.iter().map(|export| Row::of(export, now_ms, signed.lang)).collect();
    let is_making = rows.iter().any(|row| row.state == ExportState::Making);
    let frame = signed.frame(&web, Section::Registers);
    let query = query.unwrap_or_default();
    let asked = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "asked");
    let asked = asked.and_then(|(_, id)| id.parse().ok());
    show(StatusCode::OK, &List { frame, rows, is_making, asked })
}

impl Row {
    fn of(export: &Export, now_ms: i64, lang: Lang) -> Self {
        let making = export.state == ExportState::Making;
        let expected = export.expected.filter(|expected| making && *expected > 0);
        let percent = expected.map(|expected| (export.rows * 100 / expected).min(100));
        let spent_ms = now_ms - export.created_at.as_millis();
        Self {
            id: export.id,
            created: words::moment(export.created_at, lang),
            format: format(export.format, lang),
            state: export.state,
            error: export.error.map(|error| problem(error, lang)),
            rows: match expected {
                Some(expected) => format!(
                    "{} {} {}",
                    words::count(export.rows, lang),
                    lang.pick("из", "of"),
                    words::count(expected, lang)
                ),
                None => words::count(export.rows, lang),
            },
            percent,
            left: expected
                .and_then(|expected| left_ms(export.rows, expected, spent_ms))
                .map(|left_ms| words::span(left_ms, lang)),
            size: if making { String::new() } else { size(export.bytes, lang) },
            sums: export
                .sums
                .iter()
                .map(|sum| total(sum.captured_minor, sum.currency, lang))
                .collect(),
            expires: words::moment(export.expires_at, lang),
        }
    }
}

/// How long the rest takes if it goes on as it went so far, milliseconds.
fn left_ms(done: u64, expected: u64, spent_ms: i64) -> Option<i64> {
    let spent = u128::try_from(spent_ms).ok().filter(|spent| *spent > 0)?;
    let rest = u128::from(expected.saturating_sub(done));
    i64::try_from((spent * rest).checked_div(u128::from(done))?).ok()
}

/// Bytes as people read them, to a tenth of a megabyte.
fn size(bytes: u64, lang: Lang) -> String {
    let tenths = bytes / 100_000;
    if tenths == 0 {
        return format!(
            "{}\u{202f}{}",
            words::count(bytes.div_ceil(1_000), lang),
            lang.pick("КБ", "kB")
        );
    }
    let whole = words::count(tenths / 10, lang);
    format!("{whole}{}{}\u{202f}{}", lang.pick(',', '.'), tenths % 10, lang.pick("МБ", "MB"))
}

fn format(format: ExportFormat, lang: Lang) -> &'static str {
    match format {
        ExportFormat::Xls => "XLS (Excel 97–2003)",
        ExportFormat::Xlsx => "XLSX (Excel)",
        ExportFormat::CsvRussian => {
            lang.pick("CSV для русского Excel (;)", "CSV for Russian Excel (;)")
        }
        ExportFormat::CsvPlain => "CSV (,)",
    }
}

fn problem(error: ExportError, lang: Lang) -> &'static str {
    match error {
        ExportError::TooManyRows => lang.pick(
            "В XLS помещается 65 535 строк, а здесь больше. Загрузите реестр в XLSX или сузьте фильтр.",
            "XLS holds 65,535 rows, and here are more. Download it as XLSX, or narrow the filter.",
        ),
        ExportError::Storage => lang.pick(
            "Файл не удалось записать на сервере. Сообщите администратору.",
            "The file could not be written on the server. Tell the administrator.",
        ),
        ExportError::Interrupted => lang.pick(
            "Подготовка прервалась несколько раз. Попробуйте ещё раз.",
            "Making it was interrupted several times. Try again.",
        ),
    }
}

/// A format that may be chosen.
struct Choice {
    code: &'static str,
    label: &'static str,
    about: &'static str,
}

#[derive(Template)]
#[template(path = "cabinet/register_new.html")]
struct New {
    frame: Frame,
    sentence: String,
    query: String,
    formats: Vec<Choice>,
    problem: Option<&'static str>,
}

impl New {
    fn draw(web: &Web, signed: &Signed, query: &str, problem: Option<&'static str>) -> Response {
        let Some(view) = view_of(web, signed, query, Right::Export) else {
            // The list says what it did not understand.
            return go_on(&format!("/cabinet/payments?{query}"), None);
        };
        let lang = signed.lang;
        let choice = |each: &ExportFormat| Choice {
            code: each.as_str(),
            label: format(*each, lang),
            about: about(*each, lang),
        };
        let offered = [
            ExportFormat::Xls,
            ExportFormat::Xlsx,
            ExportFormat::CsvRussian,
            ExportFormat::CsvPlain,
        ];
        let page = Self {
            frame: signed.frame(web, Section::Registers),
            sentence: view.sentence,
            query: view.query,
            formats: offered.iter().map(choice).collect(),
            problem,
        };
        let status = if problem.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
        show(status, &page)
    }
}

fn about(format: ExportFormat, lang: Lang) -> &'static str {
    match format {
        ExportFormat::Xls => lang.pick("До 65 535 строк.", "Up to 65,535 rows."),
        ExportFormat::Xlsx => lang.pick(
            "Любое число строк; больше миллиона — на нескольких листах.",
            "Any number of rows; above a million on several sheets.",
        ),
        ExportFormat::CsvRussian => lang.pick(
            "Точка с запятой, запятая в суммах, время московское.",
            "Semicolons, commas in sums, Moscow time.",
        ),
        ExportFormat::CsvPlain => lang.pick(
            "Запятая между полями, точка в суммах: для программ.",
            "Commas between fields, points in sums: for programs.",
        ),
    }
}

/// `GET /cabinet/registers/new?…`: the view of the list whose query this is.
async fn new(State(web): State<Web>, signed: Signed, RawQuery(query): RawQuery) -> Response {
    match signed.require(&web, Right::Export, None).await {
        Ok(()) => New::draw(&web, &signed, &query.unwrap_or_default(), None),
        Err(refusal) => refusal,
    }
}

/// `POST /cabinet/registers/new`
async fn ask(State(web): State<Web>, posted: Posted) -> Response {
    let signed = &posted.signed;
    if let Err(refusal) = signed.require(&web, Right::Export, None).await {
        return refusal;
    }
    let lang = signed.lang;
    let query = posted.field("view");
    let Some(format) = ExportFormat::parse(posted.field("format")) else {
        let said = lang.pick("Выберите формат.", "Choose a format.");
        return New::draw(&web, signed, query, Some(said));
    };
    let Some(view) = view_of(&web, signed, query, Right::Export) else {
        return New::draw(&web, signed, query, None);
    };
    let language = lang.code().to_owned();
    let request = RegisterRequest { filter: view.filter, format, language };
    match ask_for_register(&web.cabinet, &signed.actor, request).await {
        // The list says how it stands, which may change before it is read.
        Ok(export) => go_on(&format!("{PATH}?asked={}", export.id), None),
        Err(ExportRefused::TooMany) => {
            let said = lang.pick(
                "Сейчас готовится слишком много ваших реестров: дождитесь одного из них.",
                "Too many of your registers are being made: wait for one of them.",
            );
            New::draw(&web, signed, query, Some(said))
        }
        Err(refused) => refusal(&web, signed, refused).await,
    }
}

/// `GET /cabinet/registers/{register}/file`
async fn fetch(
    State(web): State<Web>,
    signed: Signed,
    Path(register): Path<i64>,
    headers: HeaderMap,
) -> Response {
    match fetch_register(&web.cabinet, &signed.actor, register).await {
        Ok(export) => {
            let path = web.settings.registers_dir.join(export.file_name());
            match file::send(path, &export, &headers).await {
                Some(answer) => answer,
                // Made by a node whose folder this one does not share, or removed by hand.
                None => signed.not_found(&web),
            }
        }
        Err(refused) => refusal(&web, &signed, refused).await,
    }
}

async fn refusal(web: &Web, signed: &Signed, refused: ExportRefused) -> Response {
    match refused {
        ExportRefused::NotFound | ExportRefused::TooMany => signed.not_found(web),
        ExportRefused::Denied(denied) => signed.denied_page(web, denied.0, None).await,
        ExportRefused::Failure(failure) => signed.failed(&failure),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rest_is_estimated_from_what_was_done() {
        assert_eq!(left_ms(0, 10, 5_000), None);
        assert_eq!(left_ms(250, 1_000, 1_000), Some(3_000));
        assert_eq!(left_ms(1_000, 1_000, 1_000), Some(0));
        assert_eq!(left_ms(5, 10, -1), None);
    }

    #[test]
    fn sizes_are_read_at_a_glance() {
        assert_eq!(size(0, Lang::Russian), "0\u{202f}КБ");
        assert_eq!(size(1_500, Lang::English), "2\u{202f}kB");
        assert_eq!(size(204_960_000, Lang::Russian), "204,9\u{202f}МБ");
    }
}
