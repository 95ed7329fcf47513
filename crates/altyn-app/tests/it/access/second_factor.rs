//! The second factor: set up, asked for, used once, and recovered from when its device is lost.

use altyn_app::access::accounts::{
    AccountError, offer_second_factor, remove_second_factor, set_second_factor,
};
use altyn_app::access::audit::{Action, AuditResult};
use altyn_app::access::sign_in::{Opened, change_password, pass_second_factor};
use altyn_app::access::throttle::ACCOUNT_FREE;
use altyn_app::access::user::{Role, SessionStage};
use altyn_app::ports::Clock as _;
use altyn_app::secret::Secret;
use altyn_domain::time::SECOND_MS;
use data_encoding::BASE32_NOPAD;
use totp_rs::Builder;

use super::{CHOSEN, House, in_project, told, visitor};

const PERIOD_MS: i64 = 30 * SECOND_MS;
const WRONG: &str = "the login, the password or the code is wrong";

/// What the device shows.
fn code(house: &House, secret: &Secret) -> String {
    let bytes = BASE32_NOPAD.decode(secret.expose().as_bytes()).unwrap();
    let bytes: [u8; 20] = bytes.try_into().unwrap();
    let device = Builder::new().with_secret(bytes).build().unwrap();
    let second = u64::try_from(house.world.clock.now().as_seconds()).unwrap();
    device.generate(second).to_string()
}

/// Anna with a second factor: its secret and the recovery codes.
async fn with_factor(house: &House) -> (Secret, Vec<Secret>) {
    house.settle("anna", &[in_project(7, Role::Operator)]).await;
    let actor = house.actor("anna").await;
    let offer = offer_second_factor(&house.cabinet, &actor).unwrap();
    let shown = code(house, &offer.secret);
    let codes = set_second_factor(&house.cabinet, &actor, &offer.secret, &shown).await.unwrap();
    (offer.secret, codes)
}

async fn enter(house: &House, code: &str) -> (Opened, String, Option<Opened>) {
    let waits = house.knock("anna", CHOSEN).await.unwrap();
    let (session, _) = house.at(&waits).await.unwrap();
    let passed = pass_second_factor(&house.cabinet, &visitor(), &session, code).await;
    let word = told(&passed);
    (waits, word, passed.ok())
}

#[tokio::test]
async fn it_is_set_up_by_its_first_code() {
    let house = House::new().await;
    house.settle("anna", &[in_project(7, Role::Operator)]).await;
    let actor = house.actor("anna").await;
    let offer = offer_second_factor(&house.cabinet, &actor).unwrap();
    let secret = offer.secret.expose();
    let address = format!("otpauth://totp/Altyn:anna?secret={secret}&issuer=Altyn");
    assert_eq!(offer.address.expose(), address);
    assert_eq!(secret.len(), 32);
    for wrong in ["", "000000", "abcde-fghij", "12345"] {
        let set = set_second_factor(&house.cabinet, &actor, &offer.secret, wrong).await;
        assert!(matches!(set, Err(AccountError::Wrong)), "{wrong:?}");
    }
    let short = Secret::new("AAAA");
    let set = set_second_factor(&house.cabinet, &actor, &short, "000000").await;
    assert!(matches!(set, Err(AccountError::Wrong)), "a secret that is none of ours");
    assert_eq!(house.user("anna").await.second_factor, None);

    let shown = code(&house, &offer.secret);
    let codes = set_second_factor(&house.cabinet, &actor, &offer.secret, &shown).await.unwrap();
    let mut texts: Vec<_> = codes.iter().map(|code| code.expose().to_owned()).collect();
    assert!(texts.iter().all(|text| text.len() == 11 && text.as_bytes()[5] == b'-'), "{texts:?}");
    texts.sort_unstable();
    texts.dedup();
    assert_eq!(texts.len(), 10);
    let factor = house.user("anna").await.second_factor.unwrap();
    assert!(factor.recovery.iter().all(|digest| digest.len() == 64));
    assert_eq!(house.noted().await.0, Action::ChangeSecondFactor);
    let again = set_second_factor(&house.cabinet, &actor, &offer.secret, &shown).await;
    assert!(matches!(again, Err(AccountError::Denied)), "the one there must be taken off first");
    let (_, word, _) = enter(&house, &shown).await;
    assert_eq!(word, WRONG, "the code of the set-up counted");
}

