//! Capture a hold on the project's date, if nobody captured or released it before: banks let a hold
//! go by themselves, and the goods are usually gone by then (seed 000, automatic charge date).

use altyn_domain::payment::decide::{self, CaptureRequest};

use super::Job;
use super::run;
use crate::context::{Context, Failure, conflict_of, end_job};

pub(super) async fn run(context: &Context, job: &Job) -> Result<&'static str, Failure> {
    // Another process may have moved the project's clock, and this job's date with it, just now.
    context.projects.refresh(context.store.as_ref()).await?;
    let (project, record) = run::load(context, job).await?;
    let about_it = record.opening().is_some_and(|opening| opening.id == job.operation());
    let due = record.operation(job.operation()).and_then(|operation| operation.capture_at);
    let Some(due) = due.filter(|_| about_it && !record.free_hold().is_zero()) else {
        return run::finish(context, job.done(), "ended_before").await;
    };
    if record.is_release_asked() {
        tracing::error!(
            payment.id = job.payment.get(),
            "a hold was to be released and stands; it is not captured, a person must look"
        );
        return run::finish(context, job.done(), "release_asked").await;
    }
    let at = context.moment(&project);
    let left = due.as_millis() - at.project.as_millis();
    if left > 0 {
        return run::finish(context, job.again(at.real.plus_millis(left), None), "not_yet").await;
    }
    let id = context.operation_id()?;
    let (record, change) = decide::accept_capture(record, id, at, CaptureRequest::default());
    let mut changeset = context.changeset(&project, record, change, at.real)?;
    end_job(&mut changeset, job);
    match context.commit(changeset, at.real).await {
        Ok(()) => Ok("captured"),
        Err(error) => {
            conflict_of(error)?;
            run::finish(context, job.again(at.real, None), "moved").await
        }
    }
}
