//! Callbacks and the tries to deliver them.

use altyn_app::callback::{Callback, CallbackAttempt, CallbackProgress, CallbackState};
use altyn_app::check::StoredCallback;
use altyn_app::ports::StoreError;
use altyn_domain::id::{CallbackId, OperationId, PaymentId};
use altyn_domain::payment::OperationState;
use altyn_domain::time::Timestamp;

use super::{At, time};
use crate::rows::{CallbackAttemptRow, CallbackRow};

/// A callback as a row.
pub(crate) fn callback_row(callback: Callback) -> CallbackRow {
    CallbackRow {
        project: callback.project.get().into(),
        id: callback.id.get(),
        payment: callback.payment.get(),
        operation: callback.operation.get(),
        told: callback.told.as_str().to_owned(),
        url: callback.url,
        body: callback.body,
        created_at: callback.created_at.as_millis(),
        state: callback.progress.state.as_str().to_owned(),
        attempts: callback.progress.attempts.into(),
        ended_at: callback.progress.ended_at.map(Timestamp::as_millis),
    }
}

/// A callback from its row.
pub(crate) fn callback(row: CallbackRow) -> Result<Callback, StoreError> {
    let at = At::of::<CallbackRow>(row.project, row.id);
    Ok(Callback {
        id: CallbackId::new(row.id),
        project: at.project(row.project)?,
        payment: PaymentId::new(row.payment),
        operation: OperationId::new(row.operation),
        told: at.need("told", OperationState::parse(&row.told))?,
        created_at: time(row.created_at),
        progress: CallbackProgress {
            state: at.need("state", CallbackState::parse(&row.state))?,
            attempts: at.need("attempts", u32::try_from(row.attempts).ok())?,
            ended_at: row.ended_at.map(time),
        },
        url: row.url,
        body: row.body,
    })
}

/// A callback without its body, for the check.
pub(crate) fn stored_callback(row: &CallbackRow) -> Result<StoredCallback, StoreError> {
    let at = At::of::<CallbackRow>(row.project, row.id);
    Ok(StoredCallback {
        id: CallbackId::new(row.id),
        operation: OperationId::new(row.operation),
        told: at.need("told", OperationState::parse(&row.told))?,
        state: at.need("state", CallbackState::parse(&row.state))?,
    })
}

/// A try as a row that has no number yet.
pub(crate) fn attempt_row(attempt: CallbackAttempt) -> CallbackAttemptRow {
    CallbackAttemptRow {
        callback: attempt.callback.get(),
        number: 0,
        at: attempt.at.as_millis(),
        duration_ms: attempt.duration_ms,
        status: attempt.status.map(i64::from),
        answer: attempt.answer,
        error: attempt.error,
    }
}

/// A try from its row.
pub(crate) fn attempt(row: CallbackAttemptRow) -> Result<CallbackAttempt, StoreError> {
    let at = At::of::<CallbackAttemptRow>(row.callback, row.number);
    let status = row.status.map(|status| at.need("status", u16::try_from(status).ok()));
    Ok(CallbackAttempt {
        callback: CallbackId::new(row.callback),
        at: time(row.at),
        duration_ms: row.duration_ms,
        status: status.transpose()?,
        answer: row.answer,
        error: row.error,
    })
}
