//! The gate against slow decline: how many instructions a sale takes, counted by valgrind's
//! callgrind, compared with a committed baseline.
//!
//! Instructions do not depend on what else a machine does; time would. The build that is counted is
//! that of the tests (the core and the libraries a little optimized, the rest as it is written), so
//! that no further build is needed; a change of its profile wants a new baseline. It shows a
//! statement, a copy or a hash too many, and not what an optimizer makes of it. A part may take up
//! to [`MARGIN`] more than its baseline: compilers and libraries move it by some percent, a mistake
//! worth finding by tens. `xtask gate --bless` writes the baseline anew.

pub mod harness;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context as _, Result, ensure};
use clap::Args;
use serde::{Deserialize, Serialize};

/// How much more than its baseline a part may take.
pub const MARGIN: f64 = 0.25;
/// Sales that are counted: their spread is below a hundredth by then.
const SALES: u32 = 100;
/// The baseline, below the repository's root.
const BASELINE: &str = "xtask/gate.json";

/// The parts, and the function whose instructions, with all that it calls, are theirs.
const PARTS: [(&str, &str); 4] = [
    ("whole", "xtask::gate::harness::accept_all"),
    ("verify", "altyn_web::api::ecommpay::handlers::opened"),
    ("decide", "altyn_app::payment::accept::accept_payment::{{closure}}"),
    ("commit", "altyn_store::sqlite::writer::SqliteWriter::step"),
];

/// Instructions of one sale, by part.
pub type Counts = BTreeMap<String, u64>;

/// What is committed.
#[derive(Debug, Deserialize, Serialize)]
pub struct Baseline {
    /// Of which compiler: another one moves the counts by some percent.
    pub rustc: String,
    /// Instructions of one sale, by part.
    pub instructions: Counts,
}

/// What to do.
#[derive(Args)]
pub struct Options {
    /// Write what is counted now as the baseline.
    #[arg(long)]
    bless: bool,
}

