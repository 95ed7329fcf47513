//! Getting in and out: first passwords, guesses, sessions, the second factor.

use altyn_testkit::harness::http::Answer;
use data_encoding::BASE32_NOPAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha1::Sha1;

use crate::page::html;
use crate::support::World;
use crate::support::cabinet::{Person, SESSION, log_of};

on_both_databases! {
    the_first_password_must_be_replaced,
    guesses_wait_and_tell_nothing,
    whoever_signs_out_is_out,
    whoever_is_disabled_is_out_at_once,
    the_second_factor_counts_once,
}

const FIRST: &str = "/cabinet/payments";
const OWN: &str = "длинный и свой пароль";

/// Where an answer leads to.
fn leads(answer: &Answer) -> (u16, &str) {
    (answer.status, answer.header("location").unwrap_or_default())
}

/// Whether this browser is sent to sign in.
fn is_out(person: &Person) -> bool {
    let answer = person.get(FIRST);
    leads(&answer) == (303, "/cabinet/sign-in?next=%2Fcabinet%2Fpayments")
}

/// A browser with this session cookie only.
fn with_session(person: &Person, cookie: &str) -> Person {
    let browser = person.at_another_browser();
    browser.keep(SESSION, cookie);
    browser
}

fn the_first_password_must_be_replaced(world: &mut World) {
    let mut anna = Person::added(world, "Anna", &["--role", "operator", "--project", "1"]);
    assert!(is_out(&anna));
    anna.keep(SESSION, "planted");
    assert!(is_out(&anna));
    let answer = anna.enter();
    assert_eq!(leads(&answer), (303, "/cabinet/sign-in/password"));
    let given = answer.header("set-cookie").unwrap();
    for word in ["; HttpOnly", "; SameSite=Lax", "; Path=/cabinet;"] {
        assert!(given.contains(word), "{given}");
    }
    let halfway = anna.cookie(SESSION).unwrap();
    assert!(halfway.len() >= 32 && halfway != "planted", "{halfway}");
    for path in [FIRST, "/cabinet", "/cabinet/account", "/cabinet/registers", "/cabinet/none"] {
        let answer = anna.get(path);
        let (status, to) = leads(&answer);
        assert!(status == 303 && to.starts_with("/cabinet/sign-in/password"), "{path}: {to}");
    }

    let first = anna.password.clone();
    for bad in ["", "коротко", first.as_str(), "anna"] {
        let answer = anna.choose_password(bad);
        assert_eq!(answer.status, 422, "{bad}: {}", answer.text());
    }
    let differ = [("old", first.as_str()), ("new", OWN), ("again", "другой длинный пароль")];
    assert_eq!(anna.post("/cabinet/sign-in/password", &differ).status, 422);
    let forgotten = [("old", "не тот пароль"), ("new", OWN), ("again", OWN)];
    assert_eq!(anna.post("/cabinet/sign-in/password", &forgotten).status, 422);
    assert_eq!(leads(&anna.choose_password(OWN)), (303, FIRST));
    anna.page(FIRST);
    assert_ne!(anna.cookie(SESSION).unwrap(), halfway);
    assert!(is_out(&with_session(&anna, &halfway)), "a step forward ends the session before it");

    let again = anna.at_another_browser();
    again.enter_whole();
    assert_ne!(again.cookie(SESSION), anna.cookie(SESSION));
    let old = anna.trying("anna", &first);
    assert_eq!(old.enter().status, 422);
    let done = log_of(world, "login = 'anna' AND result = 'done'");
    // A new password is the end of the other sessions, and a new one.
    let expected = ["sign_in", "change_password", "sign_out", "change_password", "sign_in"];
    assert_eq!(done, expected.map(|action| format!("anna {action} done -")));
}

/// What is told, without what was typed and without how long the wait is.
fn told(answer: &Answer, login: &str) -> (u16, String) {
    let text = answer.text().replace(login, "LOGIN");
    (answer.status, text.chars().filter(|character| !character.is_ascii_digit()).collect())
}

