//! A person at the cabinet: a browser without scripts that keeps its cookies, opens pages and sends
//! their forms.

use std::cell::RefCell;
use std::collections::BTreeMap;

use altyn_testkit::harness::eventually;
use altyn_testkit::harness::http::{self, Answer};

use super::{World, texts};
use crate::page::html::{self, Form};

/// What everybody here changes the first password to, with the login in front.
const OWN_PASSWORD: &str = "-правильная лошадь";
/// The cookie that opens a session.
pub const SESSION: &str = "altyn_session";

/// A browser and whoever sits at it.
#[derive(Clone, Debug)]
pub struct Person {
    node: String,
    cookies: RefCell<BTreeMap<String, String>>,
    /// The login.
    pub login: String,
    /// The password, as it is now.
    pub password: String,
}

impl Person {
    /// Adds a user by `altyn user add`, with further arguments; gives a browser with the first
    /// password in mind, not signed in.
    pub fn added(world: &World, login: &str, arguments: &[&str]) -> Self {
        let added = world.setup.cli(&[["user", "add", login].as_slice(), arguments].concat());
        let added = added.done().stdout;
        let (_, password) = added.split_once("shown this once: ").unwrap();
        let node = world.node.url("");
        let (login, password) = (login.to_owned(), password.trim().to_owned());
        Self { node, cookies: RefCell::default(), login, password }
    }

    /// The same, signed in, with a password of his own.
    pub fn signed_in(world: &World, login: &str, arguments: &[&str]) -> Self {
        let mut person = Self::added(world, login, arguments);
        let answer = person.enter();
        assert_eq!(answer.header("location"), Some("/cabinet/sign-in/password"), "{answer:?}");
        let answer = person.choose_password(&format!("{login}{OWN_PASSWORD}"));
        assert_eq!(answer.header("location"), Some("/cabinet/payments"), "{}", answer.text());
        person
    }

    /// An operator of the first project, signed in.
    pub fn operator(world: &World, login: &str) -> Self {
        Self::signed_in(world, login, &["--role", "operator", "--project", "1"])
    }

    /// Another browser of the same person, not signed in.
    pub fn at_another_browser(&self) -> Self {
        Self { cookies: RefCell::default(), ..self.clone() }
    }

    /// Another browser, at which somebody tries this.
    pub fn trying(&self, login: &str, password: &str) -> Self {
        let (login, password) = (login.to_owned(), password.to_owned());
        Self { login, password, ..self.at_another_browser() }
    }

    /// Sends the login and the password.
    pub fn enter(&self) -> Answer {
        self.send("/cabinet/sign-in", &[("login", &self.login), ("password", &self.password)], &[])
    }

    /// Signs in with a password of his own.
    pub fn enter_whole(&self) {
        let answer = self.enter();
        assert_eq!(answer.header("location"), Some("/cabinet/payments"), "{}", answer.text());
    }

    /// Replaces the first password, which must be done before anything else.
    pub fn choose_password(&mut self, new: &str) -> Answer {
        let fields = [("old", self.password.as_str()), ("new", new), ("again", new)];
        let answer = self.post("/cabinet/sign-in/password", &fields);
        if answer.status == 303 {
            new.clone_into(&mut self.password);
        }
        answer
    }

    /// A cookie of this browser.
    pub fn cookie(&self, name: &str) -> Option<String> {
        self.cookies.borrow().get(name).cloned()
    }

    /// Puts a cookie into this browser.
    pub fn keep(&self, name: &str, value: &str) {
        self.cookies.borrow_mut().insert(name.to_owned(), value.to_owned());
    }

