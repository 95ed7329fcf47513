//! Work that must happen: rows claimed by lease, so that a dead worker's work is done by another.
//!
//! A job is known by its kind and subject, so there is one at most of each. Its lease is its due
//! time: a leased job is due again when the lease runs out. Whoever finishes a job writes the
//! outcome and the job's end in one changeset, which is refused when the lease was lost meanwhile.
//! The lease only saves work; that nothing is done twice rests on the keys given to providers.

mod ask_outcome;
mod call_provider;
mod capture;
mod deliver;
mod expire;
mod resend;
mod run;
mod settle;

use altyn_domain::id::{CallbackId, OperationId, PaymentId, ProjectId};
use altyn_domain::payment::decide::Work;
use altyn_domain::time::{SECOND_MS, Timestamp};

pub(crate) use ask_outcome::ask_now;
pub use resend::resend;
pub(crate) use run::{Evidence, provider_call, write_evidence};
pub use run::{JobReport, run_job};
pub use settle::{SettleError, SettledAs, settle};

/// How long a job is leased for: longer than any call it makes (30 s, 35 s with connecting).
pub const LEASE_MS: i64 = 60 * SECOND_MS;

/// What a job does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum JobKind {
    /// Give an operation to its provider.
    CallProvider,
    /// Ask the provider what became of an operation.
    AskOutcome,
    /// Deliver a callback.
    DeliverCallback,
    /// Decline an operation whose missing data has not come.
    ExpireClarification,
    /// Capture a hold that nobody captured or released.
    CaptureHold,
}

impl JobKind {
    /// Every kind.
    pub const ALL: &'static [Self] = &[
        Self::CallProvider,
        Self::AskOutcome,
        Self::DeliverCallback,
        Self::ExpireClarification,
        Self::CaptureHold,
    ];

    /// The stable text form.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CallProvider => "call_provider",
            Self::AskOutcome => "ask_outcome",
            Self::DeliverCallback => "deliver_callback",
            Self::ExpireClarification => "expire_clarification",
            Self::CaptureHold => "capture_hold",
        }
    }

    /// The number it is stored under; never reused.
    pub const fn number(self) -> i64 {
        match self {
            Self::CallProvider => 1,
            Self::AskOutcome => 2,
            Self::DeliverCallback => 3,
            Self::ExpireClarification => 4,
            Self::CaptureHold => 5,
        }
    }

    /// Whether a wake that came while it was worked on is a reason to look again: a notification
    /// after the answer, a payer's answer after the look.
    pub const fn heeds_wakes(self) -> bool {
        matches!(self, Self::AskOutcome | Self::CallProvider)
    }

    /// Reads the number back.
    pub fn from_number(number: i64) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.number() == number)
    }
}

impl From<Work> for JobKind {
    fn from(work: Work) -> Self {
        match work {
            Work::CallProvider => Self::CallProvider,
            Work::AskOutcome => Self::AskOutcome,
            Work::ExpireClarification => Self::ExpireClarification,
            Work::CaptureHold => Self::CaptureHold,
        }
    }
}

/// A job to add. If there is one of this kind and subject already, it is woken: due no later than
/// this, even when it is being worked on and its worker puts it off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewJob {
    /// What.
    pub kind: JobKind,
    /// The operation's or callback's number.
    pub subject: i64,
    /// Whose.
    pub project: ProjectId,
    /// Of which payment.
    pub payment: PaymentId,
    /// Jobs of one lane share a limit.
    pub lane: i64,
    /// When, real time.
    pub due_at: Timestamp,
}

/// A job under our lease.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// What.
    pub kind: JobKind,
    /// The operation's or callback's number.
    pub subject: i64,
    /// Whose.
    pub project: ProjectId,
    /// Of which payment.
    pub payment: PaymentId,
    /// Jobs of one lane share a limit.
    pub lane: i64,
    /// How often it was put off.
    pub attempts: i64,
    /// Our lease.
    pub lease: Lease,
    /// How often it had been woken when we claimed it.
    pub wakes: i64,
}

impl Job {
    /// The operation it is about, for the kinds that are about one.
    pub const fn operation(&self) -> OperationId {
        OperationId::new(self.subject)
    }

    /// The callback it delivers.
    pub const fn callback(&self) -> CallbackId {
        CallbackId::new(self.subject)
    }

    /// The end of this job by success.
    pub fn done(&self) -> JobEnd {
        JobEnd { job: self.clone(), next: JobNext::Done }
    }

    /// Puts this job off.
    pub fn again(&self, due_at: Timestamp, error: Option<String>) -> JobEnd {
        JobEnd { job: self.clone(), next: JobNext::Again { due_at, error } }
    }
}

/// Who holds a job, and until when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// The worker's name.
    pub owner: String,
    /// When it runs out; also the token, with the owner, that proves the lease.
    pub until: Timestamp,
}

/// What becomes of a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobEnd {
    /// The job under its lease.
    pub job: Job,
    /// Done, or again.
    pub next: JobNext,
}

/// Done, or again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JobNext {
    /// Remove it.
    Done,
    /// Give the lease back, due later; at once if it was woken meanwhile.
    Again {
        /// When, real time.
        due_at: Timestamp,
        /// Why, for operators.
        error: Option<String>,
    },
}

/// The start of a claim that passes over nothing.
pub const FROM_THE_FIRST: Timestamp = Timestamp::from_millis(i64::MIN);

/// Which jobs to lease.
#[derive(Clone, Debug)]
pub struct Claim {
    /// Of these kinds.
    pub kind: JobKind,
    /// For whom.
    pub owner: String,
    /// Due by now.
    pub now: Timestamp,
    /// Due no earlier than this: what was due before was looked at already.
    pub since: Timestamp,
    /// Leased until then.
    pub until: Timestamp,
    /// At most so many.
    pub limit: u32,
    /// Not from these lanes: they have as many in flight as they may.
    pub busy_lanes: Vec<i64>,
}

/// How one kind of job stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JobStats {
    /// The kind.
    pub kind: JobKind,
    /// Jobs in all.
    pub waiting: i64,
    /// How long the oldest has been due, milliseconds; zero when none is.
    pub oldest_due_ms: i64,
}
