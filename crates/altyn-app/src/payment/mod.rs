//! Use cases about payments: accept a sale, accept a refund, take missing data, tell the state.
//!
//! Each loads what it needs, lets the domain decide, and commits one changeset; when the record
//! moved meanwhile it decides again, a bounded number of times.

mod clarify;
mod refund;
mod sale;
mod status;

pub use clarify::{ClarifyError, clarify};
pub use refund::{RefundError, RefundTarget, accept_refund};
pub use sale::{SaleError, accept_sale};
pub use status::{find_operation, find_payment};
