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

use altyn_domain::method::Method;
use altyn_domain::payment::PaymentRef;

pub use accept::{AcceptError, Accepted, accept_payment};
pub use card::{Answer, AnswerError, Begun, pay_by_card, take_answer};
pub use clarify::{ClarifyError, clarify};
pub use hold::{HoldError, accept_capture, accept_void};
pub use payer::{TryError, accept_try, give_up, is_given_up_from};
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
