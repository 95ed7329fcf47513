//! The address of a payment's own page, for whoever must send its payer there.

use altyn_domain::id::{PaymentId, ProjectId};

/// Makes addresses of pages that nobody can guess.
pub trait PageLinks: Send + Sync {
    /// Where the payer of this payment sees how it stands and goes on with it.
    fn url_of(&self, project: ProjectId, payment: PaymentId) -> String;
}
