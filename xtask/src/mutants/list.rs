//! The list of deliberate bugs, and whether it still fits the code and the catalogue of properties.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::finding::Finding;

/// Where the list is.
pub const LIST: &str = "xtask/mutants.toml";
/// Where properties are listed, and what came of the bugs is told.
pub const CATALOGUE: &str = "docs/properties.md";
/// The catalogue's section about the bugs.
const SECTION: &str = "## Deliberate bugs";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct List {
    mutant: Vec<Mutant>,
}

/// A deliberate bug: one text of one file replaced by another.
#[derive(Clone, Debug, Deserialize)]
pub struct Mutant {
    /// What is broken.
    pub name: String,
    /// What must hold, by its number in the catalogue.
    pub property: String,
    /// From the root of the repository.
    pub file: String,
    /// There once.
    pub find: String,
    /// What stands there instead.
    pub replace: String,
    /// What notices.
    #[serde(flatten)]
    pub trial: Trial,
}

/// The test that notices a bug, and how it is run.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
pub struct Trial {
    /// The crate it is in.
    pub package: String,
    /// `--lib`, or `--test it`.
    pub target: String,
    /// Its whole name.
    pub test: String,
    /// Set for it.
    #[serde(default)]
    pub env: BTreeMap<String, String>,
    /// It wants the server that `scripts/with-postgres.sh` starts.
    #[serde(default)]
    pub postgres: bool,
}

/// Reads the list of the repository at `root`.
pub fn read(root: &Path) -> Result<Vec<Mutant>> {
    let text = fs::read_to_string(root.join(LIST)).context(LIST)?;
    Ok(toml::from_str::<List>(&text).context(LIST)?.mutant)
}

/// Compares the list with the code and with the catalogue.
pub fn check(root: &Path) -> Result<Vec<Finding>> {
    let mutants = read(root)?;
    let catalogue = fs::read_to_string(root.join(CATALOGUE)).context(CATALOGUE)?;
    let mut findings = places(&mutants, |path| fs::read_to_string(root.join(path)).ok());
    findings.extend(told(&mutants, &catalogue));
    Ok(findings)
}

/// Bugs that cannot be put into the code: what they replace is not there exactly once.
pub fn places(mutants: &[Mutant], read: impl Fn(&str) -> Option<String>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for Mutant { name, file, find, replace, .. } in mutants {
        let mut add = |says: String| findings.push(Finding::new(LIST, format!("{name}: {says}")));
        match read(file).map(|text| text.matches(find.as_str()).count()) {
            None => add(format!("there is no {file}")),
            Some(1) => {}
            Some(times) => add(format!("what it replaces is {times} times in {file}")),
        }
        if find == replace {
            add("it changes nothing".to_owned());
        }
    }
    findings
}

/// Where the list and the catalogue's section about it differ.
fn told(mutants: &[Mutant], catalogue: &str) -> Vec<Finding> {
    let (before, section) = catalogue.split_once(SECTION).unwrap_or((catalogue, ""));
    let section = section.split_once("\n## ").map_or(section, |(own, _)| own);
    let mut findings = Vec::new();
    for Mutant { name, property, trial, .. } in mutants {
        let mut add = |says: String| findings.push(Finding::new(LIST, format!("{name}: {says}")));
        if !before.lines().any(|line| line.starts_with(&format!("| {property} | "))) {
            add(format!("{CATALOGUE} has no property {property}"));
        }
        let row = format!("| {name} | {property} | ");
        let test = format!("`{}`", trial.test);
        if !section.lines().any(|line| line.starts_with(&row) && line.contains(&test)) {
            add(format!("«Deliberate bugs» of {CATALOGUE} lacks its row, with {test} in it"));
        }
    }
    let rows = section.lines().filter_map(|line| line.strip_prefix("| ")?.split(" | ").next());
    for name in rows.filter(|name| *name != "bug") {
        if !mutants.iter().any(|mutant| mutant.name == name) {
            findings.push(Finding::new(CATALOGUE, format!("{name:?} is not in {LIST}")));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::{List, Mutant, places, told};
    use crate::finding::listing;

    fn mutants(text: &str) -> Vec<Mutant> {
        toml::from_str::<List>(text).unwrap().mutant
    }

    fn one() -> Vec<Mutant> {
        mutants(
            "[[mutant]]\nname = 'no check'\nproperty = 'S1'\nfile = 'a.rs'\nfind = 'if a'\n\
             replace = 'if true'\npackage = 'a'\ntarget = '--lib'\ntest = 'tests::it'",
        )
    }

    const CATALOGUE: &str = "| S1 | x | y |\n\n## Deliberate bugs\n\n| bug | property | test |\n\
                             |---|---|---|\n| no check | S1 | a `tests::it` |\n";

    #[test]
    fn what_is_replaced_is_there_once() {
        let says = |text: Option<&str>| listing(&places(&one(), |_| text.map(str::to_owned)));
        assert_eq!(says(Some("fn f() { if a {} }")), "");
        assert!(says(Some("if a {} if a {}")).contains("is 2 times in a.rs"));
        assert!(says(Some("")).contains("is 0 times in a.rs"));
        assert!(says(None).contains("there is no a.rs"));
        let mut same = one();
        same[0].replace = "if a".to_owned();
        assert!(listing(&places(&same, |_| Some("if a".to_owned()))).contains("changes nothing"));
    }

    #[test]
    fn the_list_and_the_catalogue_tell_the_same() {
        let says = |text: &str| listing(&told(&one(), text));
        assert_eq!(says(CATALOGUE), "");
        assert!(says(&CATALOGUE.replace("| S1 | x", "| S2 | x")).contains("has no property S1"));
        assert!(says(&CATALOGUE.replace("`tests::it`", "`other`")).contains("lacks its row"));
        assert!(says(&CATALOGUE.replace("## Deliberate", "## Other")).contains("lacks its row"));
        let more = format!("{CATALOGUE}| another | S1 | b |\n");
        assert!(says(&more).contains("\"another\" is not in xtask/mutants.toml"));
    }
}
