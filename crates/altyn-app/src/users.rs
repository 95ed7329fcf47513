//! Users of the cabinet, as an administrator makes them.

use altyn_domain::time::Timestamp;

use crate::secret::Secret;

/// What a user may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Everything.
    Administrator,
    /// Payments, refunds, deliveries.
    Operator,
    /// Looking, and exports.
    Finance,
}

impl Role {
    /// Every role.
    pub const ALL: &'static [Self] = &[Self::Administrator, Self::Operator, Self::Finance];

    /// The stable text form.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Administrator => "administrator",
            Self::Operator => "operator",
            Self::Finance => "finance",
        }
    }

    /// Reads the text form back.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|role| role.as_str() == text)
    }
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
    /// What he may do.
    pub role: Role,
    /// Cannot sign in.
    pub disabled: bool,
    /// Must choose a password of his own at the next sign-in.
    pub must_change: bool,
    /// When he was added, real time.
    pub created_at: Timestamp,
}
