//! The rivals' programs, pinned by lock files, put under `.local/rivals` when they are first needed.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

use crate::bench::report;

/// What can be run.
pub struct Installed {
    /// The folder with `node_modules` and Medusa's configuration.
    pub node: Option<PathBuf>,
    /// The Python that has localstripe, and the script that runs it.
    pub python: Option<(PathBuf, PathBuf)>,
    /// Who is missing, and why.
    pub skipped: Vec<String>,
}

/// Installs what is not there; what cannot be is named.
pub fn all(root: &Path) -> Installed {
    let (from, to) = (root.join("xtask/rivals"), root.join(".local/rivals"));
    let mut skipped = Vec::new();
    let mut note = |who: &str, error: &anyhow::Error| skipped.push(format!("{who}: {error:#}"));
    let node = node(&from, &to.join("node"));
    if let Err(error) = &node {
        note("Medusa and stripe-stateful-mock (npm)", error);
    }
    let python = python(&from, &to.join("venv"));
    if let Err(error) = &python {
        note("localstripe (PyPI)", error);
    }
    Installed { node: node.ok(), python: python.ok(), skipped }
}

fn node(from: &Path, to: &Path) -> Result<PathBuf> {
    std::fs::create_dir_all(to).with_context(|| format!("cannot make {}", to.display()))?;
    for name in ["package.json", "package-lock.json", ".npmrc", "medusa-config.js"] {
        std::fs::copy(from.join(name), to.join(name)).with_context(|| name.to_owned())?;
    }
    let lock = from.join("package-lock.json");
    once(&lock, to, || {
        report::note("installing the rivals of npm (some minutes, once)");
        let mut npm = Command::new("npm");
        // Not `ci`: it wants an entry for every optional package of every system, and a mirror need
        // not have them all. What the lock file names is taken as it is named.
        npm.args(["install", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"]);
        done(npm.current_dir(to))
    })?;
    Ok(to.to_owned())
}

fn python(from: &Path, to: &Path) -> Result<(PathBuf, PathBuf)> {
    let list = from.join("requirements.txt");
    std::fs::create_dir_all(to).with_context(|| format!("cannot make {}", to.display()))?;
    let python = to.join("bin/python");
    once(&list, to, || {
        report::note("installing the rival of PyPI");
        done(Command::new("python3").args(["-m", "venv", "--clear"]).arg(to))?;
        let mut pip = Command::new(&python);
        pip.args(["-m", "pip", "install", "-q", "--disable-pip-version-check", "-r"]).arg(&list);
        done(&mut pip)
    })?;
    Ok((python, from.join("run_localstripe.py")))
}

/// Does it unless it was done from the same list before.
fn once(list: &Path, to: &Path, install: impl FnOnce() -> Result<()>) -> Result<()> {
    let (wanted, stamp) = (std::fs::read(list)?, to.join(".installed-from"));
    if std::fs::read(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    install()?;
    std::fs::write(&stamp, wanted).context("the note of what was installed")
}

fn done(command: &mut Command) -> Result<()> {
    let output =
        command.output().with_context(|| format!("no {:?} here", command.get_program()))?;
    let said = String::from_utf8_lossy(&output.stderr);
    let said: Vec<&str> = said.lines().filter(|line| !line.trim().is_empty()).take(3).collect();
    let said = said.join("; ");
    ensure!(output.status.success(), "{:?}: {}: {said}", command.get_program(), output.status);
    Ok(())
}
