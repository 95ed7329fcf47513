//! A project's settings, its secret and its clock.
//!
//! What a merchant's own administrator may not set (which account carries a method and for what
//! fee, whether money is real) needs the right in every project.

mod changes;
mod rules;

use altyn_domain::id::ProjectId;
use altyn_domain::project::Project;
use altyn_domain::time::{DAY_MS, Timestamp};

pub use self::changes::changes;
use self::rules::{is_for_platform, judge};
use super::Cabinet;
use super::act::{DETAIL_MAX_CHARS, cut};
use crate::access::audit::{Action, AuditEntry};
use crate::access::user::Right;
use crate::access::{Actor, Denied};
use crate::clock::{ClockError, advance_clock};
use crate::context::{DECIDE_AGAIN_MAX, Failure, conflict_of};
use crate::projects::StoredProject;
use crate::secret::Secret;

/// How long the secret before a new one is taken: a merchant's servers change over one by one.
pub const PREVIOUS_SECRET_LIFE_MS: i64 = DAY_MS;
/// Bytes of randomness in a secret that is made here.
const SECRET_BYTES: usize = 32;

/// Why nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// There is no such project that he may see.
    #[error("there is no such project")]
    NotFound,
    /// He may see it, but not do this.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// A value is not possible; which.
    #[error("{0} is not possible")]
    Invalid(&'static str),
    /// Somebody else changed the settings meanwhile.
    #[error("the settings changed meanwhile")]
    Moved,
    /// Not the caller's fault.
    #[error(transparent)]
    Failure(#[from] Failure),
}

/// The settings as they are to be, and as they were when the form was drawn.
#[derive(Clone, Debug)]
pub struct ProjectForm {
    /// As they were.
    pub before: Project,
    /// As they are to be.
    pub after: Project,
}

/// Saves the settings; the log says what changed. What somebody else changed meanwhile is not
/// written over: another setting refuses the form, a new secret or a moved clock is kept.
pub async fn save_project(
    cabinet: &Cabinet,
    actor: &Actor,
    form: ProjectForm,
) -> Result<(), SettingsError> {
    let project = form.before.id;
    let asked = Asked { cabinet, actor, project, action: Action::ChangeProject };
    for _ in 0..DECIDE_AGAIN_MAX {
        if asked.save(&form).await? == Written::Done {
            return Ok(());
        }
    }
    Err(Failure::Contended.into())
}

/// A secret that was made just now.
#[derive(Clone, Debug)]
pub struct NewSecret {
    /// The secret, shown this once.
    pub secret: Secret,
    /// Until when the one before it is still taken, real time.
    pub previous_until: Timestamp,
}

/// Makes a new signing secret; the one before it is taken for a while longer.
pub async fn rotate_secret(
    cabinet: &Cabinet,
    actor: &Actor,
    project: ProjectId,
) -> Result<NewSecret, SettingsError> {
    let asked = Asked { cabinet, actor, project, action: Action::RotateSecret };
    let secret = random_secret(cabinet)?;
    for _ in 0..DECIDE_AGAIN_MAX {
        let stored = asked.open().await?;
        let now = cabinet.context.clock.now();
        // The one that the merchant's servers have stays good for its day, though a new one is made
        // again meanwhile because the first was never written down.
        let still_good = stored.previous.filter(|(_, until)| *until > now);
        let (previous, previous_until) =
            still_good.unwrap_or((stored.secret, now.plus_millis(PREVIOUS_SECRET_LIFE_MS)));
        let rotated = StoredProject {
            project: stored.project,
            secret: secret.clone(),
            previous: Some((previous, previous_until)),
            version: stored.version,
        };
        if asked.put(rotated, "").await? == Written::Done {
            return Ok(NewSecret { secret, previous_until });
        }
    }
    Err(Failure::Contended.into())
}

fn random_secret(cabinet: &Cabinet) -> Result<Secret, Failure> {
    let mut bytes = zeroize::Zeroizing::new([0_u8; SECRET_BYTES]);
    cabinet.randomness.fill(bytes.as_mut())?;
    Ok(Secret::new(bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>()))
}

/// Moves a test project's clock forward; gives how far it is ahead now, milliseconds.
pub async fn move_clock(
    cabinet: &Cabinet,
    actor: &Actor,
    project: ProjectId,
    by_ms: i64,
) -> Result<i64, SettingsError> {
    let asked = Asked { cabinet, actor, project, action: Action::MoveClock };
    let stored = asked.open().await?;
    let detail = format!("forward by {by_ms} ms");
    let context = cabinet.context.on_behalf(asked.entry(&detail));
    match advance_clock(&context, project, by_ms).await {
        Ok(_) => {}
        Err(ClockError::NotFound) => return Err(SettingsError::NotFound),
        Err(ClockError::Live) => {
            return Err(asked.refuse(&detail, SettingsError::Invalid("test")).await);
        }
        Err(ClockError::OutOfRange) => {
            return Err(asked.refuse(&detail, SettingsError::Invalid("clock")).await);
        }
        Err(ClockError::Failure(failure)) => return Err(failure.into()),
    }
    let moved = cabinet.context.projects.get(project);
    let ahead_ms = moved.map_or(stored.project.clock_offset_ms, |now| now.project.clock_offset_ms);
    Ok(ahead_ms)
}

/// What somebody asks to do with a project.
struct Asked<'a> {
    cabinet: &'a Cabinet,
    actor: &'a Actor,
    project: ProjectId,
    action: Action,
}

