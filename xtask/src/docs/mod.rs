//! Documents that are printed from the code, so that they cannot say anything else.

use std::fs;
use std::path::Path;

use altyn_web::api::ecommpay::contract;
use anyhow::{Context, Result};

use crate::finding::Finding;

mod codes;
mod crates;
mod states;

/// A generated document.
#[derive(Clone, Debug)]
pub struct Page {
    /// From the root of the repository.
    pub path: &'static str,
    /// Everything in it.
    pub text: String,
}

/// Every generated document, as it should be now.
pub fn pages() -> Vec<Page> {
    vec![
        Page { path: "docs/generated/codes.md", text: codes::page() },
        Page { path: "docs/generated/crates.md", text: crates::page() },
        Page { path: "docs/generated/openapi.json", text: contract::text() },
        Page { path: "docs/generated/states.md", text: states::page() },
    ]
}

/// Writes every document.
pub fn write(root: &Path) -> Result<()> {
    for page in pages() {
        let full = root.join(page.path);
        if let Some(folder) = full.parent() {
            fs::create_dir_all(folder)
                .with_context(|| format!("{} cannot be made", folder.display()))?;
        }
        fs::write(&full, page.text).with_context(|| format!("{} cannot be written", page.path))?;
    }
    Ok(())
}

/// Tells the reader of a generated document not to edit it.
const WRITTEN_BY: &str = "Written by `make docs` from the code; edits here are lost.";

/// A table, its head first.
fn table<const N: usize>(head: [&str; N], rows: impl IntoIterator<Item = [String; N]>) -> String {
    let mut text = format!("| {} |\n|{}\n", head.join(" | "), "---|".repeat(N));
    for row in rows {
        text.push_str(&format!("| {} |\n", row.join(" | ")));
    }
    text
}

/// The documents that differ from what would be written now.
pub fn check(root: &Path) -> Vec<Finding> {
    compare(&pages(), |path| fs::read_to_string(root.join(path)).ok())
}

fn compare(pages: &[Page], read: impl Fn(&str) -> Option<String>) -> Vec<Finding> {
    pages
        .iter()
        .filter(|page| read(page.path).as_deref() != Some(&page.text))
        .map(|page| Finding::new(page.path, "is not what the code says now: run `make docs`"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{Page, compare, table};

    #[test]
    fn a_table_has_a_head_and_a_line_for_each_row() {
        let row = ["1".to_owned(), "2".to_owned()];
        assert_eq!(table(["a", "b"], [row]), "| a | b |\n|---|---|\n| 1 | 2 |\n");
    }

    #[test]
    fn a_document_that_differs_or_is_missing_is_found() {
        let page = [Page { path: "docs/a.md", text: "new\n".to_owned() }];
        assert_eq!(compare(&page, |_| Some("new\n".to_owned())), []);
        assert_eq!(compare(&page, |_| Some("old\n".to_owned())).len(), 1);
        assert_eq!(compare(&page, |_| None).len(), 1);
    }
}
