//! Actions on a payment: each handler loads the payment, looks at the right, calls one use case, and
//! leads back to the payment or to the dialog with what is wrong.

use altyn_app::access::Denied;
use altyn_app::access::user::Right;
use altyn_app::cabinet::{self, ActionError, CaptureForm, RefundForm, SettleForm};
use altyn_app::jobs::SettledAs;
use altyn_domain::id::OperationId;
use altyn_domain::money::Amount;
use axum::extract::{Path, RawQuery, State};
use axum::http::StatusCode;
use axum::response::Response;
use url::form_urlencoded;

use super::case::Case;
use super::dialogs::{
    Capture, Dialog, Place, Refund, Settle, Step, Void, is_key, outcome_of, present,
};
use super::show::refund_label;
use super::words;
use crate::cabinet::frame::go_on;
use crate::cabinet::guard::{Posted, Signed};
use crate::cabinet::words as said;
use crate::format::money;
use crate::lang::Lang;
use crate::state::Web;

type Number = Path<(String, String)>;

/// The payment, for somebody who has the right to do this with it.
async fn open(
    web: &Web,
    signed: &Signed,
    number: &(String, String),
    right: Right,
) -> Result<Case, Response> {
    let case = Case::load(web, signed, number).await?;
    signed.require(web, right, Some(case.number().0)).await?;
    Ok(case)
}

/// What an error of a use case is answered with when it is not the dialog's to show.
async fn elsewhere(
    web: &Web,
    signed: &Signed,
    case: &Case,
    error: &ActionError,
) -> Option<Response> {
    match error {
        ActionError::NotFound => Some(signed.not_found(web)),
        ActionError::Denied(Denied(right)) => {
            Some(signed.denied_page(web, *right, Some(case.number().0)).await)
        }
        ActionError::Failure(failure) => {
            tracing::error!(error = %failure, "an action of the cabinet was not carried out");
            None
        }
        ActionError::NotOffered
        | ActionError::Amount { .. }
        | ActionError::WholeOnly
        | ActionError::Position(_)
        | ActionError::NoReason => None,
    }
}

/// What a dialog with an error is answered with.
fn status_of(error: &ActionError) -> StatusCode {
    match error {
        ActionError::NotFound => StatusCode::NOT_FOUND,
        ActionError::Denied(_) => StatusCode::FORBIDDEN,
        ActionError::NotOffered => StatusCode::CONFLICT,
        ActionError::Amount { .. }
        | ActionError::WholeOnly
        | ActionError::Position(_)
        | ActionError::NoReason => StatusCode::UNPROCESSABLE_ENTITY,
        ActionError::Failure(_) => StatusCode::SERVICE_UNAVAILABLE,
    }
}

/// `GET …/refund`
pub async fn refund_dialog(
    State(web): State<Web>,
    signed: Signed,
    Path(number): Number,
    RawQuery(query): RawQuery,
) -> Response {
    let case = match open(&web, &signed, &number, Right::Refund).await {
        Ok(case) => case,
        Err(answer) => return answer,
    };
    let refund = Refund::new(Dialog::new(&web, &signed, &case, ""), &case);
    let status = offered(refund.most.is_some());
    let place = Place::of(query.as_deref());
    present(&web, &signed, (status, place), refund_label(signed.lang), &refund)
}

/// An action that is not possible now is said so under its address.
fn offered(is_offered: bool) -> StatusCode {
    if is_offered { StatusCode::OK } else { StatusCode::CONFLICT }
}

