//! Who may manage whom: nobody beyond his projects, nobody gives more than he has.

use altyn_app::access::Actor;
use altyn_app::access::accounts::{
    AccountError, UserChange, add_user, change_user, reset_password, users_for,
};
use altyn_app::access::audit::{Action, AuditResult};
use altyn_app::access::roster;
use altyn_app::access::user::{Membership, Role, User};

use super::{CHOSEN, House, everywhere, in_project, told};

/// A house with people of both projects and of the platform.
async fn peopled() -> House {
    let house = House::new().await;
    for (login, memberships) in PEOPLE {
        let memberships: Vec<_> = memberships
            .iter()
            .map(|(project, role)| match project {
                0 => everywhere(*role),
                number => in_project(*number, *role),
            })
            .collect();
        house.settle(login, &memberships).await;
    }
    house
}

type Person = (&'static str, &'static [(u32, Role)]);

const PEOPLE: &[Person] = &[
    ("chief", &[(0, Role::Administrator)]),
    ("seven", &[(7, Role::Administrator)]),
    ("operator", &[(7, Role::Operator)]),
    ("both", &[(7, Role::Support), (8, Role::Finance)]),
    ("auditor", &[(0, Role::Finance)]),
    ("nothing", &[]),
];

fn word<T>(result: &Result<T, AccountError>) -> String {
    match result {
        Ok(_) => "done".to_owned(),
        Err(error) => error.to_string(),
    }
}

const DENIED: &str = "this needs the right to manage users";
const NOT_FOUND: &str = "there is no such user";

async fn seen(house: &House, actor: &Actor) -> Vec<String> {
    let users = users_for(&house.cabinet, actor).await.unwrap();
    users.into_iter().map(|user| user.login).collect()
}

#[tokio::test]
async fn each_sees_whom_he_manages() {
    let house = peopled().await;
    for (login, sees) in [
        ("chief", ["auditor", "both", "chief", "nothing", "operator", "seven"].as_slice()),
        ("seven", &["operator", "seven"]),
        ("operator", &[]),
        ("both", &[]),
        ("auditor", &[]),
        ("nothing", &[]),
    ] {
        assert_eq!(seen(&house, &house.actor(login).await).await, sees, "{login}");
    }
}

#[tokio::test]
async fn nobody_gives_more_than_he_has() {
    let house = peopled().await;
    let mut number = 0;
    for (login, memberships, answer) in [
        ("chief", vec![everywhere(Role::Administrator)], "done"),
        ("chief", vec![in_project(7, Role::Operator), in_project(8, Role::Support)], "done"),
        ("chief", vec![], "done"),
        ("chief", vec![in_project(9, Role::Support)], DENIED),
        ("seven", vec![in_project(7, Role::Administrator)], "done"),
        ("seven", vec![in_project(7, Role::Support)], "done"),
        ("seven", vec![everywhere(Role::Support)], DENIED),
        ("seven", vec![in_project(8, Role::Support)], DENIED),
        ("seven", vec![in_project(7, Role::Support), in_project(8, Role::Support)], DENIED),
        ("seven", vec![], DENIED),
        ("operator", vec![in_project(7, Role::Support)], DENIED),
        ("auditor", vec![in_project(7, Role::Finance)], DENIED),
    ] {
        let actor = house.actor(login).await;
        number += 1;
        let new = format!("new-{number}");
        let added = add_user(&house.cabinet, &actor, &new, memberships.clone()).await;
        assert_eq!(word(&added), answer, "{login} adds {memberships:?}");
        let (action, result, who, _) = house.noted().await;
        let expected = if added.is_ok() { AuditResult::Done } else { AuditResult::Refused };
        assert_eq!((action, result, who.as_str()), (Action::ChangeUser, expected, login));

        // The same by changing somebody: whom he manages, or whom he does not even see.
        let target = house.user("operator").await;
        let change = UserChange::Memberships(memberships.clone());
        let changed = change_user(&house.cabinet, &actor, target.id, change).await;
        let answer = if ["operator", "auditor"].contains(&login) { NOT_FOUND } else { answer };
        assert_eq!(word(&changed), answer, "{login} grants {memberships:?}");
        let back = UserChange::Memberships(target.memberships.clone());
        let now = house.user("operator").await;
        roster::change(&house.cabinet, now, back, house.command()).await.unwrap();
    }
    house.check_log().await;
}

#[tokio::test]
async fn nobody_touches_whom_he_does_not_manage() {
    let house = peopled().await;
    for (login, target, answer) in [
        ("seven", "operator", "done"),
        ("seven", "seven", "done"),
        ("seven", "chief", NOT_FOUND),
        ("seven", "both", NOT_FOUND),
        ("seven", "auditor", NOT_FOUND),
        ("seven", "nothing", NOT_FOUND),
        ("operator", "seven", NOT_FOUND),
        ("both", "operator", NOT_FOUND),
        ("chief", "both", "done"),
    ] {
        let (actor, user) = (house.actor(login).await, house.user(target).await);
        let reset = reset_password(&house.cabinet, &actor, user.id).await;
        assert_eq!(word(&reset), answer, "{login} resets {target}");
        for change in [UserChange::NoSecondFactor, UserChange::Disabled(false)] {
            let changed = change_user(&house.cabinet, &actor, user.id, change.clone()).await;
            assert_eq!(word(&changed), answer, "{login} changes {target}: {change:?}");
        }
        let before = if answer == "done" { None } else { Some(user) };
        if let Some(before) = before {
            assert_eq!(house.user(target).await, before);
        }
    }
    let chief = house.actor("chief").await;
    assert_eq!(word(&reset_password(&house.cabinet, &chief, 1).await), NOT_FOUND);
}

