//! Rules about the repository's files.

use std::path::Path;

use anyhow::Result;

use crate::finding::Finding;
use crate::tree;

pub mod layout;
pub mod ratchet;
pub mod sleeps;
pub mod text;

/// Applies every rule about files to the repository at `root`.
pub fn check(root: &Path) -> Result<Vec<Finding>> {
    let files = tree::read(root)?;
    let mut findings = Vec::new();
    findings.extend(text::headers(&files));
    findings.extend(text::markers(&files));
    findings.extend(text::machine_paths(&files));
    findings.extend(ratchet::check(&files));
    findings.extend(sleeps::check(&files));
    findings.extend(layout::migrations(&files));
    findings.extend(layout::decisions(&files));
    findings.sort();
    Ok(findings)
}
