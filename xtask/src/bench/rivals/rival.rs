//! One program that creates payments: started, loaded, and what it used.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};

use super::install::Installed;
use crate::bench::database::{self, Engine};
use crate::bench::load::{self, Arrivals, Load, Requests, Same};
use crate::bench::processes::{Running, free_address};
use crate::bench::sale::{Amount, SIGNED_PER_SECOND, Sales, WARM_UP};
use crate::bench::site::Site;
use crate::bench::usage::{self, Cpu};
use crate::bench::{Bench, report};

/// Medusa's database; one that was left behind is replaced.
const MEDUSA: &str = "altyn_bench_medusa";
/// The key with which a shop's pages ask Medusa.
const KEY: &str = "pk_bench";
/// More payment sessions a second than Medusa makes: so many collections are put there.
const COLLECTIONS_PER_SECOND: u64 = 2_000;
/// How long a rival is loaded before its first turn: programs that compile as they go need it.
const FIRST_WARM_UP: Duration = Duration::from_secs(3);
/// How long Medusa may take to make its tables.
const PATIENCE: Duration = Duration::from_secs(600);

/// Everything measured.
#[derive(Default)]
pub struct Contest {
    /// Samples by who and what, one a round.
    pub samples: BTreeMap<(&'static str, &'static str), Vec<f64>>,
    /// Who was not there, and why.
    pub skipped: Vec<String>,
    /// Answers that were not 200.
    pub errors: Vec<String>,
}

impl Contest {
    fn add(&mut self, who: &'static str, what: &'static str, value: f64) {
        self.samples.entry((who, what)).or_default().push(value);
    }

    /// Whether everybody answered everything.
    pub fn is_clean(&self) -> bool {
        self.errors.is_empty()
    }
}

/// Which one.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Who {
    Medusa,
    Localstripe,
    StripeStatefulMock,
}

impl Who {
    /// Under this name it stands in the table.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Medusa => MEDUSA_NAME,
            Self::Localstripe => LOCALSTRIPE,
            Self::StripeStatefulMock => STRIPE_STATEFUL_MOCK,
        }
    }
}

/// Ours on its two databases, and the others, as they stand in the table.
pub const ALTYN_SQLITE: &str = "Altyn, SQLite";
/// The same on a server.
pub const ALTYN_POSTGRES: &str = "Altyn, PostgreSQL";
/// With its database.
pub const MEDUSA_NAME: &str = "Medusa, PostgreSQL";
/// In memory.
pub const LOCALSTRIPE: &str = "localstripe, memory";
/// In memory.
pub const STRIPE_STATEFUL_MOCK: &str = "stripe-stateful-mock, memory";

/// A rival that runs.
pub struct Rival {
    who: Who,
    running: Running,
    address: SocketAddr,
    turns: u64,
}

impl Rival {
    /// Starts everybody who is installed; who does not start is skipped and named.
    pub async fn start_all(
        bench: &Bench,
        installed: &Installed,
        contest: &mut Contest,
    ) -> Vec<Self> {
        let mut rivals = Vec::new();
        for who in [Who::Medusa, Who::StripeStatefulMock, Who::Localstripe] {
            match Self::start(bench, installed, who).await {
                Ok(rival) => rivals.extend(rival),
                Err(error) => {
                    let text = format!("{}: {error:#}", who.name());
                    report::note(&format!("skipped: {text}"));
                    contest.skipped.push(text);
                }
            }
        }
        rivals
    }

    async fn start(bench: &Bench, installed: &Installed, who: Who) -> Result<Option<Self>> {
        let address = free_address()?;
        let port = address.port().to_string();
        let mut command = match (who, &installed.node, &installed.python) {
            (Who::Medusa, Some(folder), _) => {
                report::note("Medusa makes its tables");
                prepare_medusa(bench, folder).await?;
                let mut command = medusa(bench, folder)?;
                command.args(["start", "-H", "127.0.0.1", "-p", &port]);
                command
            }
            (Who::StripeStatefulMock, Some(folder), _) => {
                let mut command =
                    Command::new(folder.join("node_modules/.bin/stripe-stateful-mock"));
                command.current_dir(folder).env("PORT", &port).env("LOG_LEVEL", "error");
                command.env("NODE_ENV", "production");
                command
            }
            (Who::Localstripe, _, Some((python, script))) => {
                let mut command = Command::new(python);
                command.arg(script).args(["--from-scratch", "--port", &port]);
                command
            }
            (Who::Medusa | Who::StripeStatefulMock | Who::Localstripe, _, _) => return Ok(None),
        };
        let log = bench.dir.path().join(format!("rival-{port}.log"));
        let mut running = Running::start(&mut command, &log)?;
        running.listening(address, PATIENCE).await?;
        Ok(Some(Self { who, running, address, turns: 0 }))
    }

