//! Move a test project's clock, so that what takes half an hour or a week can be tried now
//! (ruling 15). A live project has no such thing.

use altyn_domain::id::ProjectId;
use altyn_domain::time::{DAY_MS, Timestamp};

use crate::context::{Context, Failure};
use crate::jobs::JobKind;

/// How far a clock may be ahead of the real one: ten years, so that no date leaves its range.
pub const AHEAD_MAX_MS: i64 = 3_650 * DAY_MS;

/// Why a clock was not moved.
#[derive(Debug, thiserror::Error)]
pub enum ClockError {
    /// There is no such project.
    #[error("there is no such project")]
    NotFound,
    /// The project is live.
    #[error("the project is live; only a test project's clock can be moved")]
    Live,
    /// Not forward, or beyond [`AHEAD_MAX_MS`].
    #[error("a clock goes forward only, at most ten years in all")]
    OutOfRange,
    /// Not the caller's fault.
    #[error(transparent)]
    Failure(#[from] Failure),
}

/// Moves the clock of a test project forward and gives what time it is there now. When a person
/// acts, his entry of the log is written with the move.
pub async fn advance_clock(
    context: &Context,
    project: ProjectId,
    by_ms: i64,
) -> Result<Timestamp, ClockError> {
    let store = context.store.as_ref();
    context.projects.refresh(store).await.map_err(Failure::from)?;
    let entry = context.projects.get(project).ok_or(ClockError::NotFound)?;
    if !entry.project.test {
        return Err(ClockError::Live);
    }
    let ahead_ms = entry.project.clock_offset_ms.saturating_add(by_ms);
    if by_ms <= 0 || ahead_ms > AHEAD_MAX_MS {
        return Err(ClockError::OutOfRange);
    }
    let audit = context.on_behalf.as_deref().cloned();
    let moved = store.advance_clock(project, by_ms, audit).await.map_err(Failure::from)?;
    let ahead_ms = moved.ok_or(ClockError::NotFound)?;
    context.projects.refresh(store).await.map_err(Failure::from)?;
    for kind in JobKind::ALL {
        (context.on_work)(*kind);
    }
    Ok(context.clock.now().plus_millis(ahead_ms))
}
