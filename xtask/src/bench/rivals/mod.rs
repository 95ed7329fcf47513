//! `xtask bench-rivals`: the same «create a payment» at other open programs, by turns on the same
//! machine, from the same generator: requests a second, and processor time of each request in the
//! server and its database, which other work on the machine does not move.
//!
//! Ours is a signed sale, durable before its answer. Medusa's is a payment session for a payment
//! collection that is there already, in PostgreSQL. The two copies of Stripe keep everything in
//! memory and are asked for a payment intent and for a charge. Whoever cannot be installed, because a
//! registry is away, is skipped and named.

mod install;
mod rival;
mod table;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use clap::Args;

use super::database::Engine;
use super::processes::Workdir;
use super::{Bench, POSTGRES, beside_a_server, machine, program, report, until_stopped, write};
use rival::{Contest, Rival};

/// What to compare.
#[derive(Args)]
pub struct Options {
    /// How long each is loaded, seconds.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u64).range(1..=600))]
    seconds: u64,
    /// How often each has its turn.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..=100))]
    rounds: u64,
    /// Connections of the load generator.
    #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u64).range(1..=1_024))]
    connections: u64,
    /// Write everything that was measured to this file as well.
    #[arg(long)]
    json: Option<PathBuf>,
    /// Where databases and files are put.
    #[arg(long)]
    dir: Option<PathBuf>,
    /// Measure this program instead of building one.
    #[arg(long)]
    altyn: Option<PathBuf>,
}

/// Runs the comparison, beside a PostgreSQL server of its own unless one is at hand.
pub fn run(root: &Path, options: &Options) -> Result<ExitCode> {
    let is_release = !cfg!(debug_assertions) || options.altyn.is_some();
    ensure!(is_release, "measure a release build: make bench-rivals");
    let Some(postgres) = std::env::var(POSTGRES).ok().filter(|url| !url.is_empty()) else {
        return beside_a_server(root);
    };
    let altyn = program(root, options.altyn.as_deref())?;
    let installed = install::all(root);
    let parent = options.dir.clone().unwrap_or_else(std::env::temp_dir);
    let bench = Bench {
        engines: &[Engine::Sqlite, Engine::Postgres],
        length: Duration::from_secs(options.seconds),
        rounds: options.rounds,
        connections: vec![usize::try_from(options.connections)?],
        only: Vec::new(),
        payments: 0,
        altyn,
        this: std::env::current_exe().context("this program's own path is not known")?,
        root: root.to_owned(),
        postgres: Some(postgres),
        dir: Workdir::make(&parent)?,
    };
    let (contest, machine) = until_stopped(async {
        let contest = measure(&bench, &installed).await?;
        Ok((contest, machine::look(root, &bench).await?))
    })?;
    table::print(&bench, &machine, &contest);
    if let Some(path) = &options.json {
        write(path, &table::json(&bench, &machine, &contest)?)?;
    }
    Ok(if contest.is_clean() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn measure(bench: &Bench, installed: &install::Installed) -> Result<Contest> {
    let mut contest = Contest::default();
    for skipped in &installed.skipped {
        report::note(&format!("skipped: {skipped}"));
        contest.skipped.push(skipped.clone());
    }
    let mut rivals = Rival::start_all(bench, installed, &mut contest).await;
    for round in 1..=bench.rounds {
        report::note(&format!("round {round} of {}", bench.rounds));
        for engine in bench.engines {
            rival::ours(bench, *engine, &mut contest).await?;
        }
        for rival in &mut rivals {
            rival.measure(bench, &mut contest).await?;
        }
    }
    for rival in rivals {
        rival.stop(bench).await?;
    }
    Ok(contest)
}
