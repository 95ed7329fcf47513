//! The port of people and the log, method by method: writes go to the queue, reads to the readers.

use altyn_app::access::audit::{AuditEntry, AuditFilter, StoredAudit};
use altyn_app::access::user::{Failures, Session, User};
use altyn_app::ports::access::SessionsEnd;
use altyn_app::ports::{AccessStore, CommitError, StoreError};
use altyn_domain::time::Timestamp;
use async_trait::async_trait;

use super::SqliteStore;
use super::audit::{self, Log, SealAudit};
use super::sessions::{
    self, AddFailure, ClearFailures, EndSession, EndSessions, OpenSession, Sweep, TouchSession,
};
use super::users::{self, PutUser, UseRecovery, UseStep};
use crate::convert::audit::audit_row;
use crate::convert::session::session_row;
use crate::convert::user::user_rows;
use crate::rows::RecoveryRow;

#[async_trait]
impl AccessStore for SqliteStore {
    async fn users(&self) -> Result<Vec<User>, StoreError> {
        self.readers.read(|connection| users::users(connection, &self.keys))
    }

    async fn user(&self, id: i64) -> Result<Option<User>, StoreError> {
        self.readers.read(|connection| users::by_id(connection, id, &self.keys))
    }

    async fn user_by_login(&self, login: &str) -> Result<Option<User>, StoreError> {
        self.readers.read(|connection| users::by_login(connection, login, &self.keys))
    }

    async fn put_user(
        &self,
        user: User,
        ends: Option<SessionsEnd>,
        audit: AuditEntry,
    ) -> Result<(), CommitError> {
        let rows = user_rows(&user, &self.keys)?;
        let end = |SessionsEnd { but, audit }| {
            let audit = audit_row(audit);
            EndSessions { user: user.id, but, audit }
        };
        self.ask_whether(PutUser { rows, ends: ends.map(end), audit: audit_row(audit) }).await
    }

    async fn use_step(&self, user: i64, step: i64) -> Result<bool, StoreError> {
        self.ask(UseStep { user, step }).await
    }

    async fn use_recovery(&self, user: i64, digest: &str) -> Result<bool, StoreError> {
        self.ask(UseRecovery(RecoveryRow { user_id: user, digest: digest.to_owned() })).await
    }

    async fn open_session(
        &self,
        session: Session,
        replaces: Option<&str>,
        audit: AuditEntry,
    ) -> Result<(), StoreError> {
        let replaces = replaces.map(str::to_owned);
        let audit = audit_row(audit);
        self.ask(OpenSession { session: session_row(session), replaces, audit }).await
    }

    async fn session(&self, digest: &str) -> Result<Option<Session>, StoreError> {
        self.readers.read(|connection| sessions::by_digest(connection, digest))
    }

    async fn touch_session(&self, digest: &str, at: Timestamp) -> Result<(), StoreError> {
        self.ask(TouchSession { digest: digest.to_owned(), at }).await
    }

    async fn sessions_of(&self, user: i64, now: Timestamp) -> Result<Vec<Session>, StoreError> {
        self.readers.read(|connection| sessions::of_user(connection, user, now))
    }

    async fn end_session(&self, digest: &str, audit: AuditEntry) -> Result<(), StoreError> {
        self.ask(EndSession { digest: digest.to_owned(), audit: audit_row(audit) }).await
    }

    async fn end_sessions(
        &self,
        user: i64,
        but: Option<&str>,
        audit: AuditEntry,
    ) -> Result<u64, StoreError> {
        let but = but.map(str::to_owned);
        self.ask(EndSessions { user, but, audit: audit_row(audit) }).await
    }

    async fn failures(&self, subject: &str) -> Result<Failures, StoreError> {
        self.readers.read(|connection| sessions::failures_of(connection, subject))
    }

    async fn add_failure(
        &self,
        subjects: &[String],
        at: Timestamp,
    ) -> Result<Vec<Failures>, StoreError> {
        self.ask(AddFailure { subjects: subjects.to_vec(), at }).await
    }

    async fn clear_failures(&self, subject: &str) -> Result<(), StoreError> {
        self.ask(ClearFailures(subject.to_owned())).await
    }

    async fn sweep_access(&self, now: Timestamp, before: Timestamp) -> Result<u64, StoreError> {
        self.ask(Sweep { now, before }).await
    }

    async fn audit(&self, entry: AuditEntry) -> Result<(), StoreError> {
        self.ask(Log(audit_row(entry))).await
    }

    async fn audit_entries(&self, filter: &AuditFilter) -> Result<Vec<StoredAudit>, StoreError> {
        self.readers.read(|connection| audit::entries(connection, filter))
    }

    async fn seal_audit(&self, limit: u32) -> Result<u64, StoreError> {
        self.ask(SealAudit { limit }).await
    }

    async fn sealed_after(
        &self,
        position: i64,
        limit: u32,
    ) -> Result<Vec<StoredAudit>, StoreError> {
        self.readers.read(|connection| audit::sealed_after(connection, position, limit))
    }
}
