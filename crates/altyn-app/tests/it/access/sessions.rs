//! Sessions: how far they go, how long they last, and how they end; choosing a password.

use altyn_app::access::accounts::{UserChange, change_user, reset_password};
use altyn_app::access::audit::{Action, AuditResult};
use altyn_app::access::sign_in::{SignOut, change_password, form_token, sign_in, sign_out};
use altyn_app::access::user::{Role, SessionStage};
use altyn_app::ports::{AccessStore as _, Clock as _};
use altyn_app::secret::Secret;
use altyn_domain::time::{HOUR_MS, MINUTE_MS, SECOND_MS};

use super::{CHOSEN, House, everywhere, in_project, told, visitor};

#[tokio::test]
async fn a_first_password_opens_nothing_but_the_choice_of_another() {
    let house = House::new().await;
    let first = house.add("Anna@Shop", &[in_project(7, Role::Operator)]).await;
    assert_eq!(first.expose().len(), 16, "80 bits, base32");
    let opened = house.knock(" anna@SHOP ", first.expose()).await.unwrap();
    assert_eq!(opened.cookie.expose().len(), 43, "32 bytes");
    assert_eq!(opened.session.digest.len(), 64);
    assert!(!format!("{opened:?}").contains(opened.cookie.expose()));
    assert_eq!(house.stage(&opened).await, Some(SessionStage::NewPassword));
    let (session, actor) = house.at(&opened).await.unwrap();
    let other = house.knock("anna@shop", first.expose()).await.unwrap();
    let who = (&session, &actor);
    let chosen = Secret::new(CHOSEN);
    let renewed = change_password(&house.cabinet, &visitor(), who, &first, &chosen).await.unwrap();
    assert_eq!(house.stage(&renewed).await, Some(SessionStage::Open));
    assert_eq!(renewed.session.created_at, session.created_at);
    assert_eq!(renewed.session.expires_at, session.expires_at);
    assert_eq!(house.stage(&opened).await, None, "its cookie is another one now");
    assert_eq!(house.stage(&other).await, None, "every other session has ended");
    assert!(house.knock("anna@shop", first.expose()).await.is_err());
    assert_eq!(told(&house.knock("anna@shop", CHOSEN).await), "open");
    let log = house.log().await;
    let changed = log.iter().find(|entry| entry.action == Action::ChangePassword).unwrap();
    assert_eq!((changed.user, changed.result), (Some(actor.user.id), AuditResult::Done));
    assert!(log.iter().all(|entry| !entry.detail.contains(CHOSEN)));
    house.check_log().await;
}

#[tokio::test]
async fn passwords_that_cannot_be_chosen() {
    let house = House::new().await;
    let login = "anna-of-the-shop";
    let opened = house.settle(login, &[in_project(7, Role::Operator)]).await;
    let (session, actor) = house.at(&opened).await.unwrap();
    let choose = async |old: &str, new: &str| {
        let (old, new) = (Secret::new(old), Secret::new(new));
        let who = (&session, &actor);
        told(&change_password(&house.cabinet, &visitor(), who, &old, &new).await)
    };
    let weak = "this password cannot be chosen";
    let (short, long) = ("я".repeat(11), "я".repeat(257));
    for new in ["", &short, &long, login, " Anna-Of-The-Shop ", CHOSEN] {
        assert_eq!(choose(CHOSEN, new).await, weak, "{new:?}");
    }
    let wrong = "the login, the password or the code is wrong";
    assert_eq!(choose("another one", "a password of twelve").await, wrong);
    assert_eq!(house.noted().await.1, AuditResult::Refused);
    assert_eq!(choose(CHOSEN, &"😀".repeat(12)).await, "open");
}

#[tokio::test]
async fn the_old_password_is_not_guessed_at_from_a_session_that_was_left() {
    let house = House::new().await;
    let opened = house.settle("anna", &[in_project(7, Role::Operator)]).await;
    let (session, actor) = house.at(&opened).await.unwrap();
    let mut answers = Vec::new();
    for guess in 0..6 {
        let old = Secret::new(format!("guess {guess}"));
        let new = Secret::new("a password of twelve");
        let who = (&session, &actor);
        answers.push(told(&change_password(&house.cabinet, &visitor(), who, &old, &new).await));
    }
    assert_eq!(answers.last().unwrap(), "wait 1000");
}

#[tokio::test]
async fn a_session_that_nobody_uses_ends_and_one_that_is_used_ends_too() {
    let house = House::new().await;
    let left = house.settle("anna", &[in_project(7, Role::Operator)]).await;
    house.wait_ms(30 * MINUTE_MS - 1);
    let used = house.knock("anna", CHOSEN).await.unwrap();
    house.wait_ms(1);
    assert_eq!(house.stage(&left).await, None, "half an hour");
    let began = used.session.created_at;
    for _ in 0..24 {
        house.wait_ms(29 * MINUTE_MS);
        assert!(house.at(&used).await.is_some());
    }
    let spent = 24 * 29 * MINUTE_MS + 1;
    house.wait_ms(12 * HOUR_MS - spent - 1);
    assert!(house.at(&used).await.is_some(), "a moment before");
    house.wait_ms(1);
    assert_eq!(used.session.expires_at, began.plus_millis(12 * HOUR_MS));
    assert!(house.at(&used).await.is_none(), "twelve hours");
}

