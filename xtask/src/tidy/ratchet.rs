//! Lengths of files and functions. Those over the limit stand in a list that may only shrink.
//!
//! The list is `xtask/ratchet.txt`. An entry is removed or lowered by `xtask tidy --tighten`, which
//! never adds one; adding one is an edit by hand that a review sees.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::finding::Finding;
use crate::rust_source;
use crate::tree::{self, File};

/// Lines of a file. Over it, a file is about more than one thing.
pub const FILE_LINES: usize = 600;

/// Lines of a function, from `fn` to the closing brace. Over it, it does not fit on a screen.
pub const FUNCTION_LINES: usize = 70;

/// Where the known exceptions stand.
pub const LIST: &str = "xtask/ratchet.txt";

/// Lengths over the limit, by `path` for a file and by `path::function` for a function.
pub type Lengths = BTreeMap<String, usize>;

/// Compares the files with the list that stands among them.
pub fn check(files: &[File]) -> Vec<Finding> {
    let text = files.iter().find(|file| file.path == LIST).map_or("", |file| &file.text);
    let (known, mut findings) = parse(text);
    findings.extend(compare(&measure(files), &known));
    findings
}

/// Lowers and removes entries of the list to what is true now; adds none. Says how many changed.
pub fn tighten(root: &Path) -> Result<usize> {
    let now = measure(&tree::read(root)?);
    let list = root.join(LIST);
    let text = fs::read_to_string(&list).with_context(|| format!("{LIST} could not be read"))?;
    let (tight, changed) = tightened(&text, &now);
    fs::write(&list, tight).with_context(|| format!("{LIST} could not be written"))?;
    Ok(changed)
}

/// Everything over its limit.
pub fn measure(files: &[File]) -> Lengths {
    let mut long = Lengths::new();
    for file in files {
        if !matches!(file.extension(), "rs" | "sql" | "html" | "js" | "mjs" | "css" | "sh") {
            continue;
        }
        let lines = file.text.lines().count();
        if lines > FILE_LINES {
            long.insert(file.path.clone(), lines);
        }
        if file.extension() == "rs" {
            for function in rust_source::functions(&file.text) {
                if function.lines > FUNCTION_LINES {
                    // Two of one name share an entry, which then holds the longer.
                    let entry = long.entry(format!("{}::{}", file.path, function.name));
                    let length = entry.or_default();
                    *length = function.lines.max(*length);
                }
            }
        }
    }
    long
}

/// Lines of `what length`; empty ones and those after a `#` say nothing.
fn parse(text: &str) -> (Lengths, Vec<Finding>) {
    let (mut known, mut findings) = (Lengths::new(), Vec::new());
    for (index, line) in text.lines().enumerate() {
        if is_comment(line) {
            continue;
        }
        match entry(line) {
            Some((what, length)) => {
                known.insert(what.to_owned(), length);
            }
            None => findings.push(Finding::at(LIST, index + 1, "expected `path length`")),
        }
    }
    (known, findings)
}

fn is_comment(line: &str) -> bool {
    line.trim().is_empty() || line.starts_with('#')
}

fn entry(line: &str) -> Option<(&str, usize)> {
    let (what, length) = line.trim().rsplit_once(' ')?;
    Some((what.trim(), length.parse().ok()?))
}

fn compare(now: &Lengths, known: &Lengths) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (what, &length) in now {
        let limit = if what.contains("::") { FUNCTION_LINES } else { FILE_LINES };
        match known.get(what) {
            None => findings.push(Finding::new(
                what,
                format!("{length} lines, and {limit} is the limit: divide it by what it does"),
            )),
            Some(&listed) if length > listed => findings.push(Finding::new(
                what,
                format!("grew from {listed} to {length} lines, and {limit} is the limit: it may only shrink"),
            )),
            Some(_) => {}
        }
    }
    for (what, &listed) in known {
        let tight = now.get(what).is_some_and(|&length| length >= listed);
        if !tight {
            let says = format!(
                "is shorter than {listed} lines now: run `cargo run -p xtask -- tidy --tighten`"
            );
            findings.push(Finding::new(what, says));
        }
    }
    findings
}

/// The list with every entry lowered to what is true now, and how many lines that changed.
fn tightened(text: &str, now: &Lengths) -> (String, usize) {
    let (mut tight, mut changed) = (String::new(), 0);
    for line in text.lines() {
        let kept = match entry(line) {
            Some((what, listed)) if !is_comment(line) => {
                now.get(what).map(|&length| format!("{what} {}", length.min(listed)))
            }
            _ => Some(line.to_owned()),
        };
        changed += usize::from(kept.as_deref() != Some(line));
        if let Some(kept) = kept {
            tight.push_str(&kept);
            tight.push('\n');
        }
    }
    (tight, changed)
}

#[cfg(test)]
mod tests {
    use super::{LIST, check, measure, tightened};
    use crate::tree::File;

    fn function(lines: usize) -> File {
        let body = "    step();\n".repeat(lines - 2);
        File::new("crates/a/src/b.rs", format!("fn long() {{\n{body}}}\n"))
    }

    fn says(files: &[File]) -> String {
        crate::finding::listing(&check(files))
    }

    #[test]
    fn a_new_long_function_is_found() {
        assert_eq!(says(&[function(70)]), "");
        assert!(says(&[function(71)]).contains("crates/a/src/b.rs::long: 71 lines"));
    }

    #[test]
    fn a_listed_function_may_stay_but_not_grow() {
        let list = File::new(LIST, "# known\n\ncrates/a/src/b.rs::long 80\n");
        assert_eq!(says(&[function(80), list.clone()]), "");
        assert!(says(&[function(81), list.clone()]).contains("grew from 80 to 81"));
        assert!(says(&[function(79), list.clone()]).contains("--tighten"));
        assert!(says(&[list]).contains("--tighten"));
    }

    #[test]
    fn a_long_file_is_found() {
        let sql = |lines| File::new("crates/a/migrations/x.sql", "SELECT 1;\n".repeat(lines));
        assert_eq!(says(&[sql(600)]), "");
        assert!(says(&[sql(601)]).contains("601 lines"));
        let known = File::new(LIST, "crates/a/migrations/x.sql 601\n");
        assert_eq!(says(&[sql(601), known]), "");
    }

    #[test]
    fn a_list_that_cannot_be_read_is_found() {
        assert!(says(&[File::new(LIST, "crates/a/src/b.rs::long many\n")]).contains("expected"));
    }

    #[test]
    fn tightening_lowers_and_removes_but_never_raises_or_adds() {
        let text = "# why\ncrates/a/src/b.rs::long 90\nx.rs::gone 99\n";
        let (tight, changed) = tightened(text, &measure(&[function(80)]));
        assert_eq!((tight.as_str(), changed), ("# why\ncrates/a/src/b.rs::long 80\n", 2));
        let (tight, changed) = tightened(&tight, &measure(&[function(85)]));
        assert_eq!((tight.as_str(), changed), ("# why\ncrates/a/src/b.rs::long 80\n", 0));
        assert_eq!(tightened("", &measure(&[function(85)])).0, "");
    }
}
