//! Sign-ins that failed slow down those that follow, and tell nothing.

use altyn_app::access::audit::{Action, AuditResult};
use altyn_app::access::throttle::{ACCOUNT_FREE, ADDRESS_FREE, FORGET_MS, WAIT_MAX_MS};
use altyn_app::access::user::Role;
use altyn_domain::time::SECOND_MS;
use tokio::task::JoinSet;

use super::{CHOSEN, House, everywhere, in_project, told};

const WRONG: &str = "the login, the password or the code is wrong";

#[tokio::test]
async fn after_a_few_failures_each_takes_twice_as_long() {
    let house = House::new().await;
    house.settle("anna", &[in_project(7, Role::Operator)]).await;
    for _ in 0..ACCOUNT_FREE {
        assert_eq!(told(&house.knock("anna", "guess").await), WRONG);
    }
    let mut pause = SECOND_MS;
    while pause < WAIT_MAX_MS {
        let seen = house.comparisons();
        assert_eq!(told(&house.knock("anna", CHOSEN).await), format!("wait {pause}"));
        house.wait_ms(pause - 1);
        assert_eq!(told(&house.knock(" ANNA ", CHOSEN).await), "wait 1");
        assert_eq!(house.comparisons(), seen, "nothing is looked at before its time");
        house.wait_ms(1);
        // Not from one address: that has a count of its own.
        assert_eq!(told(&house.knock_from("192.0.2.9", "anna", "guess").await), WRONG);
        pause *= 2;
    }
    assert_eq!(told(&house.knock("anna", CHOSEN).await), format!("wait {WAIT_MAX_MS}"));
    house.wait_ms(WAIT_MAX_MS);
    assert_eq!(told(&house.knock("anna", CHOSEN).await), "open");
    for _ in 0..ACCOUNT_FREE {
        assert_eq!(told(&house.knock("anna", "guess").await), WRONG, "success begins anew");
    }
    house.check_log().await;
}

#[tokio::test]
async fn failures_are_forgotten_after_a_day() {
    let house = House::new().await;
    house.settle("anna", &[in_project(7, Role::Operator)]).await;
    for _ in 0..ACCOUNT_FREE {
        house.knock("anna", "guess").await.unwrap_err();
    }
    house.wait_ms(FORGET_MS + 1);
    for _ in 0..ACCOUNT_FREE {
        assert_eq!(told(&house.knock("anna", "guess").await), WRONG);
    }
    assert_eq!(told(&house.knock("anna", "guess").await), "wait 1000");
}

#[tokio::test]
async fn nobody_learns_whether_an_account_exists() {
    let house = House::new().await;
    house.settle("chief", &[everywhere(Role::Administrator)]).await;
    house.settle("anna", &[in_project(7, Role::Operator)]).await;
    house.settle("gone", &[in_project(7, Role::Operator)]).await;
    house.disable("gone").await;
    let long = "x".repeat(65);
    let mut seen = Vec::new();
    for (login, password) in [
        ("anna", "guess"),
        ("gone", CHOSEN),
        ("nobody", CHOSEN),
        ("a b", CHOSEN),
        ("", CHOSEN),
        (long.as_str(), CHOSEN),
        ("%' OR 1=1 --", CHOSEN),
    ] {
        let (before, entries) = (house.comparisons(), house.log().await.len());
        let mut answers = Vec::new();
        for turn in 0..8 {
            // Each from an address of its own, so that only the account counts.
            let address = format!("198.51.100.{}", turn + seen.len() * 8);
            answers.push(told(&house.knock_from(&address, login, password).await));
        }
        let log = house.log().await;
        let noted: Vec<_> = log[entries..]
            .iter()
            .map(|entry| (entry.action, entry.result, entry.user, entry.detail.clone()))
            .collect();
        assert!(log[entries..].iter().all(|entry| entry.login.chars().count() <= 64));
        seen.push((answers, house.comparisons() - before, noted));
    }
    let refused = (Action::SignIn, AuditResult::Refused, None, "wrong login or password".into());
    let wait = || "wait 1000".to_owned();
    let expected =
        ([vec![WRONG.to_owned(); 5], vec![wait(), wait(), wait()]].concat(), 5, vec![refused; 5]);
    for one in &seen {
        assert_eq!(*one, expected);
    }
}

#[tokio::test]
async fn many_accounts_from_one_address_slow_down_too() {
    let house = House::new().await;
    house.settle("anna", &[in_project(7, Role::Operator)]).await;
    for number in 0..ADDRESS_FREE {
        let address = format!("2001:db8:0:1::{number:x}");
        let login = format!("somebody-{number}");
        assert_eq!(told(&house.knock_from(&address, &login, "guess").await), WRONG);
    }
    let there = "2001:db8:0:1:ffff::1";
    assert_eq!(told(&house.knock_from(there, "anna", CHOSEN).await), "wait 1000");
    assert_eq!(told(&house.knock_from("2001:db8:0:2::1", "anna", CHOSEN).await), "open");
    house.wait_ms(1_000);
    assert_eq!(told(&house.knock_from(there, "anna", CHOSEN).await), "open");
    // Getting in to an account of one's own does not wash the address clean.
    assert_eq!(told(&house.knock_from(there, "somebody", "guess").await), WRONG);
    assert_eq!(told(&house.knock_from(there, "anna", CHOSEN).await), "wait 2000");
}

#[tokio::test(flavor = "multi_thread")]
async fn guesses_sent_at_once_gain_nothing() {
    let house = std::sync::Arc::new(House::new().await);
    house.settle("anna", &[in_project(7, Role::Operator)]).await;
    let before = house.comparisons();
    let mut guesses = JoinSet::new();
    for number in 0..60 {
        let house = std::sync::Arc::clone(&house);
        guesses.spawn(async move {
            let address = format!("198.51.100.{number}");
            told(&house.knock_from(&address, "anna", &format!("guess {number}")).await)
        });
    }
    let answers = guesses.join_all().await;
    assert!(answers.iter().all(|answer| answer != "open"));
    let looked_at = house.comparisons() - before;
    assert!(looked_at <= ACCOUNT_FREE as usize, "{looked_at} were looked at: {answers:?}");
}
