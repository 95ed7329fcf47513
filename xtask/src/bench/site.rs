//! A platform set up for one measurement: a database, a configuration, a project; and its server.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde::Deserialize;

use super::database::{Database, Engine};
use super::processes::{Running, free_address};
use super::usage::{self, Cpu};
use super::{Bench, now};

/// The project that sells.
pub const PROJECT: u32 = 1;
/// Its secret. It opens nothing anywhere else.
pub const SECRET: &str = "the secret of a project that only the benchmark has";
/// The methods it sells by: its Payment Page offers both, sales at the Gate are by the first.
const METHODS: [&str; 2] = ["alfa-click=bank", "card=bank"];
/// The account at the emulated gateway, as `altyn sandbox` has it when nothing is said.
const ACCOUNT: &str = "user = \"altyn-api\"\npassword = \"sandbox-password\"\n\
                       callback_key = \"sandbox-callback-key\"\n";

/// How a command may end when it takes long.
const COMMAND_WITHIN: Duration = Duration::from_secs(300);
/// How long millions of payments may take to be made.
const MAKING_WITHIN: Duration = Duration::from_secs(3_600);

/// The platform, not necessarily running.
pub struct Site {
    pub engine: Engine,
    pub database: Database,
    pub address: SocketAddr,
    altyn: PathBuf,
    dir: PathBuf,
}

/// Its server.
pub struct Server {
    running: Running,
    /// From its start until it was ready.
    pub cold_start: Duration,
}

/// What the server and its database used between two moments.
#[derive(Clone, Copy, Debug)]
pub struct Used {
    server: Cpu,
    database: Option<Cpu>,
    written: Option<u64>,
}

/// What each of so many requests used.
#[derive(Clone, Copy, Debug)]
pub struct Each {
    /// The server's time, microseconds.
    pub server_us: f64,
    /// Of it in the kernel.
    pub server_kernel_us: f64,
    /// The database's, if it is a process of its own on this machine.
    pub database_us: Option<f64>,
    /// Of it in the kernel.
    pub database_kernel_us: Option<f64>,
    /// Bytes written.
    pub written: Option<f64>,
}

/// What `altyn check` found.
#[derive(Debug, Deserialize)]
pub struct Check {
    pub payments: u64,
    pub unknown: u64,
    pub callbacks_owed: u64,
    pub breaches: Vec<serde_json::Value>,
}

impl Site {
    /// Sets it up. Without a provider nothing listens where the account points to; without an
    /// address for callbacks none are owed.
    pub async fn make(
        bench: &Bench,
        engine: Engine,
        provider: Option<SocketAddr>,
        callback_url: Option<&str>,
    ) -> Result<Self> {
        let site = Self::empty(bench, engine, "site").await?;
        site.set_up(provider, callback_url).await?;
        Ok(site)
    }

    /// As [`Self::make`], with neither a provider nor an address, beside another site.
    pub async fn make_beside(bench: &Bench, engine: Engine) -> Result<Self> {
        let site = Self::empty(bench, engine, "beside").await?;
        site.set_up(None, None).await?;
        Ok(site)
    }

    async fn set_up(&self, provider: Option<SocketAddr>, callback: Option<&str>) -> Result<()> {
        let provider = provider.map_or_else(free_address, Ok)?;
        std::fs::write(self.dir.join("altyn.toml"), self.configuration(provider))
            .context("the configuration cannot be written")?;
        self.command(&["migrate"]).await?;
        self.add_project(&METHODS, callback).await
    }

    /// Adds the project that sells.
    pub async fn add_project(&self, methods: &[&str], callback: Option<&str>) -> Result<()> {
        let project = PROJECT.to_string();
        let mut add = vec!["project", "add", "--id", &project, "--test", "true"];
        add.extend(["--secret-env", "BENCH_SECRET"]);
        add.extend(methods.iter().flat_map(|method| ["--method", method]));
        if let Some(url) = callback {
            add.extend(["--callback-url", url]);
        }
        self.command(&add).await.map(drop)
    }

    /// The demonstration's own: with its projects, its user, and so many payments of the year past.
    pub async fn of_demo(bench: &Bench, engine: Engine, payments: u64) -> Result<Self> {
        let site = Self::empty(bench, engine, "site").await?;
        let payments = payments.to_string();
        let dir = site.dir.display().to_string();
        let mut arguments = vec!["demo", "--dir", &dir, "--payments", &payments];
        let url = site.database.url();
        if engine == Engine::Postgres {
            arguments.extend(["--database", &url]);
        }
        site.command_within(MAKING_WITHIN, &arguments).await?;
        Ok(site)
    }

    /// A folder and a database of this name.
    async fn empty(bench: &Bench, engine: Engine, name: &str) -> Result<Self> {
        let dir = bench.dir.path().join(name);
        if dir.exists() {
            std::fs::remove_dir_all(&dir).context("the last folder cannot be removed")?;
        }
        std::fs::create_dir(&dir).context("no folder could be made")?;
        let server = bench.postgres.as_deref();
        let database = Database::make(engine, &dir, server, &format!("altyn_bench_{name}")).await?;
        Ok(Self { engine, database, address: free_address()?, altyn: bench.altyn.clone(), dir })
    }

    /// A file beside its configuration.
    pub fn read(&self, name: &str) -> Result<String> {
        std::fs::read_to_string(self.dir.join(name)).with_context(|| format!("{name} of the site"))
    }

