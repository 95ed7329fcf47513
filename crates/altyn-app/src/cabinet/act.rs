//! Actions on payments: who asks, whether he may, and the entry of the log about it.
//!
//! Guaranteed: a payment that the actor may not see is not there for him; what is refused is in
//! the log by its own, what is done by the changeset that does it.

mod deliveries;
mod money;
mod outcome;

use std::sync::Arc;

use altyn_domain::id::{OperationId, PaymentId, ProjectId};
use altyn_domain::money::Amount;
use altyn_domain::payment::Record;

use super::Cabinet;
use crate::access::audit::{Action, AuditEntry};
use crate::access::user::Right;
use crate::access::{Actor, Denied};
use crate::context::Failure;
use crate::jobs::SettledAs;
use crate::projects::ProjectEntry;

pub use deliveries::{resend, resend_all};
pub use money::{capture, refund, void};
pub use outcome::{ask_again, settle};

/// The longest reason that is kept, characters.
pub const REASON_MAX_CHARS: usize = 500;
/// The longest detail of an entry of the log, characters.
pub(super) const DETAIL_MAX_CHARS: usize = 2_000;

/// Why an action was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum ActionError {
    /// There is no such payment that he may see.
    #[error("there is no such payment")]
    NotFound,
    /// He may see it, but not do this.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The payment, or its method, does not allow it as it stands now.
    #[error("the payment does not allow this now")]
    NotOffered,
    /// The sum is zero, or more than there is; what there is.
    #[error("the sum must be within what is left")]
    Amount {
        /// The most.
        most: Amount,
    },
    /// The method can only do this with the whole sum.
    #[error("only the whole sum is possible")]
    WholeOnly,
    /// The cart has no such position, or not so many of it are left; which, from 0.
    #[error("position {0} of the cart is not there, or not so many of it")]
    Position(usize),
    /// A reason must be given.
    #[error("a reason must be given")]
    NoReason,
    /// Not the caller's fault.
    #[error(transparent)]
    Failure(#[from] Failure),
}

/// What a refund dialog says.
#[derive(Clone, Debug)]
pub struct RefundForm {
    /// How much.
    pub amount: Amount,
    /// Which positions of the cart, when it has one.
    pub positions: Vec<RefundPosition>,
    /// Why, for the log and the provider's comment.
    pub reason: String,
    /// Made when the dialog was drawn: the same dialog sent twice is one refund.
    pub key: String,
}

/// Some of a position of the cart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefundPosition {
    /// Which, from 0.
    pub index: usize,
    /// How many, as decimal text.
    pub quantity: String,
}

/// What a capture dialog says.
#[derive(Clone, Debug)]
pub struct CaptureForm {
    /// How much.
    pub amount: Amount,
    /// Made when the dialog was drawn.
    pub key: String,
}

/// How a person says that an operation ended.
#[derive(Clone, Debug)]
pub struct SettleForm {
    /// The operation.
    pub operation: OperationId,
    /// How.
    pub outcome: SettledAs,
    /// What it rests on.
    pub reason: String,
}

/// What somebody asks to do with a payment: for his rights and for the log.
struct Asked<'a> {
    cabinet: &'a Cabinet,
    actor: &'a Actor,
    payment: (ProjectId, PaymentId),
    action: Action,
    operation: Option<OperationId>,
    /// The facts of the form.
    detail: String,
}

impl Asked<'_> {
    /// The payment, when he may see it and do this.
    async fn open(&self, right: Right) -> Result<(Arc<ProjectEntry>, Record), ActionError> {
        let (project, payment) = self.payment;
        if !self.actor.may(Right::View, project) {
            // Not in that project's own log: another merchant need not learn who tried.
            let text = format!("project {project}, payment {payment}: no such payment for him");
            let now = self.cabinet.context.clock.now();
            let entry = self.actor.entry(now, self.action, text).refused();
            self.cabinet.access.audit(entry).await.map_err(Failure::from)?;
            return Err(ActionError::NotFound);
        }
        let record = self.read().await?;
        if !self.actor.may(right, project) {
            return Err(self.refuse(Denied(right).into()).await);
        }
        let entry = self.cabinet.context.project(project).await.map_err(Failure::from)?;
        Ok((entry, record))
    }

    /// The payment as it stands now.
    async fn read(&self) -> Result<Record, ActionError> {
        let (project, payment) = self.payment;
        let found = self.cabinet.context.store.payment(project, payment).await;
        found.map_err(Failure::from)?.ok_or(ActionError::NotFound)
    }

    /// The entry of the log, for what is done.
    fn entry(&self) -> AuditEntry {
        let (project, payment) = self.payment;
        let now = self.cabinet.context.clock.now();
        let detail = cut(&self.detail, DETAIL_MAX_CHARS);
        let entry = self.actor.entry(now, self.action, detail).in_project(project).about(payment);
        AuditEntry { operation: self.operation, ..entry }
    }

    /// Writes the refusal down and gives it, or why it could not be written.
    async fn refuse(&self, why: ActionError) -> ActionError {
        let facts = cut(&self.detail, DETAIL_MAX_CHARS - 200);
        let detail = if facts.is_empty() { why.to_string() } else { format!("{facts}; {why}") };
        let entry = AuditEntry { detail, ..self.entry() }.refused();
        match self.cabinet.access.audit(entry).await {
            Ok(()) => why,
            Err(error) => ActionError::Failure(error.into()),
        }
    }
}

/// At most so many characters of a text, without control characters and blanks around it.
pub(super) fn cut(text: &str, most: usize) -> String {
    text.trim().chars().map(|c| if c.is_control() { ' ' } else { c }).take(most).collect()
}
