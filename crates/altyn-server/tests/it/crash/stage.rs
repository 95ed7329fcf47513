//! What these tests stand on: a database, the gateway whose payers press by themselves, a shop and
//! one project that repeats callbacks quickly; and looks at a running node and at the database.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use altyn_testkit::harness::{
    Database, Merchant, Node, ProjectSpec, Setup, Shop, eventually, eventually_within, monotonic,
};

pub use altyn_testkit::random::Random;

use crate::support::{BINARY, Emulators, sql, texts};

/// Where callbacks go in the shop.
pub const CALLBACKS: &str = "/callbacks";
/// Pauses between tries of a callback, seconds: enough of them for a shop that refuses often.
const RETRY_PAUSES: &str = "0,0,1,1,1,1,1,1,1,1,1,1";
/// Between two looks at what takes long.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// How often a long wait says how it goes.
const TELL_EVERY: Duration = Duration::from_secs(5);

/// Everything but the nodes.
pub struct Stage {
    /// Configuration and database.
    pub setup: Setup,
    /// The gateway.
    pub emulators: Emulators,
    /// The receiver of callbacks.
    pub shop: Shop,
    /// The one project.
    pub merchant: Merchant,
}

impl Stage {
    /// Everything started.
    pub fn new(database: Database) -> Self {
        let (shop, bound) = (Shop::start(), Emulators::bind());
        let setup = Setup::new(BINARY, database, &bound.url());
        let merchant = Merchant::new(1, "first secret");
        let mut project = ProjectSpec::test(1, &merchant.secret, &shop.url(CALLBACKS));
        project.retry_pauses = RETRY_PAUSES.to_owned();
        setup.add_project(&project);
        shop.trust(merchant.project, &merchant.secret);
        Self { setup, emulators: bound.serve_pressing(), shop, merchant }
    }

    /// First columns of the rows; they must be texts.
    pub fn rows(&self, sql: &str) -> Vec<String> {
        texts(&self.setup, sql)
    }

    /// A count.
    pub fn count(&self, what: &str) -> u64 {
        let rows = self.rows(&format!("SELECT CAST(count(*) AS TEXT) {what}"));
        rows.first().unwrap().parse().unwrap()
    }

    /// Waits until the database has ended whatever a killed process was in the middle of.
    pub fn alone(&self) {
        if self.setup.database().engine() == "postgres" {
            let others = "FROM pg_stat_activity
                WHERE datname = current_database() AND pid <> pg_backend_pid()";
            eventually("a dead process's connections end", || {
                (self.count(others) == 0).then_some(())
            });
        }
    }

    /// The bytes of a column as lower-case hexadecimal text.
    pub fn hex(&self, column: &str) -> String {
        match self.setup.database().engine() {
            "sqlite" => format!("lower(hex({column}))"),
            _ => format!("encode({column}, 'hex')"),
        }
    }
}

/// Waits until a node sees no job left, whoever holds it.
pub fn quiet(node: &Node, within: Duration) {
    wait_quiet(node, within, || {});
}

/// The same when nobody has died: whatever watches over a call by card, which waits for a minute,
/// is made to look now and finds that it has ended.
pub fn quiet_at_once(stage: &Stage, node: &Node, within: Duration) {
    let look = "UPDATE jobs SET due_at = 0 WHERE kind = 1 AND owner IS NULL";
    wait_quiet(node, within, || sql(&stage.setup, look));
}

fn wait_quiet(node: &Node, within: Duration, each_look: impl Fn()) {
    let began = monotonic();
    let mut told = began;
    eventually_within(within, LOOK_EVERY, "no job is left", || {
        each_look();
        let text = node.metrics();
        let left: Vec<&str> = text
            .lines()
            .filter_map(|line| line.strip_prefix("altyn_jobs_waiting"))
            .filter(|line| line.starts_with('{') && value_of(line) > 0)
            // A hold that nobody captures has its date, days from now.
            .filter(|line| !line.contains("capture_hold"))
            .collect();
        if told.elapsed() >= TELL_EVERY {
            told = monotonic();
            println!("  jobs left after {:.0?}: {}", began.elapsed(), left.join(", "));
        }
        left.is_empty().then_some(())
    });
    println!("  no job left after {:.1?}", began.elapsed());
}

/// The sum of all metrics that begin so.
pub fn sum(node: &Node, beginning: &str) -> u64 {
    let text = node.metrics();
    text.lines().filter(|line| line.starts_with(beginning)).map(value_of).sum()
}

fn value_of(metric: &str) -> u64 {
    metric.rsplit(' ').next().unwrap().parse().unwrap()
}

/// How often a server is killed.
pub fn kills() -> u32 {
    u32::try_from(number_of("ALTYN_TEST_KILLS", 20)).unwrap()
}

/// How often something is done: as a variable says.
pub fn number_of(variable: &str, otherwise: usize) -> usize {
    std::env::var(variable).map_or(otherwise, |text| text.parse().unwrap())
}

/// What all chance of a test comes from: `ALTYN_TEST_SEED`, else another one each time.
pub fn seed() -> u64 {
    let seed = match std::env::var("ALTYN_TEST_SEED") {
        Ok(text) => text.parse().unwrap(),
        Err(_) => RandomState::new().hash_one("seed"),
    };
    println!("  ALTYN_TEST_SEED={seed}");
    seed
}
