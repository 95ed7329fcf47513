//! What every test here stands on: the databases, the emulated providers, and a [`World`] of both
//! with a node, a shop and merchants. The processes and the merchant's side are in
//! `altyn_testkit::harness`.

pub mod browser;
pub mod cabinet;
pub mod cluster;
mod emulators;
mod postgres;
pub mod proxy;
pub mod script;

use std::collections::BTreeMap;
use std::path::PathBuf;

use altyn_testkit::harness::bodies::{ALFA_SALE, CARD_SALE, alfa_sale, card_sale};
use altyn_testkit::harness::http::Answer;
use altyn_testkit::harness::{
    Callback, Database, Merchant, Node, ProjectSpec, Setup, Shop, eventually,
};
use serde_json::Value;

pub use emulators::{Emulators, Provider};
pub use postgres::{database_behind_proxy, query};

/// The binary under test.
pub const BINARY: &str = env!("CARGO_BIN_EXE_altyn");

/// The two databases a node can stand on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// A file in a temporary folder.
    Sqlite,
    /// A database on the server at `ALTYN_TEST_POSTGRES`.
    Postgres,
}

impl Engine {
    /// A new database. `None` where there is no PostgreSQL server, with a word about it; under
    /// `CI=true` that is a failure.
    pub fn database(self) -> Option<Database> {
        match self {
            Self::Sqlite => Some(Database::sqlite()),
            Self::Postgres => postgres::database(),
        }
    }
}

