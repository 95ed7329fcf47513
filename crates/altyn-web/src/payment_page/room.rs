//! Room for what payers' browsers hold open: so much in all, and so much for one payment.
//!
//! One payer with many tabs, or somebody who repeats one address, takes no more than his share.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use altyn_domain::id::PaymentId;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

type Counts = Arc<Mutex<HashMap<PaymentId, u32>>>;

/// The room there is: cheap to clone, each clone is the same room.
#[derive(Clone, Debug)]
pub struct Room {
    all: Arc<Semaphore>,
    for_one: u32,
    taken: Counts,
}

/// A place in it; given back when it is dropped.
#[derive(Debug)]
pub struct Slot {
    payment: PaymentId,
    taken: Counts,
    _held: OwnedSemaphorePermit,
}

impl Room {
    pub(super) fn new(in_all: usize, for_one: u32) -> Self {
        Self { all: Arc::new(Semaphore::new(in_all)), for_one, taken: Counts::default() }
    }

    /// A place for one more about this payment; `None` when there is none, or the room is closed.
    pub fn slot(&self, payment: PaymentId) -> Option<Slot> {
        let held = Arc::clone(&self.all).try_acquire_owned().ok()?;
        let mut counts = locked(&self.taken);
        let count = counts.get(&payment).copied().unwrap_or(0);
        if count >= self.for_one {
            return None;
        }
        counts.insert(payment, count + 1);
        Some(Slot { payment, taken: Arc::clone(&self.taken), _held: held })
    }

    /// Gives no more places.
    pub fn close(&self) {
        self.all.close();
    }

    /// Whether it was closed.
    pub fn is_closed(&self) -> bool {
        self.all.is_closed()
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut counts = locked(&self.taken);
        let left = counts.remove(&self.payment).unwrap_or(0).saturating_sub(1);
        if left > 0 {
            counts.insert(self.payment, left);
        }
    }
}

/// Whoever panicked with the lock has left whole numbers behind.
fn locked(counts: &Mutex<HashMap<PaymentId, u32>>) -> MutexGuard<'_, HashMap<PaymentId, u32>> {
    counts.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_payment_has_its_share_and_all_have_theirs() {
        let room = Room::new(3, 2);
        let [one, other] = [1, 2].map(PaymentId::new);
        let first = room.slot(one).unwrap();
        let second = room.slot(one).unwrap();
        assert!(room.slot(one).is_none());
        let third = room.slot(other).unwrap();
        assert!(room.slot(other).is_none(), "there is room for three in all");
        drop(first);
        let again = room.clone().slot(one).unwrap();
        assert!(room.slot(one).is_none());
        drop((second, third, again));
        assert!(locked(&room.taken).is_empty(), "nothing is kept of payments that have left");
        room.close();
        assert!(room.is_closed() && room.slot(one).is_none());
    }
}
