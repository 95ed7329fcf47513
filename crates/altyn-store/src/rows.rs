//! The tables as Rust sees them: one definition of each row, for both engines.
//!
//! A row holds only what both databases store alike: whole numbers, text and bytes, each with or
//! without NULL. Times are Unix milliseconds, truth values are 0 and 1, closed lists are their
//! stable words, and what no query looks into is JSON text. `convert/` turns rows into
//! domain values and back. The migrations in `migrations/` restate these columns in SQL; a test on
//! each engine compares the two.

use std::fmt::Write as _;
use std::sync::LazyLock;

/// A value in the order of arrival at a statement of PostgreSQL: one array for each column.
pub type PgColumn<'a> = Box<dyn tokio_postgres::types::ToSql + Sync + Send + 'a>;

/// A type that a column may have.
pub trait Cell: rusqlite::ToSql + rusqlite::types::FromSql {
    /// The type's name in PostgreSQL.
    const PG_TYPE: &'static str;
}

impl Cell for i64 {
    const PG_TYPE: &'static str = "bigint";
}
impl Cell for String {
    const PG_TYPE: &'static str = "text";
}
impl Cell for Vec<u8> {
    const PG_TYPE: &'static str = "bytea";
}
impl<T: Cell> Cell for Option<T> {
    const PG_TYPE: &'static str = T::PG_TYPE;
}

/// A row of one table.
pub trait Row: Sized {
    /// The table.
    const TABLE: &'static str;
    /// Its columns, in the order of the struct's fields.
    const COLUMNS: &'static [&'static str];
    /// The columns' types in PostgreSQL.
    const PG_TYPES: &'static [&'static str];
    /// The columns that name a row.
    const KEY: &'static [&'static str];
    /// The columns that may change after the row was added; empty for what is only appended.
    const CHANGES: &'static [&'static str];

    /// The statements that follow from the definition.
    fn sql() -> &'static Sql;

    /// Binds each column to the parameter of its position (`?1` is the first column); columns past
    /// the statement's last parameter are left out.
    fn bind_sqlite(&self, statement: &mut rusqlite::Statement<'_>) -> rusqlite::Result<()>;

    /// Reads a row whose first columns are [`Row::COLUMNS`].
    fn from_sqlite(row: &rusqlite::Row<'_>) -> rusqlite::Result<Self>;

    /// Reads a row whose first columns are [`Row::COLUMNS`].
    fn from_pg(row: &tokio_postgres::Row) -> Result<Self, tokio_postgres::Error> {
        Self::from_pg_at(row, 0)
    }

    /// Reads a row in which [`Row::COLUMNS`] begin at the column `first`: for joins.
    fn from_pg_at(row: &tokio_postgres::Row, first: usize) -> Result<Self, tokio_postgres::Error>;

    /// The rows as one array for each column, for `unnest`.
    fn pg_columns<'a>(rows: &[&'a Self]) -> Vec<PgColumn<'a>>;
}

/// Statements made from a row's definition, once.
#[derive(Debug)]
pub struct Sql {
    /// `a, b, c`
    pub columns: String,
    /// `SELECT a, b, c FROM t`
    pub select: String,
    /// `INSERT INTO t (a, b, c) VALUES (?1, ?2, ?3)`
    pub insert_sqlite: String,
    /// `UPDATE t SET c = ?3 WHERE a = ?1 AND b = ?2`: [`Row::CHANGES`] by [`Row::KEY`].
    pub update_sqlite: String,
    /// `unnest($1::bigint[], $2::text[]) AS u(a, b)`
    pub unnest_pg: String,
    /// `INSERT INTO t (a, b) SELECT a, b FROM unnest(…) AS u(a, b)`
    pub insert_unnest_pg: String,
    /// `UPDATE t SET c = u.c FROM unnest(…) AS u(a, b, c) WHERE t.a = u.a AND t.b = u.b`
    pub update_unnest_pg: String,
}

impl Sql {
    fn of<R: Row>() -> Self {
        let (table, columns) = (R::TABLE, R::COLUMNS.join(", "));
        let marks: Vec<String> = (1..=R::COLUMNS.len()).map(|at| format!("?{at}")).collect();
        let unnest_pg = unnest_pg::<R>(1);
        let select = format!("SELECT {columns} FROM {table}");
        Self {
            select,
            insert_sqlite: format!("INSERT INTO {table} ({columns}) VALUES ({})", marks.join(", ")),
            update_sqlite: update_sqlite::<R>(),
            insert_unnest_pg: insert_unnest_pg::<R>(1),
            update_unnest_pg: update_unnest_pg::<R>(&unnest_pg),
            unnest_pg,
            columns,
        }
    }
}

