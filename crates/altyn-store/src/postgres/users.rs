//! Users: read and written.

use std::sync::LazyLock;

use altyn_app::ports::StoreError;
use altyn_app::users::User;

use super::connection::{Pool, database};
use crate::convert::user::{user, user_row};
use crate::rows::{Row as _, UserRow};

static ALL: LazyLock<String> =
    LazyLock::new(|| format!("{} ORDER BY login", UserRow::sql().select));

const PUT: &str = "
    INSERT INTO users (id, login, password_hash, role, disabled, created_at, must_change)
    VALUES ($1::bigint, $2::text, $3::text, $4::text, $5::bigint, $6::bigint, $7::bigint)
    ON CONFLICT (id) DO UPDATE SET
        login = excluded.login, password_hash = excluded.password_hash, role = excluded.role,
        disabled = excluded.disabled, must_change = excluded.must_change";

/// All users, by login.
pub(super) async fn all(pool: &Pool) -> Result<Vec<User>, StoreError> {
    let rows = pool.rows(&ALL, &[]).await?;
    rows.iter()
        .map(|row| UserRow::from_pg(row).map_err(|error| database(&error)).and_then(user))
        .collect()
}

/// Adds a user, or replaces the one of this number.
pub(super) async fn put(pool: &Pool, user: &User) -> Result<(), StoreError> {
    let row = user_row(user);
    let values: [&(dyn tokio_postgres::types::ToSql + Sync); 7] = [
        &row.id,
        &row.login,
        &row.password_hash,
        &row.role,
        &row.disabled,
        &row.created_at,
        &row.must_change,
    ];
    pool.rows(PUT, &values).await.map(drop)
}
