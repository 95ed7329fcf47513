//! Users, as administrators make and change them, and the second factor, as each sets up his own.
//!
//! Guaranteed: an administrator sees and changes only users all of whose memberships are in projects
//! that he manages, and gives nobody more than he has himself; what was refused him is in the log.

use super::Actor;
use super::audit::{Action, AuditEntry};
use super::roster::{self, LOGIN_MAX_CHARS};
use super::second_factor::{self, Typed};
use super::session::cut;
use super::sign_in::SignInError;
use super::throttle::Try;
use super::user::{Membership, Right, SecondFactor, User};
use crate::cabinet::Cabinet;
use crate::context::{DECIDE_AGAIN_MAX, Failure};
use crate::secret::Secret;

/// Why an account was not changed.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// He may not manage users there, or would give more than he has himself.
    #[error("this needs the right to manage users")]
    Denied,
    /// There is no such user that he may see.
    #[error("there is no such user")]
    NotFound,
    /// The login is taken.
    #[error("the login is taken")]
    Taken,
    /// The login has spaces, is empty or too long.
    #[error("this login is not possible")]
    Login,
    /// Nobody would be left who may manage users everywhere.
    #[error("the last administrator cannot be taken away")]
    LastAdministrator,
    /// The code, or the password, is wrong.
    #[error("the code or the password is wrong")]
    Wrong,
    /// Not the caller's fault.
    #[error(transparent)]
    Failure(#[from] Failure),
}

/// Adds a user; his first password is shown once and must be changed.
pub async fn add_user(
    cabinet: &Cabinet,
    actor: &Actor,
    login: &str,
    memberships: Vec<Membership>,
) -> Result<(User, Secret), AccountError> {
    let did = async {
        may_give(cabinet, actor, &memberships)?;
        roster::add(cabinet, login, memberships.clone(), entry(cabinet, actor, "")).await
    };
    noted(cabinet, actor, &format!("adding {}", cut(login, LOGIN_MAX_CHARS)), did.await).await
}

/// What changes about a user.
#[derive(Clone, Debug)]
pub enum UserChange {
    /// What he may do.
    Memberships(Vec<Membership>),
    /// Whether he can sign in; his sessions end when not.
    Disabled(bool),
    /// The second factor is taken off, because the device is lost.
    NoSecondFactor,
}

/// Changes a user.
pub async fn change_user(
    cabinet: &Cabinet,
    actor: &Actor,
    user: i64,
    change: UserChange,
) -> Result<User, AccountError> {
    let did = async {
        for _ in 0..DECIDE_AGAIN_MAX {
            let found = managed(cabinet, actor, user).await?;
            match &change {
                UserChange::Memberships(memberships) => may_give(cabinet, actor, memberships)?,
                UserChange::Disabled(_) | UserChange::NoSecondFactor => {}
            }
            let entry = entry(cabinet, actor, "");
            match roster::change(cabinet, found, change.clone(), entry).await {
                Err(AccountError::Failure(Failure::Contended)) => {}
                done => return done,
            }
        }
        Err(Failure::Contended.into())
    };
    noted(cabinet, actor, &format!("changing user {user}"), did.await).await
}

/// Gives a user a new first password, shown once; his sessions end.
pub async fn reset_password(
    cabinet: &Cabinet,
    actor: &Actor,
    user: i64,
) -> Result<Secret, AccountError> {
    let did = async {
        let found = managed(cabinet, actor, user).await?;
        let may_be = |now: &User| manages(actor, &now.memberships);
        roster::reset(cabinet, &found, may_be, entry(cabinet, actor, "")).await
    };
    noted(cabinet, actor, &format!("a new password for user {user}"), did.await).await
}

/// Whom an actor may see and change: users all of whose memberships are in projects that he manages.
pub async fn users_for(cabinet: &Cabinet, actor: &Actor) -> Result<Vec<User>, Failure> {
    let users = cabinet.access.users().await?;
    Ok(users.into_iter().filter(|user| manages(actor, &user.memberships)).collect())
}

/// Whether he has there whatever these memberships give, and may manage users there. Somebody who
/// belongs nowhere concerns the platform.
fn manages(actor: &Actor, memberships: &[Membership]) -> bool {
    let holds = |membership: &Membership| {
        let may = |right: Right| match membership.project {
            Some(project) => actor.may(right, project),
            None => actor.user.may_everywhere(right),
        };
        may(Right::ManageUsers) && membership.role.rights().iter().all(|right| may(*right))
    };
    match memberships {
        [] => actor.user.may_everywhere(Right::ManageUsers),
        some => some.iter().all(holds),
    }
}

