//! Users of the cabinet: who they are, and what each may do in which project.

use altyn_domain::id::ProjectId;
use altyn_domain::time::Timestamp;

use crate::secret::Secret;

/// Something a user may be allowed to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Right {
    /// See payments, refunds and deliveries.
    View,
    /// Return money.
    Refund,
    /// Take or release held money.
    Capture,
    /// Send callbacks again, ask a provider again.
    Resend,
    /// Say how an operation ended that no provider tells of.
    Settle,
    /// Download registers.
    Export,
    /// See what was sent by the merchant and by providers.
    SeeRequest,
    /// Add users and say what they may do.
    ManageUsers,
    /// Change a project's settings and secrets.
    ManageProject,
}

impl Right {
    /// Every right.
    pub const ALL: &'static [Self] = &[
        Self::View,
        Self::Refund,
        Self::Capture,
        Self::Resend,
        Self::Settle,
        Self::Export,
        Self::SeeRequest,
        Self::ManageUsers,
        Self::ManageProject,
    ];

    /// The stable text form.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::View => "view",
            Self::Refund => "refund",
            Self::Capture => "capture",
            Self::Resend => "resend",
            Self::Settle => "settle",
            Self::Export => "export",
            Self::SeeRequest => "see_request",
            Self::ManageUsers => "manage_users",
            Self::ManageProject => "manage_project",
        }
    }
}

/// What a user is in a project: a set of rights under one name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// Everything.
    Administrator,
    /// Payments, refunds, captures, deliveries, registers.
    Operator,
    /// Looking, and registers.
    Finance,
    /// Looking, what was sent, and deliveries: no money.
    Support,
}

impl Role {
    /// Every role.
    pub const ALL: &'static [Self] =
        &[Self::Administrator, Self::Operator, Self::Finance, Self::Support];

    /// The stable text form.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Administrator => "administrator",
            Self::Operator => "operator",
            Self::Finance => "finance",
            Self::Support => "support",
        }
    }

    /// Reads the text form back.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|role| role.as_str() == text)
    }

    /// What it may do.
    pub const fn rights(self) -> &'static [Right] {
        match self {
            Self::Administrator => Right::ALL,
            Self::Operator => &[
                Right::View,
                Right::Refund,
                Right::Capture,
                Right::Resend,
                Right::Export,
                Right::SeeRequest,
            ],
            Self::Finance => &[Right::View, Right::Export],
            Self::Support => &[Right::View, Right::Resend, Right::SeeRequest],
        }
    }

    /// Whether it may do this.
    pub fn may(self, right: Right) -> bool {
        self.rights().contains(&right)
    }
}

/// A role in a project, or in every project there is and will be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Membership {
    /// The project; `None` is all of them.
    pub project: Option<ProjectId>,
    /// The role.
    pub role: Role,
}

/// A user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Our number.
    pub id: i64,
    /// What he signs in with; unique without regard to case, kept folded.
    pub login: String,
    /// Argon2id, in PHC text form.
    pub password_hash: Secret,
    /// What he may do, and where.
    pub memberships: Vec<Membership>,
    /// Cannot sign in.
    pub disabled: bool,
    /// Must choose a password of his own at the next sign-in.
    pub must_change: bool,
    /// The second factor, once he has set it up.
    pub second_factor: Option<SecondFactor>,
    /// When he was added, real time.
    pub created_at: Timestamp,
    /// What he was read as: every change adds one. 0 for one who is added.
    pub version: i64,
}

/// Codes by time (RFC 6238: SHA-1, 6 digits, 30 seconds), and codes for when the device is lost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecondFactor {
    /// The shared secret, base32; sealed at rest.
    pub secret: Secret,
    /// The number of the last period whose code was used: no code counts twice.
    pub last_step: i64,
    /// SHA-256 of each recovery code that is left, lower-case hexadecimal.
    pub recovery: Vec<String>,
}

impl User {
    /// Whether he may do this in the project.
    pub fn may(&self, right: Right, project: ProjectId) -> bool {
        let holds = |membership: &&Membership| {
            membership.project.is_none_or(|own| own == project) && membership.role.may(right)
        };
        !self.disabled && self.memberships.iter().any(|membership| holds(&membership))
    }

    /// Whether he may do this in every project: what concerns the platform needs that.
    pub fn may_everywhere(&self, right: Right) -> bool {
        let holds =
            |membership: &&Membership| membership.project.is_none() && membership.role.may(right);
        !self.disabled && self.memberships.iter().any(|membership| holds(&membership))
    }

    /// Whether he can sign in with the password that he had when he was read as `before`: what was
    /// proved by it then is proved still.
    pub fn has_password_of(&self, before: &Self) -> bool {
        !self.disabled && self.password_hash == before.password_hash
    }

    /// Which of these projects he may do this in.
    pub fn projects_with(
        &self,
        right: Right,
        all: impl IntoIterator<Item = ProjectId>,
    ) -> Vec<ProjectId> {
        all.into_iter().filter(|project| self.may(right, *project)).collect()
    }
}

/// A signed-in browser. Its cookie is known to the browser alone; kept is its digest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// SHA-256 of the cookie, lower-case hexadecimal.
    pub digest: String,
    /// Whose.
    pub user: i64,
    /// What is still to be done before it opens anything.
    pub stage: SessionStage,
    /// When he signed in, real time.
    pub created_at: Timestamp,
    /// When it was used last, to the minute, real time.
    pub seen_at: Timestamp,
    /// When it ends whatever happens, real time.
    pub expires_at: Timestamp,
    /// The browser's address.
    pub address: String,
    /// What the browser calls itself, cut.
    pub agent: String,
}

/// How far a session has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SessionStage {
    /// The password was right; the second factor is asked for.
    SecondFactor,
    /// A password of his own must be chosen.
    NewPassword,
    /// Everything is open that the user's rights open.
    Open,
}

impl SessionStage {
    /// Every stage.
    pub const ALL: &'static [Self] = &[Self::SecondFactor, Self::NewPassword, Self::Open];

    /// The stable text form.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SecondFactor => "second_factor",
            Self::NewPassword => "new_password",
            Self::Open => "open",
        }
    }

    /// Reads the text form back.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|stage| stage.as_str() == text)
    }
}

/// Sign-ins that failed, of one account or from one address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Failures {
    /// How many since the last success.
    pub count: u32,
    /// When the last was, real time.
    pub last_at: Timestamp,
}
