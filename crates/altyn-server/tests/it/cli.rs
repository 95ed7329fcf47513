//! The subcommands, beside a running node and without one.

mod database;
mod secrets;
mod users;

use altyn_testkit::harness::bodies::{
    ALFA_SALE, CARD_SALE, STATUS, alfa_sale, card_sale, over, status,
};
use altyn_testkit::harness::{Database, Merchant, Reply, Setup, eventually, sign};
use serde_json::{Value, json};

use crate::support::{BINARY, CALLBACKS, World};

on_both_databases! {
    projects_are_added_and_changed_beside_a_node,
    callbacks_are_listed_shown_and_sent_again,
}

fn projects_are_added_and_changed_beside_a_node(world: &mut World) {
    let (setup, node) = (&world.setup, &world.node);
    let listed = setup.cli(&["project", "list", "--json"]).done().json();
    let numbers: Vec<_> = listed.as_array().unwrap().iter().map(|one| one["id"].clone()).collect();
    assert_eq!(numbers, [json!(1), json!(2), json!(3)]);
    assert_eq!(listed[2]["methods"][0]["instruction"], true, "{listed}");

    // Its secret is made, and shown this once.
    let url = world.shop.url("/seven");
    let add = ["project", "add", "--id", "7", "--name", "Чай", "--test", "true"];
    let rest = ["--callback-url", &url, "--method", "alfa-click=alfabank:250"];
    let added = setup.cli(&[add.as_slice(), &rest].concat()).done();
    let (_, secret) = added.stdout.split_once("shown this once: ").unwrap();
    let seven = Merchant::new(7, secret.trim());
    assert_eq!(seven.secret.len(), 64, "{added:?}");
    eventually("the node knows the project", || {
        let answer = seven.post(node, STATUS, &status("x"));
        (answer.status == 200).then_some(())
    });
    seven.accepted(node, ALFA_SALE, &alfa_sale("tea", 10_000));
    world.shop.wait_for("its callback", |told| told.path == "/seven");
    let text = setup.cli(&["project", "list"]).done().stdout;
    let line = text.lines().find(|line| line.starts_with("7\t")).unwrap();
    assert_eq!(line, format!("7\ttest\tЧай\talfa-click\t{url}"));
    assert!(!text.contains(&seven.secret));

    // A method that is off: taken, then told as an error; a change turns it on.
    seven.accepted(node, CARD_SALE, &card_sale("off", 1_000));
    let told = world.shop.wait_status("off", "error");
    assert_eq!(told.body["errors"][0]["code"], "310", "{}", told.body);
    let elsewhere = world.shop.url("/elsewhere");
    let set = ["project", "set", "--id", "7", "--callback-url", &elsewhere];
    setup.cli(&[set.as_slice(), &["--method", "card-partner=partner"]].concat()).done();
    let listed = setup.cli(&["project", "list", "--json"]).done().json();
    assert_eq!(listed[3]["name"], "Чай", "what is not named stays: {listed}");
    assert_eq!(
        listed[3]["methods"],
        json!([{
            "method": "card-partner", "account": "partner", "instruction": false, "fee_bps": 0,
        }])
    );
    let mut tries = 0;
    eventually("the node knows the change", || {
        tries += 1;
        let id = format!("on-{tries}");
        seven.accepted(node, CARD_SALE, &card_sale(&id, 1_000));
        let told = world.shop.wait_for(&id, |told| told.payment_id() == id);
        (told.status() == "awaiting redirect result" && told.path == "/elsewhere").then_some(())
    });
    refusals(setup);
}

