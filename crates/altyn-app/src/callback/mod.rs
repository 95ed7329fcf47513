//! Callbacks owed to merchants: rows, from the moment the change they tell of is committed.
//!
//! Guaranteed: at least once, signed, with identical bytes on every try, each try on record.
//! Attempted only: soon, and in order.

use altyn_domain::id::{CallbackId, OperationId, PaymentId, ProjectId};
use altyn_domain::payment::{CallbackWishes, OperationState};
use altyn_domain::time::Timestamp;

/// Where a callback stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CallbackState {
    /// To be delivered.
    Owed,
    /// The merchant answered 200.
    Delivered,
    /// The plan is exhausted; resend by hand.
    GivenUp,
}

impl CallbackState {
    /// Every state.
    pub const ALL: &'static [Self] = &[Self::Owed, Self::Delivered, Self::GivenUp];

    /// The stable text form.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Owed => "owed",
            Self::Delivered => "delivered",
            Self::GivenUp => "given_up",
        }
    }

    /// Reads the text form back.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|state| state.as_str() == text)
    }
}

/// A callback: what must be told, to whom, word for word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Callback {
    /// Its number, stable over all tries.
    pub id: CallbackId,
    /// Whose.
    pub project: ProjectId,
    /// About which payment.
    pub payment: PaymentId,
    /// About which operation.
    pub operation: OperationId,
    /// The operation's state it tells of.
    pub told: OperationState,
    /// Where to.
    pub url: String,
    /// The signed body.
    pub body: Vec<u8>,
    /// When it became owed, real time.
    pub created_at: Timestamp,
    /// How it goes.
    pub progress: CallbackProgress,
}

/// How the delivery of a callback goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallbackProgress {
    /// Where it stands.
    pub state: CallbackState,
    /// Tries made by the plan since it was owed or resent by hand.
    pub attempts: u32,
    /// When it ended, real time.
    pub ended_at: Option<Timestamp>,
}

/// One try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallbackAttempt {
    /// Of which callback.
    pub callback: CallbackId,
    /// When it began, real time.
    pub at: Timestamp,
    /// How long it took, milliseconds.
    pub duration_ms: i64,
    /// The HTTP status, if an answer came.
    pub status: Option<u16>,
    /// The first 4 KiB of the answer.
    pub answer: Vec<u8>,
    /// What went wrong.
    pub error: Option<String>,
}

/// Which callbacks to list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallbackFilter {
    /// Of this project only.
    pub project: Option<ProjectId>,
    /// Of this payment only.
    pub payment: Option<PaymentId>,
    /// In this state only.
    pub state: Option<CallbackState>,
    /// Older than this one: the key of the next page.
    pub before: Option<CallbackId>,
    /// At most so many.
    pub limit: u32,
}

/// Where a callback about an operation in `state` goes: the address for that final result, else
/// the request's own, else the project's (ecommpay.md §3.4). `None` when there is nowhere to send
/// it or the merchant asked for none.
pub fn callback_url<'a>(
    wishes: &'a CallbackWishes,
    project_url: Option<&'a str>,
    state: OperationState,
) -> Option<&'a str> {
    if wishes.disabled {
        return None;
    }
    let by_result = match state {
        OperationState::Approved => wishes.success_url.as_deref(),
        OperationState::Declined => wishes.decline_url.as_deref(),
        OperationState::Accepted
        | OperationState::Clarifying
        | OperationState::Sending
        | OperationState::Unknown
        | OperationState::Redirected
        | OperationState::Instructed
        | OperationState::Authenticating
        | OperationState::Pending
        | OperationState::Rejected => None,
    };
    by_result.or(wishes.url.as_deref()).or(project_url)
}

/// The lane of an address: callbacks to one host share a limit, and wait for nobody else.
pub fn lane_of(url: &str) -> i64 {
    let host = url.split_once("//").map_or(url, |(_, rest)| rest);
    let end = host.find(['/', '?', '#']).unwrap_or(host.len());
    lane(host.get(..end).unwrap_or(host))
}

/// A stable 63-bit number of a name (FNV-1a), for lanes of jobs.
pub fn lane(name: &str) -> i64 {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    for byte in name.bytes() {
        hash = (hash ^ u64::from(byte.to_ascii_lowercase())).wrapping_mul(0x0100_0000_01b3);
    }
    i64::try_from(hash >> 1).unwrap_or(0)
}
