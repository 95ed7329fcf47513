//! Notifications waiting to be sent: when each is due, how often it was tried, what is held.
//!
//! A notification is a finished address: it is signed when the fact happens and the same bytes go
//! out at each try (providers.md §1.11: six tries, the wait doubles from one second).

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};

/// How the receiver's answer is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Accepted {
    /// Delivered by HTTP 200 only (RBS).
    Only200,
    /// Delivered by 2xx and by a redirect: a `cbk` may be a page for browsers (iPay, **chosen**).
    AnySuccess,
}

/// One GET to be made.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Notification {
    /// The full address with its parameters.
    pub(crate) url: String,
    /// What counts as delivered.
    pub(crate) accepted: Accepted,
    /// Tries made so far.
    #[serde(default)]
    pub(crate) tries: u32,
}

/// Tries in all.
const MAX_TRIES: u32 = 6;

/// The queue. Due times are the sandbox clock's milliseconds.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Outbox {
    due: BTreeMap<i64, VecDeque<Notification>>,
    held: Vec<Notification>,
    /// Those taken and not yet reported back, by ticket: a restart sends them again.
    #[serde(default)]
    flying: BTreeMap<u64, Notification>,
    #[serde(default)]
    next_ticket: u64,
}

impl Outbox {
    /// Puts one in, due at `at`.
    pub(crate) fn push(&mut self, at: i64, notification: Notification) {
        self.due.entry(at).or_default().push_back(notification);
    }

    /// Puts one aside until [`Outbox::release`].
    pub(crate) fn hold(&mut self, notification: Notification) {
        self.held.push(notification);
    }

    /// Makes all held ones due; how many.
    pub(crate) fn release(&mut self, now: i64) -> usize {
        let held = std::mem::take(&mut self.held);
        let n = held.len();
        for notification in held {
            self.push(now, notification);
        }
        n
    }

    /// After a restart: what was on its way is due again.
    pub(crate) fn recover(&mut self, now: i64) {
        for (_, notification) in std::mem::take(&mut self.flying) {
            self.push(now, notification);
        }
    }

    /// Takes at most `limit` due ones, oldest first, each with the ticket to report it by.
    pub(crate) fn take_due(&mut self, now: i64, limit: usize) -> Vec<(u64, Notification)> {
        let mut out = Vec::new();
        while out.len() < limit {
            let Some(mut slot) = self.due.first_entry().filter(|s| *s.key() <= now) else { break };
            let Some(notification) = slot.get_mut().pop_front() else {
                slot.remove();
                continue;
            };
            if slot.get().is_empty() {
                slot.remove();
            }
            let ticket = self.next_ticket;
            self.next_ticket += 1;
            self.flying.insert(ticket, notification.clone());
            out.push((ticket, notification));
        }
        out
    }

    /// Reports a try: a failed one is due again after 1, 2, 4, 8, 16 seconds, then given up.
    pub(crate) fn report(&mut self, ticket: u64, delivered: bool, now: i64) {
        let Some(mut notification) = self.flying.remove(&ticket) else { return };
        notification.tries += 1;
        if delivered {
            return;
        }
        if notification.tries >= MAX_TRIES {
            tracing::warn!(tries = notification.tries, "notification given up");
            return;
        }
        let wait = 1_000_i64 << (notification.tries - 1);
        self.push(now + wait, notification);
    }

    /// Gives back one that was taken but not tried.
    pub(crate) fn put_back(&mut self, ticket: u64, now: i64) {
        if let Some(notification) = self.flying.remove(&ticket) {
            self.due.entry(now).or_default().push_front(notification);
        }
    }

    /// How many wait, are held, are on their way.
    pub(crate) fn counts(&self) -> (usize, usize, usize) {
        (self.due.values().map(VecDeque::len).sum(), self.held.len(), self.flying.len())
    }
}

#[cfg(test)]
mod tests {
    //! The schedule of tries.

    use super::*;

    fn one() -> Notification {
        Notification { url: "http://x/".to_owned(), accepted: Accepted::Only200, tries: 0 }
    }

    #[test]
    fn six_tries_doubling_from_a_second() {
        let mut outbox = Outbox::default();
        outbox.push(0, one());
        let mut now = 0;
        let mut sent_at = Vec::new();
        while now < 60_000 {
            for (ticket, _) in outbox.take_due(now, 10) {
                sent_at.push(now);
                outbox.report(ticket, false, now);
            }
            now += 500;
        }
        assert_eq!(sent_at, [0, 1_000, 3_000, 7_000, 15_000, 31_000]);
        assert_eq!(outbox.counts(), (0, 0, 0));
    }

    #[test]
    fn what_flew_during_a_stop_is_sent_again() {
        let mut outbox = Outbox::default();
        outbox.push(0, one());
        assert_eq!(outbox.take_due(0, 10).len(), 1);
        outbox.recover(5);
        assert_eq!(outbox.take_due(5, 10).len(), 1);
    }
}
