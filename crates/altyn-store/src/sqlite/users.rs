//! Users: read and written, with what hangs on them.

use altyn_app::access::user::User;
use altyn_app::ports::{Conflict, StoreError};
use rusqlite::Connection;

use super::apply::insert;
use super::audit::log;
use super::command::{Batch, Command, Failure};
use super::reads::{all, one, select};
use super::sessions::EndSessions;
use crate::convert::storable;
use crate::convert::user::{UserRows, user};
use crate::rows::{AuditRow, MembershipRow, RecoveryRow, Row, UserRow};
use crate::seal::KeyRing;

select! {
    USERS = UserRow, "ORDER BY login";
    BY_ID = UserRow, "WHERE id = ?1";
    BY_LOGIN = UserRow, "WHERE login = ?1";
    MEMBERSHIPS = MembershipRow, "WHERE user_id = ?1 ORDER BY project";
    RECOVERY = RecoveryRow, "WHERE user_id = ?1 ORDER BY digest";
}

/// All users, by login.
pub(super) fn users(connection: &Connection, keys: &KeyRing) -> Result<Vec<User>, StoreError> {
    let rows: Vec<UserRow> = all(connection, &USERS, [])?;
    rows.into_iter().map(|row| whole(connection, row, keys)).collect()
}

/// A user by number.
pub(super) fn by_id(
    connection: &Connection,
    id: i64,
    keys: &KeyRing,
) -> Result<Option<User>, StoreError> {
    let row = one(connection, &BY_ID, [id])?;
    row.map(|row| whole(connection, row, keys)).transpose()
}

/// A user by login.
pub(super) fn by_login(
    connection: &Connection,
    login: &str,
    keys: &KeyRing,
) -> Result<Option<User>, StoreError> {
    let row = one(connection, &BY_LOGIN, [storable(login)])?;
    row.map(|row| whole(connection, row, keys)).transpose()
}

fn whole(connection: &Connection, row: UserRow, keys: &KeyRing) -> Result<User, StoreError> {
    let memberships = all(connection, &MEMBERSHIPS, [row.id])?;
    let recovery = all(connection, &RECOVERY, [row.id])?;
    user(UserRows { user: row, memberships, recovery }, keys)
}

/// Adds a user, or replaces the one he was read as, and ends sessions of his.
pub(super) struct PutUser {
    pub(super) rows: UserRows,
    pub(super) ends: Option<EndSessions>,
    pub(super) audit: AuditRow,
}

impl Command for PutUser {
    type Answer = ();

    fn apply(&self, batch: &mut Batch<'_>) -> Result<(), Failure> {
        let (connection, row) = (batch.connection, &self.rows.user);
        let mut put = connection.prepare_cached(
            "INSERT INTO users (id, login, password_hash, disabled, created_at, must_change,
                 second_factor, last_step, version)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9 + 1)
             ON CONFLICT (id) DO UPDATE SET
                 login = excluded.login, password_hash = excluded.password_hash,
                 disabled = excluded.disabled, must_change = excluded.must_change,
                 second_factor = excluded.second_factor, last_step = excluded.last_step,
                 version = excluded.version
             WHERE version = excluded.version - 1",
        )?;
        row.bind_sqlite(&mut put)?;
        if put.raw_execute()? == 0 {
            return Err(Failure::Refused(Conflict::VersionMoved));
        }
        for sql in [
            "DELETE FROM memberships WHERE user_id = ?1",
            "DELETE FROM recovery_codes WHERE user_id = ?1",
        ] {
            connection.prepare_cached(sql)?.execute([row.id])?;
        }
        for membership in &self.rows.memberships {
            insert(connection, membership)?;
        }
        for code in &self.rows.recovery {
            insert(connection, code)?;
        }
        log(connection, &self.audit)?;
        match &self.ends {
            Some(ends) => ends.apply(batch).map(drop),
            None => Ok(()),
        }
    }
}

/// Marks the period of a code as used.
pub(super) struct UseStep {
    pub(super) user: i64,
    pub(super) step: i64,
}

impl Command for UseStep {
    type Answer = bool;

    fn apply(&self, batch: &mut Batch<'_>) -> Result<bool, Failure> {
        let mut statement = batch.connection.prepare_cached(
            "UPDATE users SET last_step = ?2, version = version + 1
             WHERE id = ?1 AND second_factor IS NOT NULL AND last_step < ?2",
        )?;
        Ok(statement.execute((self.user, self.step))? == 1)
    }
}

/// Takes a recovery code away.
pub(super) struct UseRecovery(pub(super) RecoveryRow);

impl Command for UseRecovery {
    type Answer = bool;

    fn apply(&self, batch: &mut Batch<'_>) -> Result<bool, Failure> {
        let connection = batch.connection;
        let take = "DELETE FROM recovery_codes WHERE user_id = ?1 AND digest = ?2";
        let count = connection.prepare_cached(take)?.execute((self.0.user_id, &self.0.digest))?;
        if count == 1 {
            let changed = "UPDATE users SET version = version + 1 WHERE id = ?1";
            connection.prepare_cached(changed)?.execute([self.0.user_id])?;
        }
        Ok(count == 1)
    }
}