/// `POST …/refund`
pub async fn refund(
    State(web): State<Web>,
    Path(number): Number,
    RawQuery(query): RawQuery,
    posted: Posted,
) -> Response {
    let signed = &posted.signed;
    let case = match open(&web, signed, &number, Right::Refund).await {
        Ok(case) => case,
        Err(answer) => return answer,
    };
    let key = posted.field("key");
    let mut refund = Refund::new(Dialog::new(&web, signed, &case, key), &case);
    // Sent twice, the payment may offer nothing any more when the second comes; the use case knows
    // the dialog again.
    refund.most = refund.most.or_else(|| whole(&case));
    let taken = refund.take(&posted);
    let status = match (Step::of(&posted), taken) {
        (Step::Edit, _) => {
            refund.sum_error = None;
            refund.lines_error = None;
            StatusCode::OK
        }
        (Step::Confirm, Some((amount, positions))) if is_key(key) => {
            let (reason, key) = (refund.reason.clone(), key.to_owned());
            let form = RefundForm { amount, positions, reason, key };
            match cabinet::refund(&web.cabinet, &signed.actor, case.number(), form).await {
                Ok(operation) => return refunded(&case, amount, operation, signed.lang),
                Err(error) => match elsewhere(&web, signed, &case, &error).await {
                    Some(answer) => return answer,
                    None => refund.wrong(&error),
                },
            }
        }
        (Step::Check | Step::Confirm, Some((amount, _))) if case.offers.refund.is_some() => {
            refund.ask(&case, amount);
            StatusCode::OK
        }
        (Step::Check | Step::Confirm, Some(_)) => refund.wrong(&ActionError::NotOffered),
        (Step::Check | Step::Confirm, None) => StatusCode::UNPROCESSABLE_ENTITY,
    };
    let place = Place::of(query.as_deref());
    present(&web, signed, (status, place), refund_label(signed.lang), &refund)
}

/// What was taken: a sum that no refund can be above.
fn whole(case: &Case) -> Option<Amount> {
    Some(case.record().payment.captured).filter(|captured| !captured.is_zero())
}

fn refunded(case: &Case, amount: Amount, operation: OperationId, lang: Lang) -> Response {
    let sum = money(amount, lang);
    let notice = match lang {
        Lang::Russian => format!("Возврат {sum} отправлен в банк, операция {operation}."),
        Lang::English => {
            format!("The refund of {sum} was sent to the bank, operation {operation}.")
        }
    };
    go_on(&format!("{}?tab=refunds", case.address()), Some(&notice))
}

impl Refund {
    /// Puts an error where it belongs; gives what the dialog is answered with.
    fn wrong(&mut self, error: &ActionError) -> StatusCode {
        let said = Some(words::action_error(error, self.dialog.lang));
        match error {
            ActionError::Amount { .. } | ActionError::WholeOnly => self.sum_error = said,
            ActionError::Position(_) => self.lines_error = said,
            ActionError::NotFound
            | ActionError::Denied(_)
            | ActionError::NotOffered
            | ActionError::NoReason
            | ActionError::Failure(_) => self.dialog.error = said,
        }
        self.most = self.most.filter(|_| !matches!(error, ActionError::NotOffered));
        status_of(error)
    }
}

impl Capture {
    /// The same.
    fn wrong(&mut self, error: &ActionError) -> StatusCode {
        let said = Some(words::action_error(error, self.dialog.lang));
        if matches!(error, ActionError::Amount { .. }) {
            self.sum_error = said;
        } else {
            self.dialog.error = said;
        }
        self.most = self.most.filter(|_| !matches!(error, ActionError::NotOffered));
        status_of(error)
    }
}

/// `GET …/capture`
pub async fn capture_dialog(
    State(web): State<Web>,
    signed: Signed,
    Path(number): Number,
    RawQuery(query): RawQuery,
) -> Response {
    let case = match open(&web, &signed, &number, Right::Capture).await {
        Ok(case) => case,
        Err(answer) => return answer,
    };
    let capture = Capture::new(Dialog::new(&web, &signed, &case, ""), &case);
    let status = offered(capture.most.is_some());
    let place = Place::of(query.as_deref());
    present(&web, &signed, (status, place), capture_label(signed.lang), &capture)
}

fn capture_label(lang: Lang) -> &'static str {
    lang.pick("Списать средства", "Capture the money")
}

/// `POST …/capture`
pub async fn capture(
    State(web): State<Web>,
    Path(number): Number,
    RawQuery(query): RawQuery,
    posted: Posted,
) -> Response {
    let signed = &posted.signed;
    let case = match open(&web, signed, &number, Right::Capture).await {
        Ok(case) => case,
        Err(answer) => return answer,
    };
    let key = posted.field("key");
    let mut capture = Capture::new(Dialog::new(&web, signed, &case, key), &case);
    capture.most = capture.most.or(Some(case.record().payment.authorized));
    let taken = capture.take(&posted);
    let status = match (Step::of(&posted), taken) {
        (Step::Edit, _) => {
            capture.sum_error = None;
            StatusCode::OK
        }
        (Step::Confirm, Some(amount)) if is_key(key) => {
            let form = CaptureForm { amount, key: key.to_owned() };
            match cabinet::capture(&web.cabinet, &signed.actor, case.number(), form).await {
                Ok(operation) => return captured(&case, amount, operation, signed.lang),
                Err(error) => match elsewhere(&web, signed, &case, &error).await {
                    Some(answer) => return answer,
                    None => capture.wrong(&error),
                },
            }
        }
        (Step::Check | Step::Confirm, Some(amount)) if case.offers.capture.is_some() => {
            capture.ask(amount);
            StatusCode::OK
        }
        (Step::Check | Step::Confirm, Some(_)) => capture.wrong(&ActionError::NotOffered),
        (Step::Check | Step::Confirm, None) => StatusCode::UNPROCESSABLE_ENTITY,
    };
    let place = Place::of(query.as_deref());
    present(&web, signed, (status, place), capture_label(signed.lang), &capture)
}

