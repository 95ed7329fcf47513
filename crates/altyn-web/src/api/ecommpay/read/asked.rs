//! Whole requests, read in the order in which their faults are told.

use altyn_app::clock::AHEAD_MAX_MS;
use altyn_domain::id::OperationId;
use altyn_domain::method::Method;
use altyn_domain::money::Amount;
use altyn_domain::payment::decide::{CaptureRequest, PaymentRequest, RefundRequest, VoidRequest};
use altyn_domain::payment::{CallbackWishes, Customer, Details, OperationKind};

use super::Signed;
use super::fields::{
    callback_wishes, customer, free_text, identity, integer, invalid, objects, optional_text,
    part_amount, return_urls, sale_amount,
};
use crate::api::ecommpay::codes::Code;
use crate::api::ecommpay::refusal::Refusal;
use crate::api::ecommpay::request_id::parse_request_id;
use crate::api::ecommpay::tree::Node;

/// A payment by `method`, in one stage or two; the card, if there is one, is read elsewhere.
pub fn payment(
    request: &Signed<'_>,
    method: Method,
    kind: OperationKind,
) -> Result<PaymentRequest, Refusal> {
    let body = &request.body;
    let reference = request.reference()?;
    objects(body, &["customer", "payment", "return_url", "callback"])?;
    let amount = sale_amount(body)?;
    let customer = customer(body, &["customer"])?;
    if let Some(field) = method.rules().missing_required(&customer, amount.currency()) {
        return Err(Refusal::missing(format!("customer.{}", field.as_str())));
    }
    let details = Details {
        customer,
        description: free_text(body, &["payment", "description"])?.unwrap_or_default(),
        return_urls: return_urls(body, &request.project.project.return_urls)?,
        callback: callback_wishes(body)?,
        page: None,
    };
    Ok(PaymentRequest {
        reference,
        kind,
        method,
        amount,
        details,
        card: None,
        request: request.echo(),
    })
}

/// A capture: all that is held, or what it says.
pub fn capture(request: &Signed<'_>) -> Result<CaptureRequest, Refusal> {
    let (amount, callback) = part(request)?;
    Ok(CaptureRequest { amount, callback, request: request.echo() })
}

/// The release of a hold; a sum, if it is there, is for the rules to judge.
pub fn void(request: &Signed<'_>) -> Result<VoidRequest, Refusal> {
    let (amount, callback) = part(request)?;
    Ok(VoidRequest { amount, callback, request: request.echo() })
}

/// What requests about an order that stands have in common.
fn part(request: &Signed<'_>) -> Result<(Option<Amount>, Option<CallbackWishes>), Refusal> {
    let body = &request.body;
    objects(body, &["customer", "payment", "callback"])?;
    customer(body, &["customer"])?;
    optional_text(body, &["payment", "description"])?;
    let wishes = callback_wishes(body)?;
    let wishes = (wishes != CallbackWishes::default()).then_some(wishes);
    Ok((part_amount(body)?, wishes))
}

/// A refund. What it says of the customer is checked and not used.
pub fn refund(request: &Signed<'_>) -> Result<RefundRequest, Refusal> {
    let (amount, callback) = part(request)?;
    let path = ["payment", "merchant_refund_id"];
    Ok(RefundRequest {
        amount,
        merchant_refund_id: identity(&request.body, &path, Code::ValidationError)?,
        callback,
        request: request.echo(),
    })
}

/// The data that was missing: `additional_data` must be there, and may be empty.
pub fn clarification(request: &Signed<'_>) -> Result<Customer, Refusal> {
    let body = &request.body;
    if matches!(body.get("additional_data"), None | Some(Node::Null)) {
        return Err(Refusal::missing("additional_data"));
    }
    objects(body, &["additional_data"])?;
    customer(body, &["additional_data", "customer"])
}

/// The operation that a `request_id` names; `None` when it is none of ours.
pub fn named_request(request: &Signed<'_>) -> Result<Option<OperationId>, Refusal> {
    let named = optional_text(&request.body, &["request_id"])?;
    let named = named.ok_or_else(|| Refusal::missing("request_id"))?;
    let project = request.project.project.id.get();
    Ok(parse_request_id(project, &named).map(OperationId::new))
}

/// How far a test project's clock is to go forward, milliseconds.
pub fn forward(request: &Signed<'_>) -> Result<i64, Refusal> {
    let path = ["forward_ms"];
    let by_ms = integer(&request.body, &path, AHEAD_MAX_MS)?;
    let by_ms = by_ms.ok_or_else(|| Refusal::missing("forward_ms"))?;
    if by_ms == 0 {
        return Err(invalid(&path, "must be at least 1"));
    }
    Ok(by_ms)
}
