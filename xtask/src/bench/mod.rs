//! `xtask bench`: what the platform accepts and sustains, beside the floors of the same machine.
//!
//! Everything is measured in one run, by turns, over several rounds: absolute figures of a shared
//! machine swing, ratios within a round hold. No figure fails the run; an answer other than 200, a
//! payment lost or charged twice, or books that differ from the provider's register do.
//!
//! Read next: [`load`] for the generator, [`floors`] for what nothing can be faster than, then the
//! parts in the order they are measured: [`store`], [`sale`], [`standby`], [`page`], [`callbacks`],
//! [`end_to_end`], [`overload`], [`feed`], [`crash`]; once, over many payments, [`cabinet`] and
//! [`scale`]. The ratios that are watched are listed in [`ratios`].

mod cabinet;
mod callbacks;
mod crash;
mod database;
mod dead_endpoint;
mod end_to_end;
mod feed;
mod figures;
mod floors;
pub mod hello;
pub(crate) mod load;
mod machine;
mod overload;
mod page;
mod processes;
mod ratios;
mod report;
pub mod rivals;
pub(crate) mod sale;
mod scale;
mod sink;
mod site;
mod standby;
mod store;
mod usage;
mod visitor;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use clap::{Args, ValueEnum};
use tokio::signal::unix::{SignalKind, signal};

use database::Engine;
use figures::Figures;
use processes::Workdir;

/// Where a PostgreSQL server may be found; without it a private one is started.
const POSTGRES: &str = "ALTYN_TEST_POSTGRES";

/// What to measure.
#[derive(Args)]
pub struct Options {
    /// On which database.
    #[arg(long, value_enum, default_value_t = Engines::Both)]
    engine: Engines,
    /// How long each measurement lasts, seconds.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u64).range(1..=600))]
    seconds: u64,
    /// How often everything is measured.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..=100))]
    rounds: u64,
    /// Connections of the load generator, one measurement each.
    #[arg(long, value_delimiter = ',', default_value = "64,256")]
    connections: Vec<usize>,
    /// Only these parts.
    #[arg(long, value_enum, value_delimiter = ',')]
    only: Vec<Part>,
    /// How many payments the cabinet and sales are looked at over.
    #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u64).range(1_000..))]
    payments: u64,
    /// Write everything that was measured to this file as well.
    #[arg(long)]
    json: Option<PathBuf>,
    /// Where databases and files are put; the disk that is measured.
    #[arg(long)]
    dir: Option<PathBuf>,
    /// Measure this program instead of building one.
    #[arg(long)]
    altyn: Option<PathBuf>,
}

/// Which databases.
#[derive(Clone, Copy, ValueEnum)]
enum Engines {
    /// The embedded one.
    Sqlite,
    /// The server.
    Postgres,
    /// Both by turns.
    Both,
}

impl Engines {
    fn list(self) -> &'static [Engine] {
        match self {
            Self::Sqlite => &[Engine::Sqlite],
            Self::Postgres => &[Engine::Postgres],
            Self::Both => &[Engine::Sqlite, Engine::Postgres],
        }
    }
}

/// A part of the benchmark.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// Disk, hello-world, sales without a database, pgbench.
    Floors,
    /// The store without HTTP: together and one by one.
    Store,
    /// Sales accepted, without workers.
    Sales,
    /// The same beside a synchronous standby of PostgreSQL.
    Standby,
    /// The Payment Page opened by signed links.
    Page,
    /// Callbacks delivered from a backlog.
    Callbacks,
    /// Callbacks to a hundred hosts, all alive and one of them dead.
    DeadEndpoint,
    /// Sales, the provider and callbacks together.
    EndToEnd,
    /// Three times as many sales as are taken.
    Overload,
    /// Sales and whole payments with the feed of the cabinet's list and without.
    Feed,
    /// The server killed under load.
    Crash,
    /// The cabinet's list and registers, over many payments.
    Cabinet,
    /// Sales over many payments beside sales over none.
    Scale,
}

/// What every part needs to know.
pub struct Bench {
    engines: &'static [Engine],
    length: Duration,
    rounds: u64,
    connections: Vec<usize>,
    only: Vec<Part>,
    payments: u64,
    altyn: PathBuf,
    this: PathBuf,
    root: PathBuf,
    postgres: Option<String>,
    dir: Workdir,
}

impl Bench {
    fn does(&self, part: Part) -> bool {
        self.only.is_empty() || self.only.contains(&part)
    }

    /// This very program, to run a part of it as a process of its own.
    fn this(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.this);
        command.args(arguments);
        command
    }

    /// The fewest connections asked for: where latency is looked at and backlogs are made.
    fn fewest(&self) -> usize {
        self.connections.iter().copied().min().unwrap_or(64)
    }
}

