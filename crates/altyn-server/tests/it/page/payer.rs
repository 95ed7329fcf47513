//! A payer with a browser that runs no scripts: opens, fills in, presses, is redirected.
//!
//! Guaranteed for every [`Page`] that a payer got from the node under test: its headers say the
//! strict policy, it has no script and no style inside, no address that runs something, and none
//! of the card numbers that are used here.

use altyn_testkit::harness::http::{self, Answer};
use serde_json::Value;

use super::html::{self, Form, Tag};

/// Redirects followed from one address.
const HOPS_MAX: usize = 6;
/// What the browser says of itself.
const HEADERS: [(&str, &str); 4] = [
    ("accept", "text/html"),
    ("accept-language", "ru"),
    ("user-agent", "a browser"),
    ("content-type", "application/x-www-form-urlencoded"),
];

/// Whoever pays at a node.
#[derive(Clone, Debug)]
pub struct Payer {
    node: String,
}

/// A page with where it was found.
#[derive(Clone, Debug)]
pub struct Page {
    payer: Payer,
    /// Its address.
    pub url: String,
    /// The status it came with.
    pub status: u16,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// Its text.
    pub html: String,
}

impl Payer {
    /// The payer at the node with this address.
    pub fn of(node: &str) -> Self {
        Self { node: node.to_owned() }
    }

    /// Opens an address.
    pub fn open(&self, url: &str) -> Page {
        self.land(url, ask("GET", url, ""))
    }

    /// Sends a form to an address.
    pub fn post(&self, url: &str, fields: &[(String, String)]) -> Page {
        self.land(url, ask("POST", url, &super::link::query(fields)))
    }

    /// Follows redirects to a page.
    fn land(&self, url: &str, mut answer: Answer) -> Page {
        let mut url = url.to_owned();
        for _ in 0..HOPS_MAX {
            let Some(location) = answer.header("location").filter(|_| answer.status == 303) else {
                let (payer, html) = (self.clone(), answer.text());
                let page =
                    Page { payer, url, status: answer.status, headers: answer.headers, html };
                if page.url.starts_with(&self.node) {
                    page.is_clean();
                }
                return page;
            };
            url = resolved(&url, location);
            answer = ask("GET", &url, "");
        }
        panic!("{url} leads on and on");
    }
}

fn ask(method: &str, url: &str, body: &str) -> Answer {
    http::request(method, url, &HEADERS, body.as_bytes()).unwrap()
}

fn resolved(at: &str, address: &str) -> String {
    url::Url::parse(at).unwrap().join(address).unwrap().into()
}

