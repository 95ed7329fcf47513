//! One batch of changesets, one transaction: lock and check, claim what is unique, write the rest.
//!
//! | round trip | statements |
//! |---|---|
//! | the only one, where payments are accepted and nothing else is done | all of it ([`acceptance`]) |
//! | 1 | `BEGIN`; lock payments and jobs, in the order of their keys; claim references of new payments |
//! | 2, where a refund carries a merchant's id | claim the refund ids of those that passed |
//! | last | everything else of those that passed; `COMMIT` |
//!
//! A claim is an insert that gives way to a row that is there, so it answers for rows of this
//! batch, of a batch under way on another connection (it waits for that one's end) and of old.
//! A changeset that loses its claim has written nothing: it had only this one.

use std::collections::{BTreeSet, HashSet};

use altyn_app::ports::Conflict;
use tokio_postgres::{Client, Row as PgRow};

use super::acceptance;
use super::gather::Rows;
use super::pipeline::{Pipeline, Trouble};
use super::statements::Writes;
use super::verdict::{Key, Standing, StandingJob, Verdict, changed_payment, ended_job, judge};
use crate::convert::write_set::{PaymentChange, WriteSet};
use crate::rows::{OperationRow, PaymentRow, PgColumn, Row as _};

/// A changeset that claims more than one thing is written in a batch of its own: when it loses
/// one, what it had won must be undone.
pub(super) fn must_be_alone(set: &WriteSet) -> bool {
    let new = new_payment(set);
    let refunds = refund_claims(set).count();
    let claims = refunds + usize::from(new.is_some());
    claims > 1 || (new.is_some() && set.job_end.is_some())
}

fn new_payment(set: &WriteSet) -> Option<&PaymentRow> {
    match &set.payment {
        Some(PaymentChange::New(row)) => Some(row),
        Some(PaymentChange::Changed { .. }) | None => None,
    }
}

fn refund_claims(set: &WriteSet) -> impl Iterator<Item = &OperationRow> {
    set.new_operations.iter().filter(|operation| operation.merchant_refund_id.is_some())
}

/// Writes what may be written and says what became of each. After an error nothing is written,
/// unless the connection broke during the commit.
pub(super) async fn write(
    client: &Client,
    writes: &Writes,
    sets: &[&WriteSet],
) -> Result<Vec<Verdict>, Trouble> {
    let accepted: Option<Vec<&PaymentRow>> =
        sets.iter().map(|set| acceptance::accepted(set)).collect();
    let written = match accepted {
        Some(payments) => acceptance::write(client, &writes.accept, sets, payments).await,
        None => Batch { client, writes, sets, verdicts: Vec::new() }.run().await,
    };
    match written {
        Ok(verdicts) => Ok(verdicts),
        Err(Trouble::Lost(error)) => Err(Trouble::Lost(error)),
        Err(trouble) => {
            // Where the commit has undone it already this is only a warning at the server.
            match client.batch_execute("ROLLBACK").await {
                Ok(()) => Err(trouble),
                Err(error) => Err(Trouble::of(&error)),
            }
        }
    }
}

struct Batch<'a> {
    client: &'a Client,
    writes: &'a Writes,
    sets: &'a [&'a WriteSet],
    verdicts: Vec<Verdict>,
}

impl<'a> Batch<'a> {
    async fn run(mut self) -> Result<Vec<Verdict>, Trouble> {
        let standing = self.lock().await?;
        self.claim_refunds().await?;
        self.settle();
        let alone_and_refused = self.sets.len() == 1 && !self.is_kept(0);
        let kept = (0..self.sets.len()).any(|at| self.is_kept(at));
        if alone_and_refused || !kept {
            let mut pipeline = Pipeline::new(self.client);
            pipeline.command("ROLLBACK");
            pipeline.run().await?;
            return Ok(self.verdicts);
        }
        let mut rows = Rows::default();
        for (_, set) in self.sets.iter().enumerate().filter(|(at, _)| self.is_kept(*at)) {
            rows.take(set, &standing)?;
        }
        let mut pipeline = Pipeline::new(self.client);
        rows.send(self.writes, &mut pipeline);
        pipeline.commit();
        pipeline.run().await?;
        Ok(self.verdicts)
    }

    fn is_kept(&self, at: usize) -> bool {
        self.verdicts.get(at) == Some(&Verdict::Kept)
    }

