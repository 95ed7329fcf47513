//! The transition table: which state follows which event, what it does to the books, and whether
//! the merchant is told.
//!
//! The table executes: [`next`] reads it and nothing else decides. What is not in it is refused.
//! `docs/generated/states.md` is printed from it.
//!
//! *Unknown* is a state: a call whose outcome nobody saw. Only evidence leads out of it.

use std::fmt;

use super::OperationKind;

macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $($(#[$each:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name { $($(#[$each])* $variant),+ }

        impl $name {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The stable text form.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }

            /// Reads the text form back.
            pub fn parse(text: &str) -> Option<Self> {
                match text { $($text => Some(Self::$variant),)+ _ => None }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

words! {
    /// How far an operation has come.
    OperationState {
        /// Durable with us; the provider has not been called.
        Accepted = "accepted",
        /// The merchant must send missing data; no provider order exists.
        Clarifying = "clarifying",
        /// An attempt is committed and its call is under way.
        Sending = "sending",
        /// A call may or may not have reached the provider.
        Unknown = "unknown",
        /// The payer must be sent to the provider.
        Redirected = "redirected",
        /// The payer must act at the bank by himself.
        Instructed = "instructed",
        /// The payer must pass 3-D Secure.
        Authenticating = "authenticating",
        /// The provider has it and will tell the result later.
        Pending = "pending",
        /// Done. Final.
        Approved = "approved",
        /// Not done. Final.
        Declined = "declined",
        /// Refused by our own rules before anything was executed. Final.
        Rejected = "rejected",
    }
}

words! {
    /// What can happen to an operation.
    OperationEvent {
        /// Data is missing, or still missing.
        Clarify = "clarify",
        /// The missing data came.
        Clarified = "clarified",
        /// The missing data did not come in time.
        ClarificationTimedOut = "clarification_timed_out",
        /// Our rules refuse the request.
        Reject = "reject",
        /// An attempt begins.
        Send = "send",
        /// The provider wants the payer.
        Redirect = "redirect",
        /// The provider has issued a bill to the payer.
        Instruct = "instruct",
        /// The provider wants the payer to pass 3-D Secure, or another step of it.
        Authenticate = "authenticate",
        /// The provider will tell later.
        Pend = "pend",
        /// The provider surely never got it.
        NotSent = "not_sent",
        /// Nobody knows whether the provider got it.
        LoseTrack = "lose_track",
        /// The provider did it.
        Approve = "approve",
        /// The provider, or our rules, will not do it.
        Decline = "decline",
    }
}

impl OperationState {
    /// Whether nothing changes any more.
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Approved | Self::Declined | Self::Rejected)
    }
}

/// What a transition does to the books.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LedgerEffect {
    /// Nothing.
    None,
    /// Counts what was held, and posts what was taken or returned.
    Settle,
}

/// Whether the merchant is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallbackEffect {
    /// No callback.
    None,
    /// One callback is owed.
    Owed,
}

/// One row of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transition {
    /// Kinds of operation it holds for.
    pub kinds: &'static [OperationKind],
    /// The state before.
    pub from: OperationState,
    /// What happens.
    pub event: OperationEvent,
    /// The state after.
    pub to: OperationState,
    /// What it does to the books.
    pub ledger: LedgerEffect,
    /// Whether the merchant is told.
    pub callback: CallbackEffect,
}

/// What opens an order at the provider.
const OPENING: &[OperationKind] = &[OperationKind::Sale, OperationKind::Authorization];
/// What acts on an order that stands.
const FOLLOWING: &[OperationKind] =
    &[OperationKind::Capture, OperationKind::Void, OperationKind::Refund];
/// Bills are paid in one stage.
const SALE: &[OperationKind] = &[OperationKind::Sale];
const EVERY: &[OperationKind] = OperationKind::ALL;

use CallbackEffect::Owed;
use LedgerEffect::Settle;
use OperationEvent as E;
use OperationState as S;

const fn row(
    kinds: &'static [OperationKind],
    from: OperationState,
    event: OperationEvent,
    to: OperationState,
) -> Transition {
    let ledger = LedgerEffect::None;
    let callback = CallbackEffect::None;
    Transition { kinds, from, event, to, ledger, callback }
}

const fn told(row: Transition) -> Transition {
    Transition { callback: Owed, ..row }
}

const fn settled(row: Transition) -> Transition {
    Transition { ledger: Settle, callback: Owed, ..row }
}

