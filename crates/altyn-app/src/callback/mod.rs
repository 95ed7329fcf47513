//! Callbacks owed to merchants: rows, from the moment the change they tell of is committed.
//!
//! Guaranteed: at least once, signed, with identical bytes on every try, each try on record.
//! Attempted only: soon, and in order.

use altyn_domain::callback::is_good_news;
use altyn_domain::id::{CallbackId, OperationId, PaymentId, ProjectId};
use altyn_domain::payment::{CallbackWishes, Operation, OperationState};
use altyn_domain::project::Project;
use altyn_domain::time::Timestamp;

/// Where a callback stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CallbackState {
    /// To be delivered.
    Owed,
    /// The merchant, or for a letter our mail server, took it.
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
    /// Where to; `mailto:` and an address for a letter.
    pub url: String,
    /// The signed body; for a letter its texts.
    pub body: Vec<u8>,
    /// When it became owed, real time.
    pub created_at: Timestamp,
    /// How it goes.
    pub progress: CallbackProgress,
}

/// In what words a callback was made; its address and its first bytes tell, so that nothing is
/// kept beside them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wording<'a> {
    /// A signed JSON document.
    Json,
    /// A form of PayKeeper.
    Form,
    /// A letter to this address.
    Letter(&'a str),
}

/// How the address of a letter begins.
const LETTER: &str = "mailto:";
/// How every form begins, and no JSON document.
const FORM: &[u8] = b"id=";

impl Callback {
    /// In what words it was made.
    pub fn wording(&self) -> Wording<'_> {
        match self.url.strip_prefix(LETTER) {
            Some(address) => Wording::Letter(address),
            None if self.body.starts_with(FORM) => Wording::Form,
            None => Wording::Json,
        }
    }
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
    /// The status of HTTP or, for a letter, of SMTP, if an answer came.
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

/// How a merchant is told of something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channel<'a> {
    /// By a callback to this address.
    Address(&'a str),
    /// By a letter to this one.
    Letter(&'a str),
}

impl Channel<'_> {
    /// What is kept as the callback's address.
    pub fn url(self) -> String {
        match self {
            Self::Address(url) => url.to_owned(),
            Self::Letter(address) => format!("{LETTER}{address}"),
        }
    }
}

/// How the merchant is told of an operation as it stands: at an address, if there is one and his
/// dialect tells such things there; a letter is for good news where no address is known. `None`
/// when he is not told.
pub fn channel<'a>(
    project: &'a Project,
    wishes: &'a CallbackWishes,
    operation: &Operation,
) -> Option<Channel<'a>> {
    let (kind, state) = (operation.kind, operation.state);
    match callback_url(wishes, project.callback_url.as_deref(), state) {
        Some(url) => project.dialect.tells(kind, state).then_some(Channel::Address(url)),
        None if wishes.disabled || !is_good_news(kind, state) => None,
        None => project.notify_email.as_deref().map(Channel::Letter),
    }
}

/// The lane of an address: callbacks to one host share a limit, and wait for nobody else. So do
/// letters, which all go by one mail server.
pub fn lane_of(url: &str) -> i64 {
    lane(if url.starts_with(LETTER) { LETTER } else { host_of(url) })
}

/// The host of an address, with its port and whatever stands before it; of a letter, the domain.
pub fn host_of(url: &str) -> &str {
    if let Some(address) = url.strip_prefix(LETTER) {
        return address.rsplit_once('@').map_or(address, |(_, domain)| domain);
    }
    let host = url.split_once("//").map_or(url, |(_, rest)| rest);
    let end = host.find(['/', '?', '#']).unwrap_or(host.len());
    host.get(..end).unwrap_or(host)
}

/// A stable 63-bit number of a name (FNV-1a), for lanes of jobs.
pub fn lane(name: &str) -> i64 {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    for byte in name.bytes() {
        hash = (hash ^ u64::from(byte.to_ascii_lowercase())).wrapping_mul(0x0100_0000_01b3);
    }
    i64::try_from(hash >> 1).unwrap_or(0)
}
