//! `xtask sim`: the simulator from the command line. A seed that fails is made small, and printed
//! with the command that repeats it.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use altyn_sim::run;
use altyn_sim::soak::{report, shrink, soak};
use altyn_sim::weather::{Config, Fault};
use anyhow::{Context as _, Result};
use clap::Args;

/// What to run.
#[derive(Args)]
pub struct Options {
    /// This seed alone, with its whole history.
    #[arg(long, conflicts_with_all = ["seeds", "minutes", "from"])]
    seed: Option<u64>,
    /// How many seeds.
    #[arg(long, default_value_t = 2_000)]
    seeds: u64,
    /// Seeds for so long instead.
    #[arg(long)]
    minutes: Option<u64>,
    /// The first seed.
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// How many payments a seed has.
    #[arg(long, default_value_t = Config::default().payments)]
    payments: u64,
    /// Kinds of faults that stay away: crashes, network, store, shop, clocks, bank, people.
    #[arg(long, value_delimiter = ',', value_parser = fault)]
    without: Vec<Fault>,
}

fn fault(text: &str) -> Result<Fault, String> {
    Fault::parse(text).ok_or_else(|| format!("there is no kind of faults named {text}"))
}

/// Runs what was asked for.
#[expect(clippy::print_stdout, reason = "a program for people prints to them")]
pub fn run(options: &Options) -> Result<ExitCode> {
    let config = Config { payments: options.payments, without: options.without.clone() };
    if let Some(seed) = options.seed {
        let outcome = run::run(seed, &config)?;
        let holds = outcome.violations.is_empty();
        if holds {
            for line in &outcome.history {
                println!("{:>12} {:4} {}", line.at_ms, line.about, line.text);
            }
            println!("seed {seed} holds");
            return Ok(ExitCode::SUCCESS);
        }
        print!("{}", report(seed, &config, &outcome));
        return Ok(ExitCode::FAILURE);
    }
    let until = options.minutes.map(|minutes| now() + Duration::from_secs(60 * minutes));
    let threads = std::thread::available_parallelism().context("how many cores?")?.get();
    let began = now();
    let summary = soak(options.from, &config, threads, |number| match until {
        Some(until) => now() < until,
        None => number < options.seeds,
    })?;
    let took = began.elapsed().as_secs();
    print!("from seed {} on, in {took} s: {}", options.from, summary.text());
    let Some(seed) = summary.failed else { return Ok(ExitCode::SUCCESS) };
    let (smallest, outcome) = shrink(seed, &config)?;
    print!("{}", report(seed, &smallest, &outcome));
    Ok(ExitCode::FAILURE)
}

#[expect(clippy::disallowed_methods, reason = "real time only says when to stop")]
fn now() -> Instant {
    Instant::now()
}
