//! Who may import whom, where outside libraries live, and under which licences they come.
//!
//! The compiler stops an import that has no dependency behind it; these rules stop the dependency.
//! The picture is data ([`picture::PICTURE`], [`homes::HOMES`]), and so is what it is compared
//! with: what `cargo metadata` says of this workspace.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context, Result};
use cargo_metadata::{DependencyKind, MetadataCommand};

use crate::finding::Finding;

pub mod homes;
pub mod licences;
pub mod picture;

/// A crate of the workspace and the packages it names.
#[derive(Clone, Debug, Default)]
pub struct Manifest {
    /// Its own name.
    pub name: String,
    /// What it is built with.
    pub normal: BTreeSet<String>,
    /// What only its tests are built with.
    pub dev: BTreeSet<String>,
}

impl Manifest {
    /// A manifest as a rule sees it.
    pub fn new(name: &str, normal: &[&str], dev: &[&str]) -> Self {
        let owned = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
        Self { name: name.to_owned(), normal: owned(normal), dev: owned(dev) }
    }
}

/// Applies every rule about dependencies to the workspace at `root`.
pub fn check(root: &Path) -> Result<Vec<Finding>> {
    let manifests = manifests(root)?;
    let mut findings = picture::check(&manifests);
    findings.extend(picture::empty_seats(&manifests));
    findings.extend(homes::check(&manifests));
    findings.extend(licences::check(&licences::packages(root)?));
    findings.sort();
    Ok(findings)
}

/// The manifests of the workspace's own crates.
pub fn manifests(root: &Path) -> Result<Vec<Manifest>> {
    let metadata = MetadataCommand::new()
        .manifest_path(root.join("Cargo.toml"))
        .no_deps()
        .exec()
        .context("cargo metadata failed")?;
    let manifest = |package: &cargo_metadata::Package| {
        let mut manifest = Manifest { name: package.name.to_string(), ..Manifest::default() };
        for dependency in &package.dependencies {
            let dev = dependency.kind == DependencyKind::Development;
            let set = if dev { &mut manifest.dev } else { &mut manifest.normal };
            set.insert(dependency.name.clone());
        }
        manifest
    };
    Ok(metadata.packages.iter().map(manifest).collect())
}
