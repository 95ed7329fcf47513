//! Moving money: refund, capture, release of a hold.
//!
//! What a dialog asks for is judged and decided under the payment's version, and judged anew when
//! the payment moved meanwhile: of two operators at once the second is told what is left, and
//! nothing of his is kept but the entry of the log.

use std::fmt::Write as _;

use altyn_domain::id::{OperationId, PaymentId, ProjectId};
use altyn_domain::money::Amount;
use altyn_domain::payment::decide::{
    self, CaptureRequest, Change, Moment, RefundRequest, VoidRequest,
};
use altyn_domain::payment::{OperationKind, Record, RequestEcho};
use altyn_domain::project::Project;
use altyn_domain::status::Told;
use sha2::{Digest as _, Sha256};

use super::{ActionError, Asked, CaptureForm, REASON_MAX_CHARS, RefundForm, RefundPosition, cut};
use crate::access::Actor;
use crate::access::audit::Action;
use crate::access::user::Right;
use crate::cabinet::cart::{self, Quantity, cart_of};
use crate::cabinet::offers::offers_now;
use crate::cabinet::{Cabinet, Offers};
use crate::context::{DECIDE_AGAIN_MAX, Failure};
use crate::payment::{decide_once, decide_refund};

/// Where a dialog's key stands in the request of the operation that it made.
const DIALOG: &str = "cabinet:dialog";

/// Returns money: «Полный или частичный возврат платежа».
pub async fn refund(
    cabinet: &Cabinet,
    actor: &Actor,
    payment: (ProjectId, PaymentId),
    form: RefundForm,
) -> Result<OperationId, ActionError> {
    let reason = cut(&form.reason, REASON_MAX_CHARS);
    let detail = refund_detail(form.amount, &form.positions, &reason);
    let asked = Asked { cabinet, actor, payment, action: Action::Refund, operation: None, detail };
    let echo = |record: &Record| refund_echo(record, &form, &reason);
    let judge = |record: &Record, offers: &Offers| {
        let most = offers.refund.ok_or(ActionError::NotOffered)?;
        within(form.amount, most)?;
        if form.amount != most && !offers.refund_part {
            return Err(ActionError::WholeOnly);
        }
        judge_positions(record, &form.positions)
    };
    let about = (Right::Refund, OperationKind::Refund, form.key.as_str());
    carry_out(&asked, about, (echo, judge), |project, record, id, at, request| {
        let amount = Some(form.amount);
        let request = RefundRequest { amount, merchant_refund_id: None, callback: None, request };
        decide_refund(project, record, id, at, request)
    })
    .await
}

/// Takes held money, all or a part: «Списать средства».
pub async fn capture(
    cabinet: &Cabinet,
    actor: &Actor,
    payment: (ProjectId, PaymentId),
    form: CaptureForm,
) -> Result<OperationId, ActionError> {
    let (action, detail) = (Action::Capture, form.amount.to_string());
    let asked = Asked { cabinet, actor, payment, action, operation: None, detail };
    let echo = |_: &Record| RequestEcho::new(sum_lines(form.amount));
    let judge = |_: &Record, offers: &Offers| {
        within(form.amount, offers.capture.ok_or(ActionError::NotOffered)?)
    };
    let about = (Right::Capture, OperationKind::Capture, form.key.as_str());
    carry_out(&asked, about, (echo, judge), |_, record, id, at, request| {
        let request = CaptureRequest { amount: Some(form.amount), callback: None, request };
        decide::accept_capture(record, id, at, request)
    })
    .await
}

/// Releases a hold.
pub async fn void(
    cabinet: &Cabinet,
    actor: &Actor,
    payment: (ProjectId, PaymentId),
    key: &str,
) -> Result<OperationId, ActionError> {
    let (action, detail) = (Action::Void, String::new());
    let asked = Asked { cabinet, actor, payment, action, operation: None, detail };
    let judge = |_: &Record, offers: &Offers| {
        if offers.void { Ok(()) } else { Err(ActionError::NotOffered) }
    };
    let about = (Right::Capture, OperationKind::Void, key);
    carry_out(
        &asked,
        about,
        (|_: &Record| RequestEcho::default(), judge),
        |_, record, id, at, request| {
            decide::accept_void(
                record,
                id,
                at,
                VoidRequest { amount: None, callback: None, request },
            )
        },
    )
    .await
}

