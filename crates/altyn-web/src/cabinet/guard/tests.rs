//! Forms of others are refused, and nobody is led away.

use altyn_app::secret::Secret;
use axum::http::HeaderMap;

use super::form::{Form, is_own, is_same_site};
use super::is_script;

fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
    pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
}

#[test]
fn the_browser_says_which_site_a_form_is_from() {
    const HOST: (&str, &str) = ("host", "pay.example:8080");
    for (said, same) in [
        (&[][..], true),
        (&[("sec-fetch-site", "same-origin")][..], true),
        (&[("sec-fetch-site", "same-origin"), ("origin", "null")][..], true),
        (&[("sec-fetch-site", "none")][..], true),
        (&[("sec-fetch-site", "cross-site")][..], false),
        (&[("sec-fetch-site", "same-site")][..], false),
        (&[("sec-fetch-site", "")][..], false),
        (&[("sec-fetch-site", "cross-site"), ("origin", "https://pay.example:8080")][..], false),
        (&[("origin", "https://pay.example:8080")][..], true),
        (&[("origin", "https://pay.example")][..], false),
        (&[("origin", "https://evil.example")][..], false),
        (&[("origin", "https://pay.example:8080.evil.example")][..], false),
        (&[("origin", "null")][..], false),
    ] {
        let said: Vec<_> = said.iter().copied().chain([HOST]).collect();
        assert_eq!(is_same_site(&headers(&said)), same, "{said:?}");
    }
}

#[test]
fn a_form_carries_the_token_of_its_session() {
    let cookie = Secret::new("one");
    let token = altyn_app::access::sign_in::form_token("one");
    let foreign = altyn_app::access::sign_in::form_token("other");
    for (body, own) in [
        (format!("a=1&token={token}"), true),
        (format!("token=x&token={token}"), true),
        (format!("token={token}&token=x"), false),
        (format!("token={token}x"), false),
        (format!("token={foreign}"), false),
        ("token=".to_owned(), false),
        ("token=one".to_owned(), false),
        ("a=1".to_owned(), false),
        (String::new(), false),
    ] {
        assert_eq!(is_own(&Form::parse(body.as_bytes()), &cookie), own, "{body}");
    }
}

#[test]
fn fields_are_read_as_they_were_typed() {
    let form = Form::parse("a=1&a=+2+&p=+%D0%B0+&empty=".as_bytes());
    assert_eq!(form.field("a"), "2");
    assert_eq!(form.secret("p").expose(), " а ");
    assert_eq!(form.field("empty"), "");
    assert_eq!(form.field("none"), "");
    assert_eq!(form.len(), 4);
}

#[test]
fn a_script_is_told_from_a_person() {
    assert!(is_script(&headers(&[("accept", "application/json")])));
    assert!(is_script(&headers(&[("x-requested-with", "fetch"), ("accept", "text/html")])));
    assert!(!is_script(&headers(&[("accept", "text/html,application/json;q=0.9")])));
    assert!(!is_script(&headers(&[])));
}
