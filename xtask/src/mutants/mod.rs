//! `xtask mutants`: deliberate bugs, each put alone into a copy of the repository, where a test must
//! fail of it. A test that cannot fail proves nothing.
//!
//! The list is `xtask/mutants.toml`; what came of it is told in `docs/properties.md`. The repository
//! itself is never touched: the copy and what is built of it lie below `target/mutants`. Each test
//! named is first seen to pass without any bug.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Result, ensure};
use clap::Args;

use self::list::{Mutant, Trial};
use self::scratch::Scratch;
use self::trial::Outcome;
use crate::finding::listing;

pub mod list;
mod scratch;
mod trial;

/// Which bugs.
#[derive(Args)]
pub struct Options {
    /// Only bugs whose name has this in it.
    #[arg(long)]
    only: Option<String>,
    /// Where to build; a folder of its own below `target` without it.
    #[arg(long)]
    target_dir: Option<PathBuf>,
}

/// Tries every bug of the list; fails when one survives.
#[expect(clippy::print_stdout, reason = "a program for people prints to them")]
pub fn run(root: &Path, options: &Options) -> Result<ExitCode> {
    let only = options.only.as_deref().unwrap_or_default();
    let mut mutants = list::read(root)?;
    mutants.retain(|mutant| mutant.name.contains(only));
    ensure!(!mutants.is_empty(), "no bug of the list has {only:?} in its name");
    let findings = list::places(&mutants, |path| std::fs::read_to_string(root.join(path)).ok());
    ensure!(findings.is_empty(), "the list does not fit the code:\n{}", listing(&findings));

    let scratch = Scratch::of(root, options.target_dir.as_deref())?;
    let trials: BTreeSet<&Trial> = mutants.iter().map(|mutant| &mutant.trial).collect();
    let mut passing = BTreeSet::new();
    for (at, trial) in trials.iter().enumerate() {
        let outcome = trial::run(&scratch, trial, &format!("without-{:02}", at + 1))?;
        println!("without any bug: {} {}: {outcome}", trial.package, trial.test);
        if outcome == Outcome::Passed {
            passing.insert(*trial);
        }
    }
    let mut lines = Vec::new();
    let mut survived = 0;
    for (at, mutant) in mutants.iter().enumerate() {
        let outcome = if passing.contains(&mutant.trial) {
            one(&scratch, mutant, &format!("{:02}", at + 1))?
        } else {
            Outcome::NotTried
        };
        survived += usize::from(!outcome.is_caught());
        println!("[{}/{}] {}: {}", at + 1, mutants.len(), mutant.name, verdict(&outcome));
        lines.push(row(mutant, &outcome));
    }
    println!("\n| bug | property | test | outcome |\n|---|---|---|---|\n{}", lines.join("\n"));
    println!("\n{} of {} caught", mutants.len() - survived, mutants.len());
    Ok(if survived == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn one(scratch: &Scratch, mutant: &Mutant, log: &str) -> Result<Outcome> {
    let whole = scratch.read(&mutant.file)?;
    scratch.write(&mutant.file, &whole.replacen(&mutant.find, &mutant.replace, 1))?;
    let outcome = trial::run(scratch, &mutant.trial, log);
    scratch.write(&mutant.file, &whole)?;
    outcome
}

fn row(mutant: &Mutant, outcome: &Outcome) -> String {
    let Mutant { name, property, trial, .. } = mutant;
    let verdict = verdict(outcome);
    format!("| {name} | {property} | {} `{}` | {verdict} |", trial.package, trial.test)
}

/// What an outcome says of a bug that was there.
fn verdict(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Passed => "NOT CAUGHT".to_owned(),
        Outcome::Failed(_) | Outcome::DidNotEnd => format!("caught, the test {outcome}"),
        Outcome::NoSuchTest | Outcome::NotBuilt | Outcome::NotTried => {
            format!("FAULT OF THE LIST: the test {outcome}")
        }
    }
}
