//! Outside libraries have one home, and some crates do without some of them.

use std::collections::BTreeSet;

use super::Manifest;
use crate::finding::Finding;

/// A library and the crates that may name it.
#[derive(Clone, Copy, Debug)]
pub struct Home {
    /// The library.
    pub library: &'static str,
    /// The crates that may be built with it.
    pub normal: &'static [&'static str],
    /// The crates whose tests may use it as well.
    pub dev: &'static [&'static str],
}

const fn home(
    library: &'static str,
    normal: &'static [&'static str],
    dev: &'static [&'static str],
) -> Home {
    Home { library, normal, dev }
}

/// Libraries that decide something for whoever uses them: only their home may.
pub const HOMES: &[Home] = &[
    home("rusqlite", &["altyn-store", "altyn-sim", "xtask"], &["altyn-server"]),
    home("tokio-postgres", &["altyn-store", "xtask"], &["altyn-server"]),
    home("chacha20poly1305", &["altyn-store", "altyn-web"], &[]),
    home("hyper-rustls", &["altyn-connect"], &[]),
    home("rustls", &["altyn-connect"], &[]),
    home("ipnet", &["altyn-connect"], &[]),
    home("lettre", &["altyn-connect"], &[]),
    home("md-5", &["altyn-web"], &[]),
    home("askama", &["altyn-web", "altyn-sandbox"], &[]),
    home("jiter", &["altyn-web"], &[]),
    home("utoipa", &["altyn-web"], &[]),
    home("prometheus-client", &["altyn-web"], &[]),
    home("anyhow", &["altyn-server", "altyn-sim", "xtask"], &[]),
    home("clap", &["altyn-server", "xtask"], &[]),
    home("toml", &["altyn-server", "xtask"], &[]),
    home("tracing-subscriber", &["altyn-server"], &[]),
    home("mimalloc", &["altyn-server", "xtask"], &[]),
    home("argon2", &["altyn-server"], &[]),
    home("rustix", &["altyn-server"], &[]),
    home("csv", &["altyn-register"], &[]),
    home("rust_xlsxwriter", &["altyn-register"], &[]),
    home("cfb", &["altyn-register"], &[]),
    home("totp-rs", &["altyn-app"], &[]),
    home("cargo_metadata", &["xtask"], &[]),
    home("hdrhistogram", &["xtask"], &[]),
];

/// A crate that does without certain libraries.
#[derive(Clone, Copy, Debug)]
pub struct Without {
    /// The crate.
    pub name: &'static str,
    /// The libraries.
    pub libraries: &'static [&'static str],
    /// Whether its tests do without them too.
    pub in_tests: bool,
    /// Why.
    pub reason: &'static str,
}

/// What keeps the core pure.
pub const WITHOUT: &[Without] = &[
    Without {
        name: "altyn-domain",
        libraries: &[
            "async-trait",
            "axum",
            "futures-util",
            "getrandom",
            "hyper",
            "hyper-util",
            "serde",
            "serde_json",
            "tokio",
            "tracing",
        ],
        in_tests: true,
        reason: "the domain has no effects, and its types have no wire form",
    },
    Without {
        name: "altyn-app",
        libraries: &["axum", "getrandom", "hyper", "hyper-util", "jiff", "tokio", "tower"],
        in_tests: false,
        reason: "use cases have no runtime: loops, clocks and sockets belong to the server",
    },
];

/// Direct outside libraries of the whole workspace. Each is read, followed and updated by someone.
pub const MOST_LIBRARIES: usize = 60;

/// Compares the manifests with [`HOMES`], [`WITHOUT`] and [`MOST_LIBRARIES`].
pub fn check(manifests: &[Manifest]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for manifest in manifests {
        let name = manifest.name.as_str();
        for home in HOMES {
            let normal = home.normal.contains(&name);
            let dev = normal || home.dev.contains(&name);
            let used = manifest.normal.contains(home.library);
            let used_in_tests = manifest.dev.contains(home.library);
            if (used && !normal) || (used_in_tests && !dev) {
                let says =
                    format!("uses {}, whose home is {}", home.library, home.normal.join(", "));
                findings.push(Finding::new(name, says));
            }
        }
        for without in WITHOUT.iter().filter(|without| without.name == name) {
            for &library in without.libraries {
                let in_tests = without.in_tests && manifest.dev.contains(library);
                if manifest.normal.contains(library) || in_tests {
                    let says = format!("does without {library}: {}", without.reason);
                    findings.push(Finding::new(name, says));
                }
            }
        }
    }
    findings.extend(too_many(manifests));
    findings
}

fn too_many(manifests: &[Manifest]) -> Option<Finding> {
    let own: BTreeSet<_> = manifests.iter().map(|manifest| &manifest.name).collect();
    let named = manifests.iter().flat_map(|manifest| manifest.normal.iter().chain(&manifest.dev));
    let outside: BTreeSet<_> = named.filter(|name| !own.contains(name)).collect();
    (outside.len() > MOST_LIBRARIES).then(|| {
        let says =
            format!("{} direct outside libraries, the most is {MOST_LIBRARIES}", outside.len());
        Finding::new("Cargo.toml", says)
    })
}

#[cfg(test)]
mod tests {
    use super::{HOMES, MOST_LIBRARIES, check};
    use crate::dependencies::Manifest;
    use crate::finding::listing;

    fn of(name: &str, normal: &[&str], dev: &[&str]) -> String {
        listing(&check(&[Manifest::new(name, normal, dev)]))
    }

    #[test]
    fn every_library_is_refused_outside_its_home() {
        for home in HOMES {
            let says = of("altyn-testkit", &[home.library], &[]);
            assert!(says.contains("whose home is"), "{} may be anywhere", home.library);
            for name in home.normal {
                assert_eq!(of(name, &[home.library], &[]), "");
            }
        }
    }

    #[test]
    fn a_home_for_tests_is_not_a_home_for_the_code() {
        assert_eq!(of("altyn-server", &[], &["rusqlite"]), "");
        assert!(of("altyn-server", &["rusqlite"], &[]).contains("whose home is altyn-store"));
        assert!(of("altyn-web", &[], &["rusqlite"]).contains("whose home is altyn-store"));
    }

    #[test]
    fn the_core_does_without_runtimes_and_wire_forms() {
        assert!(of("altyn-domain", &["serde"], &[]).contains("does without serde"));
        assert!(of("altyn-domain", &[], &["tokio"]).contains("does without tokio"));
        assert!(of("altyn-app", &["hyper"], &[]).contains("does without hyper"));
        assert_eq!(of("altyn-app", &["serde"], &["tokio"]), "");
    }

    #[test]
    fn too_many_libraries_are_found() {
        let names: Vec<_> = (0..=MOST_LIBRARIES).map(|index| format!("library-{index}")).collect();
        let names: Vec<_> = names.iter().map(String::as_str).collect();
        let (_, fewer) = names.split_first().unwrap();
        assert_eq!(of("altyn-web", fewer, &[]), "");
        assert!(of("altyn-web", &names, &[]).contains("61 direct outside libraries"));
    }
}
