//! Every endpoint of the cabinet is knocked at by everybody it must not open to: strangers, people
//! without the right, people of another project, forms that are not of our pages.
//!
//! The endpoints come from the cabinet itself, so one that nobody says here how to knock at is a
//! failed test.

use altyn_app::access::user::{Right, Role};
use altyn_testkit::harness::cards::{AUTH, GOOD, SALE, payment};
use altyn_testkit::harness::eventually;
use altyn_testkit::harness::http::Answer;
use altyn_web::cabinet::endpoint::{Endpoint, Needs};
use altyn_web::cabinet::endpoints;

use crate::gate::cards::{RIGHT, pay};
use crate::page::html;
use crate::support::cabinet::{Person, comes_to_be_listed, log_of, number_of};
use crate::support::{World, texts};

on_both_databases! {
    nobody_comes_in_without_a_session,
    whoever_lacks_the_right_is_refused_and_it_is_noted,
    another_projects_people_learn_nothing,
    a_form_of_another_page_does_nothing,
    whoever_has_the_right_comes_in,
}

/// Orders whose names must reach nobody. The mark in them has letters that no hexadecimal token has.
const PAID: &str = "paid-zq7x";
const HELD: &str = "held-zq7x";
/// A key as dialogs have it.
const KEY: &str = "0123456789abcdef0123456789abcdef";

/// What there is to be opened.
struct Stage<'w> {
    world: &'w World,
    /// The administrator of every project.
    chief: Person,
    paid: String,
    held: String,
    callback: String,
    register: String,
    /// An operator of the first project, whom administrators may change.
    clerk: String,
}

/// A request at an endpoint, which does something when whoever sends it may.
struct Knock {
    endpoint: &'static Endpoint,
    path: String,
    fields: Vec<(&'static str, String)>,
}

impl<'w> Stage<'w> {
    fn new(world: &'w World) -> Self {
        for (path, reference) in [(SALE, PAID), (AUTH, HELD)] {
            pay(world, path, &payment(reference, 10_000, GOOD), RIGHT);
        }
        let chief = Person::signed_in(world, "chief", &["--role", "administrator"]);
        Person::added(world, "clerk-zq7x", &["--role", "operator", "--project", "1"]);
        comes_to_be_listed(&chief, "status=success&q=paid-zq7x", &[PAID]);
        let view = [("view", ""), ("format", "csv_plain")];
        assert_eq!(chief.post("/cabinet/registers/new", &view).status, 303);
        let number = |sql: &str| eventually(sql, || texts(&world.setup, sql).pop());
        let register = number("SELECT CAST(id AS TEXT) FROM exports WHERE state = 'ready'");
        let paid = number_of(world, 1, PAID);
        let callback = number(&format!(
            "SELECT CAST(id AS TEXT) FROM callbacks WHERE payment = {paid} \
             AND state = 'delivered' ORDER BY id DESC"
        ));
        let clerk = number("SELECT CAST(id AS TEXT) FROM users WHERE login = 'clerk-zq7x'");
        eventually("every word is delivered", || {
            let owed = "SELECT CAST(COUNT(*) AS TEXT) FROM callbacks WHERE state <> 'delivered'";
            (texts(&world.setup, owed) == ["0"]).then_some(())
        });
        let held = number_of(world, 1, HELD);
        Self { world, chief, paid, held, callback, register, clerk }
    }

    fn knocks(&self) -> Vec<Knock> {
        endpoints().map(|endpoint| self.knock(endpoint)).collect()
    }

    /// How one knocks at an endpoint.
    fn knock(&self, endpoint: &'static Endpoint) -> Knock {
        let payment = if endpoint.path.ends_with("/capture") || endpoint.path.ends_with("/void") {
            &self.held
        } else {
            &self.paid
        };
        let path = endpoint
            .path
            .replace("{project}", "1")
            .replace("{payment}", payment)
            .replace("{callback}", &self.callback)
            .replace("{register}", &self.register)
            .replace("{user}", &self.clerk)
            .replace("{*path}", "no/such/page");
        assert!(!path.contains('{'), "say here what stands for a parameter of {path}");
        let path = match endpoint.path {
            "/cabinet/payments/rows" => format!("{path}?ids={payment}"),
            "/cabinet/payments/news" => format!("{path}?since=0.0"),
            own if own.ends_with("/settle") && endpoint.method == "GET" => {
                format!("{path}?operation={}&as=done", self.operation())
            }
            _ => path,
        };
        let fields = if endpoint.method == "GET" { Vec::new() } else { self.fields(endpoint.path) };
        Knock { endpoint, path, fields }
    }

    fn operation(&self) -> String {
        let sql = format!("SELECT CAST(id AS TEXT) FROM operations WHERE payment = {}", self.paid);
        texts(&self.world.setup, &sql).remove(0)
    }

