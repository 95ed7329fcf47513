//! What can be asked of the writer, and how it is answered.

use std::collections::{BTreeMap, BTreeSet};

use altyn_app::ports::{CommitError, Conflict, StoreError};
use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use super::{SqliteStore, database};
use crate::convert::ledger::balance_delta;
use crate::listing::feed;
use crate::rows::EntryRow;

/// Why a command did not take effect.
#[derive(Debug)]
pub(super) enum Failure {
    /// It was refused and wrote nothing, so the transaction goes on without it.
    Refused(Conflict),
    /// It failed half way: what it wrote must be undone.
    Failed(StoreError),
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self::Failed(database(&error))
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Failed(error)
    }
}

impl From<Failure> for CommitError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Refused(conflict) => Self::Conflict(conflict),
            Failure::Failed(error) => Self::Store(error),
        }
    }
}

impl From<Failure> for StoreError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Refused(conflict) => Self::Database(conflict.to_string()),
            Failure::Failed(error) => error,
        }
    }
}

type Account = (i64, String, String);

/// A transaction under way, with what is written once for all its commands.
pub(super) struct Batch<'a> {
    pub(super) connection: &'a Connection,
    /// Debit and credit by project, account and currency.
    balances: BTreeMap<Account, (i64, i64)>,
    /// Payments that the list must look at.
    changed: BTreeSet<feed::Key>,
}

impl<'a> Batch<'a> {
    pub(super) const fn new(connection: &'a Connection) -> Self {
        Self { connection, balances: BTreeMap::new(), changed: BTreeSet::new() }
    }

    /// Has the list look at a payment.
    pub(super) fn note(&mut self, payment: Option<feed::Key>) {
        self.changed.extend(payment);
    }

    /// Adds an entry to its account's sum.
    pub(super) fn count(&mut self, entry: &EntryRow) -> Result<(), Failure> {
        let (debit, credit) = balance_delta(entry);
        let key = (entry.project, entry.account.clone(), entry.currency.clone());
        let sum = self.balances.entry(key).or_default();
        match (sum.0.checked_add(debit), sum.1.checked_add(credit)) {
            (Some(debit), Some(credit)) => *sum = (debit, credit),
            (_, _) => return Err(StoreError::Database("a balance is too large".into()).into()),
        }
        Ok(())
    }

    /// Writes the sums, one update for each account that moved, and one row of all that changed.
    pub(super) fn finish(self) -> Result<(), Failure> {
        if !self.changed.is_empty() {
            let sql = "INSERT INTO changes (payments) VALUES (?1)";
            self.connection.prepare_cached(sql)?.execute([feed::pack(&self.changed)])?;
        }
        let mut statement = self.connection.prepare_cached(
            "INSERT INTO balances (project, account, currency, debit_minor, credit_minor)
             VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (project, account, currency) DO UPDATE SET
                 debit_minor = debit_minor + excluded.debit_minor,
                 credit_minor = credit_minor + excluded.credit_minor",
        )?;
        for ((project, account, currency), (debit, credit)) in self.balances {
            statement.execute((project, account, currency, debit, credit))?;
        }
        Ok(())
    }
}

/// Something the writer does. It may be applied more than once before it is answered, each time
/// after what it wrote before was undone.
pub(super) trait Command: Send + 'static {
    /// What it is answered with.
    type Answer: Send;

    /// Does it.
    fn apply(&self, batch: &mut Batch<'_>) -> Result<Self::Answer, Failure>;
}

/// A command in the queue.
pub(super) trait Waiting: Send {
    /// Applies the command and keeps its answer. An error means that the transaction holds a half
    /// of it.
    fn apply(&mut self, batch: &mut Batch<'_>) -> Result<(), ()>;

    /// Answers with what [`Waiting::apply`] gave last.
    fn answer(self: Box<Self>);

    /// Answers that the transaction failed.
    fn fail(self: Box<Self>, why: &str);
}

struct Task<C: Command> {
    command: C,
    outcome: Option<Result<C::Answer, Failure>>,
    reply: oneshot::Sender<Result<C::Answer, Failure>>,
}

impl<C: Command> Waiting for Task<C> {
    fn apply(&mut self, batch: &mut Batch<'_>) -> Result<(), ()> {
        let outcome = self.command.apply(batch);
        let whole = !matches!(outcome, Err(Failure::Failed(_)));
        self.outcome = Some(outcome);
        if whole { Ok(()) } else { Err(()) }
    }

    fn answer(self: Box<Self>) {
        if let Some(outcome) = self.outcome {
            // Whoever asked may have gone; what was done stays done.
            let _ = self.reply.send(outcome);
        }
    }

    fn fail(self: Box<Self>, why: &str) {
        let _ = self.reply.send(Err(StoreError::Database(why.to_owned()).into()));
    }
}

type Reply<C> = oneshot::Receiver<Result<<C as Command>::Answer, Failure>>;

fn task<C: Command>(command: C) -> (Box<dyn Waiting>, Reply<C>) {
    let (reply, answer) = oneshot::channel();
    (Box::new(Task { command, outcome: None, reply }), answer)
}

fn stopped() -> StoreError {
    StoreError::Database("the writer has stopped".into())
}

impl SqliteStore {
    /// Queues a command that is never refused, waiting for room, and awaits its answer.
    pub(super) async fn ask<C: Command>(&self, command: C) -> Result<C::Answer, StoreError> {
        Ok(self.answer_to(command).await??)
    }

    /// Queues a command that may be refused, waiting for room, and awaits its answer.
    pub(super) async fn ask_whether<C: Command>(
        &self,
        command: C,
    ) -> Result<C::Answer, CommitError> {
        Ok(self.answer_to(command).await??)
    }

    async fn answer_to<C: Command>(
        &self,
        command: C,
    ) -> Result<Result<C::Answer, Failure>, StoreError> {
        let (task, answer) = task(command);
        self.queue.send(task).await.map_err(|_| stopped())?;
        answer.await.map_err(|_| stopped())
    }

    /// Queues a command unless too much waits, and awaits its answer.
    pub(super) async fn ask_now<C: Command>(&self, command: C) -> Result<C::Answer, CommitError> {
        if self.waiting() >= self.queue_max {
            return Err(CommitError::Overloaded);
        }
        let (task, answer) = task(command);
        self.queue.try_send(task).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => CommitError::Overloaded,
            mpsc::error::TrySendError::Closed(_) => stopped().into(),
        })?;
        Ok(answer.await.map_err(|_| stopped())??)
    }
}
