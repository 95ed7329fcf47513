//! The maker of registers: takes one that was asked for, writes its file, says how far it is.
//!
//! Guaranteed: a file that has its final name is whole and on the disk; its sums are the sums of
//! its rows; a register whose maker died is begun anew by another, three times at most. Attempted
//! only: that it has what there was when it was asked for (it waits for the list, but no longer than
//! ten seconds for the last few changes), and that a filter by status, while payments move, finds each
//! payment as it was at one moment: a row says what the list said when it was read.
//!
//! Files lie in one folder. Nodes that share the database share it too, or a file is found only at
//! the node that made it.

mod folder;
mod make;
mod table;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use altyn_app::cabinet::Cabinet;
use altyn_app::export::{Export, ExportError, ExportState};
use altyn_app::listing::Lag;
use altyn_app::ports::{Clock, ExportStore, Listing, Provider, StoreError};
use altyn_app::projects::Projects;
use altyn_domain::time::{MINUTE_MS, SECOND_MS, Timestamp};
use altyn_register::WriteError;
use tokio::sync::{Notify, watch};

use folder::Folder;

/// How long a register is its maker's without a word of him; he gives one each second.
const LEASE_MS: i64 = 60 * SECOND_MS;
/// So often a register is begun: what kills its maker would kill the next one too.
const ATTEMPTS_MAX: u32 = 3;
/// How often registers are looked for when nobody says that there is one.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// How often the list is looked at while it has to catch up.
const LOOK_AT_LIST_EVERY: Duration = Duration::from_millis(250);
/// How long the store is left alone after it failed.
const STORE_PAUSE: Duration = Duration::from_secs(1);
/// How often registers that have expired are thrown away.
const SWEEP_EVERY_MS: i64 = MINUTE_MS;
/// While payments keep coming the list is never level with them. After so long it has what there
/// was before, if no more than [`NEWS_MAX`] changes wait.
const PATIENCE_MS: i64 = 10 * SECOND_MS;
const NEWS_MAX: u64 = 10_000;

/// Makes registers, one at a time.
pub struct Maker {
    listing: Arc<dyn Listing>,
    exports: Arc<dyn ExportStore>,
    clock: Arc<dyn Clock>,
    projects: Arc<Projects>,
    /// The number of the payment system behind each provider account (`ps_id`).
    systems: Arc<HashMap<String, i64>>,
    folder: Folder,
    /// Who holds the leases.
    owner: String,
}

/// What a look for work came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Turn {
    /// There was none.
    Idle,
    /// There is a register, and the list is not ready for it.
    ListBehind,
    /// A register came to an end.
    Ended,
}

/// Why a register was not made.
enum Unmade {
    /// The store did not answer.
    Store(StoreError),
    /// The file could not be written.
    Write(WriteError),
    /// The writer ended without an answer.
    Panicked,
    /// Another has it now, or it was thrown away.
    Lost,
    /// The node stops.
    Stopping,
}

impl From<StoreError> for Unmade {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<WriteError> for Unmade {
    fn from(error: WriteError) -> Self {
        Self::Write(error)
    }
}

impl Maker {
    /// A maker of what is asked for in this cabinet, in this folder.
    pub fn new(cabinet: &Cabinet, folder: &Path, owner: &str) -> Self {
        let context = &cabinet.context;
        let system = |(name, provider): (&String, &Arc<dyn Provider>)| {
            (name.clone(), provider.account().payment_system)
        };
        Self {
            listing: Arc::clone(&cabinet.listing),
            exports: Arc::clone(&cabinet.exports),
            clock: Arc::clone(&context.clock),
            projects: Arc::clone(&context.projects),
            systems: Arc::new(context.providers.iter().map(system).collect()),
            folder: Folder::new(folder.to_owned()),
            owner: owner.to_owned(),
        }
    }

    /// Works until `stop` says so. `bell` rings when a register was asked for here.
    pub async fn run(self, bell: Arc<Notify>, mut stop: watch::Receiver<bool>) {
        let (mut held, mut sweep_at) = (None, Timestamp::default());
        while !*stop.borrow() {
            let pause = match self.turn(&mut held, &mut sweep_at, &stop).await {
                Ok(Turn::Ended) => continue,
                Ok(Turn::Idle) => LOOK_EVERY,
                Ok(Turn::ListBehind) => LOOK_AT_LIST_EVERY,
                Err(error) => {
                    tracing::warn!(%error, "registers cannot be made now");
                    STORE_PAUSE
                }
            };
            tokio::select! {
                () = bell.notified() => {}
                () = tokio::time::sleep(pause) => {}
                _ = stop.changed() => {}
            }
        }
        if let Some(export) = held {
            self.give_back(&export).await;
        }
    }

