//! The section «Настройки»: a project's settings, its signing secret, its test clock.
//!
//! Guaranteed: a secret is shown in the answer that made it and never again; a form drawn before
//! somebody else's change is not saved over it.

mod form;

use altyn_app::access::user::Right;
use altyn_app::cabinet::{ProjectForm, SettingsError, move_clock, rotate_secret, save_project};
use altyn_app::context::Failure;
use altyn_app::projects::ProjectEntry;
use altyn_domain::callback::CallbackDialect;
use altyn_domain::id::ProjectId;
use altyn_domain::method::{Method, Scenario};
use altyn_domain::project::Project;
use altyn_domain::time::{HOUR_MS, MINUTE_MS};
use askama::Template;
use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use std::sync::Arc;

use self::form::{Fields, Wrong, digest};

pub use self::form::label as field_label;
use super::endpoint::{Endpoint, Needs};
use super::frame::{Frame, Section, go_on, show};
use super::guard::{Posted, Signed};
use super::words;
use crate::lang::Lang;
use crate::state::Web;

const LIST: Endpoint = Endpoint::get("/cabinet/projects", Needs::Right(Right::ManageProject));
const SHOW: Endpoint =
    Endpoint::get("/cabinet/projects/{project}", Needs::Right(Right::ManageProject));
const SAVE: Endpoint =
    Endpoint::post("/cabinet/projects/{project}", Needs::Right(Right::ManageProject));
const SECRET: Endpoint =
    Endpoint::post("/cabinet/projects/{project}/secret", Needs::Right(Right::ManageProject));
const CLOCK: Endpoint =
    Endpoint::post("/cabinet/projects/{project}/clock", Needs::Right(Right::ManageProject));

/// How far the test clock may be moved at once: what is waited for in payments.
const CLOCK_STEPS: &[(&str, i64)] = &[
    ("1m", MINUTE_MS),
    ("31m", 31 * MINUTE_MS),
    ("1h", HOUR_MS),
    ("1d", 24 * HOUR_MS),
    ("7d", 7 * 24 * HOUR_MS),
];

/// What is here.
pub const ENDPOINTS: &[Endpoint] = &[LIST, SHOW, SAVE, SECRET, CLOCK];

/// Where it is.
pub fn routes() -> Router<Web> {
    Router::new()
        .merge(LIST.serve(list))
        .merge(SHOW.serve(settings))
        .merge(SAVE.serve(save))
        .merge(SECRET.serve(secret))
        .merge(CLOCK.serve(clock))
}

fn path_of(project: ProjectId) -> String {
    format!("/cabinet/projects/{project}")
}

/// A project in the list.
struct Row {
    id: ProjectId,
    name: String,
    test: bool,
    methods: String,
    channel: String,
}

#[derive(Template)]
#[template(path = "cabinet/projects.html")]
struct List {
    frame: Frame,
    rows: Vec<Row>,
}

/// `GET /cabinet/projects`
async fn list(State(web): State<Web>, signed: Signed) -> Response {
    if let Err(refusal) = signed.require(&web, Right::ManageProject, None).await {
        return refusal;
    }
    let lang = signed.lang;
    let own = signed.projects(&web, Right::ManageProject);
    let entries = own.into_iter().filter_map(|id| web.context.projects.get(id));
    let rows = entries.map(|entry| Row::of(&entry.project, lang)).collect();
    show(StatusCode::OK, &List { frame: signed.frame(&web, Section::Projects), rows })
}

impl Row {
    fn of(project: &Project, lang: Lang) -> Self {
        let methods: Vec<&str> =
            project.methods.iter().map(|own| words::method(own.method, lang)).collect();
        let channel = project.callback_url.clone().or_else(|| project.notify_email.clone());
        Self {
            id: project.id,
            name: project.name.clone(),
            test: project.test,
            methods: methods.join(", "),
            channel: channel.unwrap_or_else(|| "—".to_owned()),
        }
    }
}

/// How one method may be set.
struct MethodRow {
    code: &'static str,
    name: &'static str,
    accounts: Vec<(String, bool)>,
    on: bool,
    /// It is on in what is stored: whoever may not add a method may still leave it on.
    is_own: bool,
    instruction: bool,
    has_instruction: bool,
    fee: String,
}

