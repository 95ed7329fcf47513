//! Accept a sale: durable before the answer, once however often it is sent.

use std::sync::Arc;

use altyn_domain::id::OperationId;
use altyn_domain::payment::decide::{self, SaleRequest};
use altyn_domain::payment::{PaymentState, Record};

use crate::context::{Context, DECIDE_AGAIN_MAX, Failure, conflict_of};
use crate::ports::Conflict;
use crate::projects::ProjectEntry;

/// Why a sale was not accepted.
#[derive(Debug, thiserror::Error)]
pub enum SaleError {
    /// The id is taken by a payment that was asked for differently.
    #[error("the payment exists, and differs in {field}")]
    Exists {
        /// The first parameter that differs, as a path.
        field: String,
    },
    /// Not the caller's fault.
    #[error(transparent)]
    Failure(#[from] Failure),
}

/// Accepts a sale and gives the operation's number.
///
/// The same request again gives the first operation's number (ruling 20). A payment that was
/// rejected may be sent again under its id: it becomes the next generation (ruling 14); of the
/// same request sent many times at once, one makes the generation and the rest are its repeats.
pub async fn accept_sale(
    context: &Context,
    project: &Arc<ProjectEntry>,
    request: SaleRequest,
) -> Result<OperationId, SaleError> {
    match insert(context, project, request.clone()).await? {
        Ok(operation) => return Ok(operation),
        Err(Conflict::PaymentExists) => {}
        Err(Conflict::VersionMoved | Conflict::RefundIdExists | Conflict::LeaseLost) => {
            return Err(Failure::Contended.into());
        }
    }
    let key = request.reference.key();
    for turn in 0..DECIDE_AGAIN_MAX {
        let found = context.store.payment_by_key(project.project.id, &key).await;
        let Some(record) = found.map_err(Failure::from)? else {
            return Err(Failure::Contended.into());
        };
        let again = turn == 0 && record.payment.state == PaymentState::Rejected;
        if !again {
            return repeat_of(&record, &request);
        }
        match send_again(context, project, record, request.clone()).await? {
            Some(operation) => return Ok(operation),
            None => continue,
        }
    }
    Err(Failure::Contended.into())
}

async fn insert(
    context: &Context,
    project: &ProjectEntry,
    request: SaleRequest,
) -> Result<Result<OperationId, Conflict>, Failure> {
    let at = context.moment(project);
    let ids = (context.payment_id()?, context.operation_id()?);
    let (record, change) = decide::accept_sale(&project.project, ids, at, request);
    let changeset = context.changeset(project, record, change, at.real)?;
    match context.commit(changeset, at.real).await {
        Ok(()) => Ok(Ok(ids.1)),
        Err(error) => conflict_of(error).map(Err),
    }
}

async fn send_again(
    context: &Context,
    project: &ProjectEntry,
    record: Record,
    request: SaleRequest,
) -> Result<Option<OperationId>, Failure> {
    let at = context.moment(project);
    let operation = context.operation_id()?;
    let decided = decide::accept_sale_again(&project.project, record, operation, at, request);
    let Some((record, change)) = decided else { return Ok(None) };
    let changeset = context.changeset(project, record, change, at.real)?;
    match context.commit(changeset, at.real).await {
        Ok(()) => Ok(Some(operation)),
        Err(error) => conflict_of(error).map(|_| None),
    }
}

fn repeat_of(record: &Record, request: &SaleRequest) -> Result<OperationId, SaleError> {
    let field = "general:payment_id";
    let Some(sale) = record.sale() else {
        return Err(SaleError::Exists { field: field.to_owned() });
    };
    if record.payment.method != request.method {
        return Err(SaleError::Exists { field: "payment method".to_owned() });
    }
    match sale.request.first_difference(&request.request) {
        None => Ok(sale.id),
        Some(field) => Err(SaleError::Exists { field: field.replace(':', ".") }),
    }
}
