//! The clock as a port.

use altyn_domain::time::Timestamp;

/// Tells the real time. A test project's own time is made from it by its offset.
pub trait Clock: Send + Sync {
    /// Now.
    fn now(&self) -> Timestamp;
}
