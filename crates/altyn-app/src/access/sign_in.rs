//! Getting in and out: the password, the second factor, the session.
//!
//! Guaranteed: an account that does not exist, one that is disabled and a wrong password are told
//! apart by nothing, neither the answer nor the work; no password and no code is looked at while
//! there is a wait ([`super::throttle`]); every step forward is a new session; each code counts
//! once. Both what was done and what was refused is in the log, but for tries that had to wait.

use altyn_domain::time::Timestamp;

use super::Actor;
use super::audit::{Action, AuditEntry, AuditResult};
use super::roster::{self, fold_login};
use super::second_factor::{self, Typed};
use super::session::{self, digest_of};
use super::throttle::Try;
use super::user::{Session, SessionStage, User};
use crate::cabinet::Cabinet;
use crate::context::Failure;
use crate::ports::access::SessionsEnd;
use crate::secret::Secret;

/// The shortest password that can be chosen, characters: what cannot be tried out.
pub const PASSWORD_MIN_CHARS: usize = 12;
/// The longest, characters: enough for any sentence, and no work for nothing.
pub const PASSWORD_MAX_CHARS: usize = 256;

/// Who the log names when nobody has the login that was typed.
const NOBODY: &str = "(unknown)";

/// Who knocks.
#[derive(Clone, Debug)]
pub struct Visitor {
    /// His address on the network.
    pub address: String,
    /// What his browser calls itself.
    pub agent: String,
}

/// A session and the cookie that opens it.
#[derive(Clone, Debug)]
pub struct Opened {
    /// What the browser keeps.
    pub cookie: Secret,
    /// What we keep.
    pub session: Session,
}

