//! «История»: everything that happened to the payment, in order, and who did it.
//!
//! Operations have the time of their project's clock, which in a test project may have been moved;
//! calls, notifications and people have the real one. Moments are put in order by real time: how far
//! an operation's clock was ahead is what its number, made by the real clock, tells.

use altyn_app::access::audit::AuditResult;
use altyn_app::callback::{Callback, CallbackAttempt};
use altyn_app::ports::listing::Attempt;
use altyn_domain::id::{CallbackId, ID_EPOCH_SECONDS, OperationId};
use altyn_domain::payment::{Event, Operation, OperationState};
use altyn_domain::time::{MINUTE_MS, SECOND_MS, Timestamp};

use super::super::case::Case;
use super::super::view::Time;
use super::super::words;
use crate::cabinet::words as said;
use crate::format::money;
use crate::lang::Lang;

/// Something that happened.
pub struct Moment {
    /// When, in real time: what the order rests on.
    order: Timestamp,
    /// When, as it is said.
    pub at: Time,
    /// What sort it is, for its sign: `operation`, `call`, `bank`, `shop`, `person`, `next`.
    pub sort: &'static str,
    /// What happened.
    pub title: String,
    /// More of it.
    pub detail: String,
    /// Who did it.
    pub who: String,
}

/// Everything, oldest first.
pub fn of(case: &Case, lang: Lang) -> Vec<Moment> {
    let history = &case.history;
    let mut moments: Vec<Moment> = of_people(case, lang).collect();
    moments.extend(history.events.iter().map(|event| of_event(case, event, lang)));
    moments.extend(history.attempts.iter().map(|attempt| of_call(case, attempt, lang)));
    moments.extend(history.notifications.iter().map(|(operation, notification)| Moment {
        order: notification.received_at,
        at: Time::exact(notification.received_at, lang),
        sort: "bank",
        title: lang.pick("Уведомление от банка", "Notification from the bank").to_owned(),
        detail: named(case, *operation, lang),
        who: lang.pick("банк", "the bank").to_owned(),
    }));
    for (callback, tries) in &history.callbacks {
        moments.extend(of_callback(case, callback, tries, lang));
    }
    // Equal moments stay in the order of cause and effect, which is the order above.
    moments.sort_by_key(|moment| moment.order);
    let next = history.next_tries.iter().map(|next| of_next(case, next, lang));
    moments.extend(next);
    moments
}

/// `Возврат 300,00 ₽`
fn named(case: &Case, id: OperationId, lang: Lang) -> String {
    let operation = case.record().operation(id);
    operation.map_or_else(|| id.to_string(), |operation| titled(operation, lang))
}

fn titled(operation: &Operation, lang: Lang) -> String {
    format!("{} {}", said::kind(operation.kind, lang), money(operation.amount, lang))
}

fn of_event(case: &Case, event: &Event, lang: Lang) -> Moment {
    let operation = case.record().operation(event.operation);
    let named = named(case, event.operation, lang);
    let failed = matches!(event.state, OperationState::Declined | OperationState::Rejected);
    let reason = operation.and_then(|operation| operation.reason).filter(|_| failed);
    let ahead = operation.map_or(0, ahead_ms);
    Moment {
        order: event.at.plus_millis(-ahead),
        at: Time::exact(event.at, lang),
        sort: "operation",
        title: format!("{named}: {}", said::lower_first(words::event(event.event, lang))),
        detail: reason.map(|reason| words::reason(reason, lang).to_owned()).unwrap_or_default(),
        who: String::new(),
    }
}

/// How far the project's clock was ahead when the operation was made. A number is made in the second
/// that it names, or some seconds before; less than a minute is no moved clock.
fn ahead_ms(operation: &Operation) -> i64 {
    let made_s = (operation.id.get() >> 21) + ID_EPOCH_SECONDS;
    let ahead = operation.created_at.as_millis() - made_s * SECOND_MS;
    if ahead > MINUTE_MS { ahead - ahead % SECOND_MS } else { 0 }
}