/// The table. Order is for reading.
pub const TRANSITIONS: &[Transition] = &[
    // Before the provider: our rules and missing data.
    told(row(OPENING, S::Accepted, E::Reject, S::Rejected)),
    told(row(FOLLOWING, S::Accepted, E::Decline, S::Declined)),
    told(row(OPENING, S::Accepted, E::Clarify, S::Clarifying)),
    told(row(OPENING, S::Clarifying, E::Clarify, S::Clarifying)),
    row(OPENING, S::Clarifying, E::Clarified, S::Accepted),
    told(row(OPENING, S::Clarifying, E::ClarificationTimedOut, S::Declined)),
    // The call.
    row(EVERY, S::Accepted, E::Send, S::Sending),
    row(EVERY, S::Sending, E::NotSent, S::Accepted),
    row(EVERY, S::Sending, E::LoseTrack, S::Unknown),
    row(EVERY, S::Unknown, E::NotSent, S::Accepted),
    told(row(OPENING, S::Sending, E::Redirect, S::Redirected)),
    told(row(OPENING, S::Unknown, E::Redirect, S::Redirected)),
    told(row(OPENING, S::Sending, E::Authenticate, S::Authenticating)),
    told(row(OPENING, S::Unknown, E::Authenticate, S::Authenticating)),
    // The payer's answer is taken to the provider.
    row(OPENING, S::Authenticating, E::Send, S::Sending),
    row(SALE, S::Sending, E::Instruct, S::Instructed),
    row(SALE, S::Unknown, E::Instruct, S::Instructed),
    row(EVERY, S::Sending, E::Pend, S::Pending),
    row(EVERY, S::Unknown, E::Pend, S::Pending),
    // The outcome, from wherever it was waited for; a notification may come early.
    settled(row(EVERY, S::Sending, E::Approve, S::Approved)),
    settled(row(EVERY, S::Unknown, E::Approve, S::Approved)),
    settled(row(EVERY, S::Pending, E::Approve, S::Approved)),
    settled(row(OPENING, S::Redirected, E::Approve, S::Approved)),
    settled(row(SALE, S::Instructed, E::Approve, S::Approved)),
    settled(row(OPENING, S::Authenticating, E::Approve, S::Approved)),
    // Whoever asked while it was under way was told that it was not sent; the call knows better.
    settled(row(EVERY, S::Accepted, E::Approve, S::Approved)),
    told(row(EVERY, S::Sending, E::Decline, S::Declined)),
    told(row(EVERY, S::Unknown, E::Decline, S::Declined)),
    told(row(EVERY, S::Pending, E::Decline, S::Declined)),
    told(row(OPENING, S::Redirected, E::Decline, S::Declined)),
    told(row(SALE, S::Instructed, E::Decline, S::Declined)),
    told(row(OPENING, S::Authenticating, E::Decline, S::Declined)),
    // A card that never left us: nobody else has its number, so nothing can move.
    told(row(OPENING, S::Accepted, E::Decline, S::Declined)),
];

/// An event that this state does not allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a {kind} in state {state} does not take the event {event}", kind = .kind.as_str())]
pub struct Rejection {
    /// The kind of operation.
    pub kind: OperationKind,
    /// Its state.
    pub state: OperationState,
    /// What was refused.
    pub event: OperationEvent,
}

/// The row for this state and event.
pub fn next(
    kind: OperationKind,
    state: OperationState,
    event: OperationEvent,
) -> Result<&'static Transition, Rejection> {
    TRANSITIONS
        .iter()
        .find(|row| row.from == state && row.event == event && row.kinds.contains(&kind))
        .ok_or(Rejection { kind, state, event })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn every() -> impl Iterator<Item = (OperationKind, OperationState, OperationEvent)> {
        OperationKind::ALL.iter().flat_map(|kind| {
            OperationState::ALL.iter().flat_map(move |state| {
                OperationEvent::ALL.iter().map(move |event| (*kind, *state, *event))
            })
        })
    }

    #[test]
    fn every_state_and_event_has_at_most_one_answer() {
        for (kind, state, event) in every() {
            let rows = TRANSITIONS
                .iter()
                .filter(|row| row.from == state && row.event == event && row.kinds.contains(&kind))
                .count();
            assert!(rows <= 1, "{kind:?} {state} {event}: {rows} rows");
            assert_eq!(next(kind, state, event).is_ok(), rows == 1);
        }
    }

    #[test]
    fn a_final_state_never_changes() {
        for (kind, state, event) in every().filter(|(_, state, _)| state.is_final()) {
            assert_eq!(next(kind, state, event), Err(Rejection { kind, state, event }));
        }
    }

    #[test]
    fn unknown_ends_only_on_evidence() {
        let evidence = [
            E::NotSent,
            E::Redirect,
            E::Authenticate,
            E::Instruct,
            E::Pend,
            E::Approve,
            E::Decline,
        ];
        for (kind, _, event) in every().filter(|(_, state, _)| *state == S::Unknown) {
            if let Ok(row) = next(kind, S::Unknown, event) {
                assert!(evidence.contains(&row.event), "{event}");
            }
        }
    }

    #[test]
    fn money_moves_on_approval_and_nowhere_else() {
        for row in TRANSITIONS {
            assert_eq!(row.ledger == Settle, row.to == S::Approved, "{row:?}");
        }
    }

    #[test]
    fn what_a_provider_has_done_counts_wherever_its_answer_finds_the_operation() {
        for kind in OperationKind::ALL {
            for state in [S::Accepted, S::Sending, S::Unknown, S::Pending] {
                let end = next(*kind, state, E::Approve).map(|row| (row.to, row.ledger));
                assert_eq!(end, Ok((S::Approved, Settle)), "{kind:?} {state}");
            }
        }
    }

    #[test]
    fn every_end_is_told_and_no_timer_ends_what_a_provider_may_hold() {
        for row in TRANSITIONS {
            assert!(!row.to.is_final() || row.callback == Owed, "{row:?}");
            if row.event == E::ClarificationTimedOut {
                assert_eq!(row.from, S::Clarifying);
            }
        }
    }

    #[test]
    fn every_state_can_be_reached_and_left() {
        for kind in OperationKind::ALL {
            let mut reached = vec![S::Accepted];
            let mut at = 0;
            while let Some(state) = reached.get(at).copied() {
                for row in TRANSITIONS {
                    let leads = row.kinds.contains(kind) && row.from == state;
                    if leads && !reached.contains(&row.to) {
                        reached.push(row.to);
                    }
                }
                at += 1;
            }
            for state in &reached {
                let leaves =
                    TRANSITIONS.iter().any(|row| row.kinds.contains(kind) && row.from == *state);
                assert_eq!(leaves, !state.is_final(), "{kind:?} {state}");
            }
            let expected = match kind {
                OperationKind::Sale => 11,
                OperationKind::Authorization => 10,
                OperationKind::Capture | OperationKind::Void | OperationKind::Refund => 6,
            };
            assert_eq!(reached.len(), expected, "{kind:?} reaches {reached:?}");
        }
    }
}