    /// Throws away what has expired, when it is time, and makes a register, if there is one.
    async fn turn(
        &self,
        held: &mut Option<Export>,
        sweep_at: &mut Timestamp,
        stop: &watch::Receiver<bool>,
    ) -> Result<Turn, StoreError> {
        let now = self.clock.now();
        if now >= *sweep_at {
            let swept = self.exports.sweep_exports(now).await?;
            let folder = self.folder.clone();
            // What cannot be removed is told there.
            let _ = tokio::task::spawn_blocking(move || folder.sweep(&swept, now)).await;
            *sweep_at = now.plus_millis(SWEEP_EVERY_MS);
        }
        if held.is_none() {
            *held = self.exports.claim_export(&self.owner, now, until(now)).await?;
        }
        let Some(export) = held else { return Ok(Turn::Idle) };
        if export.attempts > ATTEMPTS_MAX {
            self.fail(export, ExportError::Interrupted).await?;
            *held = None;
            return Ok(Turn::Ended);
        }
        if !has_caught_up(self.listing.lag().await?, export, now) {
            if !self.exports.save_export(export, &self.owner, until(now)).await? {
                *held = None;
            }
            return Ok(Turn::ListBehind);
        }
        let Some(mut export) = held.take() else { return Ok(Turn::Idle) };
        self.bring_about(&mut export, stop).await?;
        Ok(Turn::Ended)
    }

    /// Makes it, or says why not. A store that fails leaves it to the next claim.
    async fn bring_about(
        &self,
        export: &mut Export,
        stop: &watch::Receiver<bool>,
    ) -> Result<(), StoreError> {
        let unmade = match self.make(export, stop).await {
            Ok(()) => {
                let Export { id, rows, bytes, .. } = *export;
                tracing::info!(register = id, rows, bytes, "a register was made");
                return Ok(());
            }
            Err(unmade) => unmade,
        };
        let (folder, part) = (self.folder.clone(), self.folder.part(export));
        let _ = tokio::task::spawn_blocking(move || folder.remove(&part)).await;
        match unmade {
            Unmade::Store(error) => Err(error),
            Unmade::Lost => {
                tracing::info!(register = export.id, "a register was taken over or thrown away");
                Ok(())
            }
            Unmade::Stopping => {
                self.give_back(export).await;
                Ok(())
            }
            Unmade::Write(WriteError::TooManyRows { .. }) => {
                self.fail(export, ExportError::TooManyRows).await
            }
            Unmade::Write(error @ (WriteError::Io(_) | WriteError::Workbook(_))) => {
                let error = format!("{:#}", anyhow::Error::from(error));
                tracing::error!(register = export.id, error, "a register could not be written");
                self.fail(export, ExportError::Storage).await
            }
            Unmade::Panicked => {
                tracing::error!(register = export.id, "the writer of a register panicked");
                self.fail(export, ExportError::Storage).await
            }
        }
    }

    async fn fail(&self, export: &mut Export, error: ExportError) -> Result<(), StoreError> {
        let now = self.clock.now();
        export.state = ExportState::Failed;
        export.error = Some(error);
        export.ended_at = Some(now);
        self.exports.save_export(export, &self.owner, now).await.map(|_| ())
    }

    /// Ends the lease, so that another node need not wait for it.
    async fn give_back(&self, export: &Export) {
        let now = self.clock.now();
        if let Err(error) = self.exports.save_export(export, &self.owner, now).await {
            tracing::warn!(register = export.id, %error, "its lease runs out by itself");
        }
    }
}

fn until(now: Timestamp) -> Timestamp {
    now.plus_millis(LEASE_MS)
}

/// Whether the list has what there was when the register was asked for.
fn has_caught_up(lag: Lag, export: &Export, now: Timestamp) -> bool {
    let waited_ms = now.as_millis() - export.created_at.as_millis();
    let level = lag.waiting == 0 || (lag.waiting <= NEWS_MAX && waited_ms >= PATIENCE_MS);
    lag.building.is_none() && level
}

/// Works on a thread that may block. A library that panics there (one does when a disk is full)
/// takes nothing else with it.
async fn apart<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, WriteError> + Send + 'static,
) -> Result<T, Unmade> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result.map_err(Unmade::Write),
        Err(_) => Err(Unmade::Panicked),
    }
}
