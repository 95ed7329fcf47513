//! Use cases about payments: accept one, take a card and its 3-D Secure, take missing data, capture,
//! release, refund, try again, tell the state.
//!
//! Each loads what it needs, lets the domain decide, and commits one changeset; when the record
//! moved meanwhile it decides again, a bounded number of times.

mod accept;
mod card;
mod clarify;
mod hold;
mod payer;
mod refund;
mod status;

use altyn_domain::id::OperationId;
use altyn_domain::method::Method;
use altyn_domain::payment::decide::{Change, Moment};
use altyn_domain::payment::{PaymentRef, Record};

use crate::context::{Context, Failure, conflict_of};
use crate::projects::ProjectEntry;

pub use accept::{AcceptError, Accepted, accept_payment};
pub use card::{Answer, AnswerError, Begun, pay_by_card, take_answer};
pub use clarify::{ClarifyError, clarify};
pub use hold::{HoldError, accept_capture, accept_void};
pub use payer::{TryError, accept_try, give_up, is_given_up_from};
pub(crate) use refund::decide_refund;
pub use refund::{RefundError, accept_refund};
pub use status::{find_operation, find_payment};

/// Which payment a request is about.
#[derive(Clone, Debug)]
pub struct PaymentTarget {
    /// The merchant's id.
    pub reference: PaymentRef,
    /// The method the request's path names, if it names one.
    pub method: Option<Method>,
}

/// Decides once about an operation under a new number and commits; `None` when the record had
/// moved meanwhile.
pub(crate) async fn decide_once(
    context: &Context,
    project: &ProjectEntry,
    record: Record,
    decision: impl FnOnce(Record, OperationId, Moment) -> (Record, Change) + Send,
) -> Result<Option<OperationId>, Failure> {
    let at = context.moment(project);
    let id = context.operation_id()?;
    let (record, change) = decision(record, id, at);
    let changeset = context.changeset(project, record, change, at.real)?;
    match context.commit(changeset, at.real).await {
        Ok(()) => Ok(Some(id)),
        Err(error) => conflict_of(error).map(|_| None),
    }
}
