//! What commands leave in the audit log: whoever may run them is known to the machine, not to us.

use altyn_app::access::audit::{Action, AuditEntry, AuditResult};
use altyn_app::ports::Clock as _;

use crate::node::clock;

/// The longest detail of an entry, characters.
const DETAIL_MAX_CHARS: usize = 2_000;

/// An entry about what a command does.
pub fn entry(action: Action, detail: &str) -> AuditEntry {
    AuditEntry {
        at: clock().now(),
        user: None,
        login: "command line".to_owned(),
        address: String::new(),
        project: None,
        payment: None,
        operation: None,
        action,
        result: AuditResult::Done,
        detail: detail.chars().take(DETAIL_MAX_CHARS).collect(),
    }
}
