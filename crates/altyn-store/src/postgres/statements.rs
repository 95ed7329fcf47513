//! The writer's statements: each takes a whole batch as arrays, one for each column.

use tokio_postgres::Statement;

use super::acceptance;
use super::audit;
use super::connection::Link;
use crate::rows::{
    AttemptRow, BalanceRow, CallbackAttemptRow, CallbackRow, EntryRow, EventRow, NotificationRow,
    OperationRow, PaymentRow, Row,
};

/// Notifications kept of an operation. The newest are kept: the result comes last.
pub(super) const NOTIFICATIONS_KEPT: i64 = 20;

/// Everything the writer says, prepared on its connection.
pub(super) struct Writes {
    /// Accepted payments with all that belongs to them → the ids of those whose reference was free.
    pub(super) accept: Statement,
    /// Projects, ids → version of each payment that is there, locked in the order of their keys.
    pub(super) lock_payments: Statement,
    /// Kinds, subjects → each job that is there, locked in the order of their keys.
    pub(super) lock_jobs: Statement,
    /// Payments → the ids of those whose reference was free.
    pub(super) claim_payments: Statement,
    /// Operations with a merchant's refund id → the ids of those whose refund id was free.
    pub(super) claim_refunds: Statement,
    pub(super) change_payments: Statement,
    pub(super) add_operations: Statement,
    pub(super) change_operations: Statement,
    pub(super) add_events: Statement,
    pub(super) begin_attempts: Statement,
    pub(super) end_attempts: Statement,
    pub(super) add_entries: Statement,
    pub(super) add_balances: Statement,
    pub(super) keep_notifications: Statement,
    /// Projects, operations, how many to keep of each.
    pub(super) trim_notifications: Statement,
    pub(super) add_callbacks: Statement,
    /// Ids, states, attempts, ends, how many there are.
    pub(super) change_callbacks: Statement,
    pub(super) add_tries: Statement,
    /// Ids of those that are to be owed again.
    pub(super) owe_again: Statement,
    /// Payments packed; callbacks whose payments are to be noted too.
    pub(super) note_changes: Statement,
    /// Kinds, subjects.
    pub(super) remove_jobs: Statement,
    /// Kinds, subjects, due times, errors.
    pub(super) put_off_jobs: Statement,
    /// Kinds, subjects, projects, payments, lanes, due times, wakes beyond the first.
    pub(super) add_jobs: Statement,
    /// Entries of the log, column by column ([`log_columns`](super::audit::log_columns)).
    pub(super) log: Statement,
}

impl Writes {
    /// Prepares all of it.
    pub(super) async fn prepare(link: &Link) -> Result<Self, tokio_postgres::Error> {
        let insert_operations = &OperationRow::sql().insert_unnest_pg;
        let insert_payments = &PaymentRow::sql().insert_unnest_pg;
        let claim_payments = format!(
            "{insert_payments} ON CONFLICT (project, reference_key) DO NOTHING RETURNING id"
        );
        let claim_refunds = format!(
            "{insert_operations} ON CONFLICT (project, merchant_refund_id)
                 WHERE merchant_refund_id IS NOT NULL DO NOTHING RETURNING id"
        );
        Ok(Self {
            accept: link.statement(&acceptance::statement()).await?,
            lock_payments: link.statement(LOCK_PAYMENTS).await?,
            lock_jobs: link.statement(LOCK_JOBS).await?,
            claim_payments: link.statement(&claim_payments).await?,
            claim_refunds: link.statement(&claim_refunds).await?,
            change_payments: link.statement(&change_all::<PaymentRow>()).await?,
            add_operations: link.statement(insert_operations).await?,
            change_operations: link.statement(&change_all::<OperationRow>()).await?,
            add_events: link.statement(&EventRow::sql().insert_unnest_pg).await?,
            begin_attempts: link.statement(&AttemptRow::sql().insert_unnest_pg).await?,
            end_attempts: link.statement(&change_all::<AttemptRow>()).await?,
            add_entries: link.statement(&EntryRow::sql().insert_unnest_pg).await?,
            add_balances: link.statement(&add_balances()).await?,
            keep_notifications: link.statement(&keep_notifications()).await?,
            trim_notifications: link.statement(TRIM_NOTIFICATIONS).await?,
            add_callbacks: link.statement(&CallbackRow::sql().insert_unnest_pg).await?,
            change_callbacks: link.statement(CHANGE_CALLBACKS).await?,
            add_tries: link.statement(&add_tries()).await?,
            owe_again: link.statement(OWE_AGAIN).await?,
            note_changes: link.statement(NOTE_CHANGES).await?,
            remove_jobs: link.statement(REMOVE_JOBS).await?,
            put_off_jobs: link.statement(PUT_OFF_JOBS).await?,
            add_jobs: link.statement(ADD_JOBS).await?,
            log: link.statement(&audit::log(1)).await?,
        })
    }
}

/// Locks in the order of the keys, so that two batches with the same payments wait for each other
/// instead of deadlocking; the version is the newest one, read after the lock was got.
const LOCK_PAYMENTS: &str = "
    SELECT p.project, p.id, p.version
    FROM unnest($1::bigint[], $2::bigint[]) AS u(project, id)
    JOIN payments AS p ON p.project = u.project AND p.id = u.id
    ORDER BY p.project, p.id FOR NO KEY UPDATE OF p";