impl Page {
    /// A header by its name in lower case.
    pub fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(own, _)| own == name);
        found.map_or("", |(_, value)| value.as_str())
    }

    /// Every tag.
    pub fn tags(&self) -> Vec<Tag> {
        html::tags(&self.html)
    }

    /// The text right after the first tag that fits.
    pub fn text(&self, fits: impl Fn(&Tag) -> bool) -> String {
        let tags = self.tags();
        let tag = tags.iter().find(|tag| fits(tag)).unwrap_or_else(|| panic!("{}", self.html));
        tag.text.clone()
    }

    fn body(&self, name: &str) -> String {
        let tags = self.tags();
        let body = tags.iter().find(|tag| tag.name == "body");
        body.and_then(|tag| tag.get(name)).unwrap_or_default().to_owned()
    }

    /// Which screen it is.
    pub fn state(&self) -> String {
        self.body("data-state")
    }

    /// The result that the page has for the shop's page around it.
    pub fn result(&self) -> Value {
        serde_json::from_str(&self.body("data-result")).unwrap_or_default()
    }

    /// Status and code of that result.
    pub fn ended(&self) -> (String, String) {
        let result = self.result();
        let text = |name: &str| result["payment"][name].as_str().unwrap_or_default().to_owned();
        (text("status"), text("result_code"))
    }

    /// The form that fits.
    pub fn form(&self, fits: impl Fn(&Form) -> bool) -> Form {
        let forms = html::forms(&self.html);
        let found = forms.into_iter().find(|form| fits(form));
        found.unwrap_or_else(|| panic!("{} {}: no such form: {}", self.status, self.url, self.html))
    }

    /// The form of a method.
    pub fn way(&self, method: &str) -> Form {
        self.form(|form| form.get("method") == Some(method))
    }

    /// The methods that are offered, in order.
    pub fn ways(&self) -> Vec<String> {
        let forms = html::forms(&self.html);
        forms.iter().filter_map(|form| form.get("method").map(str::to_owned)).collect()
    }

    /// The form of the card, filled in.
    pub fn card(&self, number: &str) -> Form {
        self.way("card").filled(&[
            ("card_number", number),
            ("card_expiry", "12 / 34"),
            ("card_cvc", "123"),
            ("card_holder", "IVAN O'NEIL"),
        ])
    }

    /// Sends a form of this page.
    pub fn submit(&self, form: &Form) -> Self {
        assert_eq!(form.tag.get("method"), Some("post"), "{form:?}");
        self.payer.post(&resolved(&self.url, &form.action), &form.fields)
    }

    /// Follows the first link that fits.
    pub fn follow(&self, fits: impl Fn(&Tag) -> bool) -> Self {
        self.payer.open(&self.link(fits))
    }

    /// Loads it again.
    pub fn reload(&self) -> Self {
        self.payer.open(&self.url)
    }

    /// The address of the first link that fits.
    pub fn link(&self, fits: impl Fn(&Tag) -> bool) -> String {
        let tags = self.tags();
        let link = tags.iter().find(|tag| tag.name == "a" && fits(tag));
        let link = link.unwrap_or_else(|| panic!("{}: no such link: {}", self.url, self.html));
        resolved(&self.url, link.get("href").unwrap())
    }

    /// Where the way back to the shop leads.
    pub fn way_back(&self) -> String {
        self.link(|tag| tag.get("data-exit").is_some())
    }

    /// Goes on to try again after a decline.
    pub fn again(&self) -> Self {
        let page = self.follow(|tag| tag.get("href").is_some_and(|to| to.ends_with("/again")));
        assert_eq!((page.status, page.state().as_str()), (200, "choose"), "{}", page.html);
        page
    }

    /// The address of the payment's page, without anything after it.
    pub fn standing(&self) -> String {
        let url = url::Url::parse(&self.url).unwrap();
        let token = url.path_segments().unwrap().nth(1).unwrap_or_default();
        assert!(token.len() > 40, "{url}");
        format!("{}/payment/{token}", self.payer.node)
    }

    /// See the top of the file.
    fn is_clean(&self) {
        let context = || format!("{} {}: {}", self.status, self.url, self.html);
        if self.header("content-type").starts_with("text/plain") {
            return;
        }
        self.has_the_policy();
        for (name, value) in [("cache-control", "no-store"), ("x-content-type-options", "nosniff")]
        {
            assert_eq!(self.header(name), value, "{name}: {}", context());
        }
        assert_eq!(self.header("referrer-policy"), "no-referrer", "{}", context());
        for tag in self.tags() {
            let own = tag.get("src").is_some_and(|src| src.starts_with("/static/pay.js?"));
            let inside = tag.name == "script" && !(own && tag.text.is_empty());
            let styled = tag.name == "style" || tag.get("style").is_some();
            assert!(!inside && !styled, "{tag:?} in {}", context());
            for (name, value) in &tag.attributes {
                let runs = value.trim_start().to_lowercase().starts_with("javascript:");
                assert!(!runs && !name.starts_with("on"), "{tag:?} in {}", context());
            }
        }
        for number in [super::GOOD, super::OTHER, super::DECLINED, super::secure::CHALLENGE] {
            assert!(!self.html.contains(number), "{}", context());
        }
    }

    fn has_the_policy(&self) {
        let text = self.header("content-security-policy");
        let parts: Vec<&str> = text.split("; ").collect();
        for part in [
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "img-src 'self' data:",
            "connect-src 'self'",
            "base-uri 'none'",
        ] {
            assert!(parts.contains(&part), "{part} is not in {text}: {}", self.html);
        }
        for needed in ["form-action 'self'", "frame-ancestors 'self'"] {
            assert!(parts.iter().any(|part| part.starts_with(needed)), "{text}: {}", self.html);
        }
        for forbidden in ["unsafe-inline", "unsafe-eval", " *"] {
            assert!(!text.contains(forbidden), "{text}: {}", self.html);
        }
    }
}