/// Why nobody was let in. It never says whether the account exists.
#[derive(Debug, thiserror::Error)]
pub enum SignInError {
    /// The login, the password or the code is wrong.
    #[error("the login, the password or the code is wrong")]
    Wrong,
    /// Too many failures: not before so many milliseconds.
    #[error("too many failures; wait {wait_ms} ms")]
    Wait {
        /// How long.
        wait_ms: i64,
    },
    /// The new password is too short, too long, or the old one.
    #[error("this password cannot be chosen")]
    WeakPassword,
    /// Not the caller's fault.
    #[error(transparent)]
    Failure(#[from] Failure),
}

/// Checks the password and opens a session in the stage that comes next.
pub async fn sign_in(
    cabinet: &Cabinet,
    visitor: &Visitor,
    login: &str,
    password: &Secret,
) -> Result<Opened, SignInError> {
    let attempt = Try::begin(cabinet, login, &visitor.address).await?;
    let found = match fold_login(login) {
        Some(login) => cabinet.access.user_by_login(&login).await.map_err(Failure::from)?,
        None => None,
    };
    let known = found.as_ref().map(|user| user.login.clone());
    let found = found.filter(|user| !user.disabled);
    let hash = found.as_ref().map(|user| &user.password_hash);
    let same = cabinet.passwords.matches(password, hash).await.map_err(Failure::from)?;
    attempt.go_on(cabinet).await?;
    let now = cabinet.context.clock.now();
    let Some(user) = found.filter(|_| same) else {
        // What is no login may be a password in the wrong field.
        let login = known.unwrap_or_else(|| NOBODY.to_owned());
        let entry = entry(visitor, now, (None, login), "wrong login or password").refused();
        return Err(refused(cabinet, attempt, entry).await);
    };
    let next = stage_after_password(&user);
    let (detail, whole) = match next {
        SessionStage::SecondFactor => ("by password; the second factor is asked for", false),
        SessionStage::NewPassword | SessionStage::Open => ("by password", true),
    };
    // With a second factor the password alone forgives nothing: else who has it could go on
    // guessing codes for ever.
    if whole {
        attempt.succeeded(cabinet).await?;
    }
    let entry = entry(visitor, now, (Some(user.id), user.login.clone()), detail);
    session::open(cabinet, visitor, (&user, next), entry).await
}

fn stage_after_password(user: &User) -> SessionStage {
    match user.second_factor {
        Some(_) => SessionStage::SecondFactor,
        None => stage_after_second_factor(user),
    }
}

fn stage_after_second_factor(user: &User) -> SessionStage {
    if user.must_change { SessionStage::NewPassword } else { SessionStage::Open }
}

/// Checks the second factor, a code of the device or a recovery code, and goes on in a new session.
pub async fn pass_second_factor(
    cabinet: &Cabinet,
    visitor: &Visitor,
    session: &Session,
    code: &str,
) -> Result<Opened, SignInError> {
    let user = cabinet.access.user(session.user).await.map_err(Failure::from)?;
    let waits = session.stage == SessionStage::SecondFactor;
    let Some(user) = user.filter(|user| waits && !user.disabled) else {
        return Err(SignInError::Wrong);
    };
    let attempt = Try::begin(cabinet, &user.login, &visitor.address).await?;
    let now = cabinet.context.clock.now();
    let who = (Some(user.id), user.login.clone());
    let Some(detail) = taken(cabinet, &user, code, now).await? else {
        let entry = entry(visitor, now, who, "wrong code").refused();
        return Err(refused(cabinet, attempt, entry).await);
    };
    attempt.succeeded(cabinet).await?;
    let next = stage_after_second_factor(&user);
    let entry = entry(visitor, now, who, detail);
    session::renew(cabinet, visitor, (session, &user, next), entry).await
}

/// Uses the code up, if it is right; says by what he got in.
async fn taken(
    cabinet: &Cabinet,
    user: &User,
    code: &str,
    now: Timestamp,
) -> Result<Option<String>, Failure> {
    let Some(factor) = &user.second_factor else { return Ok(None) };
    let access = &cabinet.access;
    match second_factor::read(code) {
        Some(Typed::Code(code)) => {
            let Some(step) = second_factor::step_of(&factor.secret, &code, now) else {
                return Ok(None);
            };
            Ok(access.use_step(user.id, step).await?.then(|| "by code".to_owned()))
        }
        Some(Typed::Recovery(digest)) => {
            let left = factor.recovery.len().saturating_sub(1);
            let used = access.use_recovery(user.id, &digest).await?;
            Ok(used.then(|| format!("by recovery code; {left} are left")))
        }
        None => Ok(None),
    }
}

async fn refused(cabinet: &Cabinet, attempt: Try, entry: AuditEntry) -> SignInError {
    let noted = match attempt.failed(cabinet).await {
        Ok(()) => cabinet.access.audit(entry).await.map_err(Failure::from),
        Err(failure) => Err(failure),
    };
    noted.map_or_else(SignInError::from, |()| SignInError::Wrong)
}

fn entry(
    visitor: &Visitor,
    at: Timestamp,
    (user, login): (Option<i64>, String),
    detail: impl Into<String>,
) -> AuditEntry {
    AuditEntry {
        at,
        user,
        login,
        address: visitor.address.clone(),
        project: None,
        payment: None,
        operation: None,
        action: Action::SignIn,
        result: AuditResult::Done,
        detail: detail.into(),
    }
}

/// Who holds this cookie: his session, whatever its stage, and he as he stands now. `None` when the
/// session has ended or he may not sign in any more.
pub async fn who(
    cabinet: &Cabinet,
    visitor: &Visitor,
    cookie: &str,
) -> Result<Option<(Session, Actor)>, Failure> {
    let now = cabinet.context.clock.now();
    let found = cabinet.access.session(&digest_of(cookie)).await?;
    let Some(mut session) = found.filter(|session| session::lives(session, now)) else {
        return Ok(None);
    };
    let user = cabinet.access.user(session.user).await?;
    let Some(user) = user.filter(|user| !user.disabled) else { return Ok(None) };
    if now >= session.seen_at.plus_millis(session::SEEN_EVERY_MS) {
        cabinet.access.touch_session(&session.digest, now).await?;
        session.seen_at = now;
    }
    let address = visitor.address.clone();
    let actor = Actor { user, session: session.digest.clone(), address };
    Ok(Some((session, actor)))
}

/// The token that forms of this browser carry: made from the cookie, so that nothing is kept.
pub fn form_token(cookie: &str) -> String {
    session::token_of(cookie)
}

/// Chooses a password of his own; every other session ends, this one goes on as a new one.
pub async fn change_password(
    cabinet: &Cabinet,
    visitor: &Visitor,
    (session, actor): (&Session, &Actor),
    old: &Secret,
    new: &Secret,
) -> Result<Opened, SignInError> {
    if session.stage == SessionStage::SecondFactor {
        return Err(SignInError::Wrong);
    }
    let login = &actor.user.login;
    let attempt = Try::begin(cabinet, login, &visitor.address).await?;
    let hash = Some(&actor.user.password_hash);
    let same = cabinet.passwords.matches(old, hash).await.map_err(Failure::from)?;
    let now = cabinet.context.clock.now();
    let entry = |detail| actor.entry(now, Action::ChangePassword, detail);
    if !same {
        let entry = entry("the old password was wrong").refused();
        return Err(refused(cabinet, attempt, entry).await);
    }
    attempt.succeeded(cabinet).await?;
    if !may_be_chosen(new, login) || new == old {
        return Err(SignInError::WeakPassword);
    }
    let hash = cabinet.passwords.hash(new).await.map_err(Failure::from)?;
    let chosen = |user: Option<User>| -> Result<User, SignInError> {
        let user = user.filter(|user| user.has_password_of(&actor.user));
        let user = user.ok_or(SignInError::Wrong)?;
        Ok(User { password_hash: hash.clone(), must_change: false, ..user })
    };
    let ended = actor.entry(now, Action::SignOut, "every other session: the password was changed");
    let ends = SessionsEnd { but: Some(session.digest.clone()), audit: ended };
    let changed = entry("chosen by himself");
    let user = roster::edit(cabinet, actor.user.id, chosen, Some(ends), changed).await?;
    let renewed = entry("this session goes on as a new one");
    session::renew(cabinet, visitor, (session, &user, SessionStage::Open), renewed).await
}

fn may_be_chosen(password: &Secret, login: &str) -> bool {
    let text = password.expose();
    (PASSWORD_MIN_CHARS..=PASSWORD_MAX_CHARS).contains(&text.chars().count())
        && text.trim().to_lowercase() != login
}

/// Ends this session, or all of his others, or one of his others by its digest.
pub async fn sign_out(cabinet: &Cabinet, actor: &Actor, what: SignOut<'_>) -> Result<(), Failure> {
    let access = &cabinet.access;
    let entry = |detail| actor.entry(cabinet.context.clock.now(), Action::SignOut, detail);
    match what {
        SignOut::This => access.end_session(&actor.session, entry("this session")).await?,
        SignOut::Everywhere => {
            access.end_sessions(actor.user.id, None, entry("every session")).await?;
        }
        SignOut::One(digest) => {
            let found = access.session(digest).await?;
            if found.is_some_and(|session| session.user == actor.user.id) {
                access.end_session(digest, entry("one of his sessions")).await?;
            }
        }
    }
    Ok(())
}

/// Which sessions end.
#[derive(Clone, Copy, Debug)]
pub enum SignOut<'a> {
    /// This one.
    This,
    /// All of his, this one as well: «выйти везде».
    Everywhere,
    /// One of his, by its digest.
    One(&'a str),
}