impl MethodRow {
    /// The row with what was typed in it.
    fn typed(self, posted: &Posted, may_all: bool) -> Self {
        let field = |what: &str| posted.field(&format!("{}.{what}", self.code));
        let on = field("on") == "1";
        let instruction = self.has_instruction && field("instruction") == "1";
        if !may_all {
            return Self { on, instruction, ..self };
        }
        let (fee, account) = (field("fee").to_owned(), field("account").to_owned());
        let accounts = self.accounts.into_iter().map(|(name, _)| {
            let chosen = name == account;
            (name, chosen)
        });
        Self { on, instruction, fee, accounts: accounts.collect(), ..self }
    }
}

#[derive(Template)]
#[template(path = "cabinet/project.html")]
struct Page {
    frame: Frame,
    id: ProjectId,
    seen: String,
    fields: Fields,
    dialects: Vec<(CallbackDialect, &'static str)>,
    methods: Vec<MethodRow>,
    platform: bool,
    previous_until: Option<String>,
    secret: Option<String>,
    clock: Option<String>,
    steps: Vec<(&'static str, String)>,
    wrong: Option<Wrong>,
    moved: bool,
}

impl Page {
    /// What is wrong with this input.
    fn wrong_at(&self, input: &str) -> Option<&'static str> {
        let wrong = self.wrong.as_ref().filter(|wrong| wrong.is_at(input))?;
        Some(form::advice(wrong.setting, self.frame.lang))
    }

    /// An input of a method's, by name.
    fn input(&self, method: &MethodRow, what: &str) -> String {
        format!("{}.{what}", method.code)
    }

    /// What is wrong that no input can be told.
    fn problem(&self) -> Option<String> {
        let lang = self.frame.lang;
        if self.moved {
            let said = lang.pick(
                "Настройки изменил кто-то другой, пока страница была открыта. Проверьте и сохраните ещё раз.",
                "Somebody else changed the settings while the page was open. Check them and save again.",
            );
            return Some(said.to_owned());
        }
        let wrong = self
            .wrong
            .as_ref()
            .filter(|wrong| wrong.input.is_none() && !form::INPUTS.contains(&wrong.setting))?;
        let (label, advice) = (form::label(wrong.setting, lang), form::advice(wrong.setting, lang));
        Some(format!("{label}. {advice}"))
    }

    fn new(web: &Web, signed: &Signed, entry: &ProjectEntry) -> Self {
        let (project, lang) = (&entry.project, signed.lang);
        let now = web.context.clock.now();
        let previous = entry.previous.as_ref().filter(|(_, until)| *until > now);
        let steps = CLOCK_STEPS.iter().map(|(code, by_ms)| (*code, words::span(*by_ms, lang)));
        Self {
            frame: signed.frame(web, Section::Projects),
            id: project.id,
            seen: digest(project),
            fields: Fields::of(project),
            dialects: CallbackDialect::ALL
                .iter()
                .map(|dialect| (*dialect, words::dialect(*dialect, lang)))
                .collect(),
            methods: Method::ALL
                .iter()
                .map(|method| method_row(web, project, *method, lang))
                .collect(),
            platform: signed.actor.user.may_everywhere(Right::ManageProject),
            previous_until: previous.map(|(_, until)| words::moment(*until, lang)),
            secret: None,
            clock: project.test.then(|| words::exact_moment(project.now(now), lang)),
            steps: if project.test { steps.collect() } else { Vec::new() },
            wrong: None,
            moved: false,
        }
    }
}

fn method_row(web: &Web, project: &Project, method: Method, lang: Lang) -> MethodRow {
    let own = project.method(method);
    let carries = |name: &&String| {
        let account = web.context.providers.get(*name);
        account.is_some_and(|account| account.capabilities().methods.contains(&method))
    };
    let mut names: Vec<String> = web.context.providers.keys().filter(carries).cloned().collect();
    names.sort_unstable();
    let is_own = |name: &String| own.is_some_and(|own| own.account == *name);
    MethodRow {
        code: method.code(),
        name: words::method(method, lang),
        accounts: names.into_iter().map(|name| (name.clone(), is_own(&name))).collect(),
        on: own.is_some(),
        is_own: own.is_some(),
        instruction: own.is_some_and(|own| own.scenario == Scenario::Instruction),
        has_instruction: method.rules().scenarios.contains(&Scenario::Instruction),
        fee: own.map_or(String::new(), |own| own.fee.get().to_string()),
    }
}

/// The project, when it is one of his and he may change it.
async fn open(web: &Web, signed: &Signed, number: u32) -> Result<Arc<ProjectEntry>, Response> {
    let id = ProjectId::new(number).filter(|id| signed.is_in(*id));
    let Some(entry) = id.and_then(|id| web.context.projects.get(id)) else {
        return Err(signed.not_found(web));
    };
    signed.require(web, Right::ManageProject, Some(entry.project.id)).await?;
    Ok(entry)
}

/// `GET /cabinet/projects/{project}`
async fn settings(State(web): State<Web>, signed: Signed, Path(number): Path<u32>) -> Response {
    match open(&web, &signed, number).await {
        Ok(entry) => show(StatusCode::OK, &Page::new(&web, &signed, &entry)),
        Err(refusal) => refusal,
    }
}

/// `POST /cabinet/projects/{project}`
async fn save(State(web): State<Web>, Path(number): Path<u32>, posted: Posted) -> Response {
    let signed = &posted.signed;
    let entry = match open(&web, signed, number).await {
        Ok(entry) => entry,
        Err(refusal) => return refusal,
    };
    let fields = Fields::read(&posted);
    let asked = fields.apply(&entry.project, &posted);
    let moved = posted.field("seen") != digest(&entry.project);
    let saved = match asked {
        _ if moved => Err(SettingsError::Moved),
        Err(wrong) => return again(&web, &posted, &entry, (fields, Some(wrong))),
        Ok(after) => {
            let form = ProjectForm { before: entry.project.clone(), after };
            save_project(&web.cabinet, &signed.actor, form).await
        }
    };
    let lang = signed.lang;
    match saved {
        Ok(()) => go_on(&path_of(entry.project.id), Some(lang.pick("Сохранено.", "Saved."))),
        Err(SettingsError::Invalid(field)) => {
            again(&web, &posted, &entry, (fields, Some(Wrong::new(field))))
        }
        Err(SettingsError::Moved) => again(&web, &posted, &entry, (fields, None)),
        Err(error) => refused(&web, signed, entry.project.id, error).await,
    }
}

/// The form once more with what was entered: a value is not possible, or else somebody else was
/// quicker.
fn again(
    web: &Web,
    posted: &Posted,
    entry: &ProjectEntry,
    (fields, wrong): (Fields, Option<Wrong>),
) -> Response {
    let page = Page::new(web, &posted.signed, entry);
    let typed = |row: MethodRow| row.typed(posted, page.platform);
    let methods = page.methods.into_iter().map(typed).collect();
    let moved = wrong.is_none();
    show(StatusCode::BAD_REQUEST, &Page { fields, methods, wrong, moved, ..page })
}

async fn refused(web: &Web, signed: &Signed, id: ProjectId, error: SettingsError) -> Response {
    match error {
        SettingsError::NotFound | SettingsError::Invalid(_) | SettingsError::Moved => {
            signed.not_found(web)
        }
        SettingsError::Denied(denied) => signed.denied_page(web, denied.0, Some(id)).await,
        SettingsError::Failure(failure) => signed.failed(&failure),
    }
}

/// `POST /cabinet/projects/{project}/secret`
async fn secret(State(web): State<Web>, Path(number): Path<u32>, posted: Posted) -> Response {
    let signed = &posted.signed;
    let entry = match open(&web, signed, number).await {
        Ok(entry) => entry,
        Err(refusal) => return refusal,
    };
    let id = entry.project.id;
    let made = match rotate_secret(&web.cabinet, &signed.actor, id).await {
        Ok(made) => made,
        Err(error) => return refused(&web, signed, id, error).await,
    };
    match web.context.project(id).await {
        Ok(entry) => {
            let secret = Some(made.secret.expose().to_owned());
            show(StatusCode::OK, &Page { secret, ..Page::new(&web, signed, &entry) })
        }
        Err(error) => signed.failed(&Failure::from(error)),
    }
}

/// `POST /cabinet/projects/{project}/clock`
async fn clock(State(web): State<Web>, Path(number): Path<u32>, posted: Posted) -> Response {
    let signed = &posted.signed;
    let entry = match open(&web, signed, number).await {
        Ok(entry) => entry,
        Err(refusal) => return refusal,
    };
    let id = entry.project.id;
    let step = CLOCK_STEPS.iter().find(|(code, _)| *code == posted.field("by"));
    let Some((_, by_ms)) = step.filter(|_| entry.project.test) else {
        return signed.not_found(&web);
    };
    match move_clock(&web.cabinet, &signed.actor, id, *by_ms).await {
        Ok(_) => {
            let said = signed.lang.pick("Часы переведены вперёд.", "The clock was moved forward.");
            go_on(&path_of(id), Some(said))
        }
        Err(error) => refused(&web, signed, id, error).await,
    }
}
