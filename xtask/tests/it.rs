//! The rules, applied to this repository.
#![cfg(test)]

use anyhow::Result;
use xtask::finding::{Finding, listing};
use xtask::{dependencies, docs, tidy, tree};

#[track_caller]
fn nothing(findings: &[Finding]) {
    assert!(findings.is_empty(), "\n{}", listing(findings));
}

#[test]
fn files_keep_the_rules() -> Result<()> {
    nothing(&tidy::check(&tree::root())?);
    Ok(())
}

#[test]
fn dependencies_keep_to_the_picture() -> Result<()> {
    nothing(&dependencies::check(&tree::root())?);
    Ok(())
}

#[test]
fn generated_documents_are_up_to_date() {
    nothing(&docs::check(&tree::root()));
}

#[test]
fn the_repository_is_really_read() -> Result<()> {
    let files = tree::read(&tree::root())?;
    for path in ["Cargo.toml", "xtask/src/main.rs", "crates/altyn-domain/src/lib.rs"] {
        assert!(files.iter().any(|file| file.path == path), "{path} was not read");
    }
    let manifests = dependencies::manifests(&tree::root())?;
    assert!(manifests.iter().any(|manifest| manifest.name == "xtask"));
    Ok(())
}