fn guesses_wait_and_tell_nothing(world: &mut World) {
    let anna = Person::operator(world, "anna");
    let guess = |login: &str| {
        let stranger = anna.trying(login, "наугад и наугад");
        let first = stranger.enter();
        let waits = (0..8).map(|_| stranger.enter()).find(|answer| answer.status == 429);
        (told(&first, login), waits.expect("a guess has to wait"))
    };
    let (known, waits) = guess("anna");
    assert_eq!(known.0, 422, "{}", known.1);
    assert!(waits.text().contains("Слишком много неудачных попыток. Подождите"));
    assert!(waits.header("retry-after").unwrap().parse::<u32>().unwrap() >= 1);
    let (unknown, waits_too) = guess("nobody");
    assert_eq!(unknown, known);
    assert_eq!(told(&waits_too, "nobody"), told(&waits, "anna"));

    // Long enough for the right password to come before the wait is over.
    world.sql("UPDATE sign_in_failures SET count = 12 WHERE subject = 'login:anna'");
    let answer = anna.at_another_browser().enter();
    assert_eq!(answer.status, 429, "the right password waits as well: {}", answer.text());
    assert!(answer.header("set-cookie").is_none());
    anna.page(FIRST);

    let reset = world.setup.cli(&["user", "reset", "anna"]).done().stdout;
    let (_, password) = reset.split_once("shown this once: ").unwrap();
    let reset = anna.trying("anna", password.trim());
    assert_eq!(leads(&reset.enter()), (303, "/cabinet/sign-in/password"));
    assert!(is_out(&anna), "a reset ends every session");
    let refused = log_of(world, "action = 'sign_in' AND result = 'refused'");
    assert!(refused.iter().any(|entry| entry == "anna sign_in refused -"), "{refused:?}");
    // What is no login may be a password typed in its place.
    assert!(refused.iter().any(|entry| entry == "(unknown) sign_in refused -"), "{refused:?}");
}

fn whoever_signs_out_is_out(world: &mut World) {
    let first = Person::operator(world, "anna");
    let [second, third] = [first.at_another_browser(), first.at_another_browser()];
    second.enter_whole();
    third.enter_whole();
    let cookie = first.cookie(SESSION).unwrap();
    assert_eq!(leads(&first.post("/cabinet/sign-out", &[])), (303, "/cabinet/sign-in"));
    assert_eq!(first.cookie(SESSION), None, "the browser is told to forget it");
    assert!(is_out(&with_session(&first, &cookie)));

    let forms = html::forms(&second.page("/cabinet/account"));
    let ends: Vec<_> =
        forms.iter().filter(|form| form.action == "/cabinet/account/sessions/end").collect();
    assert_eq!(ends.len(), 2, "two browsers are left");
    // The newest is the third.
    let digest = ends[0].get("session").unwrap();
    let answer = second.post("/cabinet/account/sessions/end", &[("session", digest)]);
    assert_eq!(leads(&answer), (303, "/cabinet/account"));
    assert!(is_out(&third));
    second.page(FIRST);

    third.enter_whole();
    let answer = second.post("/cabinet/account/sessions/end-all", &[]);
    assert_eq!(leads(&answer), (303, "/cabinet/sign-in"));
    assert!(is_out(&second) && is_out(&third));
}

fn whoever_is_disabled_is_out_at_once(world: &mut World) {
    let chief = Person::signed_in(world, "chief", &["--role", "administrator"]);
    let anna = Person::operator(world, "anna");
    let users = html::tags(&chief.page("/cabinet/users"));
    let link = users.iter().find(|tag| tag.name == "a" && tag.text == "anna").unwrap();
    let address = link.get("href").unwrap().to_owned();
    assert_eq!(chief.post(&format!("{address}/disable"), &[]).status, 303);
    assert!(is_out(&anna));
    let unknown = anna.trying("nobody", &anna.password);
    let answer = anna.at_another_browser().enter();
    assert_eq!(told(&answer, "anna"), told(&unknown.enter(), "nobody"));
    assert_eq!(answer.status, 422);
    assert_eq!(chief.post(&format!("{address}/enable"), &[]).status, 303);
    assert!(is_out(&anna), "the old session stays closed");
    anna.at_another_browser().enter_whole();
}

