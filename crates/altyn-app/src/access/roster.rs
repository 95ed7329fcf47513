//! Changes of users themselves, without the question who may: [`super::accounts`] asks it for
//! people, and whoever runs commands on the machine needs no leave.
//!
//! Guaranteed: a login is one user's; somebody who may manage users everywhere is always left;
//! first passwords are made here, and must be changed at the first sign-in; nobody writes over a
//! change that he did not read. Two who take each other away at once are not kept from it.

use std::collections::HashMap;

use altyn_domain::id::ProjectId;

use super::accounts::{AccountError, UserChange};
use super::audit::{Action, AuditEntry};
use super::second_factor::random_text;
use super::throttle;
use super::user::{Membership, Right, Role, User};
use crate::cabinet::Cabinet;
use crate::context::{DECIDE_AGAIN_MAX, Failure, conflict_of};
use crate::ports::access::SessionsEnd;
use crate::secret::Secret;

/// The longest login, characters; what is typed beyond is not kept anywhere.
pub const LOGIN_MAX_CHARS: usize = 64;
/// Bytes of randomness in a first password: 80 bits, 16 characters.
const PASSWORD_BYTES: usize = 10;

/// A login as it is kept; `None` when it is empty, too long, or has a space in it.
pub fn fold_login(login: &str) -> Option<String> {
    let login = login.trim().to_lowercase();
    let clean = !login.chars().any(|c| c.is_control() || c.is_whitespace());
    ((1..=LOGIN_MAX_CHARS).contains(&login.chars().count()) && clean).then_some(login)
}

/// What a user may do, for a person: `operator in project 1, support in every project`.
pub fn described(memberships: &[Membership]) -> String {
    let one = |membership: &Membership| match membership.project {
        Some(project) => format!("{} in project {project}", membership.role.as_str()),
        None => format!("{} in every project", membership.role.as_str()),
    };
    match memberships {
        [] => "nothing".to_owned(),
        some => some.iter().map(one).collect::<Vec<_>>().join(", "),
    }
}

/// Adds a user and gives his first password.
pub async fn add(
    cabinet: &Cabinet,
    login: &str,
    memberships: Vec<Membership>,
    audit: AuditEntry,
) -> Result<(User, Secret), AccountError> {
    let login = fold_login(login).ok_or(AccountError::Login)?;
    let taken = cabinet.access.user_by_login(&login).await.map_err(Failure::from)?;
    if taken.is_some() {
        return Err(AccountError::Taken);
    }
    let (password, password_hash) = first_password(cabinet).await?;
    let now = cabinet.context.clock.now();
    let user = User {
        id: cabinet.context.ids.next(now).map_err(Failure::from)?,
        login,
        password_hash,
        memberships: one_each(memberships),
        disabled: false,
        must_change: true,
        second_factor: None,
        created_at: now,
        version: 0,
    };
    let detail = format!("{} was added: {}", user.login, described(&user.memberships));
    let user = put(cabinet, user, None, AuditEntry { detail, ..audit }).await?;
    Ok((user, password))
}

/// Changes a user; [`Failure::Contended`] when he changed since he was read. Whoever is disabled is
/// signed out everywhere.
pub async fn change(
    cabinet: &Cabinet,
    user: User,
    change: UserChange,
    audit: AuditEntry,
) -> Result<User, AccountError> {
    let before = described(&user.memberships);
    let (user, did) = match change {
        UserChange::Memberships(memberships) => {
            let memberships = one_each(memberships);
            let did = format!("{}, was {before}", described(&memberships));
            (User { memberships, ..user }, did)
        }
        UserChange::Disabled(true) => (User { disabled: true, ..user }, "disabled".to_owned()),
        UserChange::Disabled(false) => (User { disabled: false, ..user }, "enabled".to_owned()),
        UserChange::NoSecondFactor => {
            (User { second_factor: None, ..user }, "the second factor was taken off".to_owned())
        }
    };
    if !rules_everything(&user) && is_last_ruler(cabinet, user.id).await? {
        return Err(AccountError::LastAdministrator);
    }
    let detail = format!("{}: {did}", user.login);
    let ends = user.disabled.then(|| every_session(&user, &audit));
    Ok(put(cabinet, user, ends, AuditEntry { detail, ..audit }).await?)
}

