//! Registers as rows: asked for, leased by their maker, ended, thrown away.

use altyn_domain::time::Timestamp;
use async_trait::async_trait;

use super::StoreError;
use crate::access::audit::AuditEntry;
use crate::export::Export;

/// The store of registers.
#[async_trait]
pub trait ExportStore: Send + Sync {
    /// Adds one.
    async fn add_export(&self, export: Export, audit: AuditEntry) -> Result<(), StoreError>;

    /// The one of this number.
    async fn export(&self, id: i64) -> Result<Option<Export>, StoreError>;

    /// A user's own, newest first.
    async fn exports_of(&self, user: i64) -> Result<Vec<Export>, StoreError>;

    /// Leases the oldest one that is to be made and that nobody holds, and counts the attempt.
    async fn claim_export(
        &self,
        owner: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Option<Export>, StoreError>;

    /// Writes how it stands and prolongs the lease; `false` when it was lost.
    async fn save_export(
        &self,
        export: &Export,
        owner: &str,
        until: Timestamp,
    ) -> Result<bool, StoreError>;

    /// Removes those that have expired and gives them, so that their files can be removed.
    async fn sweep_exports(&self, now: Timestamp) -> Result<Vec<Export>, StoreError>;
}
