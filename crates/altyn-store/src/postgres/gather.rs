//! The rows of all changesets of a batch, table by table.

use std::collections::{BTreeMap, BTreeSet};

use altyn_app::callback::CallbackProgress;
use altyn_app::ports::StoreError;
use altyn_domain::time::Timestamp;
use tokio_postgres::Statement;

use super::audit::log_columns;
use super::pipeline::{Pipeline, Trouble};
use super::statements::{NOTIFICATIONS_KEPT, Writes};
use super::verdict::{JobFate, Key, Standing, ended_job, fate};
use crate::convert::ledger::balance_delta;
use crate::convert::write_set::{PaymentChange, WriteSet};
use crate::listing::feed;
use crate::rows::{
    AttemptRow, AuditRow, CallbackAttemptRow, CallbackRow, EntryRow, EventRow, JobRow,
    NotificationRow, OperationRow, PaymentRow, PgColumn, Row,
};

/// What is left to write of a batch when its claims are won.
#[derive(Default)]
pub(super) struct Rows<'a> {
    payments: Vec<&'a PaymentRow>,
    operations: Vec<&'a OperationRow>,
    changed_operations: Vec<&'a OperationRow>,
    events: Vec<&'a EventRow>,
    begun: Vec<&'a AttemptRow>,
    ended: Vec<&'a AttemptRow>,
    entries: Vec<&'a EntryRow>,
    notifications: Vec<&'a NotificationRow>,
    callbacks: Vec<&'a CallbackRow>,
    tries: Vec<(&'a CallbackAttemptRow, &'a CallbackProgress)>,
    owed_again: BTreeSet<i64>,
    /// Payments that the list must look at.
    changed: BTreeSet<feed::Key>,
    /// Callbacks whose payments it must look at.
    turned: BTreeSet<i64>,
    ended_jobs: BTreeMap<Key, JobFate>,
    /// Jobs to add, the earliest of each, and how many more there were of it.
    jobs: BTreeMap<Key, (&'a JobRow, i64, i64)>,
    log: Vec<&'a AuditRow>,
    /// Debit and credit by project, account and currency.
    balances: BTreeMap<(i64, &'a str, &'a str), (i64, i64)>,
}

impl<'a> Rows<'a> {
    /// Takes a changeset that is to be written.
    pub(super) fn take(&mut self, set: &'a WriteSet, standing: &Standing) -> Result<(), Trouble> {
        match &set.payment {
            Some(PaymentChange::Changed { row, .. }) => self.payments.push(row),
            Some(PaymentChange::New(_)) | None => {}
        }
        let claimed = |operation: &&OperationRow| operation.merchant_refund_id.is_some();
        self.operations.extend(set.new_operations.iter().filter(|one| !claimed(one)));
        self.changed_operations.extend(&set.changed_operations);
        self.events.extend(&set.events);
        self.begun.extend(&set.attempt_start);
        self.ended.extend(&set.attempt_end);
        self.notifications.extend(&set.notification);
        self.callbacks.extend(&set.new_callback);
        self.take_tries(set);
        self.changed.extend(feed::changed(set));
        if let Some(end) = &set.job_end {
            let key = ended_job(end);
            self.ended_jobs.insert(key, fate(end, set, standing.jobs.get(&key)));
        }
        for job in &set.jobs {
            self.add_job(job);
        }
        self.log.extend(&set.audit);
        for entry in &set.entries {
            self.add_entry(entry)?;
        }
        Ok(())
    }

    fn take_tries(&mut self, set: &'a WriteSet) {
        if let Some((attempt, progress)) = &set.callback_try {
            self.tries.push((attempt, progress));
            self.turned.extend(feed::is_turn(progress).then_some(attempt.callback));
        }
        self.owed_again.extend(&set.callbacks_anew);
        self.turned.extend(&set.callbacks_anew);
    }

    fn add_job(&mut self, job: &'a JobRow) {
        self.jobs
            .entry((job.kind, job.subject))
            .and_modify(|(_, due_at, more)| {
                *due_at = job.due_at.min(*due_at);
                *more += 1;
            })
            .or_insert((job, job.due_at, 0));
    }

    fn add_entry(&mut self, entry: &'a EntryRow) -> Result<(), Trouble> {
        let (debit, credit) = balance_delta(entry);
        let key = (entry.project, entry.account.as_str(), entry.currency.as_str());
        let sum = self.balances.entry(key).or_default();
        match (sum.0.checked_add(debit), sum.1.checked_add(credit)) {
            (Some(debit), Some(credit)) => *sum = (debit, credit),
            (_, _) => {
                let text = "a balance is too large".to_owned();
                return Err(Trouble::Refused(StoreError::Database(text)));
            }
        }
        self.entries.push(entry);
        Ok(())
    }