#[tokio::test]
async fn a_code_opens_once() {
    let house = House::new().await;
    let (secret, _) = with_factor(&house).await;
    house.wait_ms(PERIOD_MS);
    let shown = code(&house, &secret);
    let (waits, word, opened) = enter(&house, &shown).await;
    assert_eq!(word, "open");
    let opened = opened.unwrap();
    assert_eq!(house.stage(&waits).await, None, "its cookie is another one now");
    assert_eq!(house.stage(&opened).await, Some(SessionStage::Open));
    assert_eq!(opened.session.expires_at, waits.session.expires_at);
    let (waits, word, _) = enter(&house, &shown).await;
    assert_eq!(word, WRONG, "it was used");
    assert_eq!(house.noted().await.1, AuditResult::Refused);
    assert_eq!(house.stage(&waits).await, Some(SessionStage::SecondFactor));

    // A period late is taken, unless a later one was used; two periods late is not.
    house.wait_ms(PERIOD_MS);
    let late = code(&house, &secret);
    house.wait_ms(PERIOD_MS);
    let now = code(&house, &secret);
    let (front, back) = late.split_at(3);
    let grouped = format!(" {front} {back}");
    assert_eq!(enter(&house, &grouped).await.1, "open");
    assert_eq!(enter(&house, &now).await.1, "open");
    assert_eq!(enter(&house, &late).await.1, WRONG);
    house.wait_ms(PERIOD_MS);
    let later = code(&house, &secret);
    house.wait_ms(2 * PERIOD_MS);
    assert_eq!(enter(&house, &later).await.1, WRONG);
    house.check_log().await;
}

#[tokio::test]
async fn a_session_that_waits_for_its_code_does_nothing_else() {
    let house = House::new().await;
    let (secret, _) = with_factor(&house).await;
    house.wait_ms(PERIOD_MS);
    let waits = house.knock("anna", CHOSEN).await.unwrap();
    let (session, actor) = house.at(&waits).await.unwrap();
    let (old, new) = (Secret::new(CHOSEN), Secret::new("a password of twelve"));
    let who = (&session, &actor);
    let changed = change_password(&house.cabinet, &visitor(), who, &old, &new).await;
    assert_eq!(told(&changed), WRONG);
    // Nor does an open one take a code.
    let (_, _, opened) = enter(&house, &code(&house, &secret)).await;
    let (session, _) = house.at(&opened.unwrap()).await.unwrap();
    house.wait_ms(PERIOD_MS);
    let shown = code(&house, &secret);
    let passed = pass_second_factor(&house.cabinet, &visitor(), &session, &shown).await;
    assert_eq!(told(&passed), WRONG);
}

#[tokio::test]
async fn a_recovery_code_opens_once() {
    let house = House::new().await;
    let (_, codes) = with_factor(&house).await;
    let typed = codes[3].expose().to_lowercase().replace('-', " ");
    assert_eq!(enter(&house, &typed).await.1, "open");
    assert_eq!(house.noted().await.3, "by recovery code; 9 are left");
    assert_eq!(enter(&house, &typed).await.1, WRONG);
    assert_eq!(enter(&house, codes[4].expose()).await.1, "open");
    assert_eq!(house.user("anna").await.second_factor.unwrap().recovery.len(), 8);
    assert_eq!(enter(&house, "AAAAA-AAAAA").await.1, WRONG);
}

#[tokio::test]
async fn codes_are_not_guessed_by_whoever_has_the_password() {
    let house = House::new().await;
    let (secret, _) = with_factor(&house).await;
    house.wait_ms(PERIOD_MS);
    let mut tries = 0;
    loop {
        tries += 1;
        assert!(tries <= ACCOUNT_FREE, "signing in again forgives nothing");
        let Ok(waits) = house.knock("anna", CHOSEN).await else { break };
        let (session, _) = house.at(&waits).await.unwrap();
        if pass_second_factor(&house.cabinet, &visitor(), &session, "000000").await.is_ok() {
            panic!("the code of the test is not to be 000000");
        }
    }
    assert_eq!(told(&house.knock("anna", CHOSEN).await), "wait 1000");
    house.wait_ms(1_000);
    let waits = house.knock("anna", CHOSEN).await.unwrap();
    let (session, _) = house.at(&waits).await.unwrap();
    house.wait_ms(2_000);
    let shown = code(&house, &secret);
    let passed = pass_second_factor(&house.cabinet, &visitor(), &session, &shown).await;
    assert_eq!(told(&passed), "open");
    assert_eq!(told(&house.knock("anna", "guess").await), WRONG, "success begins anew");
}

#[tokio::test]
async fn it_is_taken_off_by_the_password() {
    let house = House::new().await;
    with_factor(&house).await;
    let actor = house.actor("anna").await;
    let wrong = remove_second_factor(&house.cabinet, &actor, &Secret::new("guess")).await;
    assert!(matches!(wrong, Err(AccountError::Wrong)));
    assert_eq!(house.noted().await.1, AuditResult::Refused);
    remove_second_factor(&house.cabinet, &actor, &Secret::new(CHOSEN)).await.unwrap();
    assert_eq!(told(&house.knock("anna", CHOSEN).await), "open");
    house.check_log().await;
}
