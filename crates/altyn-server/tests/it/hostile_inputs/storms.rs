//! Guesses as fast as they can be sent, from many addresses at once: of passwords, of codes, of
//! signatures. The work they make is bounded, they learn nothing, and those who know the right
//! answer get in when the storm is over.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use altyn_testkit::harness::bodies::{ALFA_SALE, alfa_sale};
use altyn_testkit::harness::http::{self, Answer};

use super::{MIB, peak_bytes, unmoved};
use crate::cabinet::sign_in::{code, period};
use crate::support::cabinet::{Person, log_of};
use crate::support::{Engine, World};

/// Who guesses at one moment.
const THREADS: usize = 16;
/// What each of them sends.
const GUESSES: usize = 12;
/// Guesses that are looked at: five cost nothing, and after each further one the wait is twice as
/// long, so that a storm would have to last for a minute to gain as many.
const LOOKED_AT_MAX: usize = 11;
/// Wrong signatures that each of them sends.
const SIGNATURES: usize = 100;
/// What a node writes by itself meanwhile: it renews the lease of its number.
const OWN_WRITES_MAX: f64 = 30.0;
/// What the log may get for each, on average.
const LOG_MAX_BYTES: usize = 2_500;
/// What a guess at a password may take: 19 MiB, two at a time, and the rest of the node.
const PASSWORDS_BYTES: u64 = 192 * MIB;

/// Runs it in every thread with the numbers from 0 on, so many each.
fn storm<T: Send>(each: usize, guess: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        let run = || (0..each).map(|_| guess(next.fetch_add(1, Ordering::Relaxed))).collect();
        let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(run)).collect();
        threads.into_iter().flat_map(|thread| -> Vec<T> { thread.join().unwrap() }).collect()
    })
}

fn from(number: usize) -> String {
    format!("198.51.{}.{}", number / 250, number % 250)
}

/// What is told, without who was named and how long the wait is.
fn told(answer: &Answer, login: &str) -> (u16, String) {
    let text = answer.text().replace(login, "LOGIN");
    (answer.status, text.chars().filter(|character| !character.is_ascii_digit()).collect())
}

/// As if the last failures were made so much later, milliseconds.
fn moved(world: &World, millis: i64) {
    world.sql(&format!("UPDATE sign_in_failures SET last_at = last_at + {millis}"));
}

fn behind_proxy() -> Option<World> {
    let database = Engine::Sqlite.database()?;
    Some(World::start_with(database, &[("ALTYN_WEB__BEHIND_PROXY", "true")]))
}

/// Half of the guesses are at one person's password, half at those of people who are not there;
/// each comes from another address.
#[test]
fn a_storm_of_passwords_gains_nothing_and_locks_nobody_out() {
    let Some(world) = behind_proxy() else { return };
    let anna = Person::operator(&world, "anna");
    let before = peak_bytes(&world.node);
    let url = world.node.url("");
    let answers = storm(GUESSES, |number| {
        let login = if number % 2 == 0 { "anna".to_owned() } else { format!("nobody{number}") };
        let form = format!("login={login}&password=guess+number+{number}");
        let address = from(number);
        let headers = [
            ("content-type", "application/x-www-form-urlencoded"),
            ("accept-language", "en"),
            ("x-forwarded-for", address.as_str()),
        ];
        let answer =
            http::request("POST", &format!("{url}/cabinet/sign-in"), &headers, form.as_bytes());
        let answer = answer.unwrap();
        assert!(answer.header("set-cookie").is_none_or(|set| !set.contains("altyn_session=")));
        (login == "anna", told(&answer, &login))
    });
    let mut kinds: BTreeMap<(u16, String), [usize; 2]> = BTreeMap::new();
    for (is_anna, told) in answers {
        kinds.entry(told).or_default()[usize::from(is_anna)] += 1;
    }
    let counts: Vec<_> = kinds.iter().map(|((status, _), counts)| (*status, *counts)).collect();
    println!("answers to the others and to anna: {counts:?}; before: {} MiB", before / MIB);
    // One text for «wrong», whoever it is, and else only how long the wait is.
    let is_one = |status: &u16| *status == 422;
    assert_eq!(counts.iter().filter(|(status, _)| is_one(status)).count(), 1, "{counts:?}");
    assert!(counts.iter().all(|(status, _)| is_one(status) || *status == 429), "{counts:?}");
    assert!(counts[0].1[1] <= LOOKED_AT_MAX, "{counts:?}");
    assert_eq!(counts[0].1[0], THREADS * GUESSES / 2, "{counts:?}");
    assert_eq!(anna.get("/cabinet/payments").status, 200, "who is in stays in");
    // The wait may be a second: it must not end while the right password is on its way.
    moved(&world, 60_000);
    let hers = anna.at_another_browser();
    assert_eq!(hers.enter().status, 429, "the right password waits as well");
    // The longest wait is over.
    moved(&world, -960_000);
    hers.enter_whole();
    unmoved(&world, "passwords", PASSWORDS_BYTES);
    world.finish();
}

