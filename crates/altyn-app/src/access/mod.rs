//! People: users, their rights, sessions, the second factor, and the log of what they did.
//!
//! Guaranteed: whoever cannot prove who he is learns nothing, not even whether an account exists;
//! a right is looked up anew for every request; what a person did is in the log in the same
//! transaction, and what was refused him as well.

pub mod accounts;
pub mod audit;
pub mod roster;
mod second_factor;
mod session;
pub mod sign_in;
pub mod throttle;
pub mod user;

use altyn_domain::id::{PaymentId, ProjectId};
use altyn_domain::time::Timestamp;

use audit::{Action, AuditEntry, AuditResult};
use user::{Right, User};

/// Somebody who does something: a user at a browser.
#[derive(Clone, Debug)]
pub struct Actor {
    /// Who, as he stands now.
    pub user: User,
    /// The digest of his session.
    pub session: String,
    /// From where.
    pub address: String,
}

/// The user may not do this.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this needs the right {}", .0.as_str())]
pub struct Denied(pub Right);

impl Actor {
    /// Whether he may do this in the project.
    pub fn may(&self, right: Right, project: ProjectId) -> bool {
        self.user.may(right, project)
    }

    /// An entry of the log about what he does.
    pub fn entry(&self, at: Timestamp, action: Action, detail: impl Into<String>) -> AuditEntry {
        AuditEntry {
            at,
            user: Some(self.user.id),
            login: self.user.login.clone(),
            address: self.address.clone(),
            project: None,
            payment: None,
            operation: None,
            action,
            result: AuditResult::Done,
            detail: detail.into(),
        }
    }
}

impl AuditEntry {
    /// In a project.
    pub fn in_project(mut self, project: ProjectId) -> Self {
        self.project = Some(project);
        self
    }

    /// About a payment.
    pub fn about(mut self, payment: PaymentId) -> Self {
        self.payment = Some(payment);
        self
    }

    /// It was refused.
    pub fn refused(mut self) -> Self {
        self.result = AuditResult::Refused;
        self
    }
}
