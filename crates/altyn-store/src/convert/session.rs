//! Sessions, and sign-ins that failed.

use altyn_app::access::user::{Failures, Session, SessionStage};
use altyn_app::ports::StoreError;

use super::{At, storable, time};
use crate::rows::{FailureRow, SessionRow};

/// A session as a row.
pub(crate) fn session_row(session: Session) -> SessionRow {
    SessionRow {
        digest: session.digest,
        user_id: session.user,
        stage: session.stage.as_str().to_owned(),
        created_at: session.created_at.as_millis(),
        seen_at: session.seen_at.as_millis(),
        expires_at: session.expires_at.as_millis(),
        address: session.address,
        agent: storable(&session.agent).into_owned(),
    }
}

/// A session from its row.
pub(crate) fn session(row: SessionRow) -> Result<Session, StoreError> {
    let at = At::of::<SessionRow>(row.user_id, row.created_at);
    Ok(Session {
        digest: row.digest,
        user: row.user_id,
        stage: at.need("stage", SessionStage::parse(&row.stage))?,
        created_at: time(row.created_at),
        seen_at: time(row.seen_at),
        expires_at: time(row.expires_at),
        address: row.address,
        agent: row.agent,
    })
}

/// The failures of a subject; a count past every number is as bad as the largest.
pub(crate) fn failures(row: &FailureRow) -> Failures {
    Failures { count: u32::try_from(row.count).unwrap_or(u32::MAX), last_at: time(row.last_at) }
}
