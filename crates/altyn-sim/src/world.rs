//! What every part of a run shares: the virtual time, the tasks that wait, the history.
//!
//! Guaranteed: nothing here reads a clock, sleeps or starts a thread. Time moves only when nobody
//! can go on ([`crate::run`]), and the same seed moves everything in the same order.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Display;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use altyn_domain::time::Timestamp;
use altyn_testkit::clock::START;
use altyn_testkit::random::Random;

use crate::weather::Weather;

/// A task: what a process, a server or a person does, step by step.
pub type Work = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Whose task it is: it dies with its owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// The shop, the bank, the payers: they do not crash.
    World,
    /// A node, by the number of its life.
    Node(u64),
}

/// One line of the history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Milliseconds since the run began.
    pub at_ms: i64,
    /// Which payment it is about, as the shop names it; empty when it is about all.
    pub about: String,
    /// What happened.
    pub text: String,
}

/// What is shared.
pub struct World {
    /// What may go wrong.
    pub weather: Weather,
    now_ms: AtomicI64,
    fair: AtomicBool,
    timers: Mutex<BTreeMap<(i64, u64), Waker>>,
    spawned: Mutex<Vec<(Owner, Work)>>,
    chance: Mutex<Random>,
    history: Mutex<Vec<Line>>,
    names: Mutex<HashMap<i64, String>>,
    counts: Mutex<BTreeMap<String, u64>>,
    serial: AtomicU64,
}

/// Locks, even after a panic of another holder: a run that failed is only looked at.
pub fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl World {
    /// A world at its beginning.
    pub fn new(seed: u64, weather: Weather) -> Self {
        Self {
            weather,
            now_ms: AtomicI64::new(START.as_millis()),
            fair: AtomicBool::new(false),
            timers: Mutex::default(),
            spawned: Mutex::default(),
            chance: Mutex::new(Random::new(seed, 1)),
            history: Mutex::default(),
            names: Mutex::default(),
            counts: Mutex::default(),
            serial: AtomicU64::new(0),
        }
    }

    /// The virtual time.
    pub fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.now_ms.load(Ordering::Relaxed))
    }

    /// Milliseconds since the run began.
    pub fn elapsed_ms(&self) -> i64 {
        self.now().as_millis() - START.as_millis()
    }

    /// From now on nothing goes wrong any more: what is owed must come to its end.
    pub fn clear_up(&self) {
        self.fair.store(true, Ordering::Relaxed);
        self.note("", "nothing goes wrong from here on");
    }

    /// Nothing goes wrong any more.
    pub fn is_fair(&self) -> bool {
        self.fair.load(Ordering::Relaxed)
    }

    /// Lets chance decide something.
    pub fn chance<T>(&self, draw: impl FnOnce(&mut Random) -> T) -> T {
        draw(&mut locked(&self.chance))
    }

    /// True so many times of a thousand, and never once the faults are over. What comes true is
    /// counted under `name`.
    pub fn strikes(&self, name: &str, per_mille: u64) -> bool {
        let strikes = per_mille > 0 && !self.is_fair() && self.chance(|by| by.per_mille(per_mille));
        if strikes {
            self.count(name);
        }
        strikes
    }

    /// Counts something that happened.
    pub fn count(&self, name: &str) {
        let mut counts = locked(&self.counts);
        match counts.get_mut(name) {
            Some(count) => *count += 1,
            None => drop(counts.insert(name.to_owned(), 1)),
        }
    }

    /// What was counted.
    pub fn counts(&self) -> BTreeMap<String, u64> {
        locked(&self.counts).clone()
    }

    /// A number that nobody else was given.
    pub fn serial(&self) -> u64 {
        self.serial.fetch_add(1, Ordering::Relaxed)
    }

    /// Writes a line of the history.
    pub fn note(&self, about: &str, text: impl Display) {
        let line =
            Line { at_ms: self.elapsed_ms(), about: about.to_owned(), text: text.to_string() };
        locked(&self.history).push(line);
    }

    /// The history so far.
    pub fn history(&self) -> Vec<Line> {
        locked(&self.history).clone()
    }

    /// An operation belongs to this payment of the shop.
    pub fn name(&self, operation: i64, payment: &str) {
        locked(&self.names).entry(operation).or_insert_with(|| payment.to_owned());
    }

    /// The shop's name of the payment that this operation belongs to.
    pub fn name_of(&self, operation: i64) -> String {
        locked(&self.names).get(&operation).cloned().unwrap_or_default()
    }

    /// A task that goes on beside the others.
    pub fn spawn(&self, owner: Owner, work: impl Future<Output = ()> + Send + 'static) {
        locked(&self.spawned).push((owner, Box::pin(work)));
    }

    /// Tasks that were spawned since the last time.
    pub fn take_spawned(&self) -> Vec<(Owner, Work)> {
        std::mem::take(&mut locked(&self.spawned))
    }

    /// Lets others go on, and goes on itself after so long.
    pub fn pause(&self, ms: u64) -> Pause<'_> {
        let ms = i64::try_from(ms).unwrap_or(i64::MAX / 4);
        Pause { world: self, until: self.now_ms.load(Ordering::Relaxed) + ms, known: false }
    }

    /// A short way through a network, or a moment's thought.
    pub fn moment(&self) -> Pause<'_> {
        let most = if self.is_fair() { 0 } else { self.weather.delay_max_ms };
        self.pause(self.chance(|by| by.between(0, most)))
    }

    /// When somebody waits to go on next, milliseconds.
    pub fn next_timer(&self) -> Option<i64> {
        locked(&self.timers).keys().next().map(|(at, _)| *at)
    }

    /// Time goes on to `at_ms`, or stands, and whoever waited till then is woken.
    pub fn go_on_to(&self, at_ms: i64) {
        let now = self.now_ms.fetch_max(at_ms, Ordering::Relaxed).max(at_ms);
        let mut timers = locked(&self.timers);
        let later = timers.split_off(&(now + 1, 0));
        let due = std::mem::replace(&mut *timers, later);
        drop(timers);
        due.into_values().for_each(Waker::wake);
    }
}

/// A wait in virtual time; others go on first, however short it is.
pub struct Pause<'w> {
    world: &'w World,
    until: i64,
    known: bool,
}

impl Future for Pause<'_> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.known && self.world.now_ms.load(Ordering::Relaxed) >= self.until {
            return Poll::Ready(());
        }
        self.known = true;
        let key = (self.until, self.world.serial());
        locked(&self.world.timers).insert(key, context.waker().clone());
        Poll::Pending
    }
}