/// Judges and decides until it is kept; the same dialog again gives what it made first.
async fn carry_out(
    asked: &Asked<'_>,
    (right, kind, key): (Right, OperationKind, &str),
    (echo, judge): (
        impl Fn(&Record) -> RequestEcho + Send + Sync,
        impl Fn(&Record, &Offers) -> Result<(), ActionError> + Send + Sync,
    ),
    decision: impl Fn(&Project, Record, OperationId, Moment, RequestEcho) -> (Record, Change)
    + Send
    + Sync,
) -> Result<OperationId, ActionError> {
    let (project, mut record) = asked.open(right).await?;
    let (cabinet, user) = (asked.cabinet, &asked.actor.user);
    let context = cabinet.context.on_behalf(asked.entry());
    for _ in 0..DECIDE_AGAIN_MAX {
        let request = echo(&record).with(DIALOG, &digest(key));
        match repeat_of(&record, kind, &request) {
            Repeat::Same(first) => return Ok(first),
            Repeat::Other => return Err(asked.refuse(ActionError::NotOffered).await),
            Repeat::No => {}
        }
        let offers = offers_now(cabinet, user, &record, Told::Nobody).await?;
        if let Err(why) = judge(&record, &offers) {
            return Err(asked.refuse(why).await);
        }
        let decision = |record, id, at| decision(&project.project, record, id, at, request);
        if let Some(id) = decide_once(&context, &project, record, decision).await? {
            return Ok(id);
        }
        record = asked.read().await?;
    }
    Err(Failure::Contended.into())
}

/// Whether a dialog was sent before.
enum Repeat {
    /// It was not.
    No,
    /// It made this.
    Same(OperationId),
    /// It was, with something else in it: a page that was gone back to.
    Other,
}

fn repeat_of(record: &Record, kind: OperationKind, request: &RequestEcho) -> Repeat {
    let key = request.value(DIALOG);
    let first = record.operations.iter().find(|one| one.request.value(DIALOG) == key);
    match first {
        None => Repeat::No,
        Some(one) if one.kind == kind && one.request.first_difference(request).is_none() => {
            Repeat::Same(one.id)
        }
        Some(_) => Repeat::Other,
    }
}

/// A key's own spelling says nothing and has no length of ours.
fn digest(key: &str) -> String {
    Sha256::digest(key).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn within(amount: Amount, most: Amount) -> Result<(), ActionError> {
    let fits = amount.currency() == most.currency() && (1..=most.minor()).contains(&amount.minor());
    if fits { Ok(()) } else { Err(ActionError::Amount { most }) }
}

fn judge_positions(record: &Record, positions: &[RefundPosition]) -> Result<(), ActionError> {
    let cart = record.opening().and_then(cart_of).unwrap_or_default();
    let left = cart::left(record, &cart);
    for (turn, position) in positions.iter().enumerate() {
        let wrong = ActionError::Position(position.index);
        let twice = positions.iter().take(turn).any(|other| other.index == position.index);
        let quantity = Quantity::parse(&position.quantity).filter(|quantity| !quantity.is_zero());
        let (Some(quantity), Some(left), false) = (quantity, left.get(position.index), twice)
        else {
            return Err(wrong);
        };
        // A merchant's quantity that is no number sets no limit.
        if left.is_some_and(|left| quantity > left) {
            return Err(wrong);
        }
    }
    Ok(())
}

/// In the words of the Gate's own refunds, so that what was asked reads alike.
fn refund_echo(record: &Record, form: &RefundForm, reason: &str) -> RequestEcho {
    let cart = record.opening().and_then(cart_of).unwrap_or_default();
    let mut lines = sum_lines(form.amount);
    if !reason.is_empty() {
        lines.push(("payment:description".to_owned(), reason.to_owned()));
    }
    for position in &form.positions {
        let known = cart.positions.get(position.index);
        let description = known.map_or("", |known| known.description.as_str());
        lines.extend(cart::lines(position.index, description, &position.quantity));
    }
    RequestEcho::new(lines)
}

fn sum_lines(amount: Amount) -> Vec<(String, String)> {
    vec![
        ("payment:amount".to_owned(), amount.minor().to_string()),
        ("payment:currency".to_owned(), amount.currency().code().to_owned()),
    ]
}

fn refund_detail(amount: Amount, positions: &[RefundPosition], reason: &str) -> String {
    let mut detail = amount.to_string();
    if !reason.is_empty() {
        detail = format!("{detail}; {reason}");
    }
    for position in positions {
        let _ = write!(detail, "; position {} × {}", position.index, position.quantity);
    }
    detail
}
