//! Statements sent one behind the other without waiting for each answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use altyn_app::ports::StoreError;
use futures_util::future::{BoxFuture, FutureExt as _, join_all};
use tokio_postgres::error::SqlState;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Row, Statement};

use super::connection::{database, is_lost};
use crate::rows::PgColumn;

/// Why a batch was not written.
#[derive(Debug)]
pub(super) enum Trouble {
    /// Another transaction was in the way: the same batch may succeed now.
    InTheWay(StoreError),
    /// The server refused a statement: something in the batch is wrong.
    Refused(StoreError),
    /// The connection is gone; when it went during the commit, nobody knows what became of it.
    Lost(StoreError),
}

/// Statements in order. Sent together, they take one round trip.
pub(super) struct Pipeline<'a> {
    client: &'a Client,
    steps: Vec<BoxFuture<'a, Result<Vec<Row>, tokio_postgres::Error>>>,
    failed: Arc<AtomicBool>,
}

impl<'a> Pipeline<'a> {
    /// Nothing to send yet.
    pub(super) fn new(client: &'a Client) -> Self {
        Self { client, steps: Vec::with_capacity(20), failed: Arc::default() }
    }

    /// Adds a command without parameters.
    pub(super) fn command(&mut self, sql: &'static str) {
        let client = self.client;
        self.push(async move { client.batch_execute(sql).await.map(|()| Vec::new()) }.boxed());
    }

    /// Adds a statement; the answer's place is returned.
    pub(super) fn add(&mut self, statement: &'a Statement, columns: Vec<PgColumn<'a>>) -> usize {
        let client = self.client;
        self.push(
            async move {
                let parameters: Vec<&(dyn ToSql + Sync)> =
                    columns.iter().map(|column| &**column as &(dyn ToSql + Sync)).collect();
                client.query(statement, &parameters).await
            }
            .boxed(),
        )
    }

    /// Adds the commit. It is not sent when a statement before it could not be: one that never
    /// left us does not fail the transaction at the server.
    pub(super) fn commit(&mut self) {
        let (client, failed) = (self.client, Arc::clone(&self.failed));
        self.push(
            async move {
                let sql = if failed.load(Ordering::Relaxed) { "ROLLBACK" } else { "COMMIT" };
                client.batch_execute(sql).await.map(|()| Vec::new())
            }
            .boxed(),
        );
    }

    fn push(&mut self, step: BoxFuture<'a, Result<Vec<Row>, tokio_postgres::Error>>) -> usize {
        let failed = Arc::clone(&self.failed);
        let noted = step.inspect(move |answer| {
            if answer.is_err() {
                failed.store(true, Ordering::Relaxed);
            }
        });
        self.steps.push(noted.boxed());
        self.steps.len() - 1
    }

    /// Sends everything and waits for every answer. A commit behind a refused statement has rolled
    /// back; without one the transaction is still open, and failed.
    pub(super) async fn run(self) -> Result<Vec<Vec<Row>>, Trouble> {
        // join_all polls small sets in order, and a first poll sends.
        let answers = join_all(self.steps).await;
        let mut rows = Vec::with_capacity(answers.len());
        let mut trouble = None;
        for answer in answers {
            match answer {
                Ok(answer) => rows.push(answer),
                Err(error) => trouble = Some(worse(trouble, error)),
            }
        }
        match trouble {
            None => Ok(rows),
            Some(error) => Err(Trouble::of(&error)),
        }
    }
}

/// The error that explains the others: that a transaction has failed is only a consequence.
fn worse(
    first: Option<tokio_postgres::Error>,
    second: tokio_postgres::Error,
) -> tokio_postgres::Error {
    match first {
        Some(first) if first.code() != Some(&SqlState::IN_FAILED_SQL_TRANSACTION) => {
            if is_lost(&second) { second } else { first }
        }
        Some(_) | None => second,
    }
}

impl Trouble {
    pub(super) fn of(error: &tokio_postgres::Error) -> Self {
        let code = error.code();
        let told = if code == Some(&SqlState::DIVISION_BY_ZERO) {
            // How the statements that change rows say it.
            StoreError::Database("a row that was to be changed is not there".to_owned())
        } else {
            database(error)
        };
        if is_lost(error) {
            Self::Lost(told)
        } else if code == Some(&SqlState::T_R_DEADLOCK_DETECTED)
            || code == Some(&SqlState::T_R_SERIALIZATION_FAILURE)
            || code == Some(&SqlState::LOCK_NOT_AVAILABLE)
        {
            Self::InTheWay(told)
        } else {
            Self::Refused(told)
        }
    }
}
