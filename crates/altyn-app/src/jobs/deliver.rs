//! Deliver a callback: one try, recorded, and the next one planned.

use super::Job;
use super::run;
use crate::callback::{CallbackAttempt, CallbackProgress, CallbackState};
use crate::changeset::{CallbackTry, Changeset};
use crate::context::{Context, Failure, conflict_of};

pub(super) async fn run(context: &Context, job: &Job) -> Result<&'static str, Failure> {
    let project = context.project(job.project).await?;
    let owed = context.store.callback(job.callback()).await?;
    let Some(callback) = owed else {
        return run::finish(context, job.done(), "gone").await;
    };
    // A job for a callback that has ended is a resend by hand: the plan begins anew.
    let earlier = match callback.progress.state {
        CallbackState::Owed => callback.progress.attempts,
        CallbackState::Delivered | CallbackState::GivenUp => 0,
    };
    let began = context.clock.now();
    let report = context.sender.send(&callback).await;
    let now = context.clock.now();
    let attempts = earlier.saturating_add(1);
    let settings = &project.project;
    let pause = settings.retry_plan.pause_after(settings.dialect, attempts);
    let (state, end, outcome) = if context.dialect.accepts(&project, &callback, &report, now) {
        (CallbackState::Delivered, job.done(), "delivered")
    } else if let Some(pause) = pause {
        (CallbackState::Owed, job.again(now.plus_millis(pause), report.error.clone()), "retry")
    } else {
        (CallbackState::GivenUp, job.done(), "given_up")
    };
    if state == CallbackState::GivenUp {
        tracing::error!(
            callback.id = callback.id.get(),
            payment.id = callback.payment.get(),
            attempts,
            "a callback was given up; resend it with `altyn callbacks resend`"
        );
    }
    let changeset = Changeset {
        callback_try: Some(CallbackTry {
            attempt: CallbackAttempt {
                callback: callback.id,
                at: began,
                duration_ms: report.duration_ms,
                status: report.status,
                answer: report.answer,
                error: report.error,
            },
            progress: CallbackProgress {
                state,
                attempts,
                ended_at: (state != CallbackState::Owed).then_some(now),
            },
        }),
        job_end: Some(end),
        ..Changeset::default()
    };
    match context.commit(changeset, now).await {
        Ok(()) => Ok(outcome),
        Err(error) => conflict_of(error).map(|_| "lease_lost"),
    }
}
