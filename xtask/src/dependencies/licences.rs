//! Every package in the lock file comes under a licence that a self-hosted product may carry.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};
use cargo_metadata::MetadataCommand;

use crate::finding::Finding;

/// Licences that ask for a notice, or for changes to the library itself, and for nothing more.
pub const ALLOWED: &[&str] = &[
    "0BSD",
    "Apache-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MIT-0",
    "MPL-2.0",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

/// A package and what its manifest says of its licence.
#[derive(Clone, Debug)]
pub struct Package {
    /// Name and version.
    pub name: String,
    /// The SPDX expression, if it gives one.
    pub licence: Option<String>,
}

/// Every package that a build for this machine uses, tests and tools included.
pub fn packages(root: &Path) -> Result<Vec<Package>> {
    let rustc = Command::new("rustc").arg("-vV").output().context("rustc could not be started")?;
    let about = String::from_utf8_lossy(&rustc.stdout);
    let host = about
        .lines()
        .find_map(|line| line.strip_prefix("host: "))
        .context("rustc did not name its host")?;
    let metadata = MetadataCommand::new()
        .manifest_path(root.join("Cargo.toml"))
        // The host alone: the rest of the lock file is not downloaded by a build.
        .other_options(["--locked", "--filter-platform", host].map(str::to_owned))
        .exec()
        .context("cargo metadata failed")?;
    let package = |package: &cargo_metadata::Package| Package {
        name: format!("{} {}", package.name, package.version),
        licence: package.license.clone(),
    };
    Ok(metadata.packages.iter().map(package).collect())
}

/// The packages whose licence is not allowed, or not told.
pub fn check(packages: &[Package]) -> Vec<Finding> {
    let complaint = |package: &Package| match &package.licence {
        None => Some(Finding::new(&package.name, "tells no licence in its manifest")),
        Some(licence) if is_allowed(licence) => None,
        Some(licence) => Some(Finding::new(&package.name, format!("licence `{licence}`"))),
    };
    packages.iter().filter_map(complaint).collect()
}

/// Whether an SPDX expression can be satisfied by [`ALLOWED`] alone.
fn is_allowed(expression: &str) -> bool {
    // Before SPDX expressions a slash meant a choice.
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut rest = words.as_slice();
    let allowed = any_of(&mut rest);
    allowed == Some(true) && rest.is_empty()
}

/// Takes the next word if it is this one.
fn take(words: &mut &[&str], word: &str) -> bool {
    match words.split_first() {
        Some((first, rest)) if *first == word => {
            *words = rest;
            true
        }
        _ => false,
    }
}

fn any_of(words: &mut &[&str]) -> Option<bool> {
    let mut allowed = all_of(words)?;
    while take(words, "OR") {
        allowed |= all_of(words)?;
    }
    Some(allowed)
}

fn all_of(words: &mut &[&str]) -> Option<bool> {
    let mut allowed = one(words)?;
    while take(words, "AND") {
        allowed &= one(words)?;
    }
    Some(allowed)
}

fn one(words: &mut &[&str]) -> Option<bool> {
    if take(words, "(") {
        let allowed = any_of(words)?;
        return take(words, ")").then_some(allowed);
    }
    let (&licence, rest) = words.split_first()?;
    *words = rest;
    // An exception only ever permits more.
    if take(words, "WITH") {
        *words = words.split_first()?.1;
    }
    Some(ALLOWED.contains(&licence))
}

#[cfg(test)]
mod tests {
    use super::{Package, check, is_allowed};

    #[test]
    fn expressions_are_read() {
        for (expression, allowed) in [
            ("MIT", true),
            ("MIT/Apache-2.0", true),
            ("MIT OR GPL-3.0", true),
            ("MIT AND GPL-3.0", false),
            ("(MIT OR GPL-3.0) AND Unicode-3.0", true),
            ("GPL-3.0 AND (MIT OR ISC)", false),
            ("Apache-2.0 WITH LLVM-exception OR GPL-2.0", true),
            ("AGPL-3.0-only", false),
            ("(MIT", false),
            ("MIT ISC", false),
            ("", false),
        ] {
            assert_eq!(is_allowed(expression), allowed, "{expression}");
        }
    }

    #[test]
    fn a_forbidden_and_an_untold_licence_are_found() {
        let package = |licence: Option<&str>| Package {
            name: "library 1.0.0".to_owned(),
            licence: licence.map(str::to_owned),
        };
        assert_eq!(check(&[package(Some("MIT"))]), []);
        assert_eq!(check(&[package(Some("SSPL-1.0")), package(None)]).len(), 2);
    }
}
