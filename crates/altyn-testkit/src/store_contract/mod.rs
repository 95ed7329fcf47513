//! What a store guarantees ([`altyn_app::ports::store`]), as one test per property.
//!
//! An engine's tests call [`store_contract!`](crate::store_contract!) with a function that opens
//! an empty database; each property gets one of its own. Every property is here once and runs on
//! both engines, so that they cannot drift apart.

mod access;
mod audit;
mod callbacks;
mod clocks;
mod commits;
mod exports;
mod holds;
mod jobs;
mod listing;
mod nodes;
mod payments;
mod projects;
mod races;
mod schema;

use std::panic::resume_unwind;
use std::sync::Arc;

use altyn_app::changeset::Changeset;
use altyn_app::check::{CheckReads, check};
use altyn_app::ports::{AccessStore, CommitError, Conflict, ExportStore, Listing, Store};
use async_trait::async_trait;

pub use access::*;
pub use audit::*;
pub use callbacks::*;
pub use clocks::*;
pub use commits::*;
pub use exports::*;
pub use holds::*;
pub use jobs::*;
pub use listing::*;
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

    /// The same store's people and log.
    fn access(&self) -> Arc<dyn AccessStore>;

    /// The same store's registers.
    fn exports(&self) -> Arc<dyn ExportStore>;

    /// The same store's list of payments.
    fn listing(&self) -> Arc<dyn Listing>;

    /// The list of a store that opened the database once more: another node, or what comes after a
    /// crash.
    async fn reopened(&self) -> Arc<dyn Listing>;

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
            deliveries_are_begun_anew
            callbacks_are_listed_by_filter_a_page_at_a_time
            // projects
            projects_read_back_with_their_secrets
            a_secret_is_not_in_the_database_in_clear
            the_projects_version_moves_with_every_change
            a_replaced_secret_is_kept_for_a_while
            a_project_and_its_entry_are_put_together
            a_project_that_changed_is_not_written_over
            of_many_who_change_a_project_one_does
            a_clock_and_its_entry_are_moved_together
            // access
            users_read_back_and_are_replaced_whole
            a_login_is_taken_once
            the_secret_of_a_second_factor_is_sealed
            a_code_by_time_counts_once
            a_recovery_code_is_taken_once
            a_user_who_changed_is_not_written_over
            sessions_end_with_the_change_of_their_user
            two_who_edit_a_user_do_not_mix
            sessions_open_are_seen_and_end
            two_may_replace_one_session
            failures_are_counted_together
            what_has_ended_is_swept
            // audit
            an_entry_goes_with_its_changeset
            entries_are_listed_by_filter_a_page_at_a_time
            entries_are_sealed_in_order_and_walked
            sealers_at_once_make_one_chain
            whoever_touches_the_chain_is_seen
            texts_that_no_database_takes_are_kept_all_the_same
            // exports
            a_register_reads_back_with_its_filter
            a_register_is_leased_made_and_ended
            of_makers_at_once_each_takes_another_one
            an_expired_register_is_thrown_away
            // listing
            every_change_arrives_in_the_list
            what_was_committed_before_a_crash_is_listed
            changes_of_one_payment_are_taken_over_at_once
            two_that_feed_the_list_do_not_mix
            a_list_is_built_anew
            any_filter_finds_what_it_should
            a_total_stops_at_its_bound
            texts_are_found_wherever_they_are
            other_projects_payments_are_never_listed
            a_payments_history_is_whole
            deliveries_are_listed_by_filter_a_page_at_a_time
            addresses_are_judged_by_what_came_of_their_callbacks
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
