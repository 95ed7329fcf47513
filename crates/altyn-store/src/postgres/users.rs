//! Users: read and written, with what hangs on them.

use std::sync::LazyLock;

use altyn_app::access::user::User;
use altyn_app::ports::{CommitError, Conflict, StoreError};
use tokio_postgres::Row as PgRow;

use super::audit::{parameters, write_entry};
use super::connection::{Pool, database, in_time};
use super::sessions::END_ALL;
use crate::convert::storable;
use crate::convert::user::{UserRows, user};
use crate::rows::{AuditRow, MembershipRow, RecoveryRow, Row as _, UserRow};
use crate::seal::KeyRing;

/// A user's columns, then the projects and roles of his memberships and his recovery codes, as
/// arrays: one statement, so that all of it fits together.
static SELECT: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT {},
             ARRAY(SELECT project FROM memberships WHERE user_id = users.id ORDER BY project),
             ARRAY(SELECT role FROM memberships WHERE user_id = users.id ORDER BY project),
             ARRAY(SELECT digest FROM recovery_codes WHERE user_id = users.id ORDER BY digest)
         FROM users",
        UserRow::sql().columns
    )
});

static ALL: LazyLock<String> = LazyLock::new(|| format!("{} ORDER BY login", *SELECT));
static BY_ID: LazyLock<String> = LazyLock::new(|| format!("{} WHERE id = $1::bigint", *SELECT));
static BY_LOGIN: LazyLock<String> = LazyLock::new(|| format!("{} WHERE login = $1::text", *SELECT));

const PUT: &str = "
    INSERT INTO users (id, login, password_hash, disabled, created_at, must_change,
        second_factor, last_step, version)
    VALUES ($1::bigint, $2::text, $3::text, $4::bigint, $5::bigint, $6::bigint,
        $7::bytea, $8::bigint, $9::bigint + 1)
    ON CONFLICT (id) DO UPDATE SET
        login = excluded.login, password_hash = excluded.password_hash,
        disabled = excluded.disabled, must_change = excluded.must_change,
        second_factor = excluded.second_factor, last_step = excluded.last_step,
        version = excluded.version
    WHERE users.version = excluded.version - 1";

/// All users, by login.
pub(super) async fn all(pool: &Pool, keys: &KeyRing) -> Result<Vec<User>, StoreError> {
    pool.rows(&ALL, &[]).await?.iter().map(|row| whole(row, keys)).collect()
}

/// A user by number.
pub(super) async fn by_id(
    pool: &Pool,
    id: i64,
    keys: &KeyRing,
) -> Result<Option<User>, StoreError> {
    let rows = pool.rows(&BY_ID, &[&id]).await?;
    rows.first().map(|row| whole(row, keys)).transpose()
}

/// A user by login.
pub(super) async fn by_login(
    pool: &Pool,
    login: &str,
    keys: &KeyRing,
) -> Result<Option<User>, StoreError> {
    let rows = pool.rows(&BY_LOGIN, &[&storable(login)]).await?;
    rows.first().map(|row| whole(row, keys)).transpose()
}

fn whole(row: &PgRow, keys: &KeyRing) -> Result<User, StoreError> {
    user(rows_of(row).map_err(|error| database(&error))?, keys)
}

fn rows_of(row: &PgRow) -> Result<UserRows, tokio_postgres::Error> {
    let next = UserRow::COLUMNS.len();
    let user = UserRow::from_pg(row)?;
    let user_id = user.id;
    let projects: Vec<i64> = row.try_get(next)?;
    let roles: Vec<String> = row.try_get(next + 1)?;
    let digests: Vec<String> = row.try_get(next + 2)?;
    let memberships = projects.into_iter().zip(roles);
    Ok(UserRows {
        user,
        memberships: memberships
            .map(|(project, role)| MembershipRow { user_id, project, role })
            .collect(),
        recovery: digests.into_iter().map(|digest| RecoveryRow { user_id, digest }).collect(),
    })
}

/// Sessions that end with a change of their user: all but one, and the entry about it.
pub(super) struct Ends {
    pub(super) but: Option<String>,
    pub(super) audit: AuditRow,
}

/// Adds a user, or replaces the one he was read as. The user's row is written first: its lock keeps
/// what hangs on it from being mixed with what somebody else puts at the same time.
pub(super) async fn put(
    pool: &Pool,
    rows: &UserRows,
    ends: Option<&Ends>,
    audit: &AuditRow,
) -> Result<(), CommitError> {
    let mut link = pool.own_link().await?;
    let row = &rows.user;
    let memberships: Vec<&MembershipRow> = rows.memberships.iter().collect();
    let recovery: Vec<&RecoveryRow> = rows.recovery.iter().collect();
    let put = async {
        let transaction = link.client.transaction().await?;
        let values: [&(dyn tokio_postgres::types::ToSql + Sync); 9] = [
            &row.id,
            &row.login,
            &row.password_hash,
            &row.disabled,
            &row.created_at,
            &row.must_change,
            &row.second_factor,
            &row.last_step,
            &row.version,
        ];
        if transaction.execute(PUT, &values).await? == 0 {
            return Ok(Err(Conflict::VersionMoved.into()));
        }
        for sql in [
            "DELETE FROM memberships WHERE user_id = $1::bigint",
            "DELETE FROM recovery_codes WHERE user_id = $1::bigint",
        ] {
            transaction.execute(sql, &[&row.id]).await?;
        }
        for (sql, columns) in [
            (&MembershipRow::sql().insert_unnest_pg, MembershipRow::pg_columns(&memberships)),
            (&RecoveryRow::sql().insert_unnest_pg, RecoveryRow::pg_columns(&recovery)),
        ] {
            transaction.execute(sql, &parameters(&columns)).await?;
        }
        write_entry(&transaction, Some(audit)).await?;
        if let Some(ends) = ends {
            transaction.execute(END_ALL, &[&row.id, &ends.but]).await?;
            write_entry(&transaction, Some(&ends.audit)).await?;
        }
        transaction.commit().await?;
        Ok(Ok(()))
    };
    in_time(put).await?
}

/// Marks the period of a code as used.
pub(super) async fn use_step(pool: &Pool, user: i64, step: i64) -> Result<bool, StoreError> {
    let sql = "
        UPDATE users SET last_step = $2::bigint, version = version + 1
        WHERE id = $1::bigint AND second_factor IS NOT NULL AND last_step < $2::bigint
        RETURNING 1";
    Ok(!pool.rows_once(sql, &[&user, &step]).await?.is_empty())
}

/// Takes a recovery code away. The user's row is locked first, as whoever puts him does.
pub(super) async fn use_recovery(pool: &Pool, user: i64, digest: &str) -> Result<bool, StoreError> {
    let sql = "
        WITH his AS (
            UPDATE users SET version = version + 1
            WHERE id = $1::bigint AND EXISTS (SELECT 1 FROM recovery_codes
                WHERE user_id = $1::bigint AND digest = $2::text)
            RETURNING id)
        DELETE FROM recovery_codes USING his
        WHERE recovery_codes.user_id = his.id AND digest = $2::text RETURNING 1";
    Ok(!pool.rows_once(sql, &[&user, &digest]).await?.is_empty())
}