fn of_call(case: &Case, attempt: &Attempt, lang: Lang) -> Moment {
    let named = named(case, attempt.operation, lang);
    let number = attempt.number;
    let outcome = attempt.outcome.as_deref().map(|outcome| words::outcome(outcome, lang));
    let took = attempt.finished_at.map(|end| {
        said::duration(end.as_millis().saturating_sub(attempt.started_at.as_millis()), lang)
    });
    let pending = lang.pick("ответа ещё нет", "no answer yet");
    let said = [Some(outcome.unwrap_or(pending).to_owned()), took, attempt.detail.clone()];
    let said: Vec<String> = said.into_iter().flatten().filter(|said| !said.is_empty()).collect();
    Moment {
        order: attempt.started_at,
        at: Time::exact(attempt.started_at, lang),
        sort: "call",
        title: match lang {
            Lang::Russian => format!("{named}: обращение к банку № {number}"),
            Lang::English => format!("{named}: call {number} to the bank"),
        },
        detail: said.join(", "),
        who: String::new(),
    }
}

fn of_callback(
    case: &Case,
    callback: &Callback,
    tries: &[CallbackAttempt],
    lang: Lang,
) -> Vec<Moment> {
    let operation = case.record().operation(callback.operation);
    let about = operation.map_or_else(String::new, |operation| {
        let told = said::told(operation.kind, callback.told, lang);
        format!("{told}, {}", money(operation.amount, lang))
    });
    let mut moments = vec![Moment {
        order: callback.created_at,
        at: Time::exact(callback.created_at, lang),
        sort: "shop",
        title: lang.pick("Оповещение магазину", "Notification to the shop").to_owned(),
        detail: about,
        who: String::new(),
    }];
    moments.extend(tries.iter().enumerate().map(|(turn, attempt)| {
        let number = turn + 1;
        Moment {
            order: attempt.at,
            at: Time::exact(attempt.at, lang),
            sort: "shop",
            title: match lang {
                Lang::Russian => format!("Попытка оповещения № {number}"),
                Lang::English => format!("Try {number} to notify"),
            },
            detail: answered(attempt, lang),
            who: String::new(),
        }
    }));
    moments
}

fn answered(attempt: &CallbackAttempt, lang: Lang) -> String {
    let status = attempt.status.map(|status| {
        format!("{} HTTP {status}", lang.pick("магазин ответил", "the shop answered"))
    });
    let took = Some(said::duration(attempt.duration_ms, lang));
    let error = attempt.error.as_deref().map(|error| said::try_error(error, lang).to_owned());
    let said = [status, error, took];
    said.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn of_people(case: &Case, lang: Lang) -> impl Iterator<Item = Moment> {
    case.people.iter().map(move |stored| {
        let entry = &stored.entry;
        let refused = entry.result == AuditResult::Refused;
        let action = said::action(entry.action, lang);
        let title = if refused {
            format!("{action}: {}", said::audit_result(entry.result, lang))
        } else {
            action.to_owned()
        };
        Moment {
            order: entry.at,
            at: Time::exact(entry.at, lang),
            sort: "person",
            title,
            detail: said::log::detail(entry, lang),
            who: said::log::who(entry, lang).to_owned(),
        }
    })
}

fn of_next(case: &Case, (id, at): &(CallbackId, Timestamp), lang: Lang) -> Moment {
    let callback = case.history.callbacks.iter().find(|(callback, _)| callback.id == *id);
    let about = callback.map(|(callback, _)| named(case, callback.operation, lang));
    Moment {
        order: *at,
        at: Time::exact(*at, lang),
        sort: "next",
        title: lang.pick("Следующая попытка оповещения", "The next try to notify").to_owned(),
        detail: about.unwrap_or_default(),
        who: String::new(),
    }
}
