//! The port of people and the log, method by method.

use altyn_app::access::audit::{AuditEntry, AuditFilter, StoredAudit};
use altyn_app::access::user::{Failures, Session, User};
use altyn_app::ports::access::SessionsEnd;
use altyn_app::ports::{AccessStore, CommitError, StoreError};
use altyn_domain::time::Timestamp;
use async_trait::async_trait;

use super::users::Ends;
use super::{PostgresStore, audit, sessions, users};
use crate::convert::audit::audit_row;
use crate::convert::session::session_row;
use crate::convert::user::user_rows;

#[async_trait]
impl AccessStore for PostgresStore {
    async fn users(&self) -> Result<Vec<User>, StoreError> {
        users::all(&self.pool, &self.keys).await
    }

    async fn user(&self, id: i64) -> Result<Option<User>, StoreError> {
        users::by_id(&self.pool, id, &self.keys).await
    }

    async fn user_by_login(&self, login: &str) -> Result<Option<User>, StoreError> {
        users::by_login(&self.pool, login, &self.keys).await
    }

    async fn put_user(
        &self,
        user: User,
        ends: Option<SessionsEnd>,
        audit: AuditEntry,
    ) -> Result<(), CommitError> {
        let rows = user_rows(&user, &self.keys)?;
        let ends = ends.map(|SessionsEnd { but, audit }| Ends { but, audit: audit_row(audit) });
        users::put(&self.pool, &rows, ends.as_ref(), &audit_row(audit)).await
    }

    async fn use_step(&self, user: i64, step: i64) -> Result<bool, StoreError> {
        users::use_step(&self.pool, user, step).await
    }

    async fn use_recovery(&self, user: i64, digest: &str) -> Result<bool, StoreError> {
        users::use_recovery(&self.pool, user, digest).await
    }

    async fn open_session(
        &self,
        session: Session,
        replaces: Option<&str>,
        audit: AuditEntry,
    ) -> Result<(), StoreError> {
        let (row, audit) = (session_row(session), audit_row(audit));
        sessions::open(&self.pool, &row, replaces, &audit).await
    }

    async fn session(&self, digest: &str) -> Result<Option<Session>, StoreError> {
        sessions::by_digest(&self.pool, digest).await
    }

    async fn touch_session(&self, digest: &str, at: Timestamp) -> Result<(), StoreError> {
        sessions::touch(&self.pool, digest, at).await
    }

    async fn sessions_of(&self, user: i64, now: Timestamp) -> Result<Vec<Session>, StoreError> {
        sessions::of_user(&self.pool, user, now).await
    }

    async fn end_session(&self, digest: &str, audit: AuditEntry) -> Result<(), StoreError> {
        sessions::end(&self.pool, digest, &audit_row(audit)).await
    }

    async fn end_sessions(
        &self,
        user: i64,
        but: Option<&str>,
        audit: AuditEntry,
    ) -> Result<u64, StoreError> {
        sessions::end_all(&self.pool, user, but, &audit_row(audit)).await
    }

    async fn failures(&self, subject: &str) -> Result<Failures, StoreError> {
        sessions::failures_of(&self.pool, subject).await
    }

    async fn add_failure(
        &self,
        subjects: &[String],
        at: Timestamp,
    ) -> Result<Vec<Failures>, StoreError> {
        sessions::add_failures(&self.pool, subjects, at).await
    }

    async fn clear_failures(&self, subject: &str) -> Result<(), StoreError> {
        sessions::clear_failures(&self.pool, subject).await
    }

    async fn sweep_access(&self, now: Timestamp, before: Timestamp) -> Result<u64, StoreError> {
        sessions::sweep(&self.pool, now, before).await
    }

    async fn audit(&self, entry: AuditEntry) -> Result<(), StoreError> {
        audit::add(&self.pool, &audit_row(entry)).await
    }

    async fn audit_entries(&self, filter: &AuditFilter) -> Result<Vec<StoredAudit>, StoreError> {
        audit::entries(&self.pool, filter).await
    }

    async fn seal_audit(&self, limit: u32) -> Result<u64, StoreError> {
        audit::seal(&self.pool, limit).await
    }

    async fn sealed_after(
        &self,
        position: i64,
        limit: u32,
    ) -> Result<Vec<StoredAudit>, StoreError> {
        audit::sealed_after(&self.pool, position, limit).await
    }
}
