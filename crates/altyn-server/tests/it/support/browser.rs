//! A payer's browser, as far as the pages here need one: no scripts, forms and links only.

use altyn_testkit::harness::http::{self, Answer};
use serde_json::Value;

/// A page with the address it came from.
pub struct Page {
    url: String,
    /// Its text.
    pub html: String,
}

/// Follows `redirect_data` of a callback as a merchant's page would.
pub fn follow(data: &Value) -> Page {
    let body: Vec<(&str, &str)> = data["body"]
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str().unwrap()))
        .collect();
    let url = data["url"].as_str().unwrap();
    match data["method"].as_str().unwrap() {
        "GET" => {
            let mut full = url::Url::parse(url).unwrap();
            full.query_pairs_mut().extend_pairs(body);
            open(full.as_str())
        }
        "POST" => page(url, http::post_form(url, &body).unwrap()),
        other => panic!("a browser cannot {other}"),
    }
}

/// Opens an address.
pub fn open(url: &str) -> Page {
    page(url, get(url))
}

/// `GET` as a browser does, nothing followed.
pub fn get(url: &str) -> Answer {
    http::request("GET", url, &[("accept", "text/html"), ("accept-language", "ru")], &[]).unwrap()
}

fn page(url: &str, answer: Answer) -> Page {
    assert_eq!(answer.status, 200, "{url}: {}", answer.text());
    Page { url: url.to_owned(), html: answer.text() }
}

impl Page {
    /// Presses the button of the page's form.
    pub fn press(&self, action: &str) -> Self {
        let own = format!(r#"name="action" value="{action}""#);
        assert!(self.html.contains(&own), "no such button: {}", self.html);
        let at = self.resolved(&self.attribute("<form method=\"post\" action=\""));
        let pressed = http::post_form(&at, &[("action", action)]).unwrap();
        page(&at, pressed)
    }

    /// Presses the only button of the page's form, and follows where it sends.
    pub fn choose(&self) -> Self {
        let at = self.resolved(&self.attribute("<form method=\"post\" action=\""));
        let answer = http::post_form(&at, &[]).unwrap();
        assert_eq!(answer.status, 303, "{at}: {}", answer.text());
        open(&self.resolved(answer.header("location").unwrap()))
    }

    /// Where the way back to the shop leads.
    pub fn way_back(&self) -> String {
        self.resolved(&self.attribute("<a class=\"button primary\" href=\""))
    }

    fn resolved(&self, address: &str) -> String {
        url::Url::parse(&self.url).unwrap().join(address).unwrap().into()
    }

    fn attribute(&self, before: &str) -> String {
        let (_, rest) = self.html.split_once(before).unwrap_or_else(|| panic!("{}", self.html));
        let (value, _) = rest.split_once('"').unwrap();
        value.replace("&amp;", "&").replace("&#38;", "&")
    }
}
