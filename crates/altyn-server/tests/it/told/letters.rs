//! Letters through a real mail server on loopback.

use serde_json::Value;

use super::{DECLINED, GOOD, callbacks, comes_to, merchant, pay, resend, tries};
use crate::support::script::Script;
use crate::support::{Engine, World};

mod sqlite {
    #[test]
    fn who_has_no_address_gets_a_letter() {
        super::who_has_no_address_gets_a_letter(super::Engine::Sqlite);
    }
}

mod postgres {
    #[test]
    fn who_has_no_address_gets_a_letter() {
        super::who_has_no_address_gets_a_letter(super::Engine::Postgres);
    }
}

const ADDRESS: &str = "shop@example.org";

fn who_has_no_address_gets_a_letter(engine: Engine) {
    let Some(mut mail) = Script::start("smtp_server.py", &[]) else { return };
    let Some(database) = engine.database() else { return };
    let port = mail.port().to_string();
    let world = World::start_with(
        database,
        &[
            ("ALTYN_SMTP__HOST", "127.0.0.1"),
            ("ALTYN_SMTP__PORT", &port),
            ("ALTYN_SMTP__TLS", "none"),
            ("ALTYN_SMTP__FROM", "Касса <noreply@pay.example>"),
        ],
    );
    let named = ["--notify-email", ADDRESS, "--name", "Кофейня № 5"];
    let merchant = merchant(&world, 5, "", &named);

    let page = pay(&world, &merchant, "Заказ 1", GOOD);
    assert_eq!(page.state(), "success", "{}", page.html);
    let taken = |said: &Value| said.get("recipients").is_some();
    let letter = mail.wait("a letter", 1, taken).remove(0);
    let delivered = comes_to(&world, (&merchant, "Заказ 1"), "delivered", "success");
    assert_eq!(delivered["url"], format!("mailto:{ADDRESS}"));
    assert!(tries(&world, &delivered).contains("SMTP 250\t2.0.0 taken"), "{delivered}");
    reads_well(&letter, &delivered, &world.node.url(""));

    let page = pay(&world, &merchant, "Заказ 2", DECLINED);
    assert_eq!(page.state(), "fail", "{}", page.html);
    assert_eq!(callbacks(&world, &merchant, "Заказ 2"), Vec::<Value>::new());

    mail.tell("refuse 451 4.7.1 come back later");
    pay(&world, &merchant, "Заказ 3", GOOD);
    let given_up = comes_to(&world, (&merchant, "Заказ 3"), "given_up", "stuck");
    assert_eq!(given_up["attempts"], 4, "{given_up}");
    mail.wait("every try of the plan", 4, |said| said["refused"] == ADDRESS);
    let shown = tries(&world, &given_up);
    assert_eq!(shown.matches("SMTP 451, transient error (451): 4.7.1 come back").count(), 4);

    mail.tell("accept");
    resend(&world, &given_up);
    comes_to(&world, (&merchant, "Заказ 3"), "delivered", "success");
    let letters = mail.wait("both letters", 2, taken);
    assert_eq!(letters.len(), 2);
    world.finish();
}

fn header<'a>(letter: &'a Value, name: &str) -> &'a str {
    let headers = letter["headers"].as_array().unwrap();
    let mut own = headers.iter().filter(|header| header[0] == name);
    let value = own.next().unwrap_or_else(|| panic!("no {name}: {letter:#}"));
    assert!(own.next().is_none(), "{name} twice: {letter:#}");
    value[1].as_str().unwrap()
}

fn reads_well(letter: &Value, callback: &Value, node: &str) {
    assert_eq!(letter["sender"], "noreply@pay.example", "{letter:#}");
    assert_eq!(letter["recipients"], serde_json::json!([ADDRESS]));
    assert_eq!(letter["type"], "multipart/alternative");
    assert_eq!(letter["defects"], serde_json::json!([]));
    let sum = "1\u{202f}234,50\u{202f}₽";
    let subject = format!("Получена оплата: {sum}, заказ Заказ 1 — Кофейня № 5");
    for (name, value) in [
        ("Subject", subject.as_str()),
        ("From", "Касса <noreply@pay.example>"),
        ("To", ADDRESS),
        ("Message-ID", &format!("<{}@pay.example>", callback["id"])),
    ] {
        assert_eq!(header(letter, name), value);
    }
    header(letter, "Date");
    let link = format!("{node}/cabinet/payments/5/{}", callback["payment"]);
    for (part, kind) in [(0, "text/plain"), (1, "text/html")] {
        let part = &letter["parts"][part];
        assert_eq!(part[0], kind, "{letter:#}");
        let text = part[1].as_str().unwrap();
        for said in [sum, "Заказ 1", "Банковская карта", "400000******0077", "МСК", &link]
        {
            assert!(text.contains(said), "{said} in {text}");
        }
        assert!(!text.contains(GOOD), "{text}");
    }
}
