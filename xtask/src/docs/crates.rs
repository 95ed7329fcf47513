//! The dependency picture as a document.

use super::{WRITTEN_BY, table};
use crate::dependencies::homes::{HOMES, WITHOUT};
use crate::dependencies::picture::PICTURE;

/// Who may see whom, where outside libraries live, and what a crate does without.
pub fn page() -> String {
    let seats = PICTURE.iter().map(|seat| {
        [code(&[seat.name]), seat.is.to_owned(), code(seat.sees), code(seat.tests_see)]
    });
    let homes = HOMES.iter().map(|home| [code(&[home.library]), code(home.normal), code(home.dev)]);
    let without = WITHOUT.iter().map(|without| {
        let in_tests = if without.in_tests { "yes" } else { "no" };
        let [name, libraries] = [code(&[without.name]), code(without.libraries)];
        [name, libraries, in_tests.to_owned(), without.reason.to_owned()]
    });
    [
        format!("# Crates\n\n{WRITTEN_BY}\n\n## Who may see whom\n\n"),
        table(["crate", "is", "sees", "its tests also see"], seats),
        "\n## Where outside libraries live\n\nA library that is not here may be used anywhere.\n\n"
            .to_owned(),
        table(["library", "home", "also the tests of"], homes),
        "\n## What a crate does without\n\n".to_owned(),
        table(["crate", "libraries", "tests too", "why"], without),
    ]
    .concat()
}

fn code(names: &[&str]) -> String {
    match names {
        [] => "–".to_owned(),
        names => names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", "),
    }
}
