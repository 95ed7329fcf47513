//! Writing users.

use super::command::{Batch, Command, Failure};
use crate::rows::UserRow;

/// Adds a user, or replaces the one of this number.
pub(super) struct PutUser(pub(super) UserRow);

impl Command for PutUser {
    type Answer = ();

    fn apply(&self, batch: &mut Batch<'_>) -> Result<(), Failure> {
        let row = &self.0;
        let mut statement = batch.connection.prepare_cached(
            "INSERT INTO users (id, login, password_hash, role, disabled, created_at, must_change)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
             ON CONFLICT (id) DO UPDATE SET
                 login = excluded.login, password_hash = excluded.password_hash,
                 role = excluded.role, disabled = excluded.disabled,
                 must_change = excluded.must_change",
        )?;
        statement.execute((
            row.id,
            &row.login,
            &row.password_hash,
            &row.role,
            row.disabled,
            row.created_at,
            row.must_change,
        ))?;
        Ok(())
    }
}
