//! What every use case is given, and how a decision becomes a changeset.

use std::collections::HashMap;
use std::sync::Arc;

use altyn_domain::id::{CallbackId, OperationId, PaymentId, ProjectId};
use altyn_domain::payment::Record;
use altyn_domain::payment::decide::{Change, Moment, Owed};
use altyn_domain::time::Timestamp;

use crate::access::audit::AuditEntry;
use crate::callback::{Callback, CallbackProgress, CallbackState, Channel, channel, lane, lane_of};
use crate::changeset::{Changeset, PaymentWrite};
use crate::ids::{IdSource, NoIds};
use crate::jobs::{Job, JobKind, JobNext, NewJob};
use crate::ports::store::{CommitError, Store, StoreError};
use crate::ports::{CallbackSender, Clock, Dialect, PageLinks, PasswordError, Provider};
use crate::projects::{ProjectEntry, Projects};

/// The ports, and what is shared between use cases.
#[derive(Clone)]
pub struct Context {
    /// The store.
    pub store: Arc<dyn Store>,
    /// Projects in memory.
    pub projects: Arc<Projects>,
    /// Provider accounts by name.
    pub providers: Arc<HashMap<String, Arc<dyn Provider>>>,
    /// Sends callbacks.
    pub sender: Arc<dyn CallbackSender>,
    /// Words callbacks.
    pub dialect: Arc<dyn Dialect>,
    /// Addresses of payments' pages.
    pub pages: Arc<dyn PageLinks>,
    /// The real time.
    pub clock: Arc<dyn Clock>,
    /// Makes ids.
    pub ids: Arc<IdSource>,
    /// Told when work became due at once, so that a worker need not wait for its next look.
    pub on_work: Arc<dyn Fn(JobKind) + Send + Sync>,
    /// In whose name everything is committed, when a person acts.
    pub on_behalf: Option<Arc<AuditEntry>>,
}

/// How often a use case decides again when the record moved under it.
pub const DECIDE_AGAIN_MAX: u32 = 20;

