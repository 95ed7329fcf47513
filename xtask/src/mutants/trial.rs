//! One test, built and run in the copy: whether it passed, failed, or did not come to an end.

use std::fmt;
use std::fs::File;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use anyhow::{Context as _, Result};

use super::list::Trial;
use super::scratch::Scratch;

/// After so long a test is ended: the slowest of the list takes a tenth of it.
const LIMIT: Duration = Duration::from_secs(600);
/// How long what was asked to end may take to clean up.
const GRACE: Duration = Duration::from_secs(30);

/// Characters of a reason: a table has room for no more.
const REASON_MAX: usize = 240;

/// What came of a test.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It passed.
    Passed,
    /// It failed, and said so.
    Failed(String),
    /// It was ended.
    DidNotEnd,
    /// There is no such test.
    NoSuchTest,
    /// It could not be built.
    NotBuilt,
    /// It does not pass without the bug either.
    NotTried,
}

impl Outcome {
    /// Whether the test noticed the bug that was there.
    pub const fn is_caught(&self) -> bool {
        matches!(self, Self::Failed(_) | Self::DidNotEnd)
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Passed => f.write_str("passes"),
            Self::Failed(said) => write!(f, "fails: {said}"),
            Self::DidNotEnd => f.write_str("did not end"),
            Self::NoSuchTest => f.write_str("is not there"),
            Self::NotBuilt => f.write_str("does not compile"),
            Self::NotTried => f.write_str("does not pass without the bug"),
        }
    }
}

/// Builds the test and runs it alone; what is said goes to the log of this name.
pub fn run(scratch: &Scratch, trial: &Trial, name: &str) -> Result<Outcome> {
    let path = scratch.log(name);
    let cargo = |program: &str| {
        let mut command = Command::new(program);
        command.current_dir(scratch.tree()).env("CARGO_TARGET_DIR", scratch.target());
        command.env("RUST_BACKTRACE", "0").envs(&trial.env);
        command
    };
    let arguments = |command: &mut Command| {
        command.args(["test", "--locked", "-q", "-p", &trial.package]);
        command.args(trial.target.split(' '));
    };
    let mut build = cargo("cargo");
    arguments(&mut build);
    build.arg("--no-run");
    // Warnings of what is unused once something is left out are in the log.
    if !ended(&mut build, &path, Duration::MAX)?.is_some_and(|status| status.success()) {
        return Ok(Outcome::NotBuilt);
    }
    let mut test = if trial.postgres {
        let mut test = cargo("scripts/with-postgres.sh");
        test.arg("cargo");
        test
    } else {
        cargo("cargo")
    };
    arguments(&mut test);
    test.args([&trial.test, "--", "--exact"]);
    let status = ended(&mut test, &path, LIMIT)?;
    let said = std::fs::read_to_string(&path).context("what the test said")?;
    Ok(match status {
        None => Outcome::DidNotEnd,
        Some(_) if !said.contains("running 1 test") => Outcome::NoSuchTest,
        Some(status) if status.success() => Outcome::Passed,
        Some(_) => Outcome::Failed(reason(&said)),
    })
}

/// What a panic says first, and the line that follows.
fn reason(said: &str) -> String {
    let lines = said.lines().skip_while(|line| !line.contains("panicked at"));
    let words = lines.skip(1).map(str::trim).filter(|line| !line.is_empty());
    let words: Vec<&str> = words.take(2).take_while(|line| !is_advice(line)).collect();
    words.join(" · ").replace('|', "/").chars().take(REASON_MAX).collect()
}

fn is_advice(line: &str) -> bool {
    line.starts_with("note:") || line.starts_with("failures:")
}

/// How a process ended; nothing when it had to be ended with everything it started.
fn ended(command: &mut Command, log: &Path, limit: Duration) -> Result<Option<ExitStatus>> {
    let file = File::create(log).with_context(|| format!("cannot make {}", log.display()))?;
    let copy = file.try_clone().context("no second handle on the log")?;
    command.stdin(Stdio::null()).stdout(file).stderr(copy).process_group(0);
    let program = command.get_program().to_owned();
    let mut child = command.spawn().with_context(|| format!("cannot start {program:?}"))?;
    let group = format!("-{}", child.id());
    let (tell, told) = mpsc::channel();
    let waits = std::thread::spawn(move || tell.send(child.wait()));
    let status = match told.recv_timeout(limit) {
        Ok(status) => Some(status.context("cannot wait for a process")?),
        Err(_) => {
            signal("-TERM", &group)?;
            if told.recv_timeout(GRACE).is_err() {
                signal("-KILL", &group)?;
            }
            None
        }
    };
    // It only ends once the process has.
    let _ = waits.join();
    Ok(status)
}

fn signal(signal: &str, group: &str) -> Result<()> {
    Command::new("kill").args([signal, "--", group]).status().context("cannot start kill")?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_that_does_not_end_is_ended_with_what_it_started() -> Result<()> {
        let log = std::env::temp_dir().join(format!("altyn-mutants-{}", std::process::id()));
        let mut hangs = Command::new("sh");
        hangs.args(["-c", "tail -f /dev/null & wait"]);
        let mut fails = Command::new("sh");
        fails.args(["-c", "exit 3"]);
        assert_eq!(ended(&mut hangs, &log, Duration::from_millis(200))?, None);
        assert_eq!(ended(&mut fails, &log, LIMIT)?.and_then(|status| status.code()), Some(3));
        std::fs::remove_file(log)?;
        Ok(())
    }

    #[test]
    fn what_a_test_said_is_told_in_short() {
        let said = "running 1 test\n\nthread 'a' panicked at a.rs:1:2:\nseed 3 fails\n  S1 a: two\n\
                    note: run with `RUST_BACKTRACE=1`\n";
        assert_eq!(reason(said), "seed 3 fails · S1 a: two");
        assert_eq!(reason("a | b"), "");
    }
}
