//! Jobs.

use altyn_app::jobs::{Job, JobKind, Lease, NewJob};
use altyn_app::ports::StoreError;
use altyn_domain::id::PaymentId;

use super::{At, time};
use crate::rows::JobRow;

/// The kinds whose subject is an operation.
pub(crate) const OF_OPERATIONS: [JobKind; 4] = [
    JobKind::CallProvider,
    JobKind::AskOutcome,
    JobKind::ExpireClarification,
    JobKind::CaptureHold,
];

/// A job to add, held by nobody.
pub(crate) fn job_row(job: &NewJob) -> JobRow {
    JobRow {
        kind: job.kind.number(),
        subject: job.subject,
        project: job.project.get().into(),
        payment: job.payment.get(),
        lane: job.lane,
        due_at: job.due_at.as_millis(),
        owner: None,
        attempts: 0,
        wakes: 0,
        woken_for: None,
        last_error: None,
    }
}

/// A job that was claimed: its owner and due time are the lease.
pub(crate) fn claimed_job(row: JobRow) -> Result<Job, StoreError> {
    let at = At::of::<JobRow>(row.kind, row.subject);
    Ok(Job {
        kind: kind(row.kind)?,
        subject: row.subject,
        project: at.project(row.project)?,
        payment: PaymentId::new(row.payment),
        lane: row.lane,
        attempts: row.attempts,
        lease: Lease { owner: at.need("owner", row.owner)?, until: time(row.due_at) },
        wakes: row.wakes,
    })
}

/// A kind by the number it is stored under.
pub(crate) fn kind(number: i64) -> Result<JobKind, StoreError> {
    At::of::<JobRow>(number, 0).need("kind", JobKind::from_number(number))
}