fn captured(case: &Case, amount: Amount, operation: OperationId, lang: Lang) -> Response {
    let sum = money(amount, lang);
    let notice = match lang {
        Lang::Russian => format!("Списание {sum} отправлено в банк, операция {operation}."),
        Lang::English => {
            format!("The capture of {sum} was sent to the bank, operation {operation}.")
        }
    };
    go_on(&case.address(), Some(&notice))
}

/// `GET …/void`
pub async fn void_dialog(
    State(web): State<Web>,
    signed: Signed,
    Path(number): Number,
    RawQuery(query): RawQuery,
) -> Response {
    let case = match open(&web, &signed, &number, Right::Capture).await {
        Ok(case) => case,
        Err(answer) => return answer,
    };
    let void = Void::new(Dialog::new(&web, &signed, &case, ""), &case);
    let status = offered(void.confirm.is_some());
    let place = Place::of(query.as_deref());
    present(&web, &signed, (status, place), void_label(signed.lang), &void)
}

fn void_label(lang: Lang) -> &'static str {
    lang.pick("Снять удержание", "Release the hold")
}

/// `POST …/void`
pub async fn void(
    State(web): State<Web>,
    Path(number): Number,
    RawQuery(query): RawQuery,
    posted: Posted,
) -> Response {
    let signed = &posted.signed;
    let case = match open(&web, signed, &number, Right::Capture).await {
        Ok(case) => case,
        Err(answer) => return answer,
    };
    let key = posted.field("key");
    let mut void = Void::new(Dialog::new(&web, signed, &case, key), &case);
    let mut status = offered(void.confirm.is_some());
    if is_key(key) {
        match cabinet::void(&web.cabinet, &signed.actor, case.number(), key).await {
            Ok(operation) => {
                let notice = match signed.lang {
                    Lang::Russian => {
                        format!("Снятие удержания отправлено в банк, операция {operation}.")
                    }
                    Lang::English => {
                        format!(
                            "The release of the hold was sent to the bank, operation {operation}."
                        )
                    }
                };
                return go_on(&case.address(), Some(&notice));
            }
            Err(error) => {
                if let Some(answer) = elsewhere(&web, signed, &case, &error).await {
                    return answer;
                }
                status = status_of(&error);
                void.dialog.error = Some(words::action_error(&error, signed.lang));
            }
        }
    }
    let place = Place::of(query.as_deref());
    present(&web, signed, (status, place), void_label(signed.lang), &void)
}

/// `POST …/resend`
pub async fn resend(State(web): State<Web>, Path(number): Number, posted: Posted) -> Response {
    let signed = &posted.signed;
    let case = match open(&web, signed, &number, Right::Resend).await {
        Ok(case) => case,
        Err(answer) => return answer,
    };
    let done = cabinet::resend(&web.cabinet, &signed.actor, case.number()).await;
    let notice = match done {
        Ok(_) => signed.lang.pick(
            "Очередь оповещений запущена заново. Попытки видны в истории.",
            "The notifications are being sent anew. The history shows each try.",
        ),
        Err(error) => return back_with(&web, signed, &case, &error).await,
    };
    go_on(&format!("{}?tab=history", case.address()), Some(notice))
}

/// `POST …/ask`
pub async fn ask(State(web): State<Web>, Path(number): Number, posted: Posted) -> Response {
    let signed = &posted.signed;
    let case = match open(&web, signed, &number, Right::Resend).await {
        Ok(case) => case,
        Err(answer) => return answer,
    };
    let Some(operation) = operation_of(posted.field("operation")) else {
        return signed.not_found(&web);
    };
    let done = cabinet::ask_again(&web.cabinet, &signed.actor, case.number(), operation).await;
    let notice = match done {
        Ok(()) => signed.lang.pick(
            "Банк запрошен. Ответ появится в истории.",
            "The bank was asked. Its answer will show in the history.",
        ),
        Err(error) => return back_with(&web, signed, &case, &error).await,
    };
    go_on(&format!("{}?tab=history", case.address()), Some(notice))
}