/// Why a use case could not be carried out, for reasons that are not the caller's.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The store refuses more work for now.
    #[error("the store has too much waiting")]
    Overloaded,
    /// The store failed; whether the change is in it is not known.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The node has no lease to make ids.
    #[error(transparent)]
    NoIds(#[from] NoIds),
    /// A password could not be hashed, or there is no randomness for a secret.
    #[error(transparent)]
    Passwords(#[from] PasswordError),
    /// What was to be changed kept changing under us.
    #[error("somebody else changed it at the same time; nothing was written")]
    Contended,
}

impl Context {
    /// The same, acting for a person: each commit takes this entry of the log along.
    pub fn on_behalf(&self, entry: AuditEntry) -> Self {
        Self { on_behalf: Some(Arc::new(entry)), ..self.clone() }
    }

    /// Now, on the real clock and on the project's.
    pub fn moment(&self, project: &ProjectEntry) -> Moment {
        let real = self.clock.now();
        Moment { project: project.project.now(real), real }
    }

    /// A new operation's number.
    pub fn operation_id(&self) -> Result<OperationId, NoIds> {
        Ok(OperationId::new(self.ids.next(self.clock.now())?))
    }

    /// A new payment's number.
    pub fn payment_id(&self) -> Result<PaymentId, NoIds> {
        Ok(PaymentId::new(self.ids.next(self.clock.now())?))
    }

    /// The project of a stored row: it cannot be missing, but another node may have added it a
    /// moment ago.
    pub async fn project(&self, id: ProjectId) -> Result<Arc<ProjectEntry>, StoreError> {
        if let Some(entry) = self.projects.get(id) {
            return Ok(entry);
        }
        self.projects.refresh(self.store.as_ref()).await?;
        self.projects.get(id).ok_or(StoreError::Inconsistent {
            table: "projects",
            column: "id",
            key: id.to_string(),
        })
    }

    /// Turns a decision into rows: picks what it touches out of the record, words the callback it
    /// owes, and dates the work that follows.
    pub fn changeset(
        &self,
        project: &ProjectEntry,
        record: Record,
        change: Change,
        now: Timestamp,
    ) -> Result<Changeset, NoIds> {
        let mut changeset = Changeset {
            events: change.events,
            postings: change.postings,
            jobs: change.work.iter().map(|owed| job_of(&record, *owed, now)).collect(),
            ..Changeset::default()
        };
        if let Some(operation) = change.callback {
            self.owe_callback(&mut changeset, project, (&record, operation), now)?;
        }
        for operation in record.operations {
            if change.new_operations.contains(&operation.id) {
                changeset.new_operations.push(operation);
            } else if change.changed_operations.contains(&operation.id) {
                changeset.changed_operations.push(operation);
            }
        }
        let payment = Box::new(record.payment);
        changeset.payment = Some(match change.expected_version {
            None => PaymentWrite::New(payment),
            Some(expected_version) => PaymentWrite::Changed { payment, expected_version },
        });
        Ok(changeset)
    }

    fn owe_callback(
        &self,
        changeset: &mut Changeset,
        project: &ProjectEntry,
        (record, id): (&Record, OperationId),
        now: Timestamp,
    ) -> Result<(), NoIds> {
        let Some(operation) = record.operation(id) else { return Ok(()) };
        let wishes = record.wishes(operation);
        let Some(channel) = channel(&project.project, wishes, operation) else { return Ok(()) };
        let account = self.providers.get(&operation.account).map(|provider| provider.account());
        let body = match channel {
            Channel::Address(_) => self.dialect.callback_body(project, record, id, account),
            Channel::Letter(_) => self.dialect.letter(project, record, id),
        };
        let callback = Callback {
            id: CallbackId::new(self.ids.next(now)?),
            project: record.payment.project,
            payment: record.payment.id,
            operation: id,
            told: operation.state,
            url: channel.url(),
            body,
            created_at: now,
            progress: CallbackProgress { state: CallbackState::Owed, attempts: 0, ended_at: None },
        };
        let due_at = now.plus_millis(wishes.delay_ms);
        changeset.jobs.push(delivery_job(&callback, due_at));
        changeset.new_callback = Some(callback);
        Ok(())
    }

    /// Commits, and tells the workers when something is due at once.
    pub async fn commit(&self, changeset: Changeset, now: Timestamp) -> Result<(), CommitError> {
        let changeset = self.signed(changeset);
        let mut due: Vec<JobKind> =
            changeset.jobs.iter().filter(|job| job.due_at <= now).map(|job| job.kind).collect();
        due.extend(changeset.job_end.as_ref().and_then(|end| match &end.next {
            JobNext::Again { due_at, .. } if *due_at <= now => Some(end.job.kind),
            JobNext::Again { .. } | JobNext::Done => None,
        }));
        self.store.commit(changeset).await?;
        for kind in due {
            (self.on_work)(kind);
        }
        Ok(())
    }
}

impl Context {
    /// Adds the entry of whoever acts, about what this changes.
    fn signed(&self, mut changeset: Changeset) -> Changeset {
        if let Some(entry) = &self.on_behalf {
            let operation = changeset.new_operations.first().map(|operation| operation.id);
            changeset.audit = Some(AuditEntry {
                operation: operation.or(entry.operation),
                ..AuditEntry::clone(entry)
            });
        }
        changeset
    }
}

/// Splits a failed commit into what the use case handles itself (a conflict) and what it cannot.
pub fn conflict_of(error: CommitError) -> Result<crate::ports::Conflict, Failure> {
    match error {
        CommitError::Conflict(conflict) => Ok(conflict),
        CommitError::Overloaded => Err(Failure::Overloaded),
        CommitError::Store(error) => Err(Failure::Store(error)),
    }
}

/// The job that delivers a callback.
pub fn delivery_job(callback: &Callback, due_at: Timestamp) -> NewJob {
    NewJob {
        kind: JobKind::DeliverCallback,
        subject: callback.id.get(),
        project: callback.project,
        payment: callback.payment,
        lane: lane_of(&callback.url),
        due_at,
    }
}

/// Work on an operation of the record.
pub(crate) fn job_of(record: &Record, owed: Owed, now: Timestamp) -> NewJob {
    let account = record.operation(owed.operation).map_or("", |operation| &operation.account);
    NewJob {
        kind: owed.work.into(),
        subject: owed.operation.get(),
        project: record.payment.project,
        payment: record.payment.id,
        lane: lane(account),
        due_at: now.plus_millis(owed.after_ms),
    }
}

/// Ends `job` in this changeset: by putting it off when the work that follows is this very job,
/// else by removing it.
pub fn end_job(changeset: &mut Changeset, job: &Job) {
    let same = |new: &NewJob| new.kind == job.kind && new.subject == job.subject;
    let next = changeset.jobs.iter().find(|new| same(new)).map(|new| new.due_at);
    changeset.jobs.retain(|new| !same(new));
    changeset.job_end = Some(match next {
        Some(due_at) => job.again(due_at, None),
        None => job.done(),
    });
}
