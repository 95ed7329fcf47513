//! Many seeds, on every core, and what is said of them: the sums of what was met, or the shortest
//! useful history of the first that failed.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use anyhow::Result;

use crate::run::{Outcome, run};
use crate::weather::{Config, Fault};
use crate::world::locked;

/// What many runs came to.
#[derive(Debug, Default)]
pub struct Summary {
    /// Seeds that held.
    pub seeds: u64,
    /// Virtual time, milliseconds.
    pub virtual_ms: i64,
    /// Steps.
    pub steps: u64,
    /// What was met.
    pub counts: BTreeMap<String, u64>,
    /// The least seed that failed of those that did.
    pub failed: Option<u64>,
}

/// Runs seeds from `from` on, as long as `go_on` says so for their number, until one fails.
pub fn soak(
    from: u64,
    config: &Config,
    threads: usize,
    go_on: impl Fn(u64) -> bool + Sync,
) -> Result<Summary> {
    let (next, stop) = (AtomicU64::new(0), AtomicBool::new(false));
    let sums = Mutex::new(Summary::default());
    let work = || -> Result<()> {
        while !stop.load(Ordering::Relaxed) {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if !go_on(number) {
                return Ok(());
            }
            let seed = from + number;
            let outcome = run(seed, config).inspect_err(|_| stop.store(true, Ordering::Relaxed))?;
            if !outcome.violations.is_empty() {
                stop.store(true, Ordering::Relaxed);
            }
            locked(&sums).add(seed, outcome);
        }
        Ok(())
    };
    std::thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(work)).collect();
        let mut done = work();
        for other in others {
            let theirs = other.join().unwrap_or_else(|_| anyhow::bail!("a thread of runs died"));
            done = done.and(theirs);
        }
        done
    })?;
    Ok(sums.into_inner().unwrap_or_default())
}

impl Summary {
    fn add(&mut self, seed: u64, outcome: Outcome) {
        self.virtual_ms += outcome.virtual_ms;
        self.steps += outcome.steps;
        for (name, count) in outcome.counts {
            *self.counts.entry(name).or_default() += count;
        }
        if outcome.violations.is_empty() {
            self.seeds += 1;
        } else {
            self.failed = Some(self.failed.map_or(seed, |other| other.min(seed)));
        }
    }

    /// How often something was met.
    pub fn met(&self, name: &str) -> u64 {
        self.counts.get(name).copied().unwrap_or_default()
    }

    /// For people.
    pub fn text(&self) -> String {
        let hours = self.virtual_ms / 3_600_000;
        let mut text = format!(
            "{} seeds held: {hours} simulated hours, {} steps, {} faults\n",
            self.seeds,
            self.steps,
            self.faults()
        );
        for (name, count) in &self.counts {
            let _ = writeln!(text, "{count:>10}  {name}");
        }
        text
    }

    /// Everything that went wrong on purpose.
    pub fn faults(&self) -> u64 {
        let work = ["became:", "commits", "jobs", "requests answered", "payments", "cards"];
        let is_fault = |name: &str| {
            name == "commits turned away" || !work.iter().any(|word| name.starts_with(word))
        };
        self.counts.iter().filter(|(name, _)| is_fault(name)).map(|(_, count)| count).sum()
    }
}

/// Makes a failing run as small as it gets: fewer payments, fewer kinds of faults.
pub fn shrink(seed: u64, config: &Config) -> Result<(Config, Outcome)> {
    let mut best = (config.clone(), run(seed, config)?);
    let try_it = |config: Config, best: &mut (Config, Outcome)| -> Result<bool> {
        let outcome = run(seed, &config)?;
        let same = |property| best.1.violations.iter().any(|found| found.property == property);
        let fails = outcome.violations.iter().any(|found| same(found.property));
        if fails {
            *best = (config, outcome);
        }
        Ok(fails)
    };
    for payments in 1..config.payments {
        if try_it(Config { payments, ..config.clone() }, &mut best)? {
            break;
        }
    }
    for fault in Fault::ALL.iter().copied().filter(|fault| !config.without.contains(fault)) {
        let mut calmer = best.0.clone();
        calmer.without.push(fault);
        try_it(calmer, &mut best)?;
    }
    Ok(best)
}

/// What there is to know of a run that failed: how to repeat it, what was violated, and the lines
/// that are about it.
pub fn report(seed: u64, config: &Config, outcome: &Outcome) -> String {
    let mut text = format!(
        "seed {seed} fails; again: cargo run -p xtask -- sim --seed {seed} --payments {}",
        config.payments
    );
    if !config.without.is_empty() {
        let names: Vec<&str> = config.without.iter().map(|fault| fault.as_str()).collect();
        let _ = write!(text, " --without {}", names.join(","));
    }
    text.push('\n');
    for violation in &outcome.violations {
        let _ = writeln!(text, "  {violation}");
    }
    let about: Vec<&str> = outcome
        .violations
        .iter()
        .map(|violation| violation.about.as_str())
        .filter(|about| !about.is_empty())
        .collect();
    for line in &outcome.history {
        let tells = line.about.is_empty() || about.is_empty() || about.contains(&&*line.about);
        if tells {
            let _ = writeln!(text, "{:>12} {:4} {}", line.at_ms, line.about, line.text);
        }
    }
    text
}