/// Makes two tests of each scenario `fn name(world: &World)` (or `&mut World`): one on SQLite, one
/// on PostgreSQL. Each gets a world of its own, and what every world must show at its end is
/// checked by [`World::finish`].
macro_rules! on_both_databases {
    ($($name:ident),+ $(,)?) => {
        mod sqlite {
            $(#[test] fn $name() { $crate::support::run($crate::support::Engine::Sqlite, super::$name); })+
        }
        mod postgres {
            $(#[test] fn $name() { $crate::support::run($crate::support::Engine::Postgres, super::$name); })+
        }
    };
}

/// Runs a scenario in a new world on `engine`.
pub fn run(engine: Engine, scenario: impl FnOnce(&mut World)) {
    if let Some(database) = engine.database() {
        let mut world = World::start(database);
        scenario(&mut world);
        world.finish();
    }
}

/// Where callbacks of the three projects go in the shop.
pub const CALLBACKS: &str = "/callbacks";
/// Of the second project.
pub const OTHER_CALLBACKS: &str = "/other";
/// Of the project with the instruction scenario.
pub const INSTRUCTING_CALLBACKS: &str = "/instructing";

/// A node with its database, the providers, a shop and three test projects. Nodes come before the
/// rest, so that they are gone before what they talk to.
pub struct World {
    /// The node.
    pub node: Node,
    /// Its configuration.
    pub setup: Setup,
    /// The providers.
    pub emulators: Emulators,
    /// The receiver of callbacks.
    pub shop: Shop,
    /// Project 1: both methods, by redirect.
    pub merchant: Merchant,
    /// Project 2: the same.
    pub other: Merchant,
    /// Project 3: alfa-click by instruction, nothing else.
    pub instructing: Merchant,
}

impl World {
    /// Everything started and ready.
    pub fn start(database: Database) -> Self {
        Self::start_with(database, &[])
    }

    /// The same with configuration of the node by environment.
    pub fn start_with(database: Database, environment: &[(&str, &str)]) -> Self {
        Self::start_keeping(database, environment, None)
    }

    /// The same with a file for the emulators' memory.
    pub fn start_keeping(
        database: Database,
        environment: &[(&str, &str)],
        state_file: Option<PathBuf>,
    ) -> Self {
        let (shop, bound) = (Shop::start(), Emulators::bind());
        let setup = Setup::new(BINARY, database, &bound.url());
        let merchant = Merchant::new(1, "first secret");
        let other = Merchant::new(2, "второй секрет");
        let instructing = Merchant::new(3, "third-secret-0123456789");
        let paths = [CALLBACKS, OTHER_CALLBACKS, INSTRUCTING_CALLBACKS];
        for (merchant, path) in [&merchant, &other, &instructing].into_iter().zip(paths) {
            let project = ProjectSpec::test(merchant.project, &merchant.secret, &shop.url(path));
            let is_instructing = path == INSTRUCTING_CALLBACKS;
            setup.add_project(&if is_instructing { project.instructing() } else { project });
            shop.trust(merchant.project, &merchant.secret);
        }
        let node = Node::start_with(&setup, environment);
        let notify = node.url("/providers/partner/notify");
        let emulators = match state_file {
            Some(file) => bound.serve_keeping(&notify, file),
            None => bound.serve(&notify),
        };
        Self { node, setup, emulators, shop, merchant, other, instructing }
    }

    /// A sale by Alfa-Click up to the payer's redirect; gives that callback.
    pub fn alfa_redirected(&self, payment_id: &str, amount: i64) -> Callback {
        self.merchant.accepted(&self.node, ALFA_SALE, &alfa_sale(payment_id, amount));
        self.shop.wait_status(payment_id, "awaiting redirect result")
    }

    /// A sale by Alfa-Click that the payer pays; gives the callback of the success.
    pub fn alfa_paid(&self, payment_id: &str, amount: i64) -> Callback {
        let redirect = self.alfa_redirected(payment_id, amount);
        self.emulators.press(Provider::Rbs, &order_id(&redirect), "pay");
        self.shop.wait_status(payment_id, "success")
    }

    /// A sale by card that the payer pays; gives the callback of the success.
    pub fn card_paid(&self, payment_id: &str, amount: i64) -> Callback {
        self.merchant.accepted(&self.node, CARD_SALE, &card_sale(payment_id, amount));
        let redirect = self.shop.wait_status(payment_id, "awaiting redirect result");
        let order = self.emulators.open_form(&redirect);
        self.emulators.press(Provider::Ipay, &order, "pay");
        self.shop.wait_status(payment_id, "success")
    }

    /// Waits until `/v2/payment/status` shows the payment in this status, and gives the document.
    pub fn eventually_shown(&self, whose: &Merchant, payment_id: &str, status: &str) -> Value {
        eventually(&format!("{payment_id} is shown as {status:?}"), || {
            let document = whose.status(&self.node, payment_id);
            (document["payment"]["status"] == status).then_some(document)
        })
    }

    /// The first project posts all of these at one moment; gives the answers in order.
    pub fn at_once(&self, requests: &[(&'static str, Value)]) -> Vec<Answer> {
        let (merchant, node) = (&self.merchant, &self.node);
        let start = std::sync::Barrier::new(requests.len());
        let post = |(path, body): &(&'static str, Value)| {
            start.wait();
            merchant.post(node, path, body)
        };
        std::thread::scope(|scope| {
            let posts: Vec<_> =
                requests.iter().map(|request| scope.spawn(|| post(request))).collect();
            posts.into_iter().map(|post| post.join().unwrap()).collect()
        })
    }

    /// Runs a statement on the database beside the node.
    pub fn sql(&self, statement: &str) {
        sql(&self.setup, statement);
    }

    /// What every world must show at its end: the node stops in order, the books are right, nobody
    /// was charged twice, and (unless an outcome is unknown) the books have what the providers
    /// have. Gives the report of the check.
    pub fn finish(self) -> Value {
        let Self { node, setup, emulators, mut shop, .. } = self;
        shop.close();
        node.stop();
        let report = setup.check();
        emulators.nobody_was_charged_twice();
        if report["unknown"] == 0 {
            assert_eq!(receivable(&setup), emulators.net(), "what we and the providers hold");
        }
        report
    }
}

/// The gateway's order that a redirect callback leads to.
pub fn order_id(redirect: &Callback) -> String {
    let url = redirect.body["redirect_data"]["url"].as_str().unwrap();
    let url = url::Url::parse(url).unwrap();
    url.query_pairs().find(|(name, _)| name == "orderId").unwrap().1.into_owned()
}

/// What the books say that providers owe, by currency, without what is zero.
fn receivable(setup: &Setup) -> BTreeMap<String, i64> {
    let sum = "CAST(SUM(debit_minor) - SUM(credit_minor) AS TEXT)";
    let sql = format!(
        "SELECT currency || ':' || {sum} FROM balances WHERE account = 'provider_receivable' \
         GROUP BY currency"
    );
    let rows = texts(setup, &sql);
    let pairs = rows.iter().map(|row| row.split_once(':').unwrap());
    let sums = pairs.map(|(currency, sum)| (currency.to_owned(), sum.parse().unwrap()));
    sums.filter(|(_, sum)| *sum != 0).collect()
}

/// A payment's status in the list, which is fed in the background; `None` before it is there.
pub fn listed_status(setup: &Setup, project: u32, reference: &str) -> Option<String> {
    let sql = format!(
        "SELECT status FROM listing WHERE project = {project} AND reference = '{reference}'"
    );
    match setup.database().folder() {
        Some(folder) => {
            // The server makes it, a little later than the database itself.
            let is_there = rusqlite::OpenFlags::SQLITE_OPEN_READ_WRITE;
            let path = folder.join("altyn.db.listing");
            let file = rusqlite::Connection::open_with_flags(path, is_there).ok()?;
            file.query_row(&sql, [], |row| row.get(0)).ok()
        }
        None => query(setup.database().url(), &sql).pop(),
    }
}

/// Runs a statement on a database beside its nodes.
pub fn sql(setup: &Setup, statement: &str) {
    match setup.database().folder() {
        Some(folder) => sqlite(folder).execute_batch(statement).unwrap(),
        None => drop(query(setup.database().url(), statement)),
    }
}

/// What a query finds on a database beside its nodes: the first column, which must be text.
pub fn texts(setup: &Setup, sql: &str) -> Vec<String> {
    let Some(folder) = setup.database().folder() else {
        return query(setup.database().url(), sql);
    };
    let connection = sqlite(folder);
    let mut statement = connection.prepare(sql).unwrap();
    let rows = statement.query_map([], |row| row.get(0)).unwrap();
    rows.collect::<Result<_, _>>().unwrap()
}

fn sqlite(folder: &std::path::Path) -> rusqlite::Connection {
    let connection = rusqlite::Connection::open(folder.join("altyn.db")).unwrap();
    connection.busy_timeout(altyn_testkit::harness::PATIENCE).unwrap();
    connection
}
