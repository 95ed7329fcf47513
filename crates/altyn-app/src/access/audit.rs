//! The audit log: what people did and what they were refused, chained by hash.
//!
//! An entry is written with what it tells of, in one changeset. A sealer numbers entries one after
//! another and gives each a hash over itself and the one before it (ruling 17), so that a changed,
//! removed or reordered entry shows. Guaranteed: a sealed entry cannot be altered unseen by who
//! cannot rewrite every later one as well; only attempted: that the newest, unsealed for about a
//! second, is not removed.

use altyn_domain::id::{OperationId, PaymentId, ProjectId};
use altyn_domain::time::Timestamp;
use sha2::{Digest as _, Sha256};

/// What a person did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEntry {
    /// When, real time.
    pub at: Timestamp,
    /// Who; `None` when it was not established (a sign-in that failed, the command line).
    pub user: Option<i64>,
    /// The login, as it was then; `command line` for commands.
    pub login: String,
    /// From where.
    pub address: String,
    /// In which project.
    pub project: Option<ProjectId>,
    /// About which payment.
    pub payment: Option<PaymentId>,
    /// About which operation.
    pub operation: Option<OperationId>,
    /// A stable word: [`Action::as_str`].
    pub action: Action,
    /// Whether it was done.
    pub result: AuditResult,
    /// The facts for a person: sums, names, a reason; never a secret. At most 2,000 characters.
    pub detail: String,
}

/// Whether it was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AuditResult {
    /// It was.
    Done,
    /// It was refused.
    Refused,
}

impl AuditResult {
    /// The stable text form.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Refused => "refused",
        }
    }

    /// Reads the text form back.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Done, Self::Refused].into_iter().find(|result| result.as_str() == text)
    }
}

macro_rules! actions {
    ($($(#[$about:meta])* $name:ident = $text:literal),+ $(,)?) => {
        /// What people do that is kept.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Action { $($(#[$about])* $name),+ }

        impl Action {
            /// Every action.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// The stable text form.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text),+ }
            }

            /// Reads the text form back.
            pub fn parse(text: &str) -> Option<Self> {
                match text { $($text => Some(Self::$name),)+ _ => None }
            }
        }
    };
}

actions! {
    /// Signing in.
    SignIn = "sign_in",
    /// Signing out, here or everywhere.
    SignOut = "sign_out",
    /// Choosing a password.
    ChangePassword = "change_password",
    /// Setting the second factor up, or taking it off.
    ChangeSecondFactor = "change_second_factor",
    /// Returning money.
    Refund = "refund",
    /// Taking held money.
    Capture = "capture",
    /// Releasing held money.
    Void = "void",
    /// Sending callbacks again.
    Resend = "resend",
    /// Asking the provider what became of an operation.
    AskProvider = "ask_provider",
    /// Saying how an operation ended.
    Settle = "settle",
    /// Making a register.
    Export = "export",
    /// Fetching a register.
    Download = "download",
    /// Adding or changing a user.
    ChangeUser = "change_user",
    /// Changing a project's settings.
    ChangeProject = "change_project",
    /// Making a new secret.
    RotateSecret = "rotate_secret",
    /// Moving a test project's clock.
    MoveClock = "move_clock",
    /// Looking at something.
    Look = "look",
}

/// An entry as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredAudit {
    /// The order of writing.
    pub id: i64,
    /// The entry.
    pub entry: AuditEntry,
    /// Its place in the chain, from 1, once it is sealed.
    pub seal: Option<Seal>,
}

/// A place in the chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seal {
    /// 1, 2, 3…
    pub position: i64,
    /// SHA-256 over the previous hash and the entry, lower-case hexadecimal.
    pub hash: String,
}

/// Which entries to list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// Of these projects only, besides entries of no project when `platform` says so.
    pub projects: Option<Vec<ProjectId>>,
    /// About this payment only.
    pub payment: Option<PaymentId>,
    /// Of this user only.
    pub user: Option<i64>,
    /// This action only.
    pub action: Option<Action>,
    /// Older than this one: the key of the next page.
    pub before: Option<i64>,
    /// At most so many.
    pub limit: u32,
}

/// What the chain begins with.
pub const CHAIN_START: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// The seal that follows `previous` (its position and hash; zero and [`CHAIN_START`] at first).
pub fn seal((position, previous): (i64, &str), id: i64, entry: &AuditEntry) -> Seal {
    let mut digest = Sha256::new();
    let mut put = |text: &str| {
        // With its length, so that no two entries read alike.
        digest.update((text.len() as u64).to_be_bytes());
        digest.update(text.as_bytes());
    };
    let number = |number: Option<i64>| number.map_or(String::new(), |number| number.to_string());
    put(previous);
    put(&(position + 1).to_string());
    put(&id.to_string());
    put(&entry.at.as_millis().to_string());
    put(&number(entry.user));
    put(&entry.login);
    put(&entry.address);
    put(&number(entry.project.map(|project| i64::from(project.get()))));
    put(&number(entry.payment.map(PaymentId::get)));
    put(&number(entry.operation.map(OperationId::get)));
    put(entry.action.as_str());
    put(entry.result.as_str());
    put(&entry.detail);
    let hash = digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    Seal { position: position + 1, hash }
}

/// What is wrong with the chain.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChainBreach {
    /// An entry's hash is not what its content and its predecessor give.
    #[error("audit entry {id} at position {position} was changed, or follows another than it did")]
    Changed {
        /// Its number.
        id: i64,
        /// Its place.
        position: i64,
    },
    /// A place in the chain is empty.
    #[error("audit position {position} is missing")]
    Missing {
        /// The place.
        position: i64,
    },
}

/// Walks the chain, page by page.
#[derive(Clone, Debug)]
pub struct ChainWalk {
    position: i64,
    hash: String,
}

impl Default for ChainWalk {
    fn default() -> Self {
        Self { position: 0, hash: CHAIN_START.to_owned() }
    }
}

impl ChainWalk {
    /// The place that was reached and its hash; an operator may note it elsewhere.
    pub fn head(&self) -> (i64, &str) {
        (self.position, &self.hash)
    }

    /// Takes the next sealed entry, in the order of positions.
    pub fn step(&mut self, stored: &StoredAudit) -> Vec<ChainBreach> {
        let Some(found) = &stored.seal else { return Vec::new() };
        let mut breaches: Vec<ChainBreach> = (self.position + 1..found.position)
            .map(|position| ChainBreach::Missing { position })
            .take(100)
            .collect();
        let previous = (found.position - 1, self.hash.as_str());
        if breaches.is_empty() && seal(previous, stored.id, &stored.entry) != *found {
            breaches.push(ChainBreach::Changed { id: stored.id, position: found.position });
        }
        self.position = found.position;
        self.hash.clone_from(&found.hash);
        breaches
    }
}
