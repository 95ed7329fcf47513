//! A copy of the repository, as it lies there, to break things in.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::tree;

/// The copy, and where it is built and logged.
pub struct Scratch {
    tree: PathBuf,
    target: PathBuf,
    logs: PathBuf,
}

impl Scratch {
    /// Copies what git tracks, or would track, below `target/mutants`; what is there already and is
    /// the same stays untouched, so that it need not be built again.
    pub fn of(root: &Path, target: Option<&Path>) -> Result<Self> {
        let own = root.join("target/mutants");
        let target = match target {
            Some(target) => std::path::absolute(target).context("the folder to build in")?,
            None => own.join("target"),
        };
        let scratch = Self { tree: own.join("tree"), target, logs: own.join("logs") };
        fs::create_dir_all(&scratch.logs).context("the folder for logs")?;
        fs::create_dir_all(&scratch.tree).context("the folder for the copy")?;
        let paths: BTreeSet<PathBuf> =
            tree::paths(root)?.into_iter().map(|path| scratch.tree.join(path)).collect();
        remove_others(&scratch.tree, &paths)?;
        for copy in paths {
            let original = root.join(copy.strip_prefix(&scratch.tree).unwrap_or(&copy));
            if fs::read(&copy).ok() != Some(fs::read(&original)?) {
                if let Some(folder) = copy.parent() {
                    fs::create_dir_all(folder)?;
                }
                let name = original.display().to_string();
                fs::copy(&original, &copy).with_context(|| format!("{name} cannot be copied"))?;
            }
        }
        Ok(scratch)
    }

    /// The copy's root.
    pub fn tree(&self) -> &Path {
        &self.tree
    }

    /// Where to build.
    pub fn target(&self) -> &Path {
        &self.target
    }

    /// Where what was said goes to.
    pub fn log(&self, name: &str) -> PathBuf {
        self.logs.join(format!("{name}.log"))
    }

    /// A file of the copy.
    pub fn read(&self, path: &str) -> Result<String> {
        fs::read_to_string(self.tree.join(path)).with_context(|| path.to_owned())
    }

    /// Writes a file of the copy anew.
    pub fn write(&self, path: &str, text: &str) -> Result<()> {
        fs::write(self.tree.join(path), text).with_context(|| path.to_owned())
    }
}

/// Removes files that the repository does not have any more.
fn remove_others(folder: &Path, keep: &BTreeSet<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            remove_others(&entry.path(), keep)?;
        } else if !keep.contains(&entry.path()) {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}
