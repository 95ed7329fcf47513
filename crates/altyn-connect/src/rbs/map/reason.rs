//! Why the gateway, or the issuer behind it, did not take the money: its actionCodes in our words.
//!
//! Source: providers.md §1.9; where it names a code without a reason of ours, the reason is
//! **chosen** by meaning, and a test lists every code. Texts are never looked at: they differ per
//! bank.

use altyn_domain::method::Method;
use altyn_domain::reason::Reason;

/// No payment was tried yet.
pub(in crate::rbs) const NO_ATTEMPT: i64 = -100;

/// Codes of Alfa-Click; all others are a general decline. 100 («the issuer declines») is **chosen**
/// as the payer's refusal: such an order has no card and no issuer, whoever says no on the bank's
/// page is the payer, and the emulator says the same.
const ALFA_CLICK: &[(i64, Reason)] = &[
    (100, Reason::CancelledByPayer),
    (101, Reason::AccountRestricted),
    (104, Reason::AccountRestricted),
    (116, Reason::InsufficientFunds),
    (121, Reason::LimitExceeded),
    (123, Reason::LimitExceeded),
    (200, Reason::SuspectedFraud),
    (208, Reason::AccountRestricted),
    (209, Reason::AccountRestricted),
    (903, Reason::LimitExceeded),
    (999, Reason::SuspectedFraud),
    (1001, Reason::PayerTimedOut),
    (2000, Reason::SuspectedFraud),
    (2001, Reason::SuspectedFraud),
    (2002, Reason::LimitExceeded),
    // Sources disagree on the sign of this one.
    (2007, Reason::PayerTimedOut),
    (-2007, Reason::PayerTimedOut),
    (-20010, Reason::LimitExceeded),
];

/// Codes of cards; all others are a general decline.
const CARD: &[(i64, Reason)] = &[
    (-1, Reason::IssuerUnavailable),
    (101, Reason::CardExpired),
    (104, Reason::AccountRestricted),
    (110, Reason::ProviderRefusedData),
    (111, Reason::WrongCardData),
    (116, Reason::InsufficientFunds),
    (119, Reason::CardNotPermitted),
    (120, Reason::CardNotPermitted),
    (121, Reason::LimitExceeded),
    (123, Reason::LimitExceeded),
    (125, Reason::WrongCardData),
    (200, Reason::SuspectedFraud),
    (208, Reason::CardBlocked),
    (209, Reason::CardBlocked),
    (903, Reason::LimitExceeded),
    (904, Reason::ProviderRefusedData),
    (907, Reason::IssuerUnavailable),
    (909, Reason::IssuerUnavailable),
    (910, Reason::IssuerUnavailable),
    (913, Reason::ProviderRefusedData),
    (999, Reason::SuspectedFraud),
    (1001, Reason::PayerTimedOut),
    (1015, Reason::WrongCardData),
    (71015, Reason::WrongCardData),
    (1017, Reason::AuthenticationFailed),
    (1018, Reason::IssuerUnavailable),
    (151_018, Reason::IssuerUnavailable),
    (2000, Reason::SuspectedFraud),
    (2001, Reason::SuspectedFraud),
    (2002, Reason::LimitExceeded),
    (8204, Reason::ProviderRefusedData),
    (-20010, Reason::LimitExceeded),
    // Sources disagree on the sign of these.
    (2003, Reason::AuthenticationFailed),
    (-2003, Reason::AuthenticationFailed),
    (2004, Reason::AuthenticationFailed),
    (-2004, Reason::AuthenticationFailed),
    (2005, Reason::AuthenticationFailed),
    (-2005, Reason::AuthenticationFailed),
    (2006, Reason::AuthenticationFailed),
    (-2006, Reason::AuthenticationFailed),
    (2007, Reason::PayerTimedOut),
    (-2007, Reason::PayerTimedOut),
];

/// Why an order was closed without money. One on which no card was tried was given up: by us, who
/// may read of it in the gateway's notification before its answer to our request to close it.
pub(in crate::rbs) fn of_closed(method: Method, action: Option<i64>) -> Reason {
    match (method, action) {
        (Method::Card, Some(NO_ATTEMPT)) => Reason::Interrupted,
        (Method::Card | Method::AlfaClick | Method::CardPartner, _) => reason_of(method, action),
    }
}

/// What a refusal's actionCode says.
pub(in crate::rbs) fn reason_of(method: Method, action: Option<i64>) -> Reason {
    let codes = match method {
        Method::Card => CARD,
        Method::AlfaClick | Method::CardPartner => ALFA_CLICK,
    };
    match (codes.iter().find(|(code, _)| Some(*code) == action), action) {
        (Some((_, reason)), _) => *reason,
        // 3-D Secure in all its ways to fail.
        (None, Some(-2025..=-2011)) if method == Method::Card => Reason::AuthenticationFailed,
        (None, _) => Reason::GeneralDecline,
    }
}

/// The gateway itself did not get an answer (1019, 151019): closed or not, the outcome is open.
pub(in crate::rbs) const fn has_no_word(action: i64) -> bool {
    matches!(action, 1019 | 151_019)
}

/// The payment is still being made: begun (-9000), pending (-30001), or without an answer.
pub(in crate::rbs) const fn is_under_way(action: i64) -> bool {
    matches!(action, -9000 | -30_001) || has_no_word(action)
}