const LOCK_JOBS: &str = "
    SELECT j.kind, j.subject, j.owner, j.due_at, j.wakes, j.woken_for
    FROM unnest($1::bigint[], $2::bigint[]) AS u(kind, subject)
    JOIN jobs AS j ON j.kind = u.kind AND j.subject = u.subject
    ORDER BY j.kind, j.subject FOR UPDATE OF j";

/// Changes every row given; divides by zero when one of them is not there, so that the whole
/// transaction fails ([`super::pipeline::Trouble`] words it).
fn change_all<R: Row>() -> String {
    let count = R::COLUMNS.len() + 1;
    let update = &R::sql().update_unnest_pg;
    format!(
        "WITH changed AS ({update} RETURNING 1)
         SELECT 1 / (count(*) = ${count}::bigint)::int FROM changed"
    )
}

fn add_balances() -> String {
    let insert = &BalanceRow::sql().insert_unnest_pg;
    format!(
        "{insert} ON CONFLICT (project, account, currency) DO UPDATE SET
             debit_minor = balances.debit_minor + excluded.debit_minor,
             credit_minor = balances.credit_minor + excluded.credit_minor"
    )
}

fn keep_notifications() -> String {
    let insert = &NotificationRow::sql().insert_unnest_pg;
    format!("{insert} ON CONFLICT (project, operation, digest) DO NOTHING")
}

const TRIM_NOTIFICATIONS: &str = "
    DELETE FROM notifications AS n
    USING (SELECT DISTINCT project, operation
           FROM unnest($1::bigint[], $2::bigint[]) AS u(project, operation)) AS told
    WHERE n.project = told.project AND n.operation = told.operation AND n.digest IN (
        SELECT old.digest FROM notifications AS old
        WHERE old.project = told.project AND old.operation = told.operation
        ORDER BY old.received_at DESC, old.digest OFFSET $3::bigint)";

const CHANGE_CALLBACKS: &str = "
    WITH changed AS (
        UPDATE callbacks SET state = u.state, attempts = u.attempts, ended_at = u.ended_at
        FROM unnest($1::bigint[], $2::text[], $3::bigint[], $4::bigint[])
            AS u(id, state, attempts, ended_at)
        WHERE callbacks.id = u.id RETURNING 1)
    SELECT 1 / (count(*) = $5::bigint)::int FROM changed";

/// Numbers tries: the last of the callback and one. Their callbacks are locked by then.
fn add_tries() -> String {
    let columns = &CallbackAttemptRow::sql().columns;
    let numbered = columns.replace(
        "number",
        "(SELECT coalesce(max(a.number), 0) FROM callback_attempts AS a
             WHERE a.callback = u.callback)
             + row_number() OVER (PARTITION BY callback) AS number",
    );
    let unnest = &CallbackAttemptRow::sql().unnest_pg;
    format!("INSERT INTO callback_attempts ({columns}) SELECT {numbered} FROM {unnest}")
}

const OWE_AGAIN: &str = "
    UPDATE callbacks SET state = 'owed', attempts = 0, ended_at = NULL
    FROM unnest($1::bigint[]) AS u(id)
    WHERE callbacks.id = u.id AND callbacks.state <> 'delivered'";

/// As `listing::feed` packs them.
const NOTE_CHANGES: &str = "
    INSERT INTO changes (payments) SELECT $1::bytea || coalesce((
        SELECT string_agg(int8send(c.project) || int8send(c.payment), ''::bytea)
        FROM unnest($2::bigint[]) AS u(id) JOIN callbacks AS c ON c.id = u.id), ''::bytea)";

const REMOVE_JOBS: &str = "
    DELETE FROM jobs USING unnest($1::bigint[], $2::bigint[]) AS u(kind, subject)
    WHERE jobs.kind = u.kind AND jobs.subject = u.subject";

const PUT_OFF_JOBS: &str = "
    UPDATE jobs SET owner = NULL, woken_for = NULL, attempts = attempts + 1,
        due_at = u.due_at, last_error = u.error
    FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::text[])
        AS u(kind, subject, due_at, error)
    WHERE jobs.kind = u.kind AND jobs.subject = u.subject";

/// A job that is there is woken: by as many additions as the batch has of it.
const ADD_JOBS: &str = "
    INSERT INTO jobs (kind, subject, project, payment, lane, due_at, attempts, wakes)
    SELECT kind, subject, project, payment, lane, due_at, 0, wakes
    FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[],
        $6::bigint[], $7::bigint[]) AS u(kind, subject, project, payment, lane, due_at, wakes)
    ON CONFLICT (kind, subject) DO UPDATE SET
        wakes = jobs.wakes + excluded.wakes + 1,
        due_at = CASE WHEN jobs.owner IS NULL
            THEN least(jobs.due_at, excluded.due_at) ELSE jobs.due_at END,
        woken_for = CASE WHEN jobs.owner IS NULL
            THEN NULL ELSE least(jobs.woken_for, excluded.due_at) END";
