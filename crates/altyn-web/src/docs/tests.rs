//! The page: complete in both languages, signed by the vector, nothing from elsewhere.

use std::collections::BTreeSet;

use askama::Template;
use axum::body::{Body, to_bytes};
use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::http::{Request, Response, StatusCode};
use tower::ServiceExt;

use super::{routes, russian, view::Contract};
use crate::api::ecommpay::codes::Code;
use crate::api::ecommpay::contract::fields::fields;
use crate::api::ecommpay::contract::{body_name, document};
use crate::api::ecommpay::endpoints::Endpoint;
use crate::lang::Lang;

/// Vector V3 of ecommpay.md §1.4.
const V3_TEXT: &str = "general:payment_id:refund_02;general:project_id:239";
const V3_SIGNATURE: &str =
    "GtgQKkoStPqvt2NBqBusyKoQrb1FmG21t9+wS+uvYqeCsqsGI8iuuhtJ1VKeAbT0om04NKcHshuPkDHjgAIatg==";

fn page(lang: Lang) -> String {
    Contract::of(lang).render().unwrap()
}

fn escaped(text: &str) -> String {
    text.replace('+', "&#43;").replace('=', "&#61;").replace('"', "&#34;")
}

#[test]
fn every_field_is_described_in_both_languages() {
    let mut schemas: Vec<String> = Endpoint::ALL.iter().copied().map(body_name).collect();
    schemas.extend(["StatusBody".to_owned(), "CallbackBody".to_owned()]);
    let all: Vec<_> = schemas.iter().flat_map(|schema| fields(document(), schema)).collect();
    let keys: BTreeSet<&str> = all.iter().map(|field| field.key.as_str()).collect();
    let known: BTreeSet<&str> = russian::FIELDS.iter().map(|(key, _)| *key).collect();
    assert_eq!(keys, known);
    assert_eq!(known.len(), russian::FIELDS.len());
    for field in &all {
        assert!(!field.description().is_empty(), "{} has no description", field.key);
    }
}

#[test]
fn the_page_says_all_of_it() {
    for lang in Lang::ALL {
        let page = page(*lang);
        assert!(page.contains(V3_TEXT));
        assert!(page.contains(V3_SIGNATURE) || page.contains(&escaped(V3_SIGNATURE)));
        for endpoint in Endpoint::ALL {
            assert!(page.contains(endpoint.path()) && page.contains(endpoint.title(*lang)));
        }
        for code in Code::ALL {
            assert!(
                page.contains(&format!("<td class=\"number\">{}</td>", code.number())),
                "{code:?}"
            );
        }
    }
}

#[test]
fn the_page_needs_no_script_and_nobody_else() {
    for lang in Lang::ALL {
        let page = page(*lang);
        for foreign in ["<script", "<img", "<iframe", "style=", "onclick", "src=", "@import"] {
            assert!(!page.contains(foreign), "{foreign}");
        }
        for link in page.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next()) {
            assert!(link.starts_with(['#', '/', '?']), "{link}");
        }
    }
    let style = super::STYLE;
    assert!(!style.contains("url(") && !style.contains("@import"));
}

#[test]
fn no_anchor_leads_nowhere_and_none_stands_twice() {
    let page = page(Lang::English);
    let ids: Vec<&str> =
        page.split(" id=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    let unique: BTreeSet<&str> = ids.iter().copied().collect();
    assert_eq!(unique.len(), ids.len());
    for link in page.split("href=\"#").skip(1).filter_map(|rest| rest.split('"').next()) {
        assert!(unique.contains(link), "{link}");
    }
}

async fn get(path: &str) -> Response<Body> {
    let request = Request::get(path).body(Body::empty()).unwrap();
    routes::<()>().with_state(()).oneshot(request).await.unwrap()
}

async fn text(response: Response<Body>) -> String {
    String::from_utf8(to_bytes(response.into_body(), usize::MAX).await.unwrap().to_vec()).unwrap()
}

#[tokio::test]
async fn the_paths_answer() {
    for (path, kind, part) in [
        ("/docs", "text/html; charset=utf-8", "lang=\"ru\""),
        ("/docs?lang=en", "text/html; charset=utf-8", "lang=\"en\""),
        ("/docs?lang=", "text/html; charset=utf-8", "lang=\"ru\""),
        ("/openapi.json", "application/json", "\"openapi\": \"3.1.0\""),
        ("/static/altyn.css", "text/css; charset=utf-8", "prefers-color-scheme"),
    ] {
        let response = get(path).await;
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()[CONTENT_TYPE], kind);
        if kind.starts_with("text/html") {
            let policy = response.headers()[CONTENT_SECURITY_POLICY].to_str().unwrap();
            assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"));
        }
        assert!(text(response).await.contains(part), "{path}");
    }
}