/// [`Sql::unnest_pg`] whose first array is the parameter `first`.
fn unnest_pg<R: Row>(first: usize) -> String {
    let arrays: Vec<String> =
        (first..).zip(R::PG_TYPES).map(|(at, kind)| format!("${at}::{kind}[]")).collect();
    format!("unnest({}) AS u({})", arrays.join(", "), R::COLUMNS.join(", "))
}

/// [`Sql::insert_unnest_pg`] whose first array is the parameter `first`.
pub(crate) fn insert_unnest_pg<R: Row>(first: usize) -> String {
    let (table, columns) = (R::TABLE, R::COLUMNS.join(", "));
    format!("INSERT INTO {table} ({columns}) SELECT {columns} FROM {}", unnest_pg::<R>(first))
}

fn update_sqlite<R: Row>() -> String {
    let by_position = |names: &[&str], joint: &str| {
        let mut text = String::new();
        for (at, column) in (1..).zip(R::COLUMNS).filter(|(_, column)| names.contains(column)) {
            let before = if text.is_empty() { "" } else { joint };
            // Writing to a string cannot fail.
            let _ = write!(text, "{before}{column} = ?{at}");
        }
        text
    };
    let (set, key) = (by_position(R::CHANGES, ", "), by_position(R::KEY, " AND "));
    format!("UPDATE {} SET {set} WHERE {key}", R::TABLE)
}

fn update_unnest_pg<R: Row>(unnest: &str) -> String {
    let table = R::TABLE;
    let set: Vec<String> = R::CHANGES.iter().map(|name| format!("{name} = u.{name}")).collect();
    let key: Vec<String> = R::KEY.iter().map(|name| format!("{table}.{name} = u.{name}")).collect();
    format!("UPDATE {table} SET {} FROM {unnest} WHERE {}", set.join(", "), key.join(" AND "))
}

/// Counts columns while a row is read.
struct Position(usize);

impl Position {
    fn next(&mut self) -> usize {
        let at = self.0;
        self.0 += 1;
        at
    }
}

macro_rules! rows {
    ($(#[$about_tables:meta])* $tables:ident: $(
        $(#[$meta:meta])*
        $name:ident in $table:literal key($($key:ident),+) change($($change:ident),*) {
            $($(#[$about:meta])* $field:ident: $kind:ty),+ $(,)?
        }
    )+) => {
        $(
            $(#[$meta])*
            #[derive(Clone, Debug, PartialEq, Eq)]
            pub struct $name {
                $(
                    #[doc = concat!("Column `", stringify!($field), "`.")]
                    $(#[$about])*
                    pub $field: $kind
                ),+
            }

            impl Row for $name {
                const TABLE: &'static str = $table;
                const COLUMNS: &'static [&'static str] = &[$(stringify!($field)),+];
                const PG_TYPES: &'static [&'static str] = &[$(<$kind as Cell>::PG_TYPE),+];
                const KEY: &'static [&'static str] = &[$(stringify!($key)),+];
                const CHANGES: &'static [&'static str] = &[$(stringify!($change)),*];

                fn sql() -> &'static Sql {
                    static SQL: LazyLock<Sql> = LazyLock::new(Sql::of::<$name>);
                    &SQL
                }

                fn bind_sqlite(
                    &self,
                    statement: &mut rusqlite::Statement<'_>,
                ) -> rusqlite::Result<()> {
                    let count = statement.parameter_count();
                    let mut position = Position(1);
                    $({
                        let at = position.next();
                        if at <= count {
                            statement.raw_bind_parameter(at, &self.$field)?;
                        }
                    })+
                    Ok(())
                }

                fn from_sqlite(row: &rusqlite::Row<'_>) -> rusqlite::Result<Self> {
                    let mut position = Position(0);
                    Ok(Self { $($field: row.get(position.next())?),+ })
                }

                fn from_pg_at(
                    row: &tokio_postgres::Row,
                    first: usize,
                ) -> Result<Self, tokio_postgres::Error> {
                    let mut position = Position(first);
                    Ok(Self { $($field: row.try_get(position.next())?),+ })
                }

                fn pg_columns<'a>(rows: &[&'a Self]) -> Vec<PgColumn<'a>> {
                    vec![$({
                        let column: Vec<&'a $kind> = rows.iter().map(|row| &row.$field).collect();
                        Box::new(column)
                    }),+]
                }
            }
        )+

        $(#[$about_tables])*
        pub const $tables: &[(&str, &[&str])] = &[$(($table, <$name as Row>::COLUMNS)),+];
    };
}