#[tokio::test]
async fn logins_are_one_users() {
    let house = peopled().await;
    let chief = house.actor("chief").await;
    for (login, answer) in [
        (" OPERATOR ", "the login is taken"),
        ("", "this login is not possible"),
        ("a b", "this login is not possible"),
        ("a\u{0}", "this login is not possible"),
        (&*"x".repeat(65), "this login is not possible"),
        ("Иван", "done"),
        ("ИВАН", "the login is taken"),
    ] {
        let added = add_user(&house.cabinet, &chief, login, vec![]).await;
        assert_eq!(word(&added), answer, "{login:?}");
    }
    let twice = vec![in_project(7, Role::Operator), in_project(7, Role::Support)];
    let (user, _) = add_user(&house.cabinet, &chief, "twice", twice).await.unwrap();
    assert_eq!(user.memberships, [in_project(7, Role::Support)], "one role in a project");
    assert_eq!(house.user("twice").await, user);
}

#[tokio::test]
async fn somebody_who_manages_everything_is_always_left() {
    let house = peopled().await;
    let last = "the last administrator cannot be taken away";
    let change = async |login: &str, change: UserChange| {
        let (chief, user) = (house.actor("chief").await, house.user(login).await);
        word(&change_user(&house.cabinet, &chief, user.id, change).await)
    };
    let demoted = || UserChange::Memberships(vec![everywhere(Role::Operator)]);
    for wish in [UserChange::Disabled(true), demoted(), UserChange::Memberships(vec![])] {
        assert_eq!(change("chief", wish).await, last);
    }
    assert_eq!(change("seven", UserChange::Disabled(true)).await, "done", "he manages one project");
    house.settle("deputy", &[everywhere(Role::Administrator)]).await;
    assert_eq!(change("deputy", UserChange::Disabled(true)).await, "done");
    assert_eq!(change("chief", demoted()).await, last, "who is disabled does not count");
    assert_eq!(change("deputy", UserChange::Disabled(false)).await, "done");
    assert_eq!(change("chief", demoted()).await, "done");
    let user: User = house.user("deputy").await;
    let command = house.command();
    let disabled = roster::change(&house.cabinet, user, UserChange::Disabled(true), command).await;
    assert_eq!(word(&disabled), last, "the command line neither");
}

#[tokio::test]
async fn a_new_first_password_ends_what_was_and_forgives() {
    let house = peopled().await;
    let opened = house.knock("operator", CHOSEN).await.unwrap();
    for _ in 0..5 {
        house.knock("operator", "guess").await.unwrap_err();
    }
    assert_eq!(told(&house.knock("operator", CHOSEN).await), "wait 1000");
    let (chief, user) = (house.actor("chief").await, house.user("operator").await);
    let password = reset_password(&house.cabinet, &chief, user.id).await.unwrap();
    assert!(house.at(&opened).await.is_none());
    assert_eq!(told(&house.knock("operator", password.expose()).await), "new_password");
    assert!(house.knock("operator", CHOSEN).await.is_err());
    let log = house.log().await;
    assert!(log.iter().all(|entry| !entry.detail.contains(password.expose())));
    let entry = log.iter().find(|entry| entry.detail == "operator: a new first password");
    assert_eq!(entry.unwrap().user, Some(chief.user.id));
}

#[tokio::test]
async fn rights_are_those_of_the_moment() {
    let house = peopled().await;
    let opened = house.knock("operator", CHOSEN).await.unwrap();
    let (chief, user) = (house.actor("chief").await, house.user("operator").await);
    let grants: Vec<Membership> = vec![in_project(8, Role::Finance)];
    let change = UserChange::Memberships(grants.clone());
    change_user(&house.cabinet, &chief, user.id, change).await.unwrap();
    let (_, actor) = house.at(&opened).await.unwrap();
    assert_eq!(actor.user.memberships, grants, "the same session, other rights");
    let noted = house.noted().await.3;
    assert_eq!(noted, "operator: finance in project 8, was operator in project 7");
}

#[tokio::test]
async fn two_who_change_one_user_at_once_lose_nothing() {
    let house = peopled().await;
    let chief = house.actor("chief").await;
    for round in 0..5 {
        let before = house.user("operator").await;
        let grants =
            vec![in_project(8, if round % 2 == 0 { Role::Finance } else { Role::Support })];
        let disabled = UserChange::Disabled(!before.disabled);
        let (one, two, password) = tokio::join!(
            change_user(&house.cabinet, &chief, before.id, disabled),
            change_user(&house.cabinet, &chief, before.id, UserChange::Memberships(grants.clone())),
            reset_password(&house.cabinet, &chief, before.id),
        );
        let answers = (word(&one), word(&two), word(&password));
        assert_eq!(answers, ("done".into(), "done".into(), "done".into()), "round {round}");
        let now = house.user("operator").await;
        assert_eq!((now.disabled, &now.memberships), (!before.disabled, &grants), "round {round}");
        let hash = format!("plain:{}", password.unwrap().expose());
        assert_eq!(now.password_hash.expose(), hash, "round {round}");
    }
    house.check_log().await;
}

#[tokio::test]
async fn whom_he_manages_no_more_is_not_changed() {
    let house = peopled().await;
    let (seven, operator) = (house.actor("seven").await, house.user("operator").await);
    let (cabinet, entry) = (house.cabinet.clone(), house.command());
    let moved = operator.clone();
    let elsewhere = house.meanwhile(async move {
        let change = UserChange::Memberships(vec![in_project(8, Role::Operator)]);
        roster::change(&cabinet, moved, change, entry).await.unwrap();
    });
    let reset = reset_password(&elsewhere, &seven, operator.id).await;
    assert_eq!(word(&reset), NOT_FOUND);
    assert_eq!(house.user("operator").await.password_hash, operator.password_hash);
}