#[tokio::test]
async fn use_is_noted_once_a_minute() {
    let house = House::new().await;
    let opened = house.settle("anna", &[in_project(7, Role::Operator)]).await;
    let seen = async || {
        house.at(&opened).await.unwrap();
        let stored = house.world.store.session(&opened.session.digest).await.unwrap();
        stored.unwrap().seen_at.as_millis() - opened.session.seen_at.as_millis()
    };
    for (wait, noted) in [
        (59 * SECOND_MS, 0),
        (SECOND_MS, MINUTE_MS),
        (SECOND_MS, MINUTE_MS),
        (MINUTE_MS, 2 * MINUTE_MS + SECOND_MS),
    ] {
        house.wait_ms(wait);
        assert_eq!(seen().await, noted);
    }
}

#[tokio::test]
async fn sessions_are_ended_one_by_one_or_all_at_once() {
    let house = House::new().await;
    let annas = house.settle("anna", &[in_project(7, Role::Operator)]).await;
    let mut sessions = vec![annas];
    for _ in 0..3 {
        sessions.push(house.knock("anna", CHOSEN).await.unwrap());
    }
    let boris = house.settle("boris", &[in_project(7, Role::Operator)]).await;
    let alive = async || {
        let mut alive = Vec::new();
        for one in sessions.iter().chain([&boris]) {
            alive.push(house.at(one).await.is_some());
        }
        alive
    };
    let (_, actor) = house.at(&sessions[0]).await.unwrap();
    let end = async |what| sign_out(&house.cabinet, &actor, what).await.unwrap();
    end(SignOut::One(&sessions[2].session.digest)).await;
    assert_eq!(alive().await, [true, true, false, true, true]);
    end(SignOut::One(&boris.session.digest)).await;
    end(SignOut::One("no digest at all")).await;
    assert_eq!(alive().await, [true, true, false, true, true], "only one's own");
    end(SignOut::This).await;
    assert_eq!(alive().await, [false, true, false, true, true]);
    end(SignOut::Everywhere).await;
    assert_eq!(alive().await, [false, false, false, false, true]);
    assert_eq!(house.noted().await.0, Action::SignOut);
    house.check_log().await;
}

#[tokio::test]
async fn whoever_is_disabled_is_out_at_once() {
    let house = House::new().await;
    house.settle("chief", &[everywhere(Role::Administrator)]).await;
    let opened = house.settle("anna", &[in_project(7, Role::Operator)]).await;
    house.disable("anna").await;
    assert!(house.at(&opened).await.is_none());
    assert!(house.knock("anna", CHOSEN).await.is_err());
}

#[tokio::test]
async fn a_form_token_is_of_one_cookie() {
    assert_eq!(form_token("a"), form_token("a"));
    assert_ne!(form_token("a"), form_token("b"));
    assert_eq!(form_token("a").len(), 64);
    let house = House::new().await;
    let opened = house.settle("anna", &[in_project(7, Role::Operator)]).await;
    let cookie = opened.cookie.expose();
    assert_ne!(form_token(cookie), opened.session.digest);
    for wrong in ["", "x", &opened.session.digest] {
        let found = altyn_app::access::sign_in::who(&house.cabinet, &visitor(), wrong).await;
        assert!(found.unwrap().is_none(), "{wrong:?} is no cookie");
    }
}

#[tokio::test]
async fn a_password_that_was_reset_meanwhile_is_not_chosen_over() {
    let house = House::new().await;
    house.settle("chief", &[everywhere(Role::Administrator)]).await;
    let opened = house.settle("anna", &[in_project(7, Role::Operator)]).await;
    let (session, actor) = house.at(&opened).await.unwrap();
    let (cabinet, chief) = (house.cabinet.clone(), house.actor("chief").await);
    let anna = actor.user.id;
    let lost = house.meanwhile(async move {
        reset_password(&cabinet, &chief, anna).await.unwrap();
    });
    let (old, new) = (Secret::new(CHOSEN), Secret::new("a password of twelve"));
    let changed = change_password(&lost, &visitor(), (&session, &actor), &old, &new).await;
    assert_eq!(told(&changed), "the login, the password or the code is wrong");
    assert!(house.user("anna").await.must_change);
    assert!(house.knock("anna", "a password of twelve").await.is_err());
    assert!(house.at(&opened).await.is_none());
}

#[tokio::test]
async fn whoever_is_disabled_while_he_signs_in_stays_out() {
    let house = House::new().await;
    house.settle("chief", &[everywhere(Role::Administrator)]).await;
    house.settle("anna", &[in_project(7, Role::Operator)]).await;
    let (cabinet, chief) = (house.cabinet.clone(), house.actor("chief").await);
    let anna = house.user("anna").await.id;
    let acting = chief.clone();
    let lost = house.meanwhile(async move {
        change_user(&cabinet, &acting, anna, UserChange::Disabled(true)).await.unwrap();
    });
    let knocked = sign_in(&lost, &visitor(), "anna", &Secret::new(CHOSEN)).await;
    assert_eq!(told(&knocked), "the login, the password or the code is wrong");
    // Nor is there a session that would be open once he is enabled again.
    change_user(&house.cabinet, &chief, anna, UserChange::Disabled(false)).await.unwrap();
    let now = house.world.clock.now();
    assert_eq!(house.world.store.sessions_of(anna, now).await.unwrap(), []);
    assert_eq!(told(&house.knock("anna", CHOSEN).await), "open");
    house.check_log().await;
}