/// Gives a user a new first password, if he still `may_be` changed when it is made; his sessions
/// end, and his failures are forgiven.
pub async fn reset(
    cabinet: &Cabinet,
    user: &User,
    may_be: impl Fn(&User) -> bool,
    audit: AuditEntry,
) -> Result<Secret, AccountError> {
    let (password, hash) = first_password(cabinet).await?;
    let anew = |now: Option<User>| -> Result<User, AccountError> {
        let now = now.filter(|now| may_be(now)).ok_or(AccountError::NotFound)?;
        Ok(User { password_hash: hash.clone(), must_change: true, ..now })
    };
    let ends = Some(every_session(user, &audit));
    let detail = format!("{}: a new first password", user.login);
    edit(cabinet, user.id, anew, ends, AuditEntry { detail, ..audit }).await?;
    throttle::forgive(cabinet, &user.login).await?;
    Ok(password)
}

async fn first_password(cabinet: &Cabinet) -> Result<(Secret, Secret), Failure> {
    let text = random_text(cabinet, PASSWORD_BYTES)?;
    let password = Secret::new(text.expose().to_lowercase());
    let hash = cabinet.passwords.hash(&password).await?;
    Ok((password, hash))
}

/// Reads a user, changes him and writes him; all of it again when somebody else changed him
/// meanwhile, so that `change` decides on what is written over.
pub(super) async fn edit<E: From<Failure>>(
    cabinet: &Cabinet,
    id: i64,
    change: impl Fn(Option<User>) -> Result<User, E>,
    ends: Option<SessionsEnd>,
    audit: AuditEntry,
) -> Result<User, E> {
    for _ in 0..DECIDE_AGAIN_MAX {
        let user = change(cabinet.access.user(id).await.map_err(Failure::from)?)?;
        match put(cabinet, user, ends.clone(), audit.clone()).await {
            Err(Failure::Contended) => {}
            done => return Ok(done?),
        }
    }
    Err(Failure::Contended.into())
}

/// Writes a user, and gives him as he is then.
async fn put(
    cabinet: &Cabinet,
    user: User,
    ends: Option<SessionsEnd>,
    audit: AuditEntry,
) -> Result<User, Failure> {
    match cabinet.access.put_user(user.clone(), ends, audit).await {
        Ok(()) => Ok(User { version: user.version + 1, ..user }),
        // The one conflict there is: he changed since he was read.
        Err(error) => {
            Err(conflict_of(error).map_or_else(|failure| failure, |_| Failure::Contended))
        }
    }
}

fn every_session(user: &User, audit: &AuditEntry) -> SessionsEnd {
    let detail = format!("every session of {}", user.login);
    SessionsEnd {
        but: None,
        audit: AuditEntry { action: Action::SignOut, detail, ..audit.clone() },
    }
}

/// Whether he can sign in and manage users everywhere.
fn rules_everything(user: &User) -> bool {
    user.may_everywhere(Right::ManageUsers)
}

async fn is_last_ruler(cabinet: &Cabinet, id: i64) -> Result<bool, Failure> {
    let users = cabinet.access.users().await?;
    let (his, others): (Vec<_>, Vec<_>) =
        users.iter().filter(|user| rules_everything(user)).partition(|user| user.id == id);
    Ok(!his.is_empty() && others.is_empty())
}

/// One role for each project: the last that is named.
fn one_each(memberships: Vec<Membership>) -> Vec<Membership> {
    let roles: HashMap<Option<ProjectId>, Role> =
        memberships.into_iter().map(|membership| (membership.project, membership.role)).collect();
    let mut kept: Vec<Membership> =
        roles.into_iter().map(|(project, role)| Membership { project, role }).collect();
    kept.sort_by_key(|membership| membership.project);
    kept
}
