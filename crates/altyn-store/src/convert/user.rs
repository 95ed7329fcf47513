//! Users of the cabinet.

use altyn_app::ports::StoreError;
use altyn_app::secret::Secret;
use altyn_app::users::{Role, User};
use altyn_domain::time::Timestamp;

use super::At;
use crate::rows::UserRow;

/// A user as a row.
pub(crate) fn user_row(user: &User) -> UserRow {
    UserRow {
        id: user.id,
        login: user.login.clone(),
        password_hash: user.password_hash.expose().to_owned(),
        role: user.role.as_str().to_owned(),
        disabled: user.disabled.into(),
        created_at: user.created_at.as_millis(),
        must_change: user.must_change.into(),
    }
}

/// A user from its row.
pub(crate) fn user(row: UserRow) -> Result<User, StoreError> {
    let at = At::of::<UserRow>(row.id, row.created_at);
    Ok(User {
        id: row.id,
        login: row.login,
        password_hash: Secret::new(row.password_hash),
        role: at.need("role", Role::parse(&row.role))?,
        disabled: row.disabled != 0,
        must_change: row.must_change != 0,
        created_at: Timestamp::from_millis(row.created_at),
    })
}
