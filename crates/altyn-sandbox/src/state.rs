//! Everything the sandbox remembers, behind one lock that is never held across an await.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::bank::Bank;
use crate::faults::Faults;
use crate::ipay::IpayBook;
use crate::outbox::Outbox;
use crate::rbs::RbsBook;

/// What a timer ends; the number is the order's place in its book.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Timer {
    /// An order of the gateway.
    Rbs(usize),
    /// An order of the partner.
    Ipay(usize),
}

/// The whole state. Timers and faults are not written to the file: timers are rebuilt from the
/// orders, faults end with the process.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct State {
    /// Version of the file; 1.
    pub(crate) version: u32,
    /// Added to the clock by `POST /sandbox/clock`, milliseconds.
    pub(crate) offset_ms: i64,
    /// Orders of the gateway.
    pub(crate) rbs: RbsBook,
    /// Orders of the partner.
    pub(crate) ipay: IpayBook,
    /// The bank's messages.
    pub(crate) bank: Bank,
    /// Notifications not delivered yet.
    pub(crate) outbox: Outbox,
    /// What is set to go wrong.
    #[serde(skip)]
    pub(crate) faults: Faults,
    /// When which order ends by itself.
    #[serde(skip)]
    pub(crate) timers: BTreeSet<(i64, Timer)>,
    /// Something changed since the file was written.
    #[serde(skip)]
    pub(crate) dirty: bool,
}

/// The payer's two presses: the button that fits the amount, or «Отмена».
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Press {
    /// Success or Decline, as the amount decides.
    Pay,
    /// The payer goes away.
    Cancel,
}

impl State {
    /// Rebuilds what is not in the file.
    pub(crate) fn after_load(&mut self, now: i64) {
        self.version = 1;
        self.rbs.reindex();
        self.ipay.reindex();
        self.outbox.recover(now);
        let rbs = self.rbs.deadlines().map(|(at, i)| (at, Timer::Rbs(i)));
        let ipay = self.ipay.open_deadlines().map(|(at, i)| (at, Timer::Ipay(i)));
        self.timers = rbs.chain(ipay).collect();
    }

    /// Takes one timer that has run out.
    pub(crate) fn pop_timer(&mut self, now: i64) -> Option<Timer> {
        let (at, _) = self.timers.first().copied()?;
        if at > now {
            return None;
        }
        self.timers.pop_first().map(|(_, timer)| timer)
    }
}
