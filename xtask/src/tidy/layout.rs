//! Rules about sets of files: migrations come in pairs, decisions are numbered and complete.

use std::collections::BTreeSet;

use crate::finding::Finding;
use crate::tree::File;

/// Where migrations stand, a folder for each database.
pub const MIGRATIONS: &str = "crates/altyn-store/migrations";

/// The databases, by the names of their folders.
const ENGINES: [&str; 2] = ["sqlite", "postgres"];

/// Both databases have the migrations of the same names, numbered from 0001 without a gap.
pub fn migrations(files: &[File]) -> Vec<Finding> {
    let names = |engine: &str| -> BTreeSet<String> {
        let folder = format!("{MIGRATIONS}/{engine}");
        let own = files.iter().filter(|file| file.is_below(&folder));
        own.map(|file| file.name().to_owned()).collect()
    };
    let mut findings = Vec::new();
    for engine in ENGINES {
        let folder = format!("{MIGRATIONS}/{engine}");
        let own = names(engine);
        for name in ENGINES.iter().flat_map(|other| names(other)).collect::<BTreeSet<_>>() {
            if !own.contains(&name) {
                let says = "is missing, and the other database has it";
                findings.push(Finding::new(format!("{folder}/{name}"), says));
            }
        }
        findings.extend(numbering(&folder, own.iter().map(String::as_str), "sql"));
    }
    findings
}

/// Where the decisions stand.
pub const DECISIONS: &str = "docs/adr";

/// What each decision tells, as headings.
const SECTIONS: [&str; 4] = ["Status", "Context", "Decision", "Consequences"];

/// Decisions are numbered from 0001 without a gap, and each has its four sections.
pub fn decisions(files: &[File]) -> Vec<Finding> {
    let own: Vec<_> = files
        .iter()
        .filter(|file| file.is_below(DECISIONS) && file.name() != "README.md")
        .collect();
    let mut findings = numbering(DECISIONS, own.iter().map(|file| file.name()), "md");
    for file in own {
        let headings: BTreeSet<_> = file
            .text
            .lines()
            .filter(|line| line.starts_with('#'))
            .map(|line| line.trim_start_matches('#').trim())
            .collect();
        for section in SECTIONS.iter().filter(|section| !headings.contains(*section)) {
            findings.push(Finding::new(&file.path, format!("has no heading `{section}`")));
        }
    }
    findings
}

/// Names are `NNNN` and a separator, a name, an extension; the numbers are 1, 2, 3 and so on.
fn numbering<'n>(
    folder: &str,
    names: impl Iterator<Item = &'n str>,
    extension: &str,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut numbers = Vec::new();
    for name in names {
        match number(name, extension) {
            Some(number) => numbers.push(number),
            None => findings.push(Finding::new(
                format!("{folder}/{name}"),
                format!("is not named by four digits, a word and `.{extension}`"),
            )),
        }
    }
    numbers.sort_unstable();
    for (expected, number) in (1..).zip(numbers) {
        if number != expected {
            let says = format!("number {expected:04} is missing or given twice");
            findings.push(Finding::new(folder, says));
            break;
        }
    }
    findings
}

fn number(name: &str, extension: &str) -> Option<u32> {
    let stem = name.strip_suffix(extension)?.strip_suffix('.')?;
    let (digits, word) = stem.split_once(['-', '_'])?;
    let fits = digits.len() == 4 && digits.bytes().all(|b| b.is_ascii_digit()) && !word.is_empty();
    if fits { digits.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::{decisions, migrations};
    use crate::finding::listing;
    use crate::tree::File;

    fn of_migrations(paths: &[&str]) -> String {
        let files: Vec<_> = paths
            .iter()
            .map(|path| File::new(format!("crates/altyn-store/migrations/{path}"), "SELECT 1;"))
            .collect();
        listing(&migrations(&files))
    }

    #[test]
    fn migrations_come_in_pairs_without_gaps() {
        assert_eq!(of_migrations(&["sqlite/0001_a.sql", "postgres/0001_a.sql"]), "");
        let alone = of_migrations(&["sqlite/0001_a.sql"]);
        assert!(alone.contains("postgres/0001_a.sql: is missing"), "{alone}");
        let gap = of_migrations(&["sqlite/0002_a.sql", "postgres/0002_a.sql"]);
        assert!(gap.contains("number 0001 is missing"), "{gap}");
        let twice = of_migrations(&[
            "sqlite/0001_a.sql",
            "sqlite/0001_b.sql",
            "postgres/0001_a.sql",
            "postgres/0001_b.sql",
        ]);
        assert!(twice.contains("number 0002 is missing or given twice"), "{twice}");
        let odd = of_migrations(&["sqlite/first.sql", "postgres/first.sql"]);
        assert!(odd.contains("four digits"), "{odd}");
    }

    const WHOLE: &str = "# Title\n## Status\n## Context\n## Decision\n## Consequences\n";

    #[test]
    fn decisions_are_numbered_and_whole() {
        let of = |files: &[(&str, &str)]| {
            let files: Vec<_> = files
                .iter()
                .map(|(name, text)| File::new(format!("docs/adr/{name}"), *text))
                .collect();
            listing(&decisions(&files))
        };
        assert_eq!(of(&[("0001-a.md", WHOLE), ("0002-b.md", WHOLE), ("README.md", "")]), "");
        assert!(of(&[("0001-a.md", WHOLE), ("0003-b.md", WHOLE)]).contains("number 0002"));
        assert!(
            of(&[("0001-a.md", "# A\n## Status\n## Context\nDecision\n## Consequences\n")])
                .contains("has no heading `Decision`")
        );
        assert!(of(&[("0001.md", WHOLE)]).contains("four digits"));
    }
}