/// The period of RFC 6238 that it is now.
#[expect(clippy::disallowed_methods, reason = "the device's clock, like the node's")]
pub fn period() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    since.as_secs() / 30
}

/// The code of a period, as a device computes it (RFC 4226 §5.3), written from the standard.
pub fn code(secret: &str, period: u64) -> String {
    let key = BASE32_NOPAD.decode(secret.as_bytes()).unwrap();
    let mut mac = Hmac::<Sha1>::new_from_slice(&key).unwrap();
    mac.update(&period.to_be_bytes());
    let hash = mac.finalize().into_bytes();
    let from = usize::from(hash[19] & 0x0F);
    let four = u32::from_be_bytes([hash[from], hash[from + 1], hash[from + 2], hash[from + 3]]);
    format!("{:06}", (four & 0x7FFF_FFFF) % 1_000_000)
}

fn the_second_factor_counts_once(world: &mut World) {
    assert_eq!(code(&BASE32_NOPAD.encode(b"12345678901234567890"), 1), "287082");
    let anna = Person::operator(world, "anna");
    let path = "/cabinet/account/second-factor";
    let form = anna.form(path, path);
    let secret = form.get("secret").unwrap();
    let address = form.get("address").unwrap();
    // The period now and the next are both taken for half a minute at least.
    let now = period();
    let set =
        |code: &str| anna.post(path, &[("secret", secret), ("address", address), ("code", code)]);
    assert_eq!(set(&code(secret, now + 1_000)).status, 422);
    let done = set(&code(secret, now));
    assert_eq!(done.status, 200, "{}", done.text());
    let tags = html::tags(&done.text());
    let is_code = |text: &&String| text.len() == 11 && text.as_bytes()[5] == b'-';
    let codes: Vec<String> = tags.iter().map(|tag| tag.text.clone()).collect();
    let codes: Vec<&String> = codes.iter().filter(is_code).collect();
    assert_eq!(codes.len(), 10, "{}", done.text());

    let halfway = || {
        let browser = anna.at_another_browser();
        assert_eq!(leads(&browser.enter()), (303, "/cabinet/sign-in/code"));
        browser
    };
    let send = |browser: &Person, code: &str| {
        let answer = browser.post("/cabinet/sign-in/code", &[("code", code)]);
        let (status, to) = leads(&answer);
        (status, to.to_owned())
    };
    let (wrong, right) = ((422, String::new()), (303, FIRST.to_owned()));
    let browser = halfway();
    let (status, to) = {
        let answer = browser.get("/cabinet/account");
        (answer.status, answer.header("location").unwrap_or_default().to_owned())
    };
    assert!(status == 303 && to.starts_with("/cabinet/sign-in/code"), "{to}");
    let before = browser.cookie(SESSION);
    assert_eq!(send(&browser, &code(secret, now + 1_000)), wrong);
    assert_eq!(send(&browser, &code(secret, now)), wrong, "it was used to set it up");
    assert_eq!(send(&browser, &code(secret, now + 1)), right);
    assert_ne!(browser.cookie(SESSION), before);
    browser.page(FIRST);
    let browser = halfway();
    assert_eq!(send(&browser, &code(secret, now + 1)), wrong, "used before");
    assert_eq!(send(&browser, codes[0]), right);
    let browser = halfway();
    assert_eq!(send(&browser, codes[0]), wrong, "used before");
    assert_eq!(send(&browser, &codes[1].to_lowercase()), right);
    let html = browser.page("/cabinet/account");
    assert!(html.contains("8\u{a0}кодов восстановления"), "{html}");

    world.setup.cli(&["user", "reset", "anna", "--second-factor"]).done();
    assert!(is_out(&browser));
}
