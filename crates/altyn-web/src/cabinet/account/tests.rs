//! The account's pages, drawn.

use super::*;
use crate::cabinet::frame::tests::{HOSTILE, example, example_hostile};
use crate::lang::Lang;
use altyn_app::access::user::SessionStage;

fn session(number: i64, agent: &str) -> Session {
    Session {
        digest: format!("{number:064}"),
        user: 1,
        stage: SessionStage::Open,
        created_at: Timestamp::from_millis(1_795_345_510_123),
        seen_at: Timestamp::from_millis(1_795_355_510_123),
        expires_at: Timestamp::from_millis(1_795_445_510_123),
        address: "2001:db8:85a3:8d3:1319:8a2e:370:7348".to_owned(),
        agent: agent.to_owned(),
    }
}

/// Pages by name.
pub fn pages(lang: Lang, hostile: bool) -> Vec<(&'static str, String)> {
    let frame = || match hostile {
        true => example_hostile(lang, Section::Account),
        false => example(lang, Section::Account),
    };
    let text = |plain: &str| if hostile { HOSTILE.to_owned() } else { plain.to_owned() };
    let page = |recovery_left, error: Option<String>| AccountPage {
        frame: frame(),
        sessions: vec![
            session(1, &text("Mozilla/5.0 (Windows NT 10.0) Gecko/20100101 Firefox/140.0")),
            session(2, &text("curl/8")),
        ],
        current: session(1, "").digest,
        recovery_left,
        least: PASSWORD_MIN_CHARS,
        password_error: error,
        factor_error: None,
    };
    let secret = || Secret::new("JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP");
    let address =
        "otpauth://totp/Altyn:kassir?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Altyn";
    let factor = FactorPage {
        frame: frame(),
        secret: secret(),
        address: Secret::new(address),
        error: Some(text("Код не подошёл.")),
    };
    let codes = (0..10).map(|number| Secret::new(format!("abcd-efg{number}"))).collect();
    vec![
        ("account", page(None, Some(text("Прежний пароль не подходит."))).render().unwrap()),
        ("account-factor-on", page(Some(3), None).render().unwrap()),
        ("account-factor", factor.render().unwrap()),
        ("account-codes", CodesPage { frame: frame(), codes }.render().unwrap()),
    ]
}

#[test]
fn a_secret_is_grouped_to_be_typed() {
    let frame = example(Lang::Russian, Section::Account);
    let (secret, address) = (Secret::new("ABCDEFGHIJ"), Secret::new(""));
    let page = FactorPage { frame, secret, address, error: None };
    assert_eq!(page.grouped(), "ABCD EFGH IJ");
}
