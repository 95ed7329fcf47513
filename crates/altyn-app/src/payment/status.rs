//! Tell how a payment stands.

use altyn_domain::id::{OperationId, ProjectId};
use altyn_domain::payment::{PaymentRef, Record};

use crate::context::Context;
use crate::ports::StoreError;

/// The payment of this reference.
pub async fn find_payment(
    context: &Context,
    project: ProjectId,
    reference: &PaymentRef,
) -> Result<Option<Record>, StoreError> {
    context.store.payment_by_key(project, &reference.key()).await
}

/// The payment that this operation belongs to, within the project.
pub async fn find_operation(
    context: &Context,
    project: ProjectId,
    operation: OperationId,
) -> Result<Option<Record>, StoreError> {
    match context.store.payment_of(operation).await? {
        Some((owner, payment)) if owner == project => context.store.payment(project, payment).await,
        Some(_) | None => Ok(None),
    }
}
