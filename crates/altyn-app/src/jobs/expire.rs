//! Decline an operation whose missing data has not come within 30 minutes. No provider order
//! exists yet, so no money can move any more (ruling 18).

use altyn_domain::payment::OperationState;
use altyn_domain::payment::decide::{self, Applied, CLARIFICATION_LIFE_MS, Happening};

use super::Job;
use super::run;
use crate::context::{Context, Failure, conflict_of, end_job};

pub(super) async fn run(context: &Context, job: &Job) -> Result<&'static str, Failure> {
    // Another process may have moved the project's clock, and this job's date with it, just now.
    context.projects.refresh(context.store.as_ref()).await?;
    let (project, mut record) = run::load(context, job).await?;
    let waiting = record
        .operation(job.operation())
        .filter(|operation| operation.state == OperationState::Clarifying);
    let Some(since) = waiting.map(|operation| operation.updated_at) else {
        return run::finish(context, job.done(), "ended_before").await;
    };
    let at = context.moment(&project);
    let left = since.plus_millis(CLARIFICATION_LIFE_MS).as_millis() - at.project.as_millis();
    if left > 0 {
        let due = at.real.plus_millis(left);
        return run::finish(context, job.again(due, None), "not_yet").await;
    }
    let happening = Happening::ClarificationTimedOut;
    let Ok(Applied::Changed(change)) = decide::apply(&mut record, job.operation(), happening, at)
    else {
        return run::finish(context, job.done(), "ended_before").await;
    };
    let mut changeset = context.changeset(&project, record, change, at.real)?;
    end_job(&mut changeset, job);
    match context.commit(changeset, at.real).await {
        Ok(()) => Ok("expired"),
        Err(error) => {
            conflict_of(error)?;
            run::finish(context, job.again(at.real, None), "moved").await
        }
    }
}