    /// `GET`, nothing followed.
    pub fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, &[], &[])
    }

    /// `GET` with further headers.
    pub fn get_with(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        self.ask("GET", path, headers, &[])
    }

    /// Opens a page that must be there; gives its text.
    pub fn page(&self, path: &str) -> String {
        let answer = self.get(path);
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        answer.text()
    }

    /// Sends a form as it is, without this browser's token unless it is in it.
    pub fn send(&self, path: &str, fields: &[(&str, &str)], headers: &[(&str, &str)]) -> Answer {
        let form =
            url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let kind = ("content-type", "application/x-www-form-urlencoded");
        self.ask("POST", path, &[[kind].as_slice(), headers].concat(), form.as_bytes())
    }

    /// Sends a form of this browser's pages.
    pub fn post(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let token = self.token();
        self.send(path, &[fields, &[("token", token.as_str())]].concat(), &[])
    }

    /// The token in the forms of this browser's pages, whatever its session waits for.
    pub fn token(&self) -> String {
        let mut answer = self.get("/cabinet/account");
        if let Some(on) = answer.header("location").map(str::to_owned) {
            answer = self.get(&on);
        }
        let forms = html::forms(&answer.text());
        let token = forms.iter().find_map(|form| form.get("token"));
        token.unwrap_or_else(|| panic!("no token: {}", answer.text())).to_owned()
    }

    /// The form of a page that is sent to this address.
    pub fn form(&self, page: &str, action: &str) -> Form {
        let html = self.page(page);
        let found = html::forms(&html).into_iter().find(|form| form.action == action);
        found.unwrap_or_else(|| panic!("{page} has no form to {action}: {html}"))
    }

    fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let pairs: Vec<String> =
            self.cookies.borrow().iter().map(|(name, value)| format!("{name}={value}")).collect();
        let cookies = pairs.join("; ");
        let own = [("accept", "text/html"), ("accept-language", "ru"), ("cookie", &cookies)];
        let url = format!("{}{path}", self.node);
        let answer = http::request(method, &url, &[own.as_slice(), headers].concat(), body);
        let answer = answer.unwrap_or_else(|error| panic!("{method} {path}: {error}"));
        self.take_cookies(&answer);
        answer
    }

    fn take_cookies(&self, answer: &Answer) {
        let mut kept = self.cookies.borrow_mut();
        for (_, set) in answer.headers.iter().filter(|(name, _)| name == "set-cookie") {
            let (pair, about) = set.split_once(';').unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            if about.contains("Max-Age=0;") {
                kept.remove(name);
            } else {
                kept.insert(name.to_owned(), value.to_owned());
            }
        }
    }
}

/// Our number of a payment of a project.
pub fn number_of(world: &World, project: u32, reference: &str) -> String {
    let sql = format!(
        "SELECT CAST(id AS TEXT) FROM payments WHERE project = {project} \
         AND reference = '{reference}'"
    );
    texts(&world.setup, &sql).pop().unwrap_or_else(|| panic!("there is no payment {reference}"))
}

/// The page of a payment of the first project.
pub fn page_of(world: &World, reference: &str) -> String {
    format!("/cabinet/payments/1/{}", number_of(world, 1, reference))
}

/// What a view of the list shows: the orders, from the newest.
pub fn listed(person: &Person, query: &str) -> Vec<String> {
    orders(&person.page(&format!("/cabinet/payments?{query}")))
}

/// The orders in a table of payments.
pub fn orders(html: &str) -> Vec<String> {
    let tags = html::tags(html);
    let of_order = |tag: &&html::Tag| tag.name == "td" && tag.get("data-label") == Some("Заказ");
    let whole = |tag: &html::Tag| tag.get("title").unwrap_or_default().to_owned();
    tags.iter().filter(of_order).map(whole).collect()
}

/// Waits until the list, which is fed in the background, shows this.
pub fn comes_to_be_listed(person: &Person, query: &str, orders: &[&str]) {
    eventually(&format!("{query:?} lists {orders:?}"), || {
        (listed(person, query) == orders).then_some(())
    });
}

/// Entries of the audit log with this condition, oldest first: `who action result payment`.
pub fn log_of(world: &World, condition: &str) -> Vec<String> {
    let payment = "COALESCE(CAST(payment AS TEXT), '-')";
    let sql = format!(
        "SELECT login || ' ' || action || ' ' || result || ' ' || {payment} FROM audit \
         WHERE {condition} ORDER BY id"
    );
    texts(&world.setup, &sql)
}