fn refusals(setup: &Setup) {
    let add = ["project", "add", "--id", "8"];
    let with = |more: &[&'static str]| [add.as_slice(), more].concat();
    for (arguments, code, words) in [
        (vec!["project", "add", "--id", "7"], 1, "project 7 exists"),
        (vec!["project", "set", "--id", "9", "--name", "x"], 1, "no project 9"),
        (vec!["project", "add", "--id", "0"], 1, "at least 1"),
        (vec!["project", "add"], 2, "--id"),
        (vec!["no-such-command"], 2, "no-such-command"),
        (with(&["--method", "alfa-click=nobody"]), 1, "[providers.nobody]"),
        (with(&["--method", "paypal=alfabank"]), 1, "paypal"),
        (with(&["--method", "card-partner=partner:instruction"]), 1, "no such scenario"),
        (with(&["--method", "alfa-click=alfabank:10001"]), 1, "10001"),
        (with(&["--callback-url", "ftp://x"]), 1, "ftp://x"),
        (with(&["--retry-pauses", "1,x"]), 1, "\"x\""),
        (with(&["--secret-env", "NO_SUCH_VARIABLE"]), 1, "NO_SUCH_VARIABLE"),
    ] {
        let output = setup.cli(&arguments);
        assert_eq!(output.code, Some(code), "{arguments:?}: {output:?}");
        assert!(output.stderr.contains(words), "{words} in {output:?}");
    }
    let empty = setup.cli_with(&with(&["--secret-env", "EMPTY"]), &[("EMPTY", "")]);
    assert_eq!(empty.code, Some(1), "{empty:?}");
    let listed = setup.cli(&["project", "list", "--json"]).done().json();
    assert_eq!(listed.as_array().map(Vec::len), Some(4), "nothing was added: {listed}");
}

fn callbacks_are_listed_shown_and_sent_again(world: &mut World) {
    let (setup, shop) = (&world.setup, &world.shop);
    setup.cli(&["project", "set", "--id", "1", "--retry-pauses", "0"]).done();
    shop.always(CALLBACKS, Some(Reply::Status(500)));
    let list = |more: &[&str]| -> Value {
        let arguments = [["callbacks", "list", "--json"].as_slice(), more].concat();
        setup.cli(&arguments).done().json()
    };
    for id in ["first", "second"] {
        world.merchant.accepted(&world.node, ALFA_SALE, &alfa_sale(id, 10_000));
    }
    let given_up = eventually("both are given up", || {
        Some(list(&["--state", "given-up"])).filter(|rows| rows.as_array().unwrap().len() == 2)
    });
    let of_first = list(&["--project", "1", "--payment", "first"]);
    assert_eq!(of_first.as_array().unwrap().len(), 1, "{of_first}");
    let row = &of_first[0];
    assert_eq!((&row["project"], &row["told"]), (&json!(1), &json!("redirected")), "{row}");
    assert_eq!(row["url"], shop.url(CALLBACKS), "{row}");
    let older = list(&["--before", &given_up[0]["id"].to_string(), "--limit", "1"]);
    assert_eq!(older[0], given_up[1], "newest first, page by page");
    assert_eq!(list(&["--project", "2"]), json!([]));

    let number = row["id"].to_string();
    let before = shop.about("first");
    let shown = setup.cli(&["callbacks", "show", &number]).done().stdout;
    let body = String::from_utf8(before[0].bytes.clone()).unwrap();
    assert!(shown.contains(&body), "{shown}");
    assert_eq!(shown.matches("HTTP 500\tOK").count(), before.len(), "each try: {shown}");

    // The shop is well again: the same bytes come once more.
    shop.always(CALLBACKS, None);
    setup.cli(&["callbacks", "resend", &number]).done();
    let told = shop
        .wait_count("the resent callback", before.len() + 1, |told| told.payment_id() == "first");
    assert_eq!(told.last().unwrap().bytes, before[0].bytes);
    eventually("it is delivered", || {
        let row = list(&["--project", "1", "--payment", "first"])[0].clone();
        (row["state"] == "delivered").then_some(())
    });
    let resent = setup.cli(&["callbacks", "resend", "--state", "given-up"]).done();
    assert!(resent.stdout.contains("1 callbacks"), "{resent:?}");
    eventually("all are delivered", || (list(&["--state", "given-up"]) == json!([])).then_some(()));
    for (arguments, words) in [
        (["callbacks", "resend"].as_slice(), "--state"),
        (&["callbacks", "resend", "999"], "no callback 999"),
        (&["callbacks", "show", "999"], "no callback 999"),
        (&["callbacks", "list", "--project", "1", "--payment", "none"], "no such payment"),
    ] {
        let output = setup.cli(arguments);
        assert_eq!(output.code, Some(1), "{output:?}");
        assert!(output.stderr.contains(words), "{words} in {output:?}");
    }
}

fn no_database() -> Setup {
    Setup::bare(BINARY, Database::sqlite(), "http://127.0.0.1:1")
}

#[test]
fn bodies_are_signed_and_verified() {
    let setup = no_database();
    let file = |name: &str, body: &Value| {
        let path = setup.folder().join(name);
        std::fs::write(&path, body.to_string()).unwrap();
        path.display().to_string()
    };
    let (secret, body) = ("секрет", over(&alfa_sale("Ёжик", 5), &json!({"a": [true, null, 11]})));
    let environment = [("ALTYN_SECRET", secret)];
    let path = file("body.json", &body);
    let signed = setup.cli_with(&["sign", &path], &environment).done().stdout;
    assert!(signed.contains(&format!("signature:   {}\n", sign(&body, secret))), "{signed}");
    let text = altyn_testkit::harness::signed_text(&body);
    assert!(signed.contains(&format!("signed text: {text}\n")), "{signed}");

    let merchant = Merchant::new(1, secret);
    let path = file("signed.json", &merchant.signed(&body));
    setup.cli_with(&["verify", &path], &environment).done();
    let wrong = setup.cli_with(&["verify", &path], &[("ALTYN_SECRET", "another")]);
    assert_eq!(wrong.code, Some(1), "{wrong:?}");
    assert!(wrong.stdout.contains("does not fit"), "{wrong:?}");
    let secret_file = setup.folder().join("secret");
    std::fs::write(&secret_file, format!("{secret}\n")).unwrap();
    let secret_file = secret_file.display().to_string();
    setup.cli(&["verify", "--secret-file", &secret_file, &path]).done();
    for arguments in [["verify", "/no/such/file"], ["sign", "/no/such/file"]] {
        assert_eq!(setup.cli_with(&arguments, &environment).code, Some(1));
    }
    assert_eq!(setup.cli(&["sign", &path]).code, Some(1), "no secret");
}

#[test]
fn the_configuration_is_explained_and_strict() {
    let setup = no_database();
    let printed = setup.cli(&["config"]).done().stdout;
    assert!(printed.contains("[server]") && printed.contains("migrate_on_start"), "{printed}");
    let path = setup.folder().join("printed.toml");
    std::fs::write(&path, &printed).unwrap();
    let migrate = setup.command(&path, &["migrate"]).status().unwrap();
    assert!(migrate.success(), "what is printed can be used");

    for (more, words) in [("[log]\nlevel = 1", "log"), ("[web]\ncolour = true", "colour")] {
        let path = setup.write_config("wrong.toml", 1, more);
        let output = setup.command(&path, &["migrate"]).output().unwrap();
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{told}");
        assert!(told.contains(words), "{words} in {told}");
    }
    for (name, value) in [("ALTYN_SERVER__LISEN", "x"), ("ALTYN_STORE__URL", "mysql://x")] {
        let output = setup.cli_with(&["migrate"], &[(name, value)]);
        assert_eq!(output.code, Some(1), "{name}: {output:?}");
    }
    let absent = setup.folder().join("absent.toml");
    let output = setup.command(&absent, &["migrate"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(setup.cli(&["--version"]).done().stderr, "");
}