    /// Adds the statements, each with all its rows. Ends of jobs go before additions: a job may
    /// ask for its like again. Balances go last, because every batch wants the same few of them.
    pub(super) fn send<'p>(&'p self, writes: &'p Writes, pipeline: &mut Pipeline<'p>) {
        change_all(pipeline, &writes.change_payments, &self.payments);
        add(pipeline, &writes.add_operations, &self.operations);
        change_all(pipeline, &writes.change_operations, &self.changed_operations);
        add(pipeline, &writes.add_events, &self.events);
        add(pipeline, &writes.begin_attempts, &self.begun);
        change_all(pipeline, &writes.end_attempts, &self.ended);
        add(pipeline, &writes.add_entries, &self.entries);
        add(pipeline, &writes.keep_notifications, &self.notifications);
        self.trim_notifications(writes, pipeline);
        add(pipeline, &writes.add_callbacks, &self.callbacks);
        self.send_tries(writes, pipeline);
        self.send_changes(writes, pipeline);
        self.send_ended_jobs(writes, pipeline);
        self.send_jobs(writes, pipeline);
        if !self.log.is_empty() {
            pipeline.add(&writes.log, log_columns(&self.log));
        }
        self.send_balances(writes, pipeline);
    }

    fn trim_notifications<'p>(&'p self, writes: &'p Writes, pipeline: &mut Pipeline<'p>) {
        if self.notifications.is_empty() {
            return;
        }
        let rows = &self.notifications;
        pipeline.add(
            &writes.trim_notifications,
            vec![
                column(rows.iter().map(|row| row.project)),
                column(rows.iter().map(|row| row.operation)),
                Box::new(NOTIFICATIONS_KEPT),
            ],
        );
    }

    /// The callback first: its lock keeps the numbers of its tries apart.
    fn send_tries<'p>(&'p self, writes: &'p Writes, pipeline: &mut Pipeline<'p>) {
        if self.tries.is_empty() {
            return;
        }
        let tries = &self.tries;
        pipeline.add(
            &writes.change_callbacks,
            vec![
                column(tries.iter().map(|(attempt, _)| attempt.callback)),
                column(tries.iter().map(|(_, progress)| progress.state.as_str())),
                column(tries.iter().map(|(_, progress)| i64::from(progress.attempts))),
                column(tries.iter().map(|(_, one)| one.ended_at.map(Timestamp::as_millis))),
                count(tries.len()),
            ],
        );
        let rows: Vec<&CallbackAttemptRow> = tries.iter().map(|(attempt, _)| *attempt).collect();
        add(pipeline, &writes.add_tries, &rows);
    }

    fn send_changes<'p>(&'p self, writes: &'p Writes, pipeline: &mut Pipeline<'p>) {
        if !self.owed_again.is_empty() {
            pipeline.add(&writes.owe_again, vec![column(self.owed_again.iter().copied())]);
        }
        if !self.changed.is_empty() || !self.turned.is_empty() {
            let turned = column(self.turned.iter().copied());
            pipeline.add(&writes.note_changes, vec![Box::new(feed::pack(&self.changed)), turned]);
        }
    }

    fn send_ended_jobs<'p>(&'p self, writes: &'p Writes, pipeline: &mut Pipeline<'p>) {
        let mut removed: Vec<&Key> = Vec::new();
        let mut put_off: Vec<(&Key, i64, Option<&str>)> = Vec::new();
        for (key, fate) in &self.ended_jobs {
            match fate {
                JobFate::Removed => removed.push(key),
                JobFate::PutOff { due_at, error } => put_off.push((key, *due_at, error.as_deref())),
            }
        }
        if !removed.is_empty() {
            let kinds = column(removed.iter().map(|key| key.0));
            let subjects = column(removed.iter().map(|key| key.1));
            pipeline.add(&writes.remove_jobs, vec![kinds, subjects]);
        }
        if !put_off.is_empty() {
            pipeline.add(
                &writes.put_off_jobs,
                vec![
                    column(put_off.iter().map(|(key, _, _)| key.0)),
                    column(put_off.iter().map(|(key, _, _)| key.1)),
                    column(put_off.iter().map(|(_, due_at, _)| *due_at)),
                    column(put_off.iter().map(|(_, _, error)| *error)),
                ],
            );
        }
    }

    fn send_jobs<'p>(&'p self, writes: &'p Writes, pipeline: &mut Pipeline<'p>) {
        if self.jobs.is_empty() {
            return;
        }
        let jobs = &self.jobs;
        pipeline.add(
            &writes.add_jobs,
            vec![
                column(jobs.keys().map(|key| key.0)),
                column(jobs.keys().map(|key| key.1)),
                column(jobs.values().map(|(job, _, _)| job.project)),
                column(jobs.values().map(|(job, _, _)| job.payment)),
                column(jobs.values().map(|(job, _, _)| job.lane)),
                column(jobs.values().map(|(_, due_at, _)| *due_at)),
                column(jobs.values().map(|(_, _, more)| *more)),
            ],
        );
    }

    fn send_balances<'p>(&'p self, writes: &'p Writes, pipeline: &mut Pipeline<'p>) {
        if self.balances.is_empty() {
            return;
        }
        let balances = &self.balances;
        pipeline.add(
            &writes.add_balances,
            vec![
                column(balances.keys().map(|(project, _, _)| *project)),
                column(balances.keys().map(|(_, account, _)| *account)),
                column(balances.keys().map(|(_, _, currency)| *currency)),
                column(balances.values().map(|(debit, _)| *debit)),
                column(balances.values().map(|(_, credit)| *credit)),
            ],
        );
    }
}

fn add<'p, R: Row + Sync>(pipeline: &mut Pipeline<'p>, statement: &'p Statement, rows: &[&'p R]) {
    if !rows.is_empty() {
        pipeline.add(statement, R::pg_columns(rows));
    }
}

/// Changes rows that must be there.
fn change_all<'p, R: Row + Sync>(
    pipeline: &mut Pipeline<'p>,
    statement: &'p Statement,
    rows: &[&'p R],
) {
    if !rows.is_empty() {
        let mut columns = R::pg_columns(rows);
        columns.push(count(rows.len()));
        pipeline.add(statement, columns);
    }
}

fn column<'p, T>(values: impl Iterator<Item = T>) -> PgColumn<'p>
where
    T: tokio_postgres::types::ToSql + Sync + Send + 'p,
{
    Box::new(values.collect::<Vec<T>>())
}

fn count<'p>(rows: usize) -> PgColumn<'p> {
    Box::new(i64::try_from(rows).unwrap_or(i64::MAX))
}
