//! Whole requests, read in the order in which their faults are told.

use altyn_domain::id::OperationId;
use altyn_domain::method::Method;
use altyn_domain::payment::decide::{RefundRequest, SaleRequest};
use altyn_domain::payment::{CallbackWishes, Customer, Details};

use super::Signed;
use super::fields::{
    callback_wishes, customer, free_text, identity, objects, optional_text, refund_amount,
    return_urls, sale_amount,
};
use crate::api::ecommpay::codes::Code;
use crate::api::ecommpay::refusal::Refusal;
use crate::api::ecommpay::request_id::parse_request_id;
use crate::api::ecommpay::tree::Node;

/// A sale by `method`.
pub fn sale(request: &Signed<'_>, method: Method) -> Result<SaleRequest, Refusal> {
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
    };
    Ok(SaleRequest { reference, method, amount, details, request: request.echo() })
}

/// A refund. What it says of the customer is checked and not used.
pub fn refund(request: &Signed<'_>) -> Result<RefundRequest, Refusal> {
    let body = &request.body;
    objects(body, &["customer", "payment", "callback"])?;
    customer(body, &["customer"])?;
    optional_text(body, &["payment", "description"])?;
    let path = ["payment", "merchant_refund_id"];
    let wishes = callback_wishes(body)?;
    Ok(RefundRequest {
        amount: refund_amount(body)?,
        merchant_refund_id: identity(body, &path, Code::ValidationError)?,
        callback: (wishes != CallbackWishes::default()).then_some(wishes),
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
