//! The rules, applied to this repository, and the gate.
#![cfg(test)]

use std::path::Path;

use anyhow::Result;
use xtask::finding::{Finding, listing};
use xtask::{dependencies, docs, gate, mutants, tidy, tree};

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
fn deliberate_bugs_fit_the_code_and_are_told_of() -> Result<()> {
    nothing(&mutants::list::check(&tree::root())?);
    assert!(mutants::list::read(&tree::root())?.len() >= 18);
    Ok(())
}

#[test]
fn a_sale_takes_no_more_instructions_than_it_did() -> Result<()> {
    if !cfg!(debug_assertions) {
        println!("skipped: the baseline is of the tests' build, and this is another");
        return Ok(());
    }
    if !gate::has_valgrind() {
        println!("skipped: valgrind is missing; scripts/setup.sh installs it");
        return Ok(());
    }
    let baseline = gate::baseline(&tree::root())?;
    let counts = gate::count(Path::new(env!("CARGO_BIN_EXE_xtask")))?;
    println!("{}", gate::table(&baseline, &counts));
    let risen = gate::risen(&baseline.instructions, &counts);
    assert!(risen.is_empty(), "{}\n`xtask gate --bless` accepts it", risen.join("\n"));
    Ok(())
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
