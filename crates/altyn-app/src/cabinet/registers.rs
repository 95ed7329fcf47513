//! Asking for a register and fetching it.
//!
//! Guaranteed: a register holds only what its user might see when he asked, and is handed out only
//! while he may still see all of it. Attempted only: no more than [`EXPORTS_AT_ONCE`] at once (two
//! requests in one moment may make one more).

use altyn_domain::id::ProjectId;
use altyn_domain::mask::mask_cards;

use super::Cabinet;
use super::act::{DETAIL_MAX_CHARS, cut};
use crate::access::audit::{Action, AuditEntry};
use crate::access::user::Right;
use crate::access::{Actor, Denied};
use crate::context::Failure;
use crate::export::{EXPORT_LIFE_MS, EXPORTS_AT_ONCE, Export, ExportFormat, ExportState};
use crate::listing::{ListingFilter, SearchText};

/// What is asked for: «Загрузить реестр платежей».
#[derive(Clone, Debug)]
pub struct RegisterRequest {
    /// The list as it is filtered.
    pub filter: ListingFilter,
    /// As what.
    pub format: ExportFormat,
    /// `ru` or `en`.
    pub language: String,
}

/// Why there is no register.
#[derive(Debug, thiserror::Error)]
pub enum ExportRefused {
    /// There is none of this number, or it is not his.
    #[error("there is no such register")]
    NotFound,
    /// He may not make registers of one of these projects.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// He has as many under way as he may.
    #[error("too many registers are being made")]
    TooMany,
    /// Not the caller's fault.
    #[error(transparent)]
    Failure(#[from] Failure),
}

/// Queues a register and gives it.
pub async fn ask_for_register(
    cabinet: &Cabinet,
    actor: &Actor,
    request: RegisterRequest,
) -> Result<Export, ExportRefused> {
    let now = cabinet.context.clock.now();
    let request = RegisterRequest { filter: without_cards(request.filter), ..request };
    let projects = &request.filter.projects;
    let detail = cut(&asked_for(&request), DETAIL_MAX_CHARS);
    let entry = about(projects, actor.entry(now, Action::Export, detail));
    if !may_all(actor, projects) {
        return Err(refuse(cabinet, entry, Denied(Right::Export).into()).await);
    }
    let own = cabinet.exports.exports_of(actor.user.id).await.map_err(Failure::from)?;
    let making = own.iter().filter(|export| export.state == ExportState::Making).count();
    if making >= EXPORTS_AT_ONCE {
        return Err(refuse(cabinet, entry, ExportRefused::TooMany).await);
    }
    let english = request.language == "en";
    let export = Export {
        id: cabinet.context.ids.next(now).map_err(Failure::from)?,
        user: actor.user.id,
        filter: request.filter,
        format: request.format,
        language: if english { "en" } else { "ru" }.to_owned(),
        state: ExportState::Making,
        error: None,
        rows: 0,
        expected: None,
        bytes: 0,
        sums: Vec::new(),
        attempts: 0,
        created_at: now,
        ended_at: None,
        expires_at: now.plus_millis(EXPORT_LIFE_MS),
    };
    let entry = AuditEntry { detail: format!("register {}; {}", export.id, entry.detail), ..entry };
    cabinet.exports.add_export(export.clone(), entry).await.map_err(Failure::from)?;
    (cabinet.on_export)();
    Ok(export)
}

/// A register of his that is ready, if he still may see every project in it; noted in the log.
pub async fn fetch_register(
    cabinet: &Cabinet,
    actor: &Actor,
    id: i64,
) -> Result<Export, ExportRefused> {
    let now = cabinet.context.clock.now();
    let entry = actor.entry(now, Action::Download, format!("register {id}"));
    let found = cabinet.exports.export(id).await.map_err(Failure::from)?;
    let Some(export) = found.filter(|export| export.user == actor.user.id) else {
        return Err(refuse(cabinet, entry, ExportRefused::NotFound).await);
    };
    if export.state != ExportState::Ready || export.expires_at <= now {
        return Err(ExportRefused::NotFound);
    }
    let entry = about(&export.filter.projects, entry);
    if !may_all(actor, &export.filter.projects) {
        return Err(refuse(cabinet, entry, Denied(Right::Export).into()).await);
    }
    cabinet.access.audit(entry).await.map_err(Failure::from)?;
    Ok(export)
}

/// A register of no project is one of nobody's.
fn may_all(actor: &Actor, projects: &[ProjectId]) -> bool {
    let may = |project: &ProjectId| {
        actor.may(Right::View, *project) && actor.may(Right::Export, *project)
    };
    !projects.is_empty() && projects.iter().all(may)
}

/// In the log of the project, when it is about one.
fn about(projects: &[ProjectId], entry: AuditEntry) -> AuditEntry {
    match projects {
        [project] => entry.in_project(*project),
        [] | [_, ..] => entry,
    }
}

/// The filter is kept with the register; payments have masks of cards only, so that a card's number
/// finds nothing more than its mask does.
fn without_cards(filter: ListingFilter) -> ListingFilter {
    let masked = filter.search.as_ref().map(|search| mask_cards(search.as_str()));
    ListingFilter { search: masked.and_then(|text| SearchText::new(&text)), ..filter }
}

async fn refuse(cabinet: &Cabinet, entry: AuditEntry, why: ExportRefused) -> ExportRefused {
    let detail = format!("{}; {why}", cut(&entry.detail, DETAIL_MAX_CHARS - 200));
    let entry = AuditEntry { detail, ..entry }.refused();
    match cabinet.access.audit(entry).await {
        Ok(()) => why,
        Err(error) => ExportRefused::Failure(error.into()),
    }
}

/// What was asked for, as a person reads it; what he looked for may be a payer's name, and is his
/// own words.
fn asked_for(request: &RegisterRequest) -> String {
    let filter = &request.filter;
    let projects: Vec<String> = filter.projects.iter().take(50).map(ToString::to_string).collect();
    let statuses: Vec<&str> = filter.statuses.iter().map(|status| status.as_str()).collect();
    let methods: Vec<&str> = filter.methods.iter().map(|method| method.code()).collect();
    let currencies: Vec<&str> = filter.currencies.iter().map(|currency| currency.code()).collect();
    let number = |number: Option<i64>| number.map(|number| number.to_string()).unwrap_or_default();
    let search = filter.search.as_ref().map_or("", |search| search.as_str());
    [
        ("format", request.format.as_str().to_owned()),
        ("projects", projects.join(", ")),
        ("statuses", statuses.join(", ")),
        ("methods", methods.join(", ")),
        ("accounts", filter.accounts.join(", ")),
        ("currencies", currencies.join(", ")),
        ("from", number(filter.from.map(|at| at.as_millis()))),
        ("until", number(filter.until.map(|at| at.as_millis()))),
        ("at least", number(filter.amount_min)),
        ("at most", number(filter.amount_max)),
        ("search", search.to_owned()),
    ]
    .into_iter()
    .filter(|(_, value)| !value.is_empty())
    .map(|(name, value)| format!("{name} {value}"))
    .collect::<Vec<String>>()
    .join("; ")
}