    /// Begins, locks what the batch depends on, claims references, and judges.
    async fn lock(&mut self) -> Result<Standing, Trouble> {
        let (payments, jobs) = (self.payments_to_lock(), self.jobs_to_lock());
        let claims = self.references_to_claim();
        let mut pipeline = Pipeline::new(self.client);
        pipeline.command("BEGIN");
        let locked_payments = (!payments.is_empty())
            .then(|| pipeline.add(&self.writes.lock_payments, key_columns(&payments)));
        let locked_jobs =
            (!jobs.is_empty()).then(|| pipeline.add(&self.writes.lock_jobs, key_columns(&jobs)));
        let claimed = (!claims.is_empty())
            .then(|| pipeline.add(&self.writes.claim_payments, PaymentRow::pg_columns(&claims)));
        let answers = pipeline.run().await?;
        let rows =
            |at: Option<usize>| at.and_then(|at| answers.get(at)).map_or(&[][..], |rows| rows);
        let mut standing = Standing::default();
        for row in rows(locked_payments) {
            standing.versions.insert(key_of(row)?, get(row, 2)?);
        }
        for row in rows(locked_jobs) {
            let job = StandingJob {
                owner: get(row, 2)?,
                due_at: get(row, 3)?,
                wakes: get(row, 4)?,
                woken_for: get(row, 5)?,
            };
            standing.jobs.insert(key_of(row)?, job);
        }
        let won: HashSet<i64> =
            rows(claimed).iter().map(|row| get(row, 0)).collect::<Result<_, _>>()?;
        self.verdicts = judge(self.sets, &standing);
        self.refuse(Conflict::PaymentExists, |set| {
            new_payment(set).is_some_and(|row| !won.contains(&row.id))
        });
        Ok(standing)
    }

    /// Sorted, so that two batches with the same keys meet in the same order.
    fn payments_to_lock(&self) -> Vec<Key> {
        let keys = self.sets.iter().filter_map(|set| changed_payment(set)).map(|(key, _)| key);
        keys.collect::<BTreeSet<Key>>().into_iter().collect()
    }

    /// The jobs that end, and those that may be woken. A new payment's jobs are new themselves.
    fn jobs_to_lock(&self) -> Vec<Key> {
        let mut keys = BTreeSet::new();
        for set in self.sets {
            keys.extend(set.job_end.as_ref().map(ended_job));
            if new_payment(set).is_none() {
                keys.extend(set.jobs.iter().map(|job| (job.kind, job.subject)));
            }
        }
        keys.into_iter().collect()
    }

    fn references_to_claim(&self) -> Vec<&'a PaymentRow> {
        let mut claims: Vec<&PaymentRow> =
            self.sets.iter().filter_map(|set| new_payment(set)).collect();
        claims.sort_by(acceptance::by_reference);
        claims
    }

    /// Claims the merchants' refund ids of what has passed so far.
    async fn claim_refunds(&mut self) -> Result<(), Trouble> {
        let passed = self.sets.iter().enumerate().filter(|(at, _)| self.is_kept(*at));
        let mut claims: Vec<&OperationRow> =
            passed.flat_map(|(_, set)| refund_claims(set)).collect();
        if claims.is_empty() {
            return Ok(());
        }
        claims.sort_by(|a, b| {
            (a.project, &a.merchant_refund_id, a.id).cmp(&(b.project, &b.merchant_refund_id, b.id))
        });
        let mut pipeline = Pipeline::new(self.client);
        pipeline.add(&self.writes.claim_refunds, OperationRow::pg_columns(&claims));
        let answers = pipeline.run().await?;
        let won: HashSet<i64> =
            answers.iter().flatten().map(|row| get(row, 0)).collect::<Result<_, _>>()?;
        self.refuse(Conflict::RefundIdExists, |set| {
            refund_claims(set).any(|operation| !won.contains(&operation.id))
        });
        Ok(())
    }

    /// Refuses those that had passed and have lost a claim.
    fn refuse(&mut self, conflict: Conflict, lost: impl Fn(&WriteSet) -> bool) {
        for (verdict, set) in self.verdicts.iter_mut().zip(self.sets) {
            if *verdict == Verdict::Kept && lost(set) {
                *verdict = Verdict::Refused(conflict);
            }
        }
    }

    /// Refuses those that stood behind one that is written.
    fn settle(&mut self) {
        let kept: Vec<bool> = (0..self.sets.len()).map(|at| self.is_kept(at)).collect();
        for verdict in &mut self.verdicts {
            if let Verdict::Behind(first, conflict) = *verdict
                && kept.get(first) == Some(&true)
            {
                *verdict = Verdict::Refused(conflict);
            }
        }
    }
}

fn key_columns(keys: &[Key]) -> Vec<PgColumn<'static>> {
    let first: Vec<i64> = keys.iter().map(|key| key.0).collect();
    let second: Vec<i64> = keys.iter().map(|key| key.1).collect();
    vec![Box::new(first), Box::new(second)]
}

fn key_of(row: &PgRow) -> Result<Key, Trouble> {
    Ok((get(row, 0)?, get(row, 1)?))
}

fn get<'r, T: tokio_postgres::types::FromSql<'r>>(row: &'r PgRow, at: usize) -> Result<T, Trouble> {
    row.try_get(at).map_err(|error| Trouble::of(&error))
}
