//! The crates of this workspace and what each may see of the others.

use super::Manifest;
use crate::finding::Finding;

/// One crate's place in the picture.
#[derive(Clone, Copy, Debug)]
pub struct Seat {
    /// The crate.
    pub name: &'static str,
    /// What it is, in a line.
    pub is: &'static str,
    /// The crates it may be built with.
    pub sees: &'static [&'static str],
    /// The crates that its tests may see as well.
    pub tests_see: &'static [&'static str],
}

/// Who may import whom. A new line or a new name in one is a change of architecture.
pub const PICTURE: &[Seat] = &[
    Seat {
        name: "altyn-domain",
        is: "rules without effects: money, states, the transition table, the ledger",
        sees: &[],
        tests_see: &[],
    },
    Seat {
        name: "altyn-app",
        is: "ports, use cases and jobs, without a runtime",
        sees: &["altyn-domain"],
        tests_see: &["altyn-store", "altyn-testkit"],
    },
    Seat {
        name: "altyn-store",
        is: "SQLite and PostgreSQL behind the ports",
        sees: &["altyn-app", "altyn-domain"],
        tests_see: &["altyn-testkit"],
    },
    Seat {
        name: "altyn-connect",
        is: "providers over the network, and the sender of callbacks",
        sees: &["altyn-app", "altyn-domain"],
        tests_see: &["altyn-testkit"],
    },
    // It knows a moment and nothing else of payments: words and columns are given to it.
    Seat {
        name: "altyn-register",
        is: "tables as files: CSV, XLSX, XLS",
        sees: &["altyn-domain"],
        tests_see: &[],
    },
    Seat {
        name: "altyn-web",
        is: "the faces: dialects of the API, pages, provider notifications",
        sees: &["altyn-app", "altyn-domain"],
        tests_see: &["altyn-testkit"],
    },
    // Written from the protocols alone: if it shared a type with the connectors, one misreading
    // would satisfy both.
    Seat { name: "altyn-sandbox", is: "emulators of the providers", sees: &[], tests_see: &[] },
    Seat {
        name: "altyn-server",
        is: "the one binary: configuration, wiring, commands",
        sees: &[
            "altyn-app",
            "altyn-connect",
            "altyn-domain",
            "altyn-register",
            "altyn-sandbox",
            "altyn-store",
            "altyn-web",
        ],
        tests_see: &["altyn-testkit"],
    },
    Seat {
        name: "altyn-testkit",
        is: "clocks, builders, contract suites and the harness, for tests only",
        sees: &["altyn-app", "altyn-domain"],
        tests_see: &[],
    },
    Seat {
        name: "altyn-sim",
        is: "the core under a virtual clock, with everything going wrong by a seed",
        sees: &["altyn-app", "altyn-domain", "altyn-store", "altyn-testkit"],
        tests_see: &[],
    },
    Seat {
        name: "xtask",
        is: "what the repository checks, measures and generates about itself",
        sees: &[
            "altyn-app",
            "altyn-connect",
            "altyn-domain",
            "altyn-sim",
            "altyn-store",
            "altyn-web",
        ],
        tests_see: &[],
    },
];

/// Compares the manifests with [`PICTURE`].
pub fn check(manifests: &[Manifest]) -> Vec<Finding> {
    let own = |name: &&String| manifests.iter().any(|manifest| manifest.name == **name);
    let mut findings = Vec::new();
    for manifest in manifests {
        let Some(seat) = PICTURE.iter().find(|seat| seat.name == manifest.name) else {
            findings.push(Finding::new(&manifest.name, "has no place in the dependency picture"));
            continue;
        };
        for seen in manifest.normal.iter().filter(own) {
            if !seat.sees.contains(&seen.as_str()) {
                findings.push(Finding::new(seat.name, format!("may not depend on {seen}")));
            }
        }
        for seen in manifest.dev.iter().filter(own) {
            let allowed = seat.sees.contains(&seen.as_str())
                || seat.tests_see.contains(&seen.as_str())
                || seen == seat.name;
            if !allowed {
                let says = format!("may not depend on {seen}, even in tests");
                findings.push(Finding::new(seat.name, says));
            }
        }
    }
    findings
}

/// Seats of crates that are not there: they are left over from a crate that went.
pub fn empty_seats(manifests: &[Manifest]) -> Vec<Finding> {
    let taken = |seat: &&Seat| manifests.iter().any(|manifest| manifest.name == seat.name);
    PICTURE
        .iter()
        .filter(|seat| !taken(seat))
        .map(|seat| Finding::new(seat.name, "stands in the dependency picture and does not exist"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{PICTURE, check, empty_seats};
    use crate::dependencies::Manifest;
    use crate::finding::listing;

    /// What is said when one crate names one more.
    fn with(name: &str, normal: &[&str], dev: &[&str]) -> String {
        let mut manifests: Vec<_> = PICTURE
            .iter()
            .filter(|seat| seat.name != name)
            .map(|seat| Manifest::new(seat.name, seat.sees, seat.tests_see))
            .collect();
        manifests.push(Manifest::new(name, normal, dev));
        listing(&check(&manifests))
    }

    #[test]
    fn the_picture_agrees_with_itself() {
        assert_eq!(with("altyn-domain", &[], &[]), "");
    }

    #[test]
    fn an_edge_outside_the_picture_is_found() {
        for (name, seen) in [
            ("altyn-domain", "altyn-app"),
            ("altyn-app", "altyn-store"),
            ("altyn-store", "altyn-connect"),
            ("altyn-connect", "altyn-web"),
            ("altyn-web", "altyn-store"),
            ("altyn-web", "altyn-register"),
            ("altyn-register", "altyn-app"),
            ("altyn-web", "altyn-sandbox"),
            ("altyn-sandbox", "altyn-domain"),
            ("altyn-sandbox", "altyn-connect"),
            ("altyn-testkit", "altyn-store"),
            ("altyn-web", "altyn-testkit"),
            ("altyn-web", "altyn-server"),
        ] {
            let says = with(name, &[seen], &[]);
            assert_eq!(says, format!("{name}: may not depend on {seen}\n"));
        }
    }

    #[test]
    fn tests_may_see_more_than_the_code_but_not_everything() {
        assert_eq!(with("altyn-app", &["altyn-domain"], &["altyn-store"]), "");
        let says = with("altyn-web", &[], &["altyn-store"]);
        assert_eq!(says, "altyn-web: may not depend on altyn-store, even in tests\n");
    }

    #[test]
    fn a_crate_without_a_seat_and_a_seat_without_a_crate_are_found() {
        assert!(with("altyn-new", &[], &[]).contains("no place in the dependency picture"));
        let alone = [Manifest::new("altyn-domain", &[], &[])];
        assert_eq!(empty_seats(&alone).len(), PICTURE.len() - 1);
    }
}
