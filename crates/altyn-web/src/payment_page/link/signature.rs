//! Which of the parameters a link's signature covers (ecommpay.md §2.2).
//!
//! Libraries sign typed values and send texts, and some page code adds parameters after signing,
//! so a link has up to four readings. Sort orders and spellings of keys are left to the Gate's
//! [`verify`], which compares in constant time.
//!
//! Nothing in a signed text is escaped, so whoever may edit a link can move the borders of its
//! parameters without breaking the signature. [`refuse_moved_borders`] refuses what such an edit
//! leaves behind when it *hides* a parameter inside another. One that was *made* out of a payer's
//! own text cannot be told from a real one here: what a shop lets payers write should have no `;`.

use crate::api::ecommpay::codes::Code;
use crate::api::ecommpay::refusal::Refusal;
use crate::api::ecommpay::sign::{SigningKey, verify};
use crate::api::ecommpay::tree::Node;

use super::form::Form;

/// Parameters that page code adds after signing in some shops and before it in others.
const PLACEMENT: &[&str] = &["target_element", "baseUrl"];

/// Parameters that decide something here, and so must not disappear inside another.
const MEANINGFUL: &[&str] = &[
    "best_before",
    "card_operation_type",
    "customer_account_number",
    "customer_country",
    "customer_email",
    "customer_first_name",
    "customer_id",
    "customer_last_name",
    "customer_phone",
    "force_payment_method",
    "hide",
    "interface_type",
    "language_code",
    "merchant_callback_url",
    "merchant_decline_callback_url",
    "merchant_fail_enabled",
    "merchant_fail_redirect_mode",
    "merchant_fail_url",
    "merchant_return_enabled",
    "merchant_return_redirect_mode",
    "merchant_return_url",
    "merchant_success_callback_url",
    "merchant_success_enabled",
    "merchant_success_redirect_mode",
    "merchant_success_url",
    "mode",
    "operation_type",
    "payment_amount",
    "payment_currency",
    "payment_description",
    "payment_id",
    "project_id",
    "recurring",
    "recurring_register",
    "redirect_fail_enabled",
    "redirect_fail_mode",
    "redirect_fail_url",
    "redirect_success_enabled",
    "redirect_success_mode",
    "redirect_success_url",
];

/// The parameters as they were signed: those of the first reading that fits.
pub fn signed<'f>(form: &'f Form, signature: &str, key: &SigningKey) -> Option<Node<'f>> {
    let placed = |name: &str| PLACEMENT.contains(&name);
    let all = |_: &str| false;
    let words = [as_sent as fn(&str) -> &str, in_digits];
    let whole = words.into_iter().map(|worded| form.tree(all, worded));
    let without = words.into_iter().map(|worded| form.tree(placed, worded));
    let mut tried: Vec<Node<'f>> = Vec::new();
    for tree in whole.chain(without) {
        if tried.contains(&tree) {
            continue;
        }
        if verify(&tree, signature, key).is_ok() {
            return Some(tree);
        }
        tried.push(tree);
    }
    None
}

fn as_sent(value: &str) -> &str {
    value
}

/// What libraries sign for the words they send.
fn in_digits(value: &str) -> &str {
    match value {
        "true" | "True" => "1",
        "false" | "False" => "0",
        other => other,
    }
}

/// Refuses a signed parameter whose name has a separator in it, or whose value goes on like a
/// parameter of ours.
pub fn refuse_moved_borders(signed: &Node<'_>) -> Result<(), Refusal> {
    for (name, value) in signed.as_object().unwrap_or_default() {
        if name.contains([';', ':']) {
            let rule = "must have no `;` or `:` in its name";
            return Err(Refusal::field(Code::ValidationError, name.as_ref(), rule));
        }
        if value.as_text().is_some_and(hides_a_parameter) {
            let rule = "must not contain `;` followed by the name of a parameter";
            return Err(Refusal::field(Code::ValidationError, name.as_ref(), rule));
        }
    }
    Ok(())
}

fn hides_a_parameter(value: &str) -> bool {
    value
        .split(';')
        .skip(1)
        .any(|rest| rest.split_once(':').is_some_and(|(name, _)| MEANINGFUL.contains(&name)))
}
