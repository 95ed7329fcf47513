//! Projects, their secrets sealed and opened.

use altyn_app::ports::StoreError;
use altyn_app::projects::StoredProject;
use altyn_domain::callback::RetryPlan;
use altyn_domain::payment::ReturnUrls;
use altyn_domain::project::{CAPTURE_AFTER_MS, Project};

use super::At;
use super::json::{SettingsJson, decode, encode};
use crate::rows::ProjectRow;
use crate::seal::KeyRing;

/// A project as a row, its secret sealed. The store counts the version and tells the time.
pub(crate) fn project_row(
    stored: &StoredProject,
    keys: &KeyRing,
) -> Result<ProjectRow, StoreError> {
    let project = &stored.project;
    let secret = keys
        .seal_project_secret(project.id.get().into(), &stored.secret)
        .map_err(|error| StoreError::Database(error.to_string()))?;
    Ok(ProjectRow {
        id: project.id.get().into(),
        name: project.name.clone(),
        settings: encode(&SettingsJson::from(project))?,
        secret,
        version: 0,
        updated_at: 0,
    })
}

/// A project from its row, its secret opened.
pub(crate) fn project(row: ProjectRow, keys: &KeyRing) -> Result<StoredProject, StoreError> {
    let at = At::of::<ProjectRow>(row.id, row.version);
    let secret = keys
        .open_project_secret(row.id, &row.secret)
        .map_err(|error| StoreError::Database(format!("project {}: {error}", row.id)))?;
    let bare = Project {
        id: at.project(row.id)?,
        name: row.name,
        test: false,
        callback_url: None,
        return_urls: ReturnUrls::default(),
        methods: Vec::new(),
        allowed_hosts: Vec::new(),
        support: None,
        capture_after_ms: CAPTURE_AFTER_MS,
        retry_plan: RetryPlan::default(),
        clock_offset_ms: 0,
    };
    let settings: Option<SettingsJson<'_>> = decode(&row.settings);
    let project = settings.and_then(|settings| settings.read_into(bare));
    Ok(StoredProject { project: at.need("settings", project)?, secret })
}

/// A project's secret, opened and sealed again with the newest key.
pub(crate) fn reseal(keys: &KeyRing, row: &ProjectRow) -> Result<Vec<u8>, StoreError> {
    keys.open_project_secret(row.id, &row.secret)
        .and_then(|secret| keys.seal_project_secret(row.id, &secret))
        .map_err(|error| StoreError::Database(format!("project {}: {error}", row.id)))
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