/// Counts, prints, and compares or writes.
#[expect(clippy::print_stdout, reason = "a program for people prints to them")]
pub fn run(root: &Path, options: &Options) -> Result<ExitCode> {
    ensure!(cfg!(debug_assertions), "the baseline is of the tests' build: run without --release");
    ensure!(has_valgrind(), "valgrind is missing: run scripts/setup.sh");
    let counts = count(&std::env::current_exe().context("this program's own path")?)?;
    if options.bless {
        let baseline = Baseline { rustc: rustc()?, instructions: counts };
        let text = serde_json::to_string_pretty(&baseline)? + "\n";
        std::fs::write(root.join(BASELINE), text).context(BASELINE)?;
        println!("{BASELINE} was written");
        return Ok(ExitCode::SUCCESS);
    }
    let baseline = baseline(root)?;
    println!("{}", table(&baseline, &counts));
    let risen = risen(&baseline.instructions, &counts);
    for line in &risen {
        println!("RISEN {line}");
    }
    Ok(if risen.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Whether there is something to count with.
pub fn has_valgrind() -> bool {
    let output = |program: &str| Command::new(program).arg("--version").output();
    output("valgrind").is_ok() && output("callgrind_annotate").is_ok()
}

/// The committed baseline.
pub fn baseline(root: &Path) -> Result<Baseline> {
    let text = std::fs::read_to_string(root.join(BASELINE)).context(BASELINE)?;
    serde_json::from_str(&text).context(BASELINE)
}

/// Counts the instructions of a sale: `program` is this very program as the tests build it.
pub fn count(program: &Path) -> Result<Counts> {
    let scratch = Scratch::make()?;
    let out = scratch.0.join("callgrind.out");
    let run = Command::new("valgrind")
        .args(["--tool=callgrind", "--quiet"])
        .arg(format!("--callgrind-out-file={}", out.display()))
        .arg(program)
        .args(["gate-harness", "--sales", &SALES.to_string(), "--dir"])
        .arg(&scratch.0)
        .output()
        .context("valgrind could not be started")?;
    ensure!(run.status.success(), "the harness: {}", String::from_utf8_lossy(&run.stderr));
    let told = Command::new("callgrind_annotate")
        .args(["--inclusive=yes", "--threshold=100", "--show-percs=no", "--auto=no"])
        .arg(&out)
        .output()
        .context("callgrind_annotate could not be started")?;
    ensure!(told.status.success(), "{}", String::from_utf8_lossy(&told.stderr));
    read(&String::from_utf8_lossy(&told.stdout))
}

/// What `callgrind_annotate` said, by part and sale.
fn read(told: &str) -> Result<Counts> {
    let mut counts = Counts::new();
    for (part, function) in PARTS {
        // `1,234,567  file.rs:the::function [program]`; one that calls itself by way of others has
        // a `'2` behind its name in lines of its own, which are in the first already.
        let lines = told.lines().filter_map(|line| {
            let (count, rest) = line.trim_start().split_once(' ')?;
            let name = rest.trim_start().split_once(':')?.1.split(" [").next()?;
            (name.trim_end() == function).then(|| count.replace(',', "").parse::<u64>().ok())?
        });
        let total = lines.max();
        let total = total.with_context(|| format!("{part}: no function {function} was run"))?;
        counts.insert(part.to_owned(), total / u64::from(SALES));
    }
    Ok(counts)
}

/// What takes more than it may, in words; a part that one of them lacks is as bad.
pub fn risen(baseline: &Counts, counts: &Counts) -> Vec<String> {
    let mut risen = Vec::new();
    for (part, function) in PARTS {
        match (baseline.get(part), counts.get(part)) {
            (Some(before), Some(now)) => {
                let ratio = *now as f64 / (*before).max(1) as f64;
                if ratio > 1.0 + MARGIN {
                    risen.push(format!(
                        "{part} ({function}): {now} instructions a sale, {before} in the baseline: \
                         × {ratio:.2}"
                    ));
                }
            }
            (before, now) => risen.push(format!("{part}: {before:?} before, {now:?} now")),
        }
    }
    risen
}

/// Both beside each other.
pub fn table(baseline: &Baseline, counts: &Counts) -> String {
    let mut text = format!("instructions a sale; the baseline is of {}\n", baseline.rustc);
    for (part, now) in counts {
        let before = baseline.instructions.get(part).copied().unwrap_or(0);
        let change = (*now as f64 / before.max(1) as f64 - 1.0) * 100.0;
        text.push_str(&format!("{part:<8} {before:>10} {now:>10} {change:>+6.1} %\n"));
    }
    text
}

fn rustc() -> Result<String> {
    let output = Command::new("rustc").arg("--version").output().context("rustc")?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// A folder that is removed with everything in it.
struct Scratch(PathBuf);

impl Scratch {
    fn make() -> Result<Self> {
        let path = std::env::temp_dir().join(format!("altyn-gate-{}", std::process::id()));
        std::fs::create_dir(&path).with_context(|| format!("cannot make {}", path.display()))?;
        Ok(Self(path))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // Nothing can be done about what does not go.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(whole: u64) -> Counts {
        PARTS.iter().map(|(part, _)| ((*part).to_owned(), whole)).collect()
    }

    #[test]
    fn only_beyond_the_margin_has_a_part_risen() {
        let baseline = counts(1_000);
        assert!(risen(&baseline, &counts(1_250)).is_empty());
        assert!(risen(&baseline, &counts(10)).is_empty());
        assert_eq!(risen(&baseline, &counts(1_251)).len(), PARTS.len());
        assert_eq!(risen(&Counts::new(), &counts(1)).len(), PARTS.len());
    }

    #[test]
    fn counts_are_found_by_the_name_of_the_function() {
        let mut told = "--------\nIr\n--------\n".to_owned();
        for (number, (_, function)) in (1..).zip(PARTS) {
            told.push_str(&format!("{number},000,000  ???:{function} [/x/xtask]\n"));
            told.push_str(&format!("9,000,000,000  ???:other::{function} [/x/xtask]\n"));
        }
        let counts = read(&told).unwrap();
        let each = |millions: u64| millions * 1_000_000 / u64::from(SALES);
        assert_eq!(counts.get("whole"), Some(&each(1)));
        assert_eq!(counts.get("commit"), Some(&each(4)));
        assert!(read("").is_err());
    }
}