    fn configuration(&self, provider: SocketAddr) -> String {
        let (address, url) = (self.address, self.database.url());
        let keys = self.dir.join("altyn.keys");
        format!(
            "[server]\nlisten = \"{address}\"\npublic_url = \"http://{address}\"\n\
             [store]\nurl = {url:?}\n\
             [keys]\nfile = {keys:?}\n\
             [callbacks]\nallow = [\"127.0.0.0/8\"]\n\
             [providers.bank]\nkind = \"rbs\"\nwire_id = 1310\nendpoint_id = \"bank\"\n\
             base_url = \"http://{provider}/payment/rest\"\n{ACCOUNT}"
        )
    }

    fn altyn(&self) -> Command {
        let mut command = Command::new(&self.altyn);
        command.current_dir(&self.dir).env("BENCH_SECRET", SECRET);
        for (name, _) in std::env::vars_os() {
            // Nothing of the caller's configuration may get in.
            if name.to_str().is_some_and(|name| name.starts_with("ALTYN_")) {
                command.env_remove(name);
            }
        }
        command
    }

    /// Runs a command to its end and gives what it said.
    pub async fn command(&self, arguments: &[&str]) -> Result<String> {
        self.command_within(COMMAND_WITHIN, arguments).await
    }

    async fn command_within(&self, within: Duration, arguments: &[&str]) -> Result<String> {
        let log = self.dir.with_extension("command.log");
        let running = Running::start(self.altyn().args(arguments), &log)?;
        running.finish(within).await.with_context(|| format!("altyn {arguments:?}"))
    }

    /// Starts the server and waits until it is ready.
    pub async fn start(&self, workers: bool) -> Result<Server> {
        let began = now();
        let mut command = self.altyn();
        command
            .arg("serve")
            .env("ALTYN_SERVER__WORKERS", workers.to_string())
            .env("ALTYN_SERVER__LISTEN", self.address.to_string());
        let mut running = Running::start(&mut command, &self.dir.join("server.log"))?;
        running.ready(self.address, "/readyz").await.context("altyn serve")?;
        Ok(Server { running, cold_start: began.elapsed() })
    }

    /// Proves the invariants; nothing else may be writing.
    pub async fn check(&self) -> Result<Check> {
        let log = self.dir.join("check.log");
        let mut command = self.altyn();
        // Its own log lines would stand among the JSON.
        command.args(["check", "--json"]).env("ALTYN_LOG__LEVEL", "error");
        let mut running = Running::start(&mut command, &log)?;
        // A breach is told by its exit code as well; the document says more.
        running.ended(COMMAND_WITHIN).await.context("altyn check")?;
        let said = std::fs::read_to_string(&log).context("the check's words cannot be read")?;
        let line = said.lines().rev().find(|line| line.starts_with('{'));
        let line = line.with_context(|| format!("altyn check gave no document: {said}"))?;
        serde_json::from_str(line).context("altyn check")
    }

    /// Removes it.
    pub async fn remove(self) -> Result<()> {
        self.database.remove().await?;
        std::fs::remove_dir_all(&self.dir).context("the folder cannot be removed")
    }

    /// What was used so far.
    pub async fn used(&self, server: &Server) -> Result<Used> {
        Ok(Used {
            server: usage::cpu(server.id())?,
            database: self.database.cpu().await?,
            written: self.database.written(server.id()).await?,
        })
    }
}

impl Server {
    /// Its process.
    pub fn id(&self) -> u32 {
        self.running.id()
    }

    /// Ends it in order.
    pub async fn stop(self) -> Result<()> {
        self.running.stop().await.context("altyn serve")
    }

    /// Kills it where it stands.
    pub async fn kill(self) -> Result<()> {
        self.running.kill().await
    }

    /// The last of what it said.
    pub fn said(&self) -> String {
        self.running.said()
    }
}

impl Used {
    /// What was used since `earlier`, for each of `count`.
    pub fn each(self, earlier: Self, count: u64) -> Each {
        let share = |now: u64, then: u64| now.saturating_sub(then) as f64 / count.max(1) as f64;
        let database = |of: fn(Cpu) -> u64| Some(share(of(self.database?), of(earlier.database?)));
        Each {
            server_us: share(self.server.total(), earlier.server.total()),
            server_kernel_us: share(self.server.kernel, earlier.server.kernel),
            database_us: database(Cpu::total),
            database_kernel_us: database(|cpu| cpu.kernel),
            written: self.written.zip(earlier.written).map(|(now, then)| share(now, then)),
        }
    }
}

/// Starts the emulated providers, whose payers press by themselves.
pub async fn sandbox(bench: &Bench, address: SocketAddr, platform: &str) -> Result<Running> {
    let log = bench.dir.path().join("sandbox.log");
    let mut command = Command::new(&bench.altyn);
    command
        .args(["sandbox", "--auto-press", "--platform-url", platform, "--listen"])
        .arg(address.to_string())
        .current_dir(bench.dir.path());
    let mut running = Running::start(&mut command, &log)?;
    running.ready(address, "/sandbox/totals").await.context("altyn sandbox")?;
    Ok(running)
}

/// Fails when the check found what must not be.
pub fn must_hold(check: &Check) -> Result<()> {
    ensure!(check.breaches.is_empty(), "altyn check: {:?}", check.breaches.first());
    Ok(())
}
