//! Sessions: opened, gone on with under a new cookie, and told whether they still live.
//!
//! The cookie is 32 random bytes that only the browser keeps; what is stored is its digest, so that
//! whoever reads the database cannot sign in with what he finds.

use altyn_domain::time::{HOUR_MS, MINUTE_MS, Timestamp};
use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::audit::{Action, AuditEntry};
use super::sign_in::{Opened, SignInError, Visitor};
use super::user::{Session, SessionStage, User};
use crate::cabinet::Cabinet;
use crate::context::Failure;
use crate::secret::Secret;

/// How long a session lasts whatever happens: a working day.
pub(super) const LIFE_MS: i64 = 12 * HOUR_MS;
/// How long one lasts that nobody uses: a desk that was left.
pub(super) const IDLE_MS: i64 = 30 * MINUTE_MS;
/// Use is noted at most so often, so that looking at pages writes little.
pub(super) const SEEN_EVERY_MS: i64 = MINUTE_MS;
/// Bytes of randomness in a cookie.
const COOKIE_BYTES: usize = 32;
/// Characters kept of what a browser calls itself.
const AGENT_MAX_CHARS: usize = 200;
/// Characters kept of an address.
const ADDRESS_MAX_CHARS: usize = 64;

/// The first characters of a text.
pub(super) fn cut(text: &str, chars: usize) -> String {
    text.chars().take(chars).collect()
}

/// SHA-256, lower-case hexadecimal.
pub(super) fn digest_of(text: &str) -> String {
    HEXLOWER.encode(&Sha256::digest(text.as_bytes()))
}

/// The token that forms of this browser carry.
pub(super) fn token_of(cookie: &str) -> String {
    // HMAC takes a key of any length.
    match Hmac::<Sha256>::new_from_slice(cookie.as_bytes()) {
        Ok(mac) => {
            let made = mac.chain_update(b"altyn cabinet form").finalize();
            HEXLOWER.encode(&made.into_bytes())
        }
        Err(_) => String::new(),
    }
}

/// Whether the session is still good for something.
pub(super) fn lives(session: &Session, now: Timestamp) -> bool {
    now < session.expires_at && now < session.seen_at.plus_millis(IDLE_MS)
}

/// Opens one that begins now, of a user as he was when he proved who he is.
pub(super) async fn open(
    cabinet: &Cabinet,
    visitor: &Visitor,
    (user, stage): (&User, SessionStage),
    audit: AuditEntry,
) -> Result<Opened, SignInError> {
    let now = cabinet.context.clock.now();
    let began = (now, now.plus_millis(LIFE_MS));
    keep(cabinet, visitor, (user, stage, began), (None, audit)).await
}

/// Goes on in a new session, which ends when the old one would have.
pub(super) async fn renew(
    cabinet: &Cabinet,
    visitor: &Visitor,
    (old, user, stage): (&Session, &User, SessionStage),
    audit: AuditEntry,
) -> Result<Opened, SignInError> {
    let began = (old.created_at, old.expires_at);
    keep(cabinet, visitor, (user, stage, began), (Some(&old.digest), audit)).await
}

type Life = (Timestamp, Timestamp);

async fn keep(
    cabinet: &Cabinet,
    visitor: &Visitor,
    (user, stage, (created_at, expires_at)): (&User, SessionStage, Life),
    (replaces, audit): (Option<&str>, AuditEntry),
) -> Result<Opened, SignInError> {
    let mut bytes = Zeroizing::new([0_u8; COOKIE_BYTES]);
    cabinet.randomness.fill(bytes.as_mut_slice()).map_err(Failure::from)?;
    let cookie = Secret::new(BASE64URL_NOPAD.encode(bytes.as_slice()));
    let session = Session {
        digest: digest_of(cookie.expose()),
        user: user.id,
        stage,
        created_at,
        seen_at: cabinet.context.clock.now(),
        expires_at,
        address: cut(&visitor.address, ADDRESS_MAX_CHARS),
        agent: cut(&visitor.agent, AGENT_MAX_CHARS),
    };
    let access = &cabinet.access;
    let ended = AuditEntry {
        action: Action::SignOut,
        detail: "disabled, or given another password, while he signed in".to_owned(),
        ..audit.clone()
    };
    access.open_session(session.clone(), replaces, audit).await.map_err(Failure::from)?;
    // Whatever ends his sessions ends those that are there: one opened a moment later is ended here.
    let now = access.user(user.id).await.map_err(Failure::from)?;
    if !now.is_some_and(|now| now.has_password_of(user)) {
        access.end_session(&session.digest, ended).await.map_err(Failure::from)?;
        return Err(SignInError::Wrong);
    }
    Ok(Opened { cookie, session })
}
