//! What the use cases about people need of the store: users, sessions, failures, the audit log.

use altyn_domain::time::Timestamp;
use async_trait::async_trait;

use super::{CommitError, StoreError};
use crate::access::audit::{AuditEntry, AuditFilter, StoredAudit};
use crate::access::user::{Failures, Session, User};

/// Users, sessions and the audit log. What changes takes its audit entry along, in one transaction.
#[async_trait]
pub trait AccessStore: Send + Sync {
    /// All users, by login.
    async fn users(&self) -> Result<Vec<User>, StoreError>;

    /// The user of this number.
    async fn user(&self, id: i64) -> Result<Option<User>, StoreError>;

    /// The user of this login, folded.
    async fn user_by_login(&self, login: &str) -> Result<Option<User>, StoreError>;

    /// Adds a user, or replaces the one he was read as whole: memberships and second factor as
    /// well, and ends his sessions with it if that is asked for.
    /// [`Conflict::VersionMoved`](super::Conflict::VersionMoved) when the stored version is another
    /// one. A login that another number has is an error of the database.
    async fn put_user(
        &self,
        user: User,
        ends: Option<SessionsEnd>,
        audit: AuditEntry,
    ) -> Result<(), CommitError>;

    /// Marks the period of a code as used, which changes the user; `false` when it, or a later one,
    /// was used before.
    async fn use_step(&self, user: i64, step: i64) -> Result<bool, StoreError>;

    /// Takes a recovery code away, by its digest, which changes the user; `false` when there is none
    /// such.
    async fn use_recovery(&self, user: i64, digest: &str) -> Result<bool, StoreError>;

    /// Adds a session, in the place of `replaces` if one is named. Whoever reads its user afterwards
    /// sees every change of him that did not end it.
    async fn open_session(
        &self,
        session: Session,
        replaces: Option<&str>,
        audit: AuditEntry,
    ) -> Result<(), StoreError>;

    /// The session of this digest.
    async fn session(&self, digest: &str) -> Result<Option<Session>, StoreError>;

    /// Notes that a session was used.
    async fn touch_session(&self, digest: &str, at: Timestamp) -> Result<(), StoreError>;

    /// A user's sessions that have not ended, newest first.
    async fn sessions_of(&self, user: i64, now: Timestamp) -> Result<Vec<Session>, StoreError>;

    /// Ends one session.
    async fn end_session(&self, digest: &str, audit: AuditEntry) -> Result<(), StoreError>;

    /// Ends all sessions of a user but this one; says how many.
    async fn end_sessions(
        &self,
        user: i64,
        but: Option<&str>,
        audit: AuditEntry,
    ) -> Result<u64, StoreError>;

    /// The failures of a subject (`login:…`, `address:…`).
    async fn failures(&self, subject: &str) -> Result<Failures, StoreError>;

    /// Counts one more failure of each subject and gives the new counts, in the same order.
    async fn add_failure(
        &self,
        subjects: &[String],
        at: Timestamp,
    ) -> Result<Vec<Failures>, StoreError>;

    /// Forgets the failures of a subject.
    async fn clear_failures(&self, subject: &str) -> Result<(), StoreError>;

    /// Removes sessions that have ended and failures older than `before`; says how many rows.
    async fn sweep_access(&self, now: Timestamp, before: Timestamp) -> Result<u64, StoreError>;

    /// Writes an entry that belongs to no other change: a refusal, a look.
    async fn audit(&self, entry: AuditEntry) -> Result<(), StoreError>;

    /// Entries by filter, newest first, a page at a time.
    async fn audit_entries(&self, filter: &AuditFilter) -> Result<Vec<StoredAudit>, StoreError>;

    /// Seals what is not sealed yet, at most so many; says how many. Nodes take turns.
    async fn seal_audit(&self, limit: u32) -> Result<u64, StoreError>;

    /// Sealed entries after a position, in the order of positions, for the walk along the chain.
    async fn sealed_after(&self, position: i64, limit: u32)
    -> Result<Vec<StoredAudit>, StoreError>;
}

/// The sessions of a user that end with a change of him.
#[derive(Clone, Debug)]
pub struct SessionsEnd {
    /// All but this one, by its digest.
    pub but: Option<String>,
    /// The entry of the log.
    pub audit: AuditEntry,
}

/// Hashes and compares passwords; slow on purpose, and off the threads that serve.
#[async_trait]
pub trait Passwords: Send + Sync {
    /// Argon2id in PHC text form.
    async fn hash(
        &self,
        password: &crate::secret::Secret,
    ) -> Result<crate::secret::Secret, PasswordError>;

    /// Whether the password is the one that was hashed. With `None` it takes as long and is never.
    async fn matches(
        &self,
        password: &crate::secret::Secret,
        hash: Option<&crate::secret::Secret>,
    ) -> Result<bool, PasswordError>;
}

/// A password could not be hashed or compared, for a reason that is not its own.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("passwords cannot be worked on: {0}")]
pub struct PasswordError(pub String);

/// Randomness, so that tests repeat.
pub trait Randomness: Send + Sync {
    /// Fills with unpredictable bytes.
    fn fill(&self, bytes: &mut [u8]) -> Result<(), PasswordError>;
}
