//! The writers: each takes everything that waits, and writes it in one transaction.
//!
//! There is no timer: a lone caller pays one flush of the server's log, and while that runs the
//! next batch gathers by itself; a large one is written by the other writer at once. A batch that the server refuses is halved
//! until the culprit stands alone and gets the error.

use std::sync::Arc;

use altyn_app::ports::{CommitError, StoreError};
use tokio::sync::{Mutex, mpsc, oneshot};

use super::batch;
use super::connection::{Line, Link, Server, database};
use super::pipeline::Trouble;
use super::statements::Writes;
use super::verdict::Verdict;
use crate::convert::write_set::WriteSet;

/// Changesets in one transaction at most: past it the wait of each grows faster than the whole
/// gains.
const BATCH_MAX: usize = 1_024;

/// A batch smaller than this is written while the other writer waits: a transaction costs much the
/// same whatever is in it, so a few small ones at once are dearer than one that has gathered.
const ALONE_BELOW: usize = 96;

/// How often a batch that another transaction was in the way of is tried again as it is.
const RETRIES: u32 = 8;

/// A changeset in the queue.
pub(super) struct Waiting {
    pub(super) set: WriteSet,
    pub(super) answer: oneshot::Sender<Result<(), CommitError>>,
}

impl Waiting {
    fn tell(self, answer: Result<(), CommitError>) {
        // Whoever asked may have gone; what was done stays done.
        let _ = self.answer.send(answer);
    }
}

/// The end of the queue that the writers share.
pub(super) type Queue = Arc<Mutex<mpsc::Receiver<Waiting>>>;

/// What a step did, for metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct StepReport {
    /// Changesets answered.
    pub changesets: usize,
    /// Changesets left in the queue when these were taken.
    pub waiting: usize,
    /// Transactions it took.
    pub transactions: usize,
    /// Transactions that another one was in the way of, and that were tried again.
    pub retried: usize,
    /// The batch was halved because the server had refused a statement.
    pub replayed: bool,
    /// The server could not be reached, or the connection broke: whoever waited was told so.
    pub failed: bool,
    /// Every handle on the store is gone: nothing will come any more.
    pub closed: bool,
}

/// Writes queued changesets on a connection of its own.
pub struct PostgresWriter {
    queue: Queue,
    line: Line,
    session: Option<Session>,
    /// A transaction was begun and its end not seen.
    is_open: bool,
}

struct Session {
    link: Arc<Link>,
    writes: Writes,
}

impl PostgresWriter {
    pub(super) fn new(server: &Arc<Server>, queue: Queue) -> Self {
        Self { queue, line: Line::new(server), session: None, is_open: false }
    }

    /// Waits until a changeset is there, then writes all that wait. Dropping the future before a
    /// changeset is there loses nothing; dropping it later leaves those it took unanswered.
    pub async fn step(&mut self) -> StepReport {
        let mut batch = Vec::new();
        let mut queue = Arc::clone(&self.queue).lock_owned().await;
        let taken = queue.recv_many(&mut batch, BATCH_MAX).await;
        let waiting = queue.len();
        // Held to the end of the step, so that the next batch gathers meanwhile.
        let _gathering = (taken < ALONE_BELOW).then_some(queue);
        let closed = taken == 0;
        let mut report = StepReport { changesets: taken, waiting, closed, ..Default::default() };
        let (alone, together) =
            batch.into_iter().partition(|waiting: &Waiting| batch::must_be_alone(&waiting.set));
        let alone: Vec<Waiting> = alone;
        let mut rest: Vec<Vec<Waiting>> = alone.into_iter().map(|waiting| vec![waiting]).collect();
        rest.push(together);
        while let Some(next) = rest.pop() {
            if !next.is_empty() {
                self.write(next, &mut rest, &mut report).await;
            }
        }
        report
    }

    /// Writes a batch; what must be written again, in parts or in a while, goes to `rest`.
    async fn write(
        &mut self,
        mut batch: Vec<Waiting>,
        rest: &mut Vec<Vec<Waiting>>,
        report: &mut StepReport,
    ) {
        let mut tries = 0;
        let trouble = loop {
            report.transactions += 1;
            match self.transaction(&batch).await {
                Ok(verdicts) => {
                    rest.push(answer(batch, &verdicts));
                    return;
                }
                Err(Trouble::InTheWay(_)) if tries < RETRIES => {
                    tries += 1;
                    report.retried += 1;
                }
                Err(trouble) => break trouble,
            }
        };
        match trouble {
            Trouble::Refused(_) | Trouble::InTheWay(_) if batch.len() > 1 => {
                report.replayed = true;
                let second = batch.split_off(batch.len() / 2);
                rest.extend([second, batch]);
            }
            Trouble::Refused(error) => {
                tracing::error!(%error, "the database refused a changeset");
                tell_all(batch, &error);
            }
            Trouble::InTheWay(error) => tell_all(batch, &error),
            Trouble::Lost(error) => {
                tracing::error!(%error, changesets = batch.len(), "a batch was not written");
                report.failed = true;
                tell_all(batch, &error);
            }
        }
    }

    async fn transaction(&mut self, batch: &[Waiting]) -> Result<Vec<Verdict>, Trouble> {
        let session = self.session().await.map_err(Trouble::Lost)?;
        let sets: Vec<&WriteSet> = batch.iter().map(|waiting| &waiting.set).collect();
        let outcome = batch::write(&session.link.client, &session.writes, &sets).await;
        self.is_open = matches!(outcome, Err(Trouble::Lost(_)));
        outcome
    }

    /// The connection, in no transaction. A new one replaces what broke or was left in the middle
    /// of something.
    async fn session(&mut self) -> Result<&Session, StoreError> {
        if self.is_open {
            self.session = None;
            self.line.drop_link().await;
            self.is_open = false;
        }
        let link = self.line.link().await?;
        let session = match self.session.take().filter(|own| Arc::ptr_eq(&own.link, &link)) {
            Some(session) => session,
            None => {
                let writes = Writes::prepare(&link).await.map_err(|error| database(&error))?;
                Session { link, writes }
            }
        };
        self.is_open = true;
        Ok(self.session.insert(session))
    }
}

/// Answers what was decided; gives back what stood behind one that was refused itself.
fn answer(batch: Vec<Waiting>, verdicts: &[Verdict]) -> Vec<Waiting> {
    let mut again = Vec::new();
    for (waiting, verdict) in batch.into_iter().zip(verdicts) {
        match verdict {
            Verdict::Kept => waiting.tell(Ok(())),
            Verdict::Refused(conflict) => waiting.tell(Err((*conflict).into())),
            Verdict::Behind(..) => again.push(waiting),
        }
    }
    again
}

fn tell_all(batch: Vec<Waiting>, error: &StoreError) {
    for waiting in batch {
        waiting.tell(Err(StoreError::Database(error.to_string()).into()));
    }
}