    /// What a form to this address says.
    fn fields(&self, path: &str) -> Vec<(&'static str, String)> {
        let said: &[(&'static str, &str)] = match path {
            "/cabinet/sign-in" => &[("login", "chief"), ("password", "наугад")],
            "/cabinet/sign-in/code" => &[("code", "000000")],
            "/cabinet/sign-in/password" | "/cabinet/account/password" => &[
                ("old", &self.chief.password),
                ("new", "совсем другой пароль"),
                ("again", "совсем другой пароль"),
            ],
            "/cabinet/account/second-factor" => {
                &[("secret", "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"), ("code", "000000")]
            }
            "/cabinet/account/second-factor/remove" => &[("password", &self.chief.password)],
            "/cabinet/account/sessions/end" => &[("session", "none")],
            "/cabinet/users/new" => &[("login", "newcomer"), ("role", "1:support")],
            "/cabinet/users/{user}/roles" => &[("role", "1:finance")],
            "/cabinet/payments/{project}/{payment}/refund" => {
                &[("key", KEY), ("way", "part"), ("sum", "10"), ("step", "confirm")]
            }
            "/cabinet/payments/{project}/{payment}/capture" => {
                &[("key", KEY), ("sum", "10"), ("step", "confirm")]
            }
            "/cabinet/payments/{project}/{payment}/void" => &[("key", KEY)],
            "/cabinet/payments/{project}/{payment}/ask" => &[("operation", &self.operation())],
            "/cabinet/payments/{project}/{payment}/settle" => {
                &[("operation", &self.operation()), ("as", "failed"), ("reason", "выписка")]
            }
            "/cabinet/deliveries/resend" => &[("payment", &self.paid)],
            "/cabinet/doctor" => &[("project_id", "1"), ("body", "{}")],
            "/cabinet/registers/new" => &[("view", "project=1"), ("format", "csv_plain")],
            "/cabinet/projects/{project}" => &[("name", "Чужое название")],
            "/cabinet/projects/{project}/clock" => &[("by", "1h")],
            "/cabinet/sign-in/give-up"
            | "/cabinet/sign-out"
            | "/cabinet/account/sessions/end-all"
            | "/cabinet/users/{user}/disable"
            | "/cabinet/users/{user}/enable"
            | "/cabinet/users/{user}/password"
            | "/cabinet/users/{user}/no-second-factor"
            | "/cabinet/payments/{project}/{payment}/resend"
            | "/cabinet/projects/{project}/secret" => &[],
            new => panic!("POST {new} is new: say here what its form says"),
        };
        said.iter().map(|(name, value)| (*name, (*value).to_owned())).collect()
    }

    /// Everything that a form can change, but for what was refused.
    fn everything(&self) -> Vec<String> {
        [
            "SELECT CAST(id AS TEXT) || kind || state FROM operations ORDER BY id",
            "SELECT login || password_hash || CAST(disabled AS TEXT) || CAST(must_change AS TEXT) \
             FROM users ORDER BY id",
            "SELECT CAST(user_id AS TEXT) || ' ' || CAST(project AS TEXT) || role FROM memberships \
             ORDER BY user_id, project",
            "SELECT digest || stage FROM sessions ORDER BY digest",
            "SELECT CAST(id AS TEXT) FROM exports ORDER BY id",
            "SELECT CAST(id AS TEXT) || ' ' || CAST(version AS TEXT) FROM projects ORDER BY id",
            "SELECT CAST(id AS TEXT) || state || CAST(attempts AS TEXT) FROM callbacks ORDER BY id",
            "SELECT CAST(id AS TEXT) || action || login FROM audit WHERE result = 'done' \
             ORDER BY id",
        ]
        .iter()
        .flat_map(|sql| texts(&self.world.setup, sql))
        .collect()
    }
}

impl Knock {
    fn is_get(&self) -> bool {
        self.endpoint.method == "GET"
    }

    fn right(&self) -> Option<Right> {
        match self.endpoint.needs {
            Needs::Right(right) => Some(right),
            Needs::Nothing | Needs::Session => None,
        }
    }

    /// About a payment or a project that its address names.
    fn is_in_project(&self) -> bool {
        self.endpoint.path.contains("{project}")
    }

    /// As a page of ours would send it.
    fn by(&self, person: &Person) -> Answer {
        if self.is_get() {
            return person.get(&self.path);
        }
        person.post(&self.path, &self.pairs())
    }

    /// With this in place of the token, and these headers.
    fn forged(&self, person: &Person, token: Option<&str>, headers: &[(&str, &str)]) -> Answer {
        let token: Vec<_> = token.map(|token| ("token", token)).into_iter().collect();
        person.send(&self.path, &[self.pairs(), token].concat(), headers)
    }

    fn pairs(&self) -> Vec<(&str, &str)> {
        self.fields.iter().map(|(name, value)| (*name, value.as_str())).collect()
    }