    /// Its turn.
    pub async fn measure(&mut self, bench: &Bench, contest: &mut Contest) -> Result<()> {
        report::note(&format!("  {}", self.who.name()));
        if self.turns == 0 {
            let warm_up = self.load(bench, FIRST_WARM_UP);
            load::run(warm_up, self.requests(bench).await?).await?;
        }
        let requests = self.requests(bench).await?;
        let before = self.used(bench).await?;
        let outcome = load::run(self.load(bench, bench.length), requests).await?;
        let after = self.used(bench).await?;
        note(contest, self.who.name(), &outcome, before, after);
        Ok(())
    }

    fn load(&self, bench: &Bench, length: Duration) -> Load {
        Load {
            address: self.address,
            connections: bench.fewest(),
            arrivals: Arrivals::AtOnce,
            warm_up: WARM_UP,
            length,
        }
    }

    async fn requests(&mut self, bench: &Bench) -> Result<Arc<dyn Requests>> {
        self.turns += 1;
        let host = self.address;
        let form = |path: &str, body: &str| {
            format!(
                "POST {path} HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer sk_test_bench\r\n\
                 content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n{body}",
                body.len()
            )
        };
        Ok(match self.who {
            Who::Medusa => {
                let seconds = (bench.length.max(FIRST_WARM_UP) + WARM_UP).as_secs() + 1;
                let count = seconds * COLLECTIONS_PER_SECOND;
                let url = medusa_url(bench)?;
                let first = self.turns << 32;
                database::run(&url, &collections(first, count)).await?;
                Arc::new(Sessions { host, next: AtomicU64::new(first), end: first + count })
            }
            Who::Localstripe => {
                Arc::new(Same(form("/v1/payment_intents", "amount=150000&currency=rub").into()))
            }
            Who::StripeStatefulMock => {
                let body = "amount=150000&currency=rub&source=tok_visa";
                Arc::new(Same(form("/v1/charges", body).into()))
            }
        })
    }

    async fn used(&self, bench: &Bench) -> Result<(Cpu, Option<Cpu>)> {
        let own = usage::cpu_with_children(self.running.id())?;
        let database = match self.who {
            Who::Medusa => database::cpu_of(&medusa_url(bench)?).await?,
            Who::Localstripe | Who::StripeStatefulMock => None,
        };
        Ok((own, database))
    }

    /// Ends it, and what it kept.
    pub async fn stop(self, bench: &Bench) -> Result<()> {
        self.running.kill().await?;
        if self.who == Who::Medusa {
            let server = bench.postgres.as_deref().context("no PostgreSQL server")?;
            database::drop_on(server, MEDUSA).await?;
        }
        Ok(())
    }
}

/// Ours: a signed sale on a new database, with no worker running, as the others have none.
pub async fn ours(bench: &Bench, engine: Engine, contest: &mut Contest) -> Result<()> {
    let who = match engine {
        Engine::Sqlite => ALTYN_SQLITE,
        Engine::Postgres => ALTYN_POSTGRES,
    };
    report::note(&format!("  {who}"));
    let site = Site::make(bench, engine, None, None).await?;
    let server = site.start(false).await?;
    let seconds = (bench.length + WARM_UP).as_secs_f64().ceil() as usize;
    let host = site.address.to_string();
    let sales = Sales::sign(&host, Amount::Paid, 0, seconds * SIGNED_PER_SECOND)?;
    let load = Load {
        address: site.address,
        connections: bench.fewest(),
        arrivals: Arrivals::AtOnce,
        warm_up: WARM_UP,
        length: bench.length,
    };
    let before = (usage::cpu(server.id())?, site.database.cpu().await?);
    let outcome = load::run(load, Arc::new(sales)).await?;
    let after = (usage::cpu(server.id())?, site.database.cpu().await?);
    ensure!(outcome.answered > 0, "no sale was accepted: {}", server.said());
    note(contest, who, &outcome, before, after);
    server.stop().await?;
    site.remove().await
}