/// Runs the benchmark; with PostgreSQL but no server at hand, beside a private one.
pub fn run(root: &Path, options: &Options) -> Result<ExitCode> {
    // Of a program that was named the caller knows what it is; a trial may be of a debug build.
    let is_release = !cfg!(debug_assertions) || options.altyn.is_some();
    ensure!(is_release, "measure a release build: make bench");
    ensure!(!options.connections.contains(&0), "at least one connection");
    let engines = options.engine.list();
    let postgres = std::env::var(POSTGRES).ok().filter(|url| !url.is_empty());
    if engines.contains(&Engine::Postgres) && postgres.is_none() {
        return beside_a_server(root);
    }
    let altyn = program(root, options.altyn.as_deref())?;
    let parent = options.dir.clone().unwrap_or_else(std::env::temp_dir);
    let bench = Bench {
        engines,
        length: Duration::from_secs(options.seconds),
        rounds: options.rounds,
        connections: options.connections.clone(),
        only: options.only.clone(),
        payments: options.payments,
        altyn,
        this: std::env::current_exe().context("this program's own path is not known")?,
        root: root.to_owned(),
        postgres: postgres.filter(|_| engines.contains(&Engine::Postgres)),
        dir: Workdir::make(&parent)?,
    };
    let (figures, machine) = until_stopped(async {
        let figures = measure(&bench).await?;
        Ok((figures, machine::look(root, &bench).await?))
    })?;
    report::print(&bench, &machine, &figures);
    if let Some(path) = &options.json {
        write(path, &report::json(&bench, &machine, &figures)?)?;
    }
    Ok(if figures.is_clean() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn measure(bench: &Bench) -> Result<Figures> {
    let mut figures = Figures::default();
    if bench.does(Part::Floors) {
        floors::prepare(bench).await?;
    }
    for round in 1..=bench.rounds {
        report::note(&format!("round {round} of {}", bench.rounds));
        if bench.does(Part::Floors) {
            floors::measure(bench, &mut figures).await?;
        }
        for engine in bench.engines {
            round_on(bench, *engine, &mut figures).await?;
        }
    }
    floors::clear(bench).await?;
    if bench.does(Part::Cabinet) || bench.does(Part::Scale) {
        // Once: the payments take longer to make than the rounds.
        for engine in bench.engines {
            let mut site = cabinet::fill(bench, *engine).await?;
            if bench.does(Part::Cabinet) {
                site = cabinet::measure(bench, site, &mut figures).await?;
            }
            if bench.does(Part::Scale) {
                scale::measure(bench, &site, &mut figures).await?;
            }
            site.remove().await?;
        }
    }
    Ok(figures)
}

/// Everything that is new in each round, on one database.
async fn round_on(bench: &Bench, engine: Engine, figures: &mut Figures) -> Result<()> {
    if bench.does(Part::Store) {
        store::measure(bench, engine, figures).await?;
    }
    if bench.does(Part::Sales) {
        sale::measure(bench, engine, figures).await?;
    }
    if bench.does(Part::Standby) && engine == Engine::Postgres {
        standby::measure(bench, figures).await?;
    }
    if bench.does(Part::Page) {
        page::measure(bench, engine, figures).await?;
    }
    if bench.does(Part::Callbacks) {
        callbacks::measure(bench, engine, figures).await?;
    }
    if bench.does(Part::DeadEndpoint) {
        dead_endpoint::measure(bench, engine, figures).await?;
    }
    if bench.does(Part::EndToEnd) {
        end_to_end::measure(bench, engine, figures).await?;
    }
    if bench.does(Part::Overload) {
        overload::measure(bench, engine, figures).await?;
    }
    if bench.does(Part::Feed) {
        feed::measure(bench, engine, figures).await?;
    }
    if bench.does(Part::Crash) {
        crash::measure(bench, engine, figures).await?;
    }
    Ok(())
}

/// Starts this very command again beside a PostgreSQL server of its own.
fn beside_a_server(root: &Path) -> Result<ExitCode> {
    use std::os::unix::process::CommandExt as _;

    let this = std::env::current_exe().context("this program's own path is not known")?;
    let script = root.join("scripts/with-postgres.sh");
    // It only comes back when it could not be started.
    let error = Command::new(&script).arg(this).args(std::env::args_os().skip(1)).exec();
    Err(error).with_context(|| format!("cannot run {}", script.display()))
}

/// The server to measure: the one that was named, from wherever it is run, or a new build.
fn program(root: &Path, named: Option<&Path>) -> Result<PathBuf> {
    match named {
        Some(path) => path.canonicalize().with_context(|| path.display().to_string()),
        None => build(root),
    }
}

/// Builds the server as it is shipped and says where it is.
fn build(root: &Path) -> Result<PathBuf> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let built = Command::new(cargo)
        .args(["build", "--release", "--locked", "-p", "altyn-server", "--bin", "altyn"])
        .current_dir(root)
        .status()
        .context("cargo could not be started")?;
    ensure!(built.success(), "the server was not built");
    let this = std::env::current_exe().context("this program's own path is not known")?;
    let path = this.with_file_name("altyn");
    ensure!(path.is_file(), "{} is not there", path.display());
    Ok(path)
}

/// Measures until it is done or somebody stops it; what was started goes with it.
fn until_stopped<T>(measuring: impl Future<Output = Result<T>>) -> Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        tokio::select! {
            measured = measuring => measured,
            stopped = stop_signal() => { stopped?; bail!("stopped by a signal") }
        }
    })
}

fn write(path: &Path, text: &str) -> Result<()> {
    std::fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}

async fn stop_signal() -> Result<()> {
    let mut terminate = signal(SignalKind::terminate()).context("cannot listen for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot listen for SIGINT")?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}

/// Now, for measuring.
#[expect(clippy::disallowed_methods, reason = "a benchmark measures real time")]
pub fn now() -> Instant {
    Instant::now()
}
