//! Users of the cabinet, with what hangs on them: memberships and recovery codes.

use altyn_app::access::user::{Membership, Role, SecondFactor, User};
use altyn_app::ports::StoreError;
use altyn_app::secret::Secret;

use super::{At, time};
use crate::rows::{MembershipRow, RecoveryRow, UserRow};
use crate::seal::{KeyRing, Owner};

/// How every project is stored: no project has this number.
const EVERY_PROJECT: i64 = 0;

/// A user and the rows that hang on it.
#[derive(Clone, Debug)]
pub(crate) struct UserRows {
    pub(crate) user: UserRow,
    pub(crate) memberships: Vec<MembershipRow>,
    pub(crate) recovery: Vec<RecoveryRow>,
}

/// A user as rows, the secret of the second factor sealed.
pub(crate) fn user_rows(user: &User, keys: &KeyRing) -> Result<UserRows, StoreError> {
    let factor = user.second_factor.as_ref();
    let seal = |factor: &SecondFactor| keys.seal(Owner::User(user.id), &factor.secret);
    let second_factor = factor.map(seal).transpose();
    let row = UserRow {
        id: user.id,
        login: user.login.clone(),
        password_hash: user.password_hash.expose().to_owned(),
        disabled: user.disabled.into(),
        created_at: user.created_at.as_millis(),
        must_change: user.must_change.into(),
        second_factor: second_factor.map_err(|error| StoreError::Database(error.to_string()))?,
        last_step: factor.map_or(0, |factor| factor.last_step),
        version: user.version,
    };
    let membership = |membership: &Membership| MembershipRow {
        user_id: user.id,
        project: membership.project.map_or(EVERY_PROJECT, |project| project.get().into()),
        role: membership.role.as_str().to_owned(),
    };
    let recovery = factor.into_iter().flat_map(|factor| &factor.recovery);
    Ok(UserRows {
        user: row,
        memberships: user.memberships.iter().map(membership).collect(),
        recovery: recovery
            .map(|digest| RecoveryRow { user_id: user.id, digest: digest.clone() })
            .collect(),
    })
}

/// A user from its rows.
pub(crate) fn user(rows: UserRows, keys: &KeyRing) -> Result<User, StoreError> {
    let row = rows.user;
    let at = At::of::<UserRow>(row.id, row.created_at);
    let open = |sealed: &Vec<u8>| {
        let secret = keys.open(Owner::User(row.id), sealed);
        secret.map_err(|error| StoreError::Database(format!("user {}: {error}", row.id)))
    };
    let second_factor = match &row.second_factor {
        Some(sealed) => Some(SecondFactor {
            secret: open(sealed)?,
            last_step: row.last_step,
            recovery: rows.recovery.into_iter().map(|row| row.digest).collect(),
        }),
        None => None,
    };
    Ok(User {
        id: row.id,
        login: row.login,
        password_hash: Secret::new(row.password_hash),
        memberships: rows.memberships.iter().map(membership).collect::<Result<_, _>>()?,
        disabled: at.truth("disabled", row.disabled)?,
        must_change: at.truth("must_change", row.must_change)?,
        second_factor,
        created_at: time(row.created_at),
        version: row.version,
    })
}

fn membership(row: &MembershipRow) -> Result<Membership, StoreError> {
    let at = At::of::<MembershipRow>(row.user_id, row.project);
    Ok(Membership {
        project: match row.project {
            EVERY_PROJECT => None,
            number => Some(at.project(number)?),
        },
        role: at.need("role", Role::parse(&row.role))?,
    })
}

/// The secret of a second factor sealed anew; `None` when there is nothing to do.
pub(crate) fn reseal(keys: &KeyRing, row: &UserRow) -> Result<Option<Vec<u8>>, StoreError> {
    let Some(sealed) = &row.second_factor else { return Ok(None) };
    keys.reseal(Owner::User(row.id), sealed)
        .map_err(|error| StoreError::Database(format!("user {}: {error}", row.id)))
}
