//! A batch of accepted payments and nothing else: one statement, which is a transaction by itself.
//!
//! It depends on no row that is there, so there is nothing to lock and nothing to judge: a payment
//! whose reference is free is written with all that belongs to it, and one whose reference is taken
//! leaves nothing. That is one round trip, and no lock is held while the server waits for the node.
//! What else there is to write goes the longer way ([`super::batch`]).

use std::cmp::Ordering;
use std::collections::HashSet;

use altyn_app::ports::Conflict;
use tokio_postgres::{Client, Statement};

use super::pipeline::{Pipeline, Trouble};
use super::verdict::Verdict;
use crate::convert::write_set::{PaymentChange, WriteSet};
use crate::rows::{EventRow, JobRow, OperationRow, PaymentRow, Row, insert_unnest_pg};

/// The payment of a changeset that accepts one and does nothing else.
pub(super) fn accepted(set: &WriteSet) -> Option<&PaymentRow> {
    // By name, so that what is added to a changeset is thought of here.
    let WriteSet {
        payment: Some(PaymentChange::New(payment)),
        new_operations,
        events,
        jobs,
        changed_operations,
        entries,
        attempt_start: None,
        attempt_end: None,
        notification: None,
        new_callback: None,
        callback_try: None,
        callbacks_anew,
        job_end: None,
        audit: None,
    } = set
    else {
        return None;
    };
    let has_claim = new_operations.iter().any(|one| one.merchant_refund_id.is_some());
    let has_more =
        !changed_operations.is_empty() || !entries.is_empty() || !callbacks_anew.is_empty();
    // What belongs to another payment would be left out without a word.
    let is_own = new_operations.iter().all(|one| one.payment == payment.id)
        && events.iter().all(|one| one.payment == payment.id)
        && jobs.iter().all(|one| one.payment == payment.id);
    (is_own && !has_claim && !has_more).then_some(payment)
}

/// Payments, operations, events and jobs, each as one array for each column → the ids of the
/// payments that were written.
///
/// The rows are read in the order given, so that two batches meet at a reference in the same order.
/// What is noted for the list is packed as [`crate::listing::feed`] packs it.
pub(super) fn statement() -> String {
    let mut next = 1;
    let payments = insert::<PaymentRow>(&mut next);
    let operations = insert::<OperationRow>(&mut next);
    let events = insert::<EventRow>(&mut next);
    let jobs = insert::<JobRow>(&mut next);
    let of_won = "WHERE u.payment IN (SELECT id FROM won)";
    format!(
        "WITH won AS (
             {payments} ON CONFLICT (project, reference_key) DO NOTHING RETURNING project, id),
         new_operations AS ({operations} {of_won}),
         new_events AS ({events} {of_won}),
         new_jobs AS ({jobs} {of_won}),
         noted AS (
             INSERT INTO changes (payments)
             SELECT string_agg(int8send(project) || int8send(id), ''::bytea) FROM won
             HAVING count(*) > 0)
         SELECT id FROM won"
    )
}

fn insert<R: Row>(next: &mut usize) -> String {
    let first = *next;
    *next += R::COLUMNS.len();
    insert_unnest_pg::<R>(first)
}

/// The order in which references are claimed, in every batch.
pub(super) fn by_reference(a: &&PaymentRow, b: &&PaymentRow) -> Ordering {
    (a.project, &a.reference_key, a.id).cmp(&(b.project, &b.reference_key, b.id))
}

/// Writes the payments whose references are free and says which those were.
pub(super) async fn write(
    client: &Client,
    statement: &Statement,
    sets: &[&WriteSet],
    mut payments: Vec<&PaymentRow>,
) -> Result<Vec<Verdict>, Trouble> {
    let ids: Vec<i64> = payments.iter().map(|payment| payment.id).collect();
    payments.sort_by(by_reference);
    let operations: Vec<_> = sets.iter().flat_map(|set| &set.new_operations).collect();
    let events: Vec<_> = sets.iter().flat_map(|set| &set.events).collect();
    let jobs: Vec<_> = sets.iter().flat_map(|set| &set.jobs).collect();
    let mut columns = PaymentRow::pg_columns(&payments);
    columns.extend(OperationRow::pg_columns(&operations));
    columns.extend(EventRow::pg_columns(&events));
    columns.extend(JobRow::pg_columns(&jobs));
    let mut pipeline = Pipeline::new(client);
    pipeline.add(statement, columns);
    let answers = pipeline.run().await?;
    let mut won = HashSet::with_capacity(ids.len());
    for row in answers.iter().flatten() {
        won.insert(row.try_get::<_, i64>(0).map_err(|error| Trouble::of(&error))?);
    }
    let verdict = |id: &i64| match won.contains(id) {
        true => Verdict::Kept,
        false => Verdict::Refused(Conflict::PaymentExists),
    };
    Ok(ids.iter().map(verdict).collect())
}