impl Asked<'_> {
    /// The project as it is stored, when he may change it.
    async fn open(&self) -> Result<StoredProject, SettingsError> {
        let now = self.cabinet.context.clock.now();
        if !self.actor.may(Right::View, self.project) {
            let text = format!("project {}: no such project for him", self.project);
            let entry = self.actor.entry(now, self.action, text).refused();
            self.cabinet.access.audit(entry).await.map_err(Failure::from)?;
            return Err(SettingsError::NotFound);
        }
        let projects = self.cabinet.context.store.projects().await.map_err(Failure::from)?;
        let found = projects.into_iter().find(|stored| stored.project.id == self.project);
        let stored = found.ok_or(SettingsError::NotFound)?;
        if !self.actor.may(Right::ManageProject, self.project) {
            return Err(self.refuse("", Denied(Right::ManageProject).into()).await);
        }
        Ok(stored)
    }

    fn entry(&self, detail: &str) -> AuditEntry {
        let now = self.cabinet.context.clock.now();
        let detail = cut(detail, DETAIL_MAX_CHARS);
        self.actor.entry(now, self.action, detail).in_project(self.project)
    }

    /// Writes the refusal down and gives it, or why it could not be written.
    async fn refuse(&self, asked: &str, why: SettingsError) -> SettingsError {
        let facts = cut(asked, DETAIL_MAX_CHARS - 200);
        let detail = if facts.is_empty() { why.to_string() } else { format!("{why}; {facts}") };
        match self.cabinet.access.audit(self.entry(&detail).refused()).await {
            Ok(()) => why,
            Err(error) => SettingsError::Failure(error.into()),
        }
    }

    /// One try to save the form, on the project as it stands now.
    async fn save(&self, form: &ProjectForm) -> Result<Written, SettingsError> {
        let ProjectForm { before, after } = form;
        let stored = self.open().await?;
        let changed = changes(before, after);
        let everywhere = self.actor.user.may_everywhere(Right::ManageProject);
        if is_for_platform(before, after) && !everywhere {
            return Err(self.refuse(&changed, Denied(Right::ManageProject).into()).await);
        }
        if let Err(what) = judge(before, after, &self.cabinet.context.providers) {
            return Err(self.refuse(&changed, SettingsError::Invalid(what)).await);
        }
        // A clock that was moved meanwhile is no change of the form's.
        let clock_offset_ms = stored.project.clock_offset_ms;
        if stored.project != (Project { clock_offset_ms, ..before.clone() }) {
            return Err(self.refuse(&changed, SettingsError::Moved).await);
        }
        if changed.is_empty() {
            return Ok(Written::Done);
        }
        let project = Project { clock_offset_ms, ..after.clone() };
        self.put(StoredProject { project, ..stored }, &changed).await
    }

    async fn put(&self, stored: StoredProject, detail: &str) -> Result<Written, SettingsError> {
        let context = &self.cabinet.context;
        let store = context.store.as_ref();
        if let Err(error) = store.put_project(stored, Some(self.entry(detail))).await {
            // The one conflict there is: it changed since it was read.
            conflict_of(error)?;
            return Ok(Written::Moved);
        }
        context.projects.refresh(store).await.map_err(Failure::from)?;
        Ok(Written::Done)
    }
}

/// What came of writing a project.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Written {
    Done,
    /// It changed since it was read: nothing was written.
    Moved,
}
