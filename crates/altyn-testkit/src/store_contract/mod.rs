//! What a store guarantees ([`altyn_app::ports::store`]), as one test per property.
//!
//! An engine's tests call [`store_contract!`](crate::store_contract!) with a function that opens
//! an empty database; each property gets one of its own. Every property is here once and runs on
//! both engines, so that they cannot drift apart.

mod callbacks;
mod clocks;
mod commits;
mod holds;
mod jobs;
mod nodes;
mod payments;
mod projects;
mod races;
mod schema;

use std::panic::resume_unwind;
use std::sync::Arc;

use altyn_app::changeset::Changeset;
use altyn_app::check::{CheckReads, check};
use altyn_app::ports::{CommitError, Conflict, Store};
use async_trait::async_trait;

pub use callbacks::*;
pub use clocks::*;
pub use commits::*;
pub use holds::*;
pub use jobs::*;
pub use nodes::*;
pub use payments::*;
pub use projects::*;
pub use races::*;
pub use schema::*;

/// Rows as texts, in the engine's own rendering.
pub type TextRows = Vec<Vec<Option<String>>>;

/// An empty database of one engine, with its writers running.
#[async_trait]
pub trait Bench: Send + Sync {
    /// The store.
    fn store(&self) -> Arc<dyn Store>;

    /// The same store's reads for `altyn check`.
    fn reads(&self) -> Arc<dyn CheckReads>;

    /// Runs one statement past the store: for what no port reads, and for what must be refused.
    async fn sql(&self, statement: &str) -> Result<TextRows, String>;

    /// Stops the writers and removes the database.
    async fn close(&self);
}

/// Runs one property on a fresh database and removes the database, whatever came of it. Without a
/// database (the engine is not to be had here, and was not asked for) it does nothing.
pub async fn prove<F>(bench: Option<Arc<dyn Bench>>, property: impl FnOnce(Arc<dyn Bench>) -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    let Some(bench) = bench else { return };
    let outcome = tokio::spawn(property(Arc::clone(&bench))).await;
    bench.close().await;
    if let Err(failure) = outcome {
        resume_unwind(failure.into_panic());
    }
}

/// One `#[tokio::test]` per property, on databases that `$open` makes: an
/// `async fn() -> Option<Arc<dyn Bench>>`.
#[macro_export]
macro_rules! store_contract {
    ($open:path) => {
        $crate::store_contract!(@each $open:
            // payments
            a_new_payment_reads_back_field_for_field
            a_changed_payment_reads_back_field_for_field
            a_card_payment_reads_back_field_for_field
            a_payment_is_read_with_its_operations_as_of_one_moment
            keys_of_operations_lead_to_their_payment
            an_open_refund_is_found_by_the_providers_transaction
            projects_do_not_see_each_others_payments
            notifications_are_kept_once_and_in_order
            the_newest_notifications_are_kept
            // commits
            a_taken_reference_is_refused_in_any_case
            of_fifty_payments_with_one_reference_one_is_kept
            a_moved_version_refuses_the_whole_changeset
            a_refused_changeset_refuses_nobody_else
            a_row_the_database_refuses_fails_its_own_changeset_only
            a_merchants_refund_id_is_unique_within_its_project
            of_fifty_refunds_with_one_id_one_is_kept
            a_lost_lease_refuses_the_whole_changeset
            attempts_begin_and_end
            a_change_of_a_row_that_is_not_there_fails
            an_event_number_is_used_once
            postings_add_up_in_the_balances
            a_posting_is_taken_once
            // holds
            a_hold_is_captured_or_released
            no_more_is_taken_than_was_held
            // jobs
            a_due_job_is_leased_to_one_owner
            claims_respect_kind_time_limit_and_lanes
            a_job_comes_up_again_when_its_lease_runs_out
            a_job_put_off_is_due_when_it_said
            a_job_woken_while_leased_is_due_at_once
            a_question_woken_while_asked_is_not_done_without_an_answer
            a_waiting_job_is_woken_earlier_never_later
            a_finished_job_is_gone_and_a_new_one_beside_its_end_stays
            leases_are_given_back
            jobs_are_counted_by_kind
            // callbacks
            callbacks_read_back_and_follow_their_tries
            callbacks_are_listed_by_filter_a_page_at_a_time
            // projects
            projects_read_back_with_their_secrets
            a_secret_is_not_in_the_database_in_clear
            the_projects_version_moves_with_every_change
            // clocks
            a_clock_takes_what_is_due_for_its_project_along
            a_lease_is_real_time_and_stays
            clocks_move_beside_writers
            // nodes
            thirty_two_nodes_get_distinct_numbers
            a_node_number_is_renewed_lost_and_taken_over
            // races
            sixty_four_writers_of_one_payment_lose_no_change
            two_refunds_never_return_more_than_was_taken
            many_writers_of_many_payments_all_get_through
            // schema
            forbidden_rows_are_refused
        );
    };
    (@each $open:path: $($property:ident)+) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $property() {
            let bench = $open().await;
            $crate::store_contract::prove(bench, $crate::store_contract::$property).await;
        }
    )+};
}

async fn keep(store: &Arc<dyn Store>, changes: Changeset) {
    store.commit(changes).await.expect("the changeset is kept");
}

async fn refuse(store: &Arc<dyn Store>, changes: Changeset, expected: Conflict) {
    match store.commit(changes).await {
        Err(CommitError::Conflict(conflict)) => assert_eq!(conflict, expected),
        Err(other) => panic!("expected {expected:?}, got {other:?}"),
        Ok(()) => panic!("expected {expected:?}, but it was kept"),
    }
}

/// Commits all at once, so that they meet in batches; the answers in the order given.
async fn commit_all(store: &Arc<dyn Store>, all: Vec<Changeset>) -> Vec<Result<(), CommitError>> {
    let tasks: Vec<_> = all
        .into_iter()
        .map(|changes| {
            let store = Arc::clone(store);
            tokio::spawn(async move { store.commit(changes).await })
        })
        .collect();
    let mut answers = Vec::with_capacity(tasks.len());
    for task in tasks {
        answers.push(task.await.expect("a commit does not panic"));
    }
    answers
}

/// Proves every invariant over what the database holds now.
async fn assert_sound(bench: &Arc<dyn Bench>) {
    let projects = bench.store().projects().await.expect("a read works");
    let report = check(bench.reads().as_ref(), &projects).await.expect("the check reads");
    assert_eq!(report.breaches, []);
}

/// The one number that a statement gives.
async fn count(bench: &Arc<dyn Bench>, statement: &str) -> i64 {
    let rows = bench.sql(statement).await.expect("the statement runs");
    let cell = rows.first().and_then(|row| row.first()).cloned().flatten();
    cell.and_then(|text| text.parse().ok()).expect("the statement gives a number")
}

/// How many rows each table has.
async fn row_counts(bench: &Arc<dyn Bench>) -> Vec<(&'static str, i64)> {
    let mut counts = Vec::new();
    for table in TABLES {
        counts.push((*table, count(bench, &format!("SELECT count(*) FROM {table}")).await));
    }
    counts
}

/// Every table a changeset writes to.
const TABLES: &[&str] = &[
    "payments",
    "operations",
    "events",
    "attempts",
    "notifications",
    "entries",
    "balances",
    "callbacks",
    "callback_attempts",
    "jobs",
];
