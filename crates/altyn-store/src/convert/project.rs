//! Projects, their secrets sealed and opened.

use altyn_app::ports::StoreError;
use altyn_app::projects::StoredProject;
use altyn_app::secret::Secret;
use altyn_domain::callback::{CallbackDialect, RetryPlan};
use altyn_domain::payment::ReturnUrls;
use altyn_domain::project::{CAPTURE_AFTER_MS, Project};

use super::json::{SettingsJson, decode, encode};
use super::{At, time};
use crate::rows::ProjectRow;
use crate::seal::{KeyRing, Owner};

/// A project as a row, its secrets sealed, of the version it was read as. The database tells the time.
pub(crate) fn project_row(
    stored: &StoredProject,
    keys: &KeyRing,
) -> Result<ProjectRow, StoreError> {
    let project = &stored.project;
    let id = i64::from(project.id.get());
    let seal = |secret: &Secret| {
        let sealed = keys.seal(Owner::Project(id), secret);
        sealed.map_err(|error| StoreError::Database(error.to_string()))
    };
    let previous = stored.previous.as_ref();
    Ok(ProjectRow {
        id,
        name: project.name.clone(),
        settings: encode(&SettingsJson::from(project))?,
        secret: seal(&stored.secret)?,
        version: stored.version,
        updated_at: 0,
        previous_secret: previous.map(|(secret, _)| seal(secret)).transpose()?,
        previous_until: previous.map(|(_, until)| until.as_millis()),
    })
}

/// A project from its row, its secrets opened.
pub(crate) fn project(row: ProjectRow, keys: &KeyRing) -> Result<StoredProject, StoreError> {
    let at = At::of::<ProjectRow>(row.id, row.version);
    let open = |sealed: &[u8]| {
        let secret = keys.open(Owner::Project(row.id), sealed);
        secret.map_err(|error| StoreError::Database(format!("project {}: {error}", row.id)))
    };
    let secret = open(&row.secret)?;
    let previous = match (&row.previous_secret, row.previous_until) {
        (Some(sealed), Some(until)) => Some((open(sealed)?, time(until))),
        (None, None) => None,
        (Some(_), None) | (None, Some(_)) => return Err(at.bad("previous_until")),
    };
    let bare = Project {
        id: at.project(row.id)?,
        name: row.name,
        test: false,
        callback_url: None,
        return_urls: ReturnUrls::default(),
        methods: Vec::new(),
        allowed_hosts: Vec::new(),
        support: None,
        two_stage: false,
        dialect: CallbackDialect::Ecommpay,
        notify_email: None,
        capture_after_ms: CAPTURE_AFTER_MS,
        retry_plan: RetryPlan::default(),
        clock_offset_ms: 0,
    };
    let settings: Option<SettingsJson<'_>> = decode(&row.settings);
    let project = settings.and_then(|settings| settings.read_into(bare));
    let project = at.need("settings", project)?;
    Ok(StoredProject { project, secret, previous, version: row.version })
}

/// What of a project's secrets is to be sealed anew; `None` when nothing is.
pub(crate) fn reseal(keys: &KeyRing, row: &ProjectRow) -> Result<Option<Resealed>, StoreError> {
    let anew = |sealed: &Vec<u8>| {
        let resealed = keys.reseal(Owner::Project(row.id), sealed);
        resealed.map_err(|error| StoreError::Database(format!("project {}: {error}", row.id)))
    };
    let secret = anew(&row.secret)?;
    let previous = row.previous_secret.as_ref().map(anew).transpose()?.flatten();
    if secret.is_none() && previous.is_none() {
        return Ok(None);
    }
    let count = u64::from(secret.is_some()) + u64::from(previous.is_some());
    Ok(Some(Resealed {
        secret: secret.unwrap_or_else(|| row.secret.clone()),
        previous: previous.or_else(|| row.previous_secret.clone()),
        count,
    }))
}

/// What [`reseal`] gives.
#[derive(Debug)]
pub(crate) struct Resealed {
    pub(crate) secret: Vec<u8>,
    pub(crate) previous: Option<Vec<u8>>,
    /// How many of the two are new.
    pub(crate) count: u64,
}

/// A project's settings with its clock moved forward, and how far it is ahead now.
pub(crate) fn advance_clock(id: i64, settings: &str, by_ms: i64) -> Result<Advanced, StoreError> {
    let at = At::of::<ProjectRow>(id, 0);
    let mut json: SettingsJson<'_> = at.need("settings", decode(settings))?;
    let ahead_ms = at.need("settings", json.advance_clock(by_ms))?;
    Ok(Advanced { settings: encode(&json)?, ahead_ms })
}

/// What [`advance_clock`] gives.
#[derive(Debug)]
pub(crate) struct Advanced {
    pub(crate) settings: String,
    pub(crate) ahead_ms: i64,
}
