//! Sending callbacks again by hand: at once, with the same bytes, the plan of tries anew.

use altyn_domain::time::Timestamp;

use crate::callback::Callback;
use crate::changeset::Changeset;
use crate::context::delivery_job;

/// What begins the delivery of these callbacks anew. What was given up is owed again from now on,
/// so that a payment is given up only while nobody tries (paykeeper.md §4, `stuck` to `obtained`);
/// what the merchant took once stays taken until a try tells otherwise.
pub fn resend(callbacks: &[Callback], now: Timestamp) -> Changeset {
    Changeset {
        callbacks_anew: callbacks.iter().map(|callback| callback.id).collect(),
        jobs: callbacks.iter().map(|callback| delivery_job(callback, now)).collect(),
        ..Changeset::default()
    }
}
