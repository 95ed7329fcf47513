//! What can be made to go wrong, how often and where; set by `POST /sandbox/faults`.
//!
//! A fault is consumed by the first requests or notifications it fits, in the order it was set.

use axum::http::StatusCode;
use serde::{Deserialize, Serialize};

/// One of the two emulated providers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Provider {
    /// The RBS/BPC gateway.
    Rbs,
    /// iPay Africa.
    Ipay,
}

/// The kinds of fault, by their names in the control interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    /// Answers after `delay_ms`, otherwise rightly.
    Slow,
    /// Answers HTTP 500 with a page, does nothing.
    #[serde(rename = "http_500")]
    Http500,
    /// Answers HTTP 502 as a proxy before the provider would, does nothing.
    #[serde(rename = "http_502")]
    Http502,
    /// Does the work, waits `delay_ms`, drops the connection without a byte.
    ChargedThenTimeout,
    /// Drops the connection without a byte and does nothing.
    DropBefore,
    /// Sends the notification twice.
    DuplicateNotification,
    /// Holds the notification until `POST /sandbox/release`.
    LateNotification,
    /// Signs the notification wrongly (signed ones only: RBS, and the iPay refund outcome).
    WrongChecksum,
    /// Never sends the notification.
    NoNotification,
    /// The bank refuses a refund that was asked for rightly.
    RbsRefundDecline,
    /// The partner refuses a refund that was asked for rightly.
    IpayRefundDecline,
    /// The partner accepts a refund and tells the outcome after `POST /sandbox/release`.
    IpayRefundAsync,
    /// RBS replies carry `errorCode` as a number.
    ErrorCodeAsNumber,
    /// RBS replies are labelled `text/plain;charset=UTF-8`.
    TextPlain,
}

/// A fault as it is set. `count` 0 means until it is deleted; absent means once.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Fault {
    /// What goes wrong.
    pub(crate) kind: Kind,
    /// How many times.
    #[serde(default = "once")]
    pub(crate) count: u32,
    /// Delay of `slow` and `charged_then_timeout`, real milliseconds.
    #[serde(default)]
    pub(crate) delay_ms: u64,
    /// Last part of the path it is limited to: `refund.do`, `continue.do`, `search`, `ipn`, `ke`.
    /// For faults of notifications: the operation (`approved`, `deposited`, `cbk`, …).
    #[serde(default)]
    pub(crate) method: Option<String>,
    /// Provider it is limited to.
    #[serde(default)]
    pub(crate) provider: Option<Provider>,
}

fn once() -> u32 {
    1
}

/// The faults that are set now.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    list: Vec<Fault>,
}

/// What happens around one request.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    /// Wait before anything else, milliseconds.
    pub(crate) slow_ms: Option<u64>,
    /// Drop before the work.
    pub(crate) drop_before: bool,
    /// Answer with this status instead of the work.
    pub(crate) http_error: Option<StatusCode>,
    /// Drop after the work and this wait, milliseconds.
    pub(crate) drop_after_ms: Option<u64>,
    /// `errorCode` as a number.
    pub(crate) numeric_codes: bool,
    /// `text/plain` label.
    pub(crate) text_plain: bool,
}

impl Faults {
    /// Adds one.
    pub(crate) fn add(&mut self, fault: Fault) {
        self.list.push(fault);
    }

    /// Removes all; how many there were.
    pub(crate) fn clear(&mut self) -> usize {
        let n = self.list.len();
        self.list.clear();
        n
    }

    /// Those still set, with what is left of their counts.
    pub(crate) fn list(&self) -> &[Fault] {
        &self.list
    }

    /// Uses up one occurrence of `kind` for this place and gives its delay, if one is set.
    pub(crate) fn take(&mut self, kind: Kind, provider: Provider, method: &str) -> Option<u64> {
        if self.list.is_empty() {
            return None;
        }
        let at = self.list.iter().position(|f| {
            f.kind == kind
                && f.provider.is_none_or(|p| p == provider)
                && f.method.as_deref().is_none_or(|m| m == method)
        })?;
        let fault = self.list.get_mut(at)?;
        let delay = fault.delay_ms;
        match fault.count {
            0 => {}
            1 => {
                self.list.remove(at);
            }
            _ => fault.count -= 1,
        }
        Some(delay)
    }

    /// Decides what happens around a request. A fault without `method` that loses a reply waits
    /// for a request that moves something (`moves`), so it is not used up by a status question.
    pub(crate) fn plan(&mut self, provider: Provider, method: &str, moves: bool) -> Plan {
        let mut plan = Plan::default();
        if self.list.is_empty() {
            return plan;
        }
        plan.slow_ms = self.take(Kind::Slow, provider, method);
        plan.drop_before = self.take(Kind::DropBefore, provider, method).is_some();
        if plan.drop_before {
            return plan;
        }
        let errors = [
            (Kind::Http500, StatusCode::INTERNAL_SERVER_ERROR),
            (Kind::Http502, StatusCode::BAD_GATEWAY),
        ];
        for (kind, status) in errors {
            if self.take(kind, provider, method).is_some() {
                plan.http_error = Some(status);
                return plan;
            }
        }
        let named = self.list.iter().any(|f| f.method.as_deref() == Some(method));
        if moves || named {
            plan.drop_after_ms = self.take(Kind::ChargedThenTimeout, provider, method);
        }
        if provider == Provider::Rbs {
            plan.numeric_codes = self.take(Kind::ErrorCodeAsNumber, provider, method).is_some();
            plan.text_plain = self.take(Kind::TextPlain, provider, method).is_some();
        }
        plan
    }
}

#[cfg(test)]
mod tests {
    //! Counting and fitting.

    use super::*;

    fn fault(kind: Kind, count: u32, method: Option<&str>) -> Fault {
        Fault { kind, count, delay_ms: 7, method: method.map(str::to_owned), provider: None }
    }

    #[test]
    fn a_fault_is_used_up_only_where_it_fits() {
        let mut faults = Faults::default();
        faults.add(fault(Kind::Slow, 2, Some("refund.do")));
        assert_eq!(faults.take(Kind::Slow, Provider::Rbs, "register.do"), None);
        assert_eq!(faults.take(Kind::Slow, Provider::Rbs, "refund.do"), Some(7));
        assert_eq!(faults.take(Kind::Slow, Provider::Rbs, "refund.do"), Some(7));
        assert_eq!(faults.take(Kind::Slow, Provider::Rbs, "refund.do"), None);
    }

    #[test]
    fn count_zero_lasts_until_deleted() {
        let mut faults = Faults::default();
        faults.add(fault(Kind::Http500, 0, None));
        for _ in 0..5 {
            assert!(faults.plan(Provider::Ipay, "ke", false).http_error.is_some());
        }
        assert_eq!(faults.clear(), 1);
        assert!(faults.plan(Provider::Ipay, "ke", false).http_error.is_none());
    }

    #[test]
    fn a_lost_reply_waits_for_a_request_that_moves_something() {
        let mut faults = Faults::default();
        faults.add(fault(Kind::ChargedThenTimeout, 1, None));
        assert!(faults.plan(Provider::Rbs, "getOrderStatus.do", false).drop_after_ms.is_none());
        assert_eq!(faults.plan(Provider::Rbs, "refund.do", true).drop_after_ms, Some(7));
    }
}