    /// Who it was, for whoever reads that it failed.
    fn name(&self) -> String {
        format!("{} {}", self.endpoint.method, self.path)
    }
}

/// Nothing of the first project is in the answer.
fn says_nothing(knock: &Knock, answer: &Answer) {
    let text = answer.text();
    assert!(!text.contains("zq7x"), "{}: {text}", knock.name());
}

fn nobody_comes_in_without_a_session(world: &mut World) {
    let stage = Stage::new(world);
    let before = stage.everything();
    let stranger = stage.chief.at_another_browser();
    let forger = stage.chief.at_another_browser();
    forger.keep(crate::support::cabinet::SESSION, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
    for knock in stage.knocks() {
        let is_asset = knock.path.starts_with("/cabinet/static/");
        let is_entrance = knock.path == "/cabinet/sign-in";
        for person in [&stranger, &forger] {
            let answer = match knock.is_get() {
                true => person.get(&knock.path),
                false => knock.forged(person, Some("AAAA"), &[]),
            };
            let leads = answer.header("location").unwrap_or_default();
            let expected = match (knock.is_get(), is_asset || is_entrance) {
                (true, true) => 200,
                (true, false) => 303,
                (false, true) => 422,
                (false, false) => 401,
            };
            assert_eq!(answer.status, expected, "{}: {}", knock.name(), answer.text());
            assert_eq!(leads.starts_with("/cabinet/sign-in"), expected == 303, "{leads}");
            says_nothing(&knock, &answer);
        }
    }
    assert_eq!(stage.everything(), before);
}

/// A person of the first project without the right, if there is a role without it.
fn lacking(world: &World, right: Right) -> Person {
    let lacks = |role: &&Role| !role.may(right);
    // The one with the most other rights.
    let roles = [Role::Operator, Role::Support, Role::Finance];
    let role = roles.iter().find(lacks).map(|role| role.as_str());
    let login = format!("no-{}", right.as_str());
    let arguments = ["--role", role.unwrap_or("support"), "--project", "1"];
    let person = Person::signed_in(world, &login, &arguments);
    if role.is_none() {
        // Every role may look: only whoever has none may not.
        world.setup.cli(&["user", "revoke", &login, "--project", "1"]).done();
    }
    person
}

fn whoever_lacks_the_right_is_refused_and_it_is_noted(world: &mut World) {
    let stage = Stage::new(world);
    let knocks = stage.knocks();
    let mut knocked = 0;
    for right in Right::ALL {
        let person = lacking(world, *right);
        person.token();
        let before = stage.everything();
        let noted = format!("login = '{}' AND result = 'refused'", person.login);
        for knock in knocks.iter().filter(|knock| knock.right() == Some(*right)) {
            let count = log_of(world, &noted).len();
            let answer = knock.by(&person);
            says_nothing(knock, &answer);
            knocked += 1;
            let hidden = *right == Right::View || knock.endpoint.path.contains("{register}");
            let expected: &[u16] = if hidden { &[403, 404] } else { &[403] };
            let name = knock.name();
            assert!(expected.contains(&answer.status), "{name}: {}", answer.text());
            let entries = log_of(world, &noted);
            let is_noted = entries.len() > count;
            assert!(is_noted || knock.endpoint.path.contains("{callback}"), "{name} is not noted");
            if knock.is_in_project() && *right != Right::View {
                let own = format!("{noted} AND project = 1");
                assert!(!log_of(world, &own).is_empty(), "{name}: {entries:?}");
            }
        }
        assert_eq!(stage.everything(), before, "{right:?}");
    }
    let guarded = knocks.iter().filter(|knock| knock.right().is_some()).count();
    assert_eq!(knocked, guarded);
}

fn another_projects_people_learn_nothing(world: &mut World) {
    let stage = Stage::new(world);
    let arguments = ["--role", "administrator", "--project", "2"];
    let person = Person::signed_in(world, "other", &arguments);
    let before = stage.everything();
    let others = |all: Vec<String>| -> Vec<String> {
        // What he does in his own project is his right.
        all.into_iter().filter(|line| !line.ends_with("other")).collect()
    };
    for knock in stage.knocks().iter().filter(|knock| knock.right().is_some()) {
        let name = knock.name();
        let answer = knock.by(&person);
        says_nothing(knock, &answer);
        let named = knock.endpoint.path.contains('{');
        if named {
            assert_eq!(answer.status, 404, "{name}: {}", answer.text());
            let nowhere = knock.path.replace("/1/", "/9/").replace("projects/1", "projects/9");
            let nowhere = [&stage.callback, &stage.register, &stage.clerk]
                .into_iter()
                .fold(nowhere, |path, number| path.replace(number, "77"));
            let elsewhere = Knock { path: nowhere, fields: knock.fields.clone(), ..*knock };
            let told = |knock: &Knock, answer: &Answer| {
                let page = html::tags(&answer.text());
                let address = url::form_urlencoded::byte_serialize(knock.path.as_bytes());
                let address: String = address.collect();
                let said = page.into_iter().map(|tag| format!("{tag:?}"));
                let said: String = said.collect();
                (answer.status, said.replace(&knock.path, "PATH").replace(&address, "PATH"))
            };
            let there = elsewhere.by(&person);
            assert_eq!(told(knock, &answer), told(&elsewhere, &there), "{name}");
        }
        if knock.is_get() && !named {
            let mark = if knock.path.contains('?') { '&' } else { '?' };
            for project in ["1", "9"] {
                let path = format!("{}{mark}project={project}", knock.path);
                let answer = person.get(&path);
                assert_eq!(answer.status, 404, "{path}: {}", answer.text());
                says_nothing(knock, &answer);
            }
        }
    }
    assert_eq!(others(stage.everything()), others(before));
}

fn a_form_of_another_page_does_nothing(world: &mut World) {
    let stage = Stage::new(world);
    let second = stage.chief.at_another_browser();
    second.enter_whole();
    let halfway = Person::added(world, "halfway", &["--role", "support", "--project", "1"]);
    assert_eq!(halfway.enter().status, 303);
    let (own, others) = (stage.chief.token(), second.token());
    let (own_halfway, wrong) = (halfway.token(), "A".repeat(own.len()));
    assert!(own != others && own != own_halfway && own.len() >= 32, "{own} {others}");
    let before = stage.everything();
    let (cross, same) = (("sec-fetch-site", "cross-site"), ("sec-fetch-site", "same-origin"));
    let (foreign, nowhere) = (("origin", "https://evil.example"), ("origin", "null"));
    for knock in stage.knocks().iter().filter(|knock| !knock.is_get()) {
        let waits = knock.path.starts_with("/cabinet/sign-in/");
        let (person, own) = if waits { (&halfway, &own_halfway) } else { (&stage.chief, &own) };
        let is_entrance = knock.path == "/cabinet/sign-in";
        for (token, headers) in [
            (None, [].as_slice()),
            (None, &[same]),
            (Some(""), &[]),
            (Some(wrong.as_str()), &[]),
            (Some(others.as_str()), &[same]),
            (Some(own.as_str()), &[cross]),
            (Some(own), &[("sec-fetch-site", "same-site")]),
            (Some(own), &[foreign]),
            (Some(own), &[nowhere]),
        ] {
            // Whoever is not signed in has no token: only the browser's word is looked at.
            let by_word = headers.iter().any(|header| *header != same);
            if is_entrance && !by_word {
                continue;
            }
            let answer = knock.forged(person, token, headers);
            let name = knock.name();
            assert_eq!(answer.status, 403, "{name} {token:?} {headers:?}: {}", answer.text());
        }
    }
    assert_eq!(stage.everything(), before);
}

/// The knocks above are such that they would open: else they prove nothing.
fn whoever_has_the_right_comes_in(world: &mut World) {
    let stage = Stage::new(world);
    let before = stage.everything();
    let (looks, acts): (Vec<_>, Vec<_>) = stage.knocks().into_iter().partition(Knock::is_get);
    for knock in looks.iter().filter(|knock| knock.right().is_some()) {
        let answer = knock.by(&stage.chief);
        // A dialog of what is not possible now says so.
        let dialog = ["/refund", "/capture", "/void", "/settle"];
        let is_dialog = dialog.iter().any(|end| knock.endpoint.path.ends_with(end));
        let opens = answer.status == 200 || (is_dialog && answer.status == 409);
        assert!(opens, "{}: {}", knock.name(), answer.text());
    }
    let acted = |all: &[String]| all.iter().filter(|line| line.ends_with("chief")).count();
    let mut count = acted(&before);
    for knock in acts.iter().filter(|knock| knock.right().is_some()) {
        let answer = knock.by(&stage.chief);
        let refused = [400, 401, 403, 404, 422, 500, 503].contains(&answer.status);
        // The form says nothing but the name: the rest of the settings would be lost.
        let is_form = knock.endpoint.path == "/cabinet/projects/{project}";
        assert!(!refused || is_form, "{}: {} {}", knock.name(), answer.status, answer.text());
        let now = acted(&stage.everything());
        let possible = ["/ask", "/settle", "/void", "{payment}/resend"];
        let not_now = is_form || possible.iter().any(|end| knock.endpoint.path.ends_with(end));
        assert!(now > count || not_now, "{} left nothing in the log", knock.name());
        count = now;
    }
    // A capture was asked of the hold before its release was, and a refund of what was paid.
    world.shop.wait_status(PAID, "partially refunded");
    world.shop.wait_status(HELD, "success");
}