rows! {
    /// Every table that has rows, with its columns: what the migrations are compared with.
    TABLES:

    /// A payment. Its version guards every change of it and of its operations.
    PaymentRow in "payments" key(project, id)
    change(reference, generation, method, currency, amount_minor, authorized_minor, captured_minor,
        refunded_minor, reserved_minor, state, version, event_seq, updated_at, details) {
        project: i64,
        id: i64,
        /// The merchant's id as it was sent.
        reference: String,
        /// The same folded; unique within the project.
        reference_key: String,
        generation: i64,
        method: String,
        currency: String,
        amount_minor: i64,
        /// What was held; a sale holds and takes at once.
        authorized_minor: i64,
        captured_minor: i64,
        refunded_minor: i64,
        reserved_minor: i64,
        state: String,
        version: i64,
        event_seq: i64,
        created_at: i64,
        updated_at: i64,
        /// JSON.
        details: String,
    }

    /// An operation of a payment.
    OperationRow in "operations" key(project, id)
    change(amount_minor, currency, state, reason, fee_bps, account, instruction,
        provider_payment_id, auth_code, rrn, eci, provider_at, redirect, card, authentication,
        capture_at, missing, late_money, closed_by_hand, attempts, updated_at) {
        project: i64,
        id: i64,
        payment: i64,
        generation: i64,
        kind: String,
        method: String,
        amount_minor: i64,
        currency: String,
        state: String,
        reason: Option<String>,
        fee_bps: i64,
        account: String,
        instruction: i64,
        /// For a refund that was sent: the provider's id of the sale it returns.
        provider_payment_id: Option<String>,
        auth_code: Option<String>,
        rrn: Option<String>,
        eci: Option<String>,
        provider_at: Option<i64>,
        /// JSON.
        redirect: Option<String>,
        /// JSON: what may be kept of the card.
        card: Option<String>,
        /// JSON: the last step of 3-D Secure.
        authentication: Option<String>,
        /// For a hold, on the project's clock.
        capture_at: Option<i64>,
        /// JSON; NULL when nothing is missing.
        missing: Option<String>,
        /// Unique within the project, where there is one.
        merchant_refund_id: Option<String>,
        /// JSON; NULL when the payment's wishes hold.
        callback: Option<String>,
        late_money: i64,
        closed_by_hand: i64,
        attempts: i64,
        created_at: i64,
        updated_at: i64,
        /// JSON: pairs of path and value.
        request: String,
    }

    /// A change of state.
    EventRow in "events" key(project, payment, seq) change() {
        project: i64,
        payment: i64,
        seq: i64,
        operation: i64,
        /// NULL for the beginning of the operation.
        event: Option<String>,
        state: String,
        at: i64,
    }

    /// An attempt to have a provider do an operation.
    AttemptRow in "attempts" key(project, operation, number) change(finished_at, outcome, detail) {
        project: i64,
        operation: i64,
        number: i64,
        payment: i64,
        /// What makes a repeat harmless at the provider.
        key: String,
        started_at: i64,
        finished_at: Option<i64>,
        outcome: Option<String>,
        detail: Option<String>,
    }

    /// A debit or credit.
    EntryRow in "entries" key(project, operation, posting, line) change() {
        project: i64,
        operation: i64,
        /// The posting's kind.
        posting: String,
        /// 1, 2, 3… within the posting.
        line: i64,
        account: String,
        direction: String,
        currency: String,
        amount_minor: i64,
        at: i64,
    }

    /// The sums of an account's entries; one summed update for each batch.
    BalanceRow in "balances" key(project, account, currency) change(debit_minor, credit_minor) {
        project: i64,
        account: String,
        currency: String,
        debit_minor: i64,
        credit_minor: i64,
    }

    /// What a provider told, once; the newest 20 of an operation are kept.
    NotificationRow in "notifications" key(project, operation, digest) change() {
        project: i64,
        operation: i64,
        /// SHA-256 of `parameters`, hexadecimal.
        digest: String,
        received_at: i64,
        /// JSON: pairs in order of arrival.
        parameters: String,
    }

    /// A callback that is or was owed.
    CallbackRow in "callbacks" key(project, id) change(state, attempts, ended_at) {
        project: i64,
        id: i64,
        payment: i64,
        operation: i64,
        told: String,
        url: String,
        body: Vec<u8>,
        created_at: i64,
        state: String,
        attempts: i64,
        ended_at: Option<i64>,
    }

    /// A try to deliver. The store numbers them: the last of this callback and one.
    CallbackAttemptRow in "callback_attempts" key(callback, number) change() {
        callback: i64,
        number: i64,
        at: i64,
        duration_ms: i64,
        status: Option<i64>,
        answer: Vec<u8>,
        error: Option<String>,
    }

    /// Work that must happen. The lease is the due time: a claim sets `owner` and moves `due_at` to
    /// the lease's end, and both together prove it.
    JobRow in "jobs" key(kind, subject)
    change(due_at, owner, attempts, wakes, woken_for, last_error) {
        kind: i64,
        subject: i64,
        project: i64,
        payment: i64,
        lane: i64,
        due_at: i64,
        /// NULL while nobody holds it.
        owner: Option<String>,
        attempts: i64,
        /// How often it was added while it existed.
        wakes: i64,
        /// The earliest time asked for by a wake while somebody held it, because `due_at` is the
        /// lease then: who puts the job off cannot put it off past this. NULL after each claim.
        woken_for: Option<i64>,
        last_error: Option<String>,
    }

    /// A project.
    ProjectRow in "projects" key(id)
    change(name, settings, secret, version, updated_at, previous_secret, previous_until) {
        id: i64,
        name: String,
        /// JSON.
        settings: String,
        /// Sealed: see [`crate::seal`].
        secret: Vec<u8>,
        /// Counts changes of this project.
        version: i64,
        updated_at: i64,
        /// The secret that was replaced, sealed like it.
        previous_secret: Option<Vec<u8>>,
        /// Until when it is taken, real time.
        previous_until: Option<i64>,
    }

    /// A counter of the store itself; `projects_version` is one.
    MetaRow in "meta" key(key) change(value) {
        key: String,
        value: i64,
    }

    /// A node number and who leases it.
    NodeRow in "nodes" key(node) change(owner, lease_until, high_second) {
        node: i64,
        owner: String,
        lease_until: i64,
        high_second: i64,
    }

    /// What a batch of commits changed, for the list of payments.
    ChangeRow in "changes" key(id) change() {
        id: i64,
        /// Sixteen bytes each: project and number, big-endian.
        payments: Vec<u8>,
    }

    /// A person who may sign in.
    UserRow in "users" key(id)
    change(login, password_hash, disabled, must_change, second_factor, last_step, version) {
        id: i64,
        login: String,
        password_hash: String,
        disabled: i64,
        created_at: i64,
        must_change: i64,
        /// The shared secret of the codes by time, sealed: see [`crate::seal`].
        second_factor: Option<Vec<u8>>,
        /// The last period whose code was used; it never goes back.
        last_step: i64,
        /// Counts changes of this user.
        version: i64,
    }

    /// A role of a user.
    MembershipRow in "memberships" key(user_id, project) change(role) {
        user_id: i64,
        /// 0: every project.
        project: i64,
        role: String,
    }

    /// A recovery code that is left to a user.
    RecoveryRow in "recovery_codes" key(user_id, digest) change() {
        user_id: i64,
        /// SHA-256, hexadecimal.
        digest: String,
    }

    /// A signed-in browser.
    SessionRow in "sessions" key(digest) change(seen_at) {
        /// SHA-256 of the cookie, hexadecimal.
        digest: String,
        user_id: i64,
        stage: String,
        created_at: i64,
        seen_at: i64,
        expires_at: i64,
        address: String,
        agent: String,
    }

    /// Sign-ins that failed.
    FailureRow in "sign_in_failures" key(subject) change(count, last_at) {
        /// `login:…` or `address:…`
        subject: String,
        count: i64,
        last_at: i64,
    }

    /// An entry of the log. The database numbers it; its seal comes later.
    AuditRow in "audit" key(id) change(position, hash) {
        id: i64,
        at: i64,
        user_id: Option<i64>,
        login: String,
        address: String,
        project: Option<i64>,
        payment: Option<i64>,
        operation: Option<i64>,
        action: String,
        result: String,
        detail: String,
        /// Its place in the chain.
        position: Option<i64>,
        /// Hexadecimal.
        hash: Option<String>,
    }

    /// A register.
    ExportRow in "exports" key(id)
    change(state, error, rows, expected, bytes, sums, attempts, ended_at, expires_at, owner,
        lease_until) {
        id: i64,
        user_id: i64,
        /// JSON.
        filter: String,
        format: String,
        language: String,
        state: String,
        error: Option<String>,
        rows: i64,
        expected: Option<i64>,
        bytes: i64,
        /// JSON.
        sums: String,
        attempts: i64,
        created_at: i64,
        ended_at: Option<i64>,
        expires_at: i64,
        /// Who makes it, as long as the lease runs.
        owner: Option<String>,
        lease_until: i64,
    }
}

mod listing;

pub use listing::{LISTING_TABLES, ListingRow, ListingStateRow};

#[cfg(test)]
mod tests;
