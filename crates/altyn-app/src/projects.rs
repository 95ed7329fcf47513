//! Projects as they are kept in memory: settings, signing secret, and who carries their methods.
//!
//! Requests are verified from here, without a read of the store. The server refreshes the cache
//! when the store's projects version moves, at least once a second (ruling 10).

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use altyn_domain::id::ProjectId;
use altyn_domain::project::Project;
use altyn_domain::time::Timestamp;

use crate::ports::StoreError;
use crate::ports::store::Store;
use crate::secret::Secret;

/// A project as the store gives and takes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredProject {
    /// The settings.
    pub project: Project,
    /// The secret that signs, sealed at rest.
    pub secret: Secret,
    /// The secret before it, and until when requests signed with it are taken, real time.
    pub previous: Option<(Secret, Timestamp)>,
    /// What it was read as: every change adds one. 0 for one that is added.
    pub version: i64,
}

impl StoredProject {
    /// The secrets that are valid now, the one that signs first: a request signed with any of them
    /// is the project's.
    pub fn secrets(&self, now: Timestamp) -> impl Iterator<Item = &Secret> {
        let previous = self.previous.iter().filter(move |(_, until)| now < *until);
        std::iter::once(&self.secret).chain(previous.map(|(secret, _)| secret))
    }
}

/// A project in memory.
pub type ProjectEntry = StoredProject;

/// All projects, by number.
#[derive(Default)]
pub struct Projects {
    state: RwLock<State>,
}

#[derive(Default)]
struct State {
    version: Option<i64>,
    by_id: HashMap<ProjectId, Arc<ProjectEntry>>,
}

impl Projects {
    /// The project of this number.
    pub fn get(&self, id: ProjectId) -> Option<Arc<ProjectEntry>> {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        state.by_id.get(&id).cloned()
    }

    /// All of them, by number.
    pub fn all(&self) -> Vec<Arc<ProjectEntry>> {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        let mut all: Vec<_> = state.by_id.values().cloned().collect();
        all.sort_unstable_by_key(|entry| entry.project.id);
        all
    }

    /// Reads the projects anew when the store's version of them has moved.
    pub async fn refresh(&self, store: &dyn Store) -> Result<(), StoreError> {
        let version = store.projects_version().await?;
        let known = self.state.read().unwrap_or_else(PoisonError::into_inner).version;
        if known == Some(version) {
            return Ok(());
        }
        let projects = store.projects().await?;
        let by_id = projects.into_iter().map(|entry| (entry.project.id, Arc::new(entry))).collect();
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        *state = State { version: Some(version), by_id };
        Ok(())
    }
}
