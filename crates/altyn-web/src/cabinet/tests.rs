//! Every page of the frame's own, in both languages, with friendly and with hostile values; and
//! the list of endpoints against the sources.
//!
//! With `ALTYN_PAGES_DIR` set, the pages are written there, to be looked at in a browser.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use axum::http::Method;

use super::endpoint::Needs;
use super::{account, assets, audit, endpoints, frame, payments, sign_in, users};
use crate::lang::Lang;

fn pages(lang: Lang, hostile: bool) -> Vec<(&'static str, String)> {
    [
        frame::tests::pages(lang, hostile),
        sign_in::tests::pages(lang, hostile),
        account::tests::pages(lang, hostile),
        users::tests::pages(lang, hostile),
        audit::tests::pages(lang, hostile),
        payments::tests::pages(lang, hostile),
    ]
    .concat()
}

#[test]
fn pages_can_be_written_out() {
    let Some(place) = std::env::var_os("ALTYN_PAGES_DIR") else { return };
    let place = Path::new(&place);
    std::fs::create_dir_all(place).unwrap();
    std::fs::write(place.join("cabinet.css"), assets::STYLE).unwrap();
    std::fs::write(place.join("cabinet.js"), assets::SCRIPT).unwrap();
    std::fs::write(place.join("cabinet-live.js"), assets::LIVE).unwrap();
    for lang in Lang::ALL {
        for (kind, hostile) in [("", false), ("hostile-", true)] {
            for (name, html) in pages(*lang, hostile) {
                let html = html.replace("/cabinet/static/", "");
                std::fs::write(place.join(format!("{kind}{name}-{}.html", lang.code())), html)
                    .unwrap();
            }
        }
    }
}

/// The tags of a page with the names of their attributes, without any value or text.
fn skeleton(html: &str) -> Vec<String> {
    let tags = html.split('<').skip(1).map(|rest| {
        let mut quoted = false;
        let mut tag = String::new();
        for character in rest.chars() {
            match (character, quoted) {
                ('"', _) => quoted = !quoted,
                ('>', false) => break,
                (_, true) => {}
                (other, false) => tag.push(other),
            }
        }
        tag
    });
    tags.collect()
}

/// Which tags a page has; how many of some depends on the address it was asked for by.
fn kinds(html: &str) -> BTreeSet<String> {
    skeleton(html).into_iter().collect()
}

#[test]
fn hostile_values_stay_text() {
    for lang in Lang::ALL {
        for ((name, plain), (_, hostile)) in pages(*lang, false).iter().zip(pages(*lang, true)) {
            assert_eq!(kinds(plain), kinds(&hostile), "{name}");
            assert!(!hostile.contains("<img") && !hostile.contains("<script>"), "{name}");
        }
    }
}

#[test]
fn nothing_is_inline_and_nothing_is_foreign() {
    for (name, html) in Lang::ALL.iter().flat_map(|lang| pages(*lang, false)) {
        assert!(!html.contains(" style=") && !html.contains("<style"), "{name}");
        let own = html.matches("<script src=\"/cabinet/static/").count();
        assert_eq!(html.matches("<script").count(), own, "{name}");
        assert!(!html.contains("javascript:") && !html.contains("http:"), "{name}");
        for on in [" onclick", " onload", " onsubmit", " onerror", " onchange"] {
            assert!(!html.contains(on), "{name}: {on}");
        }
        assert!(!html.contains("{{") && !html.contains("{%"), "{name}");
    }
}

#[test]
fn every_form_that_acts_carries_the_token() {
    for (name, html) in pages(Lang::Russian, false) {
        for form in html.split("<form ").skip(1) {
            let form = form.split("</form>").next().unwrap();
            let acts = form.contains("method=\"post\"");
            let entrance = form.contains("action=\"/cabinet/sign-in\"");
            assert_eq!(form.contains("name=\"token\""), acts && !entrance, "{name}: {form}");
        }
    }
}

#[test]
fn every_sign_that_is_used_is_there() {
    for (name, html) in pages(Lang::Russian, false) {
        for sign in html.split("<use href=\"#").skip(1) {
            let sign = sign.split('"').next().unwrap();
            assert!(html.contains(&format!("<symbol id=\"{sign}\"")), "{name}: {sign}");
        }
        let ids: Vec<_> =
            html.split(" id=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        let different: BTreeSet<_> = ids.iter().collect();
        assert_eq!(ids.len(), different.len(), "{name}: {ids:?}");
    }
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// A route by a literal path, or an endpoint that is not in its module's list, would be knocked at
/// by no test.
#[test]
fn every_route_is_made_of_a_listed_endpoint() {
    let mut files = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/cabinet"), &mut files);
    let mut declared = 0;
    for file in files.iter().filter(|file| !file.ends_with("tests.rs")) {
        let text = std::fs::read_to_string(file).unwrap();
        for route in text.split(".route(").skip(1) {
            let path = route.trim_start().split([',', ')']).next().unwrap();
            let name = path.strip_suffix(".path").unwrap_or_default();
            let constant = name.chars().all(|c| c.is_ascii_uppercase() || c == '_');
            assert!(!name.is_empty() && (constant || name == "self"), "{file:?}: {path}");
        }
        if file.ends_with("endpoint.rs") {
            continue;
        }
        let list = text.split("ENDPOINTS: &[Endpoint]").nth(1).unwrap_or_default();
        let list = list.split("];").next().unwrap_or_default();
        let listed: BTreeSet<_> =
            list.split(|c: char| !(c.is_ascii_uppercase() || c == '_')).collect();
        for constant in text.split("const ").skip(1) {
            let Some((name, rest)) = constant.split_once(": Endpoint") else { continue };
            let is_name = name.chars().all(|c| c.is_ascii_uppercase() || c == '_');
            if is_name && rest.trim_start().starts_with('=') {
                declared += 1;
                assert!(listed.contains(name), "{file:?}: {name} is in no list");
            }
        }
    }
    assert_eq!(declared, endpoints().count(), "an endpoint is made elsewhere");
}

#[test]
fn endpoints_are_different_and_closed_but_for_the_entrance() {
    let all: Vec<_> = endpoints().collect();
    let different: BTreeSet<_> = all.iter().map(|own| (own.method.as_str(), own.path)).collect();
    assert_eq!(different.len(), all.len());
    for endpoint in all {
        assert!(endpoint.path.starts_with("/cabinet"), "{}", endpoint.path);
        assert!(endpoint.method == Method::GET || endpoint.method == Method::POST);
        if endpoint.needs == Needs::Nothing {
            let open = ["/cabinet/sign-in", "/cabinet/static/"];
            assert!(open.iter().any(|own| endpoint.path.starts_with(own)), "{}", endpoint.path);
        }
    }
}