/// Signatures that do not fit, under a project that exists and under one that does not: nothing
/// reaches the store, and the log gets a line or two for each, however long the body. The node works
/// no jobs, which would write by themselves.
#[test]
fn a_storm_of_signatures_reaches_neither_store_nor_disk() {
    let Some(database) = Engine::Sqlite.database() else { return };
    let world = World::start_with(database, &[("ALTYN_SERVER__WORKERS", "false")]);
    let writes = || world.node.metric("altyn_commit_batch_changesets_sum").unwrap();
    let (written, logged) = (writes(), world.node.log().len());
    let mut body = world.merchant.signed(&alfa_sale("storm", 10_000));
    body["payment"]["description"] = "x".repeat(100_000).into();
    let known = serde_json::to_vec(&body).unwrap();
    body["general"]["project_id"] = 77.into();
    let unknown = serde_json::to_vec(&body).unwrap();
    let url = world.node.url(ALFA_SALE);
    let statuses = storm(SIGNATURES, |number| {
        let body = if number % 2 == 0 { &known } else { &unknown };
        http::post_json(&url, body).unwrap().status
    });
    let sent = statuses.len();
    let count = |wanted: u16| statuses.iter().filter(|status| **status == wanted).count();
    // Some are put off: bodies of that size have only so much room together.
    assert_eq!(count(400) + count(404) + count(503), sent, "{statuses:?}");
    assert!(count(400) > sent / 4 && count(404) > sent / 4, "{statuses:?}");
    let written = writes() - written;
    assert!(written <= OWN_WRITES_MAX, "{written} writes for {sent} requests");
    let grown = world.node.log().len() - logged;
    println!("{sent} wrong signatures, {} bytes of log for each", grown / sent);
    assert!(grown / sent < LOG_MAX_BYTES, "{grown} bytes of log for {sent} requests");
    let peak = peak_bytes(&world.node);
    assert!(peak < 192 * MIB, "{} MiB", peak / MIB);
    world.merchant.accepted(&world.node, ALFA_SALE, &alfa_sale("a right one", 10_000));
    world.finish();
}

/// Codes of the second factor for a session that has the password: a few are looked at, from
/// however many addresses they come, and the log gets no more entries than that.
#[test]
fn a_storm_of_codes_is_held_to_a_few() {
    let Some(world) = behind_proxy() else { return };
    let anna = Person::operator(&world, "anna");
    let page = "/cabinet/account/second-factor";
    let form = anna.form(page, page);
    let (secret, address) = (form.get("secret").unwrap(), form.get("address").unwrap());
    let first = code(secret, period());
    let done = anna.post(page, &[("secret", secret), ("address", address), ("code", &first)]);
    assert_eq!(done.status, 200, "{}", done.text());
    let thief = anna.at_another_browser();
    assert_eq!(thief.enter().header("location"), Some("/cabinet/sign-in/code"));
    let (token, cookie) = (thief.token(), thief.cookie(crate::support::cabinet::SESSION).unwrap());
    let url = world.node.url("/cabinet/sign-in/code");
    let statuses = storm(GUESSES, |number| {
        let (form, address) = (format!("token={token}&code={number:06}"), from(number));
        let cookie = format!("altyn_session={cookie}");
        let headers = [
            ("content-type", "application/x-www-form-urlencoded"),
            ("cookie", cookie.as_str()),
            ("x-forwarded-for", address.as_str()),
        ];
        http::request("POST", &url, &headers, form.as_bytes()).unwrap().status
    });
    let looked_at = statuses.iter().filter(|status| **status != 429).count();
    println!("of {} codes {looked_at} were looked at", statuses.len());
    assert!(looked_at <= LOOKED_AT_MAX, "{statuses:?}");
    let refused = log_of(&world, "action = 'sign_in' AND result = 'refused'").len();
    assert!(refused <= LOOKED_AT_MAX, "{refused} entries in the log");
    unmoved(&world, "codes", PASSWORDS_BYTES);
    world.finish();
}