type Spent = (Cpu, Option<Cpu>);

fn note(
    contest: &mut Contest,
    who: &'static str,
    outcome: &load::Outcome,
    before: Spent,
    after: Spent,
) {
    let each = |now: Cpu, then: Cpu| {
        now.total().saturating_sub(then.total()) as f64 / outcome.answered.max(1) as f64
    };
    let database = after.1.zip(before.1).map(|(now, then)| each(now, then));
    contest.add(who, "per_s", outcome.per_second);
    contest.add(who, "p50_ms", outcome.p50_ms);
    contest.add(who, "p99_ms", outcome.p99_ms);
    contest.add(who, "server_us", each(after.0, before.0));
    if let Some(database) = database {
        contest.add(who, "database_us", database);
    }
    contest.add(who, "cpu_us", each(after.0, before.0) + database.unwrap_or(0.0));
    if let Some(first) = &outcome.first_error {
        contest.errors.push(format!("{who}: {} errors, the first: {first}", outcome.errors));
    }
}

/// Payment sessions, each the first of a collection.
struct Sessions {
    host: SocketAddr,
    next: AtomicU64,
    end: u64,
}

impl Requests for Sessions {
    fn next(&self, buffer: &mut Vec<u8>) -> bool {
        const BODY: &str = "{\"provider_id\":\"pp_system_default\"}";
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        if number >= self.end {
            return false;
        }
        let (host, length) = (self.host, BODY.len());
        let request = format!(
            "POST /store/payment-collections/pay_col_{number}/payment-sessions HTTP/1.1\r\n\
             host: {host}\r\nx-publishable-api-key: {KEY}\r\ncontent-type: application/json\r\n\
             content-length: {length}\r\n\r\n{BODY}"
        );
        buffer.clear();
        buffer.extend_from_slice(request.as_bytes());
        true
    }
}

/// What is paid for: Medusa makes one for each cart, which is not what is compared.
fn collections(first: u64, count: u64) -> String {
    format!(
        "INSERT INTO payment_collection (id, currency_code, amount, raw_amount)
         SELECT 'pay_col_' || n, 'usd', 1500, '{{\"value\":\"1500\",\"precision\":20}}'
         FROM generate_series({first}::bigint, {}::bigint) AS n",
        first + count - 1
    )
}

fn medusa_url(bench: &Bench) -> Result<String> {
    database::with_name(bench.postgres.as_deref().context("no PostgreSQL server")?, MEDUSA)
}

fn medusa(bench: &Bench, folder: &Path) -> Result<Command> {
    let mut command = Command::new(folder.join("node_modules/.bin/medusa"));
    command
        .current_dir(folder)
        .env("DATABASE_URL", medusa_url(bench)?)
        .env("MEDUSA_DISABLE_TELEMETRY", "1")
        .env("NODE_ENV", "production");
    Ok(command)
}

async fn prepare_medusa(bench: &Bench, folder: &Path) -> Result<()> {
    let server = bench.postgres.as_deref().context("no PostgreSQL server")?;
    database::make_on(server, MEDUSA).await?;
    let mut command = medusa(bench, folder)?;
    command.args(["db:migrate", "--skip-scripts"]);
    let running = Running::start(&mut command, &bench.dir.path().join("medusa-migrate.log"))?;
    running.finish(PATIENCE).await.context("medusa db:migrate")?;
    let key = format!(
        "INSERT INTO api_key (id, token, salt, redacted, title, type, created_by)
         VALUES ('apk_bench', '{KEY}', '', 'pk_***', 'bench', 'publishable', 'bench')"
    );
    database::run(&medusa_url(bench)?, &key).await
}