/// Nobody gives more than he has, nor anything in a project that does not exist.
fn may_give(
    cabinet: &Cabinet,
    actor: &Actor,
    memberships: &[Membership],
) -> Result<(), AccountError> {
    let projects = &cabinet.context.projects;
    let exists = |membership: &Membership| {
        membership.project.is_none_or(|project| projects.get(project).is_some())
    };
    let may = manages(actor, memberships) && memberships.iter().all(exists);
    if may { Ok(()) } else { Err(AccountError::Denied) }
}

async fn managed(cabinet: &Cabinet, actor: &Actor, user: i64) -> Result<User, AccountError> {
    let found = cabinet.access.user(user).await.map_err(Failure::from)?;
    found.filter(|user| manages(actor, &user.memberships)).ok_or(AccountError::NotFound)
}

fn entry(cabinet: &Cabinet, actor: &Actor, detail: &str) -> AuditEntry {
    actor.entry(cabinet.context.clock.now(), Action::ChangeUser, detail)
}

/// Writes down what was refused; what was done is written where it is done.
async fn noted<T>(
    cabinet: &Cabinet,
    actor: &Actor,
    what: &str,
    done: Result<T, AccountError>,
) -> Result<T, AccountError> {
    let why = match &done {
        Ok(_) | Err(AccountError::Failure(_)) => return done,
        Err(
            refused @ (AccountError::Denied
            | AccountError::NotFound
            | AccountError::Taken
            | AccountError::Login
            | AccountError::LastAdministrator
            | AccountError::Wrong),
        ) => refused.to_string(),
    };
    let entry = entry(cabinet, actor, &format!("{what}: {why}")).refused();
    cabinet.access.audit(entry).await.map_err(Failure::from)?;
    done
}

/// A second factor that is offered to be set up; nothing is kept before its first code comes.
#[derive(Clone, Debug)]
pub struct SecondFactorOffer {
    /// Base32.
    pub secret: Secret,
    /// `otpauth://totp/…`, for the device's camera.
    pub address: Secret,
}

/// Makes one.
pub fn offer_second_factor(
    cabinet: &Cabinet,
    actor: &Actor,
) -> Result<SecondFactorOffer, AccountError> {
    let secret = second_factor::random_secret(cabinet).map_err(Failure::from)?;
    let address = second_factor::address(&actor.user.login, &secret);
    Ok(SecondFactorOffer { secret, address })
}

/// Takes it into use when the code is right; gives the recovery codes, shown once. Who has one must
/// take it off first, which needs the password.
pub async fn set_second_factor(
    cabinet: &Cabinet,
    actor: &Actor,
    secret: &Secret,
    code: &str,
) -> Result<Vec<Secret>, AccountError> {
    let now = cabinet.context.clock.now();
    let step = match second_factor::read(code) {
        Some(Typed::Code(code)) => second_factor::step_of(secret, &code, now),
        Some(Typed::Recovery(_)) | None => None,
    };
    let last_step = step.ok_or(AccountError::Wrong)?;
    let (codes, recovery) = second_factor::recovery_codes(cabinet).map_err(Failure::from)?;
    let factor = SecondFactor { secret: secret.clone(), last_step, recovery };
    let with_factor = |user: Option<User>| match user {
        None => Err(AccountError::NotFound),
        Some(User { second_factor: Some(_), .. }) => Err(AccountError::Denied),
        Some(user) => Ok(User { second_factor: Some(factor.clone()), ..user }),
    };
    let entry = actor.entry(now, Action::ChangeSecondFactor, "set up");
    roster::edit(cabinet, actor.user.id, with_factor, None, entry).await?;
    Ok(codes)
}

/// Takes it off again; the password is asked for.
pub async fn remove_second_factor(
    cabinet: &Cabinet,
    actor: &Actor,
    password: &Secret,
) -> Result<(), AccountError> {
    let attempt = Try::begin(cabinet, &actor.user.login, &actor.address).await;
    let attempt = attempt.map_err(|error| match error {
        SignInError::Wait { .. } | SignInError::Wrong | SignInError::WeakPassword => {
            AccountError::Wrong
        }
        SignInError::Failure(failure) => AccountError::Failure(failure),
    })?;
    let access = &cabinet.access;
    let hash = Some(&actor.user.password_hash);
    let same = cabinet.passwords.matches(password, hash).await.map_err(Failure::from)?;
    let now = cabinet.context.clock.now();
    let entry = |detail| actor.entry(now, Action::ChangeSecondFactor, detail);
    if !same {
        attempt.failed(cabinet).await?;
        let entry = entry("the password was wrong").refused();
        access.audit(entry).await.map_err(Failure::from)?;
        return Err(AccountError::Wrong);
    }
    attempt.succeeded(cabinet).await?;
    let without = |user: Option<User>| {
        let user = user.filter(|user| user.has_password_of(&actor.user));
        Ok(User { second_factor: None, ..user.ok_or(AccountError::Wrong)? })
    };
    roster::edit(cabinet, actor.user.id, without, None, entry("taken off")).await.map(drop)
}