/// Back to the payment, which says why nothing was done.
async fn back_with(web: &Web, signed: &Signed, case: &Case, error: &ActionError) -> Response {
    if let Some(answer) = elsewhere(web, signed, case, error).await {
        return answer;
    }
    go_on(&case.address(), Some(&words::action_error(error, signed.lang)))
}

fn operation_of(text: &str) -> Option<OperationId> {
    text.parse().ok().map(OperationId::new)
}

/// `GET …/settle?operation=…&as=…`
pub async fn settle_dialog(
    State(web): State<Web>,
    signed: Signed,
    Path(number): Number,
    RawQuery(query): RawQuery,
) -> Response {
    let case = match open(&web, &signed, &number, Right::Settle).await {
        Ok(case) => case,
        Err(answer) => return answer,
    };
    let pairs = form_urlencoded::parse(query.as_deref().unwrap_or_default().as_bytes());
    let asked = |name: &str| {
        let found = pairs.clone().find(|(own, _)| own == name);
        found.map(|(_, value)| value.into_owned()).unwrap_or_default()
    };
    let (operation, outcome) = (operation_of(&asked("operation")), outcome_of(&asked("as")));
    let Some((operation, outcome)) = operation.zip(outcome) else {
        return signed.not_found(&web);
    };
    let dialog = Dialog::new(&web, &signed, &case, "");
    let settle = Settle::new(dialog, offered_to_settle(&case, operation, outcome), outcome);
    let status = offered(settle.operation.is_some());
    let place = Place::of(query.as_deref());
    present(&web, &signed, (status, place), settle_label(outcome, signed.lang), &settle)
}

fn offered_to_settle(
    case: &Case,
    id: OperationId,
    outcome: SettledAs,
) -> Option<&altyn_domain::payment::Operation> {
    let close = outcome == SettledAs::Declined && case.offers.close.contains(&id);
    case.record().operation(id).filter(|_| close || case.offers.settle.contains(&id))
}

fn settle_label(outcome: SettledAs, lang: Lang) -> &'static str {
    match outcome {
        SettledAs::Approved => lang.pick("Отметить выполненным", "Mark as done"),
        SettledAs::Declined => lang.pick("Отметить неудавшимся", "Mark as failed"),
    }
}

/// `POST …/settle`
pub async fn settle(
    State(web): State<Web>,
    Path(number): Number,
    RawQuery(query): RawQuery,
    posted: Posted,
) -> Response {
    let signed = &posted.signed;
    let case = match open(&web, signed, &number, Right::Settle).await {
        Ok(case) => case,
        Err(answer) => return answer,
    };
    let operation = operation_of(posted.field("operation"));
    let Some((id, outcome)) = operation.zip(outcome_of(posted.field("as"))) else {
        return signed.not_found(&web);
    };
    let reason = posted.field("reason").to_owned();
    let form = SettleForm { operation: id, outcome, reason: reason.clone() };
    let error = match cabinet::settle(&web.cabinet, &signed.actor, case.number(), form).await {
        Ok(()) => {
            let kind = case.record().operation(id).map(|one| said::kind(one.kind, signed.lang));
            let label = settle_label(outcome, signed.lang);
            let notice = format!("{label}: {} {id}.", kind.unwrap_or_default());
            return go_on(&format!("{}?tab=history", case.address()), Some(&notice));
        }
        Err(error) => error,
    };
    if let Some(answer) = elsewhere(&web, signed, &case, &error).await {
        return answer;
    }
    let dialog = Dialog::new(&web, signed, &case, "");
    let mut settle = Settle::new(dialog, offered_to_settle(&case, id, outcome), outcome);
    settle.reason = reason;
    let said = Some(words::action_error(&error, signed.lang));
    if matches!(error, ActionError::NoReason) {
        settle.reason_error = said;
    } else {
        settle.dialog.error = said;
    }
    let place = Place::of(query.as_deref());
    let shown = (status_of(&error), place);
    present(&web, signed, shown, settle_label(outcome, signed.lang), &settle)
}
