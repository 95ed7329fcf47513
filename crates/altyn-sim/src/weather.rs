//! What can go wrong in a run, and how hard: drawn from the seed, or switched off by name.

use altyn_testkit::random::Random;

/// A class of faults.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Fault {
    /// Nodes die between any two steps, the database with all of them, and come back later.
    Crashes,
    /// Messages are refused, lost, late, or arrive twice, both to the bank and to the shop.
    Network,
    /// The store refuses, or fails before or after it has written.
    Store,
    /// The shop refuses callbacks, for minutes or for hours.
    Shop,
    /// A node's clock is an hour ahead or behind for a while.
    Clocks,
    /// The bank notifies twice, late by days or never, declines what it had accepted, and says so of
    /// what is still open.
    Bank,
    /// Operators act beside the shop: refund, capture, release, ask, resend, settle, move the clock.
    People,
}

impl Fault {
    /// Every class.
    pub const ALL: &'static [Self] = &[
        Self::Crashes,
        Self::Network,
        Self::Store,
        Self::Shop,
        Self::Clocks,
        Self::Bank,
        Self::People,
    ];

    /// Its name on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Crashes => "crashes",
            Self::Network => "network",
            Self::Store => "store",
            Self::Shop => "shop",
            Self::Clocks => "clocks",
            Self::Bank => "bank",
            Self::People => "people",
        }
    }

    /// Reads the name back.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|fault| fault.as_str() == text)
    }
}

/// How a run is to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// How many payments the shop asks for.
    pub payments: u64,
    /// Classes of faults that stay away, whatever the seed says.
    pub without: Vec<Fault>,
}

impl Default for Config {
    /// So many payments that they meet each other, so few that a history can be read.
    fn default() -> Self {
        Self { payments: 8, without: Vec::new() }
    }
}

/// How hard each fault is in this run, times of a thousand unless it says otherwise. A class that is
/// away is all zeroes.
#[derive(Clone, Debug, Default)]
pub struct Weather {
    /// A message is not let in at all, and whoever sent it knows.
    pub refused: u64,
    /// A message never arrives, or its answer does not.
    pub lost: u64,
    /// A message arrives once more, later.
    pub replayed: u64,
    /// A message arrives after whoever sent it has given up.
    pub overdue: u64,
    /// The longest way of a message, milliseconds.
    pub delay_max_ms: u64,
    /// A node dies at a step; of a hundred thousand.
    pub crash: u64,
    /// The longest that a dead node stays away, milliseconds.
    pub away_max_ms: u64,
    /// The store fails before it wrote.
    pub store_fails: u64,
    /// The store fails after it wrote: whoever asked is not told that it did.
    pub store_forgets: u64,
    /// A callback is refused.
    pub callback_refused: u64,
    /// The shop stands still for so long now and then, milliseconds.
    pub shop_down_ms: u64,
    /// A clock jumps at a step; of a hundred thousand.
    pub clock_jumps: u64,
    /// The bank does not notify.
    pub silent: u64,
    /// The bank notifies again.
    pub chatty: u64,
    /// The bank notifies after days.
    pub tardy: u64,
    /// The bank says «declined» of an order that may still be paid.
    pub lies: u64,
    /// The bank declines a refund or a capture.
    pub declines: u64,
    /// Operators act so many times.
    pub actions: u64,
}

impl Weather {
    /// What this seed brings. Of the classes that are not switched off a third stays away, so that
    /// each is met with and without the others.
    pub fn of(seed: u64, config: &Config) -> Self {
        let mut weather = Self::default();
        for (part, fault) in (0_u64..).zip(Fault::ALL) {
            let mut random = Random::new(seed, 1_000 + part);
            let away = random.one_in(3);
            if away || config.without.contains(fault) {
                continue;
            }
            weather.bring(*fault, &mut random);
        }
        weather
    }

    fn bring(&mut self, fault: Fault, random: &mut Random) {
        match fault {
            Fault::Crashes => {
                self.crash = random.between(20, 500);
                self.away_max_ms = random.between(0, 90_000);
            }
            Fault::Network => {
                self.refused = random.between(0, 150);
                self.lost = random.between(0, 300);
                self.replayed = random.between(0, 500);
                self.overdue = random.between(0, 100);
                self.delay_max_ms = random.between(0, 5_000);
            }
            Fault::Store => {
                self.store_fails = random.between(0, 60);
                self.store_forgets = random.between(0, 60);
            }
            Fault::Shop => {
                self.callback_refused = random.between(0, 700);
                self.shop_down_ms = random.between(0, 6 * 3_600_000);
            }
            Fault::Clocks => self.clock_jumps = random.between(20, 500),
            Fault::Bank => {
                self.silent = random.between(0, 500);
                self.chatty = random.between(0, 500);
                self.tardy = random.between(0, 200);
                self.lies = random.between(0, 80);
                self.declines = random.between(0, 150);
            }
            Fault::People => self.actions = random.between(1, 20),
        }
    }

    /// Whether anything at all can go wrong with a message.
    pub const fn is_calm(&self) -> bool {
        self.refused + self.lost + self.replayed + self.overdue == 0
    }
}
