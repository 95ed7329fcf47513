//! Rules about what files say: headers, leftover markers, paths of one machine.

use crate::finding::Finding;
use crate::rust_source::is_word;
use crate::tree::File;

/// Every source file of a crate opens with a `//!` header that says something.
pub fn headers(files: &[File]) -> Vec<Finding> {
    let is_source = |file: &&File| {
        let mut parts = file.path.split('/');
        let below_src = match (parts.next(), parts.next(), parts.next()) {
            (Some("crates"), Some(_), Some(folder)) => folder == "src",
            (Some("xtask"), Some(folder), _) => folder == "src",
            _ => false,
        };
        below_src && file.extension() == "rs"
    };
    let says_nothing = |file: &&File| {
        let first = file.text.lines().map(str::trim).find(|line| !line.is_empty());
        !first
            .and_then(|line| line.strip_prefix("//!"))
            .is_some_and(|header| header.chars().any(char::is_alphanumeric))
    };
    files
        .iter()
        .filter(is_source)
        .filter(says_nothing)
        .map(|file| {
            Finding::at(
                &file.path,
                1,
                "begin with a `//!` header: what this is, what it guarantees",
            )
        })
        .collect()
}

/// What someone meant to come back to. Written in pieces, or this file would find itself.
const MARKERS: [&str; 6] = [
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
    concat!("XX", "X"),
    concat!("to", "do!"),
    concat!("unimpl", "emented!"),
    concat!("db", "g!"),
];

/// Three letters that also occur in masks and as a currency code: a marker in comments only.
const ONLY_IN_COMMENTS: &str = concat!("XX", "X");

/// No unfinished work is left in sources.
pub fn markers(files: &[File]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in files.iter().filter(|file| {
        matches!(file.extension(), "rs" | "sql" | "html" | "js" | "mjs" | "css" | "sh")
    }) {
        for (number, line) in file.lines() {
            for marker in MARKERS {
                let searched = if marker == ONLY_IN_COMMENTS { comment_of(line) } else { line };
                if has_word(searched, marker) {
                    let says = format!("`{marker}` is left: finish it, or take it out");
                    findings.push(Finding::at(&file.path, number, says));
                }
            }
        }
    }
    findings
}

/// The part of a line after the first sign that starts a comment in any of the languages.
fn comment_of(line: &str) -> &str {
    ["//", "/*", "--", "<!--", "#"]
        .iter()
        .filter_map(|sign| line.split_once(sign).map(|(_, comment)| comment))
        .max_by_key(|comment| comment.len())
        .unwrap_or("")
}

/// Whether `word` stands in `line` with no letter or digit touching it.
fn has_word(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        let (before, rest) = line.split_at(at);
        let after = rest.strip_prefix(word).unwrap_or("");
        !before.chars().next_back().is_some_and(is_word)
            && (word.ends_with('!') || !after.chars().next().is_some_and(is_word))
    })
}

/// Folders that exist on somebody's machine only.
const MACHINE_PATHS: [&str; 2] = [concat!("/wo", "rk/"), concat!("/ro", "ot/")];

/// No file names a folder of the machine it was written on.
pub fn machine_paths(files: &[File]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in files {
        for (number, line) in file.lines() {
            for path in MACHINE_PATHS {
                if has_absolute(line, path) {
                    let says = format!("`{path}` is a folder of one machine");
                    findings.push(Finding::at(&file.path, number, says));
                }
            }
        }
    }
    findings
}

/// Whether `path` stands in `line` as the beginning of a path, not as the middle of a longer one.
fn has_absolute(line: &str, path: &str) -> bool {
    line.match_indices(path).any(|(at, _)| {
        let before = line.split_at(at).0.chars().next_back();
        !before.is_some_and(|c| is_word(c) || matches!(c, '.' | '-' | '}' | ')' | '*'))
    })
}

#[cfg(test)]
mod tests {
    use super::{headers, machine_paths, markers};
    use crate::tree::File;

    #[test]
    fn a_source_without_a_header_is_found() {
        let at = |path: &str, text: &str| headers(&[File::new(path, text)]).len();
        assert_eq!(at("crates/altyn-app/src/a.rs", "use std::fmt;\n"), 1);
        assert_eq!(at("crates/altyn-app/src/deep/a.rs", "//!\nuse std::fmt;\n"), 1);
        assert_eq!(at("xtask/src/a.rs", ""), 1);
        assert_eq!(at("xtask/src/a.rs", "\n//! What it is.\n"), 0);
        assert_eq!(at("crates/altyn-app/tests/it.rs", "use std::fmt;\n"), 0);
    }

    #[test]
    fn leftover_markers_are_found() {
        let at = |path: &str, text: &str| markers(&[File::new(path, text)]).len();
        assert_eq!(at("a.rs", concat!("// TO", "DO later")), 1);
        assert_eq!(at("a.sql", concat!("-- FIX", "ME")), 1);
        assert_eq!(at("a.html", concat!("<!-- XX", "X -->")), 1);
        assert_eq!(at("a.rs", concat!("    to", "do!()")), 1);
        assert_eq!(at("a.rs", concat!("    unimpl", "emented!()")), 1);
        assert_eq!(at("a.rs", concat!("let x = db", "g!(y);")), 1);
        assert_eq!(at("a.rs", "let mask = \"427638XXXXXX1234\"; let none = \"XXX\";"), 0);
        assert_eq!(at("a.rs", "let todos = mastodon!();"), 0);
        assert_eq!(at("a.md", concat!("TO", "DO")), 0);
    }

    #[test]
    fn paths_of_one_machine_are_found() {
        let at = |text: &str| machine_paths(&[File::new("README.md", text)]).len();
        assert_eq!(at(concat!("see /wo", "rk/here")), 1);
        assert_eq!(at(concat!("`/ro", "ot/.cargo`")), 1);
        assert_eq!(at("https://example.org/work/1 and framework/"), 0);
    }
}
