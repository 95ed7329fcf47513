//! No test sleeps: it drives the clock, or waits for the thing itself through a helper.
//!
//! The helpers that watch another process have to poll; they stand in `xtask/sleepers.txt`.

use crate::finding::Finding;
use crate::rust_source::{blank, is_word};
use crate::tree::File;

/// The files that may sleep, one path a line.
pub const LIST: &str = "xtask/sleepers.txt";

/// Every call of a sleep in a test file that is not listed, and every listed file without one.
pub fn check(files: &[File]) -> Vec<Finding> {
    let text = files.iter().find(|file| file.path == LIST).map_or("", |file| &file.text);
    let listed: Vec<&str> = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .collect();
    let mut findings = Vec::new();
    for file in files.iter().filter(|file| is_test(file) && !listed.contains(&file.path.as_str())) {
        for line in sleeps(&file.text) {
            let says = "a test that sleeps is slow and fails by chance: drive the clock, or wait for the event";
            findings.push(Finding::at(&file.path, line, says));
        }
    }
    for path in listed {
        let still = files.iter().any(|file| file.path == path && !sleeps(&file.text).is_empty());
        if !still {
            findings
                .push(Finding::new(LIST, format!("`{path}` does not sleep: take it off the list")));
        }
    }
    findings
}

fn is_test(file: &File) -> bool {
    let in_folder = file.path.split('/').any(|part| part == "tests");
    file.extension() == "rs" && (in_folder || file.name() == "tests.rs")
}

/// The lines that call a `sleep` or `sleep_until`, other than as a method or as its declaration.
fn sleeps(text: &str) -> Vec<usize> {
    let calls = |line: &str| {
        ["sleep(", "sleep_until("].iter().any(|call| {
            line.match_indices(call).any(|(at, _)| {
                let before = line.split_at(at).0;
                let touches = before.chars().next_back().is_some_and(|c| is_word(c) || c == '.');
                !touches && !before.trim_end().ends_with("fn")
            })
        })
    };
    blank(text)
        .lines()
        .enumerate()
        .filter(|(_, line)| calls(line))
        .map(|(index, _)| index + 1)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{LIST, check};
    use crate::tree::File;

    const SLEEPER: &str = "fn waits() {\n    std::thread::sleep(second);\n}\n";

    #[test]
    fn a_test_that_sleeps_is_found() {
        let at = |path: &str, text: &str| check(&[File::new(path, text)]).len();
        assert_eq!(at("crates/a/tests/it.rs", SLEEPER), 1);
        assert_eq!(at("crates/a/src/b/tests.rs", "tokio::time::sleep(tick).await;"), 1);
        assert_eq!(at("xtask/tests/it/deep.rs", "sleep_until(then).await;"), 1);
        assert_eq!(at("crates/a/src/b.rs", SLEEPER), 0);
        assert_eq!(
            at("crates/a/tests/it.rs", "// sleep(1)\nclock.sleep(1);\nfn sleep(n: u8) {}"),
            0
        );
    }

    #[test]
    fn a_listed_helper_may_sleep_and_must() {
        let list = File::new(LIST, "# polls a process\ncrates/a/tests/wait.rs\n");
        assert_eq!(check(&[File::new("crates/a/tests/wait.rs", SLEEPER), list.clone()]), []);
        let idle = File::new("crates/a/tests/wait.rs", "fn waits() {}\n");
        assert_eq!(check(&[idle, list.clone()]).len(), 1);
        assert_eq!(check(&[list]).len(), 1);
    }
}
