//! Secrets, card numbers and security codes are kept nowhere: not in the database and its log, not
//! in a backup, not in the logs at their most verbose, not in pages, answers, callbacks and
//! metrics, and not in the emulated gateway's memory either.
//!
//! [`act`] sends them by every way there is; [`look`] looks everywhere in every spelling that a
//! program gives to bytes. What was sent the same ways and may be kept (the name on the card, the
//! mask) must be found, or nothing was looked at.

use altyn_testkit::harness::bodies::{
    ALFA_REFUND, ALFA_SALE, CARD_SALE, alfa_sale, card_sale_to_clarify, over, partial_refund,
};
use altyn_testkit::harness::cards::{self, AUTH, CAPTURE, SALE};
use altyn_testkit::harness::http::{self, Answer};
use altyn_testkit::harness::{Merchant, accounts, eventually};
use data_encoding::{BASE64, BASE64URL, HEXLOWER, HEXUPPER};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::gate::cards::{RIGHT, pay};
use crate::page::link::{Link, query};
use crate::page::payer::{Page, Payer};
use crate::support::{Engine, Provider, World, order_id};

/// Numbers with right check digits that are sent: paid, declined, and asked about by a bank.
const NUMBERS: [&str; 3] = [cards::GOOD, cards::DECLINED, cards::CHALLENGED];
/// The security code of all of them.
const CODE: &str = "7391";
/// The name on all of them: it may be kept.
const HOLDER: &str = "MARCUS TRACEWELL";

#[test]
fn nothing_of_a_card_or_a_secret_is_kept() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let Some(database) = engine.database() else { continue };
        let folder = TempDir::new().unwrap();
        let state_file = folder.path().join("emulators.json");
        let verbose = [("ALTYN_LOG__LEVEL", "trace")];
        let mut world = World::start_keeping(database, &verbose, Some(state_file.clone()));
        let mut told = Places::default();
        act(&mut world, &mut told);
        told.kept_by(&world, &folder);
        told.add("the emulators' memory", std::fs::read(&state_file).unwrap());
        look(&world, &told);
        world.finish();
    }
}

/// Where something is kept or told, with its text.
#[derive(Default)]
struct Places(Vec<(String, String)>);

impl Places {
    fn add(&mut self, place: &str, bytes: Vec<u8>) {
        self.0.push((place.to_owned(), String::from_utf8_lossy(&bytes).into_owned()));
    }

    fn answer(&mut self, what: &str, answer: Answer) -> u16 {
        let headers = format!("{:?}", answer.headers);
        self.add(&format!("the headers of the answer to {what}"), headers.into_bytes());
        self.add(&format!("the answer to {what}"), answer.body);
        answer.status
    }

    fn page(&mut self, page: &Page) {
        let text = format!("{} {:?} {}", page.url, page.headers, page.html);
        self.add("a page", text.into_bytes());
    }

    /// Some place whose name begins so has this.
    fn found(&self, place: &str, text: &str) -> bool {
        self.0.iter().any(|(name, kept)| name.starts_with(place) && kept.contains(text))
    }

    /// Everything that outlives the requests.
    fn kept_by(&mut self, world: &World, folder: &TempDir) {
        self.add("the log", world.node.log().into_bytes());
        self.add("the metrics", world.node.metrics().into_bytes());
        for told in world.shop.callbacks() {
            self.add(&format!("callback {} to {}", told.number, told.path), told.bytes);
        }
        for id in ["extra", "gate-paid", "gate-declined", "gate-asked", "page-paid"] {
            let document = world.merchant.status(&world.node, id);
            self.add(&format!("the status of {id}"), document.to_string().into_bytes());
        }
        for arguments in [
            ["project", "list"].as_slice(),
            &["callbacks", "list", "--json"],
            &["check"],
            &["check", "--json"],
        ] {
            let output = world.setup.cli_with(arguments, &[("ALTYN_LOG__LEVEL", "trace")]).done();
            let text = [output.stdout, output.stderr].concat();
            self.add(&format!("altyn {}", arguments.join(" ")), text.into_bytes());
        }
        self.shown_by_the_emulators(world);
        self.stored_by(world, folder);
    }

    fn shown_by_the_emulators(&mut self, world: &World) {
        for path in ["rbs/orders", "ipay/orders", "requests?limit=500", "totals", "faults"] {
            let url = world.emulators.url(&format!("/sandbox/{path}"));
            self.answer(&format!("the emulators' {path}"), http::get(&url).unwrap());
        }
    }

    fn stored_by(&mut self, world: &World, folder: &TempDir) {
        let Some(files) = world.setup.database().folder() else { return self.tables(world) };
        for entry in std::fs::read_dir(files).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            self.add(&format!("database file {name}"), std::fs::read(&path).unwrap());
        }
        assert!(self.0.iter().any(|(name, _)| name.ends_with("-wal")), "the WAL is looked at");
        let backup = folder.path().join("backup.db");
        world.setup.cli(&["backup", &backup.display().to_string()]).done();
        self.add("database backup", std::fs::read(&backup).unwrap());
    }

    /// Every row of every table as text; binary columns as text too.
    fn tables(&mut self, world: &World) {
        let url = world.setup.database().url();
        let query = |sql: &str| crate::support::query(url, sql);
        let names =
            query("SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'");
        assert!(names.len() > 8, "{names:?}");
        let text = |column: &String| {
            let (name, kind) = column.split_once(':').unwrap();
            match kind {
                "bytea" => format!("encode({name}, 'escape')"),
                _ => format!("{name}::text"),
            }
        };
        for name in &names {
            let columns = query(&format!(
                "SELECT column_name || ':' || data_type FROM information_schema.columns \
                 WHERE table_schema = 'public' AND table_name = '{name}'"
            ));
            let list: Vec<String> = columns.iter().map(text).collect();
            let rows = query(&format!("SELECT concat_ws('|', {}) FROM {name}", list.join(", ")));
            self.add(&format!("database table {name}"), rows.join("\n").into_bytes());
        }
    }
}

/// Everything that could leave a trace.
fn act(world: &mut World, told: &mut Places) {
    where_nobody_asked(world, told);
    through_the_gate(world);
    refused_by_the_gate(world, told);
    on_the_page(world, told);
    when_the_gateway_fails(world, told);
}

/// A card by the Gate.
fn card(payment_id: &str, number: &str) -> Value {
    let own = json!({"card": {"cvv": CODE, "card_holder": HOLDER}});
    over(&cards::payment(payment_id, 10_000, number), &own)
}

fn spelled(number: &str, separator: &str) -> String {
    let digits: Vec<char> = number.chars().collect();
    let groups: Vec<String> = digits.chunks(4).map(|four| four.iter().collect()).collect();
    groups.join(separator)
}

/// Numbers in fields of other methods and in fields that do not exist, and other refusals.
fn where_nobody_asked(world: &World, told: &mut Places) {
    let (merchant, node) = (&world.merchant, &world.node);
    let (number, spaced) = (cards::DECLINED, spelled(cards::DECLINED, " "));
    let own = json!({
        "card": {"pan": number, "cvv": CODE, "card_holder": HOLDER},
        "customer": {"first_name": number, "card_number": number, "shipping": {"note": spaced}},
        "payment": {
            "description": format!("card {number}"),
            "extra_param": format!("7 {spaced} 12-27"),
        },
        "unknown": [number, {"deep": format!("x{spaced}y")}],
    });
    let sale = over(&alfa_sale("extra", 10_000), &own);
    merchant.accepted(node, ALFA_SALE, &sale);
    let redirect = world.shop.wait_status("extra", "awaiting redirect result");
    world.emulators.press(Provider::Rbs, &order_id(&redirect), "pay");
    world.shop.wait_status("extra", "success");
    merchant.accepted(node, ALFA_REFUND, &over(&partial_refund("extra", 100), &own));
    world.shop.wait_status("extra", "partially refunded");
    merchant.accepted(node, CARD_SALE, &over(&card_sale_to_clarify("extra-2", 1_000), &own));
    world.shop.wait_status("extra-2", "awaiting clarification");

    let stranger = Merchant::new(1, "a wrong secret");
    assert_eq!(told.answer("a stranger's sale", stranger.post(node, ALFA_SALE, &sale)), 400);
    let other = over(&sale, &json!({"payment": {"amount": 5}}));
    assert_eq!(told.answer("another sale", merchant.post(node, ALFA_SALE, &other)), 400);
    let url = node.url("/providers/alfabank/notify?orderNumber=x&checksum=y");
    let refused = told.answer("a forged notification", http::get(&url).unwrap());
    assert!((400..500).contains(&refused), "{refused}");
}

/// Payments by card in all their ways.
fn through_the_gate(world: &World) {
    let (merchant, node) = (&world.merchant, &world.node);
    for (id, number) in ["gate-paid", "gate-declined", "gate-asked"].into_iter().zip(NUMBERS) {
        pay(world, SALE, &card(id, number), RIGHT);
        pay(world, AUTH, &card(&format!("{id}-hold"), number), RIGHT);
    }
    merchant.accepted(node, CAPTURE, &cards::whole("gate-paid-hold"));
    world.shop.wait_status("gate-paid-hold", "success");
    // As numbers, and as people write them; with other fields that have them.
    let digits = cards::GOOD.parse::<i64>().unwrap();
    let numbers = over(&card("numbers", "0"), &json!({"card": {"pan": digits, "cvv": 7_391}}));
    pay(world, SALE, &numbers, RIGHT);
    let spaced = spelled(cards::GOOD, " ");
    let more = json!({
        "card": {"pan": spaced, "note": spaced},
        "payment": {"description": format!("by {spaced}")},
        "unknown": {"card": cards::GOOD, "cvc": CODE},
    });
    pay(world, SALE, &over(&card("spaced", "0"), &more), RIGHT);
}

fn refused_by_the_gate(world: &World, told: &mut Places) {
    let (merchant, node) = (&world.merchant, &world.node);
    let good = card("refused", cards::GOOD);
    for (what, own) in [
        ("an old card", json!({"card": {"year": 2020}})),
        ("a wrong month", json!({"card": {"month": 13}})),
        ("a wrong code", json!({"card": {"cvv": format!("{CODE}{CODE}")}})),
        ("a number for a name", json!({"card": {"card_holder": cards::GOOD}})),
        ("a wrong amount", json!({"payment": {"amount": "much"}})),
        ("a number in a list", json!({"card": {"pan": [cards::GOOD]}})),
        ("a number for a currency", json!({"payment": {"currency": cards::GOOD}})),
        ("a number that is none", json!({"card": {"pan": format!("{}<", cards::GOOD)}})),
    ] {
        assert_eq!(told.answer(what, merchant.post(node, SALE, &over(&good, &own))), 400, "{what}");
    }
    let other = card("gate-paid", cards::CHALLENGED);
    assert_eq!(told.answer("another card", merchant.post(node, SALE, &other)), 400);
    let stranger = Merchant::new(1, "a wrong secret");
    assert_eq!(told.answer("a wrong signature", stranger.post(node, SALE, &good)), 400);
    let nobody = Merchant::new(99, "a wrong secret");
    assert_eq!(told.answer("no project", nobody.post(node, SALE, &good)), 404);
    for path in ["/v2/payment/card/sail", "/v2/payment/card/sale/", "/nowhere", "/payment", "/"] {
        let status = told.answer(path, merchant.post(node, path, &good));
        assert!((400..500).contains(&status), "{path}: {status}");
    }
    let bytes = merchant.signed(&good).to_string();
    let cut = bytes.split_at(bytes.len() - 2).0;
    let twice = bytes.replacen("\"cvv\"", &format!("\"cvv\":\"{CODE}\",\"cvv\""), 1);
    for (what, body) in [("a body cut off", cut), ("a key that comes twice", &twice)] {
        let answer = http::post_json(&node.url(SALE), body.as_bytes()).unwrap();
        assert_eq!(told.answer(what, answer), 422, "{what}");
    }
    let query = format!("/v2/payment/card/sale?card[pan]={}&card[cvv]={CODE}", cards::GOOD);
    assert_eq!(told.answer("an address", http::get(&node.url(&query)).unwrap()), 405);
}

/// The form of the Payment Page, filled in.
fn filled(page: &Page, number: &str, more: &[(&str, &str)]) -> Page {
    let own = [("card_cvc", CODE), ("card_holder", HOLDER)];
    page.submit(&page.card(number).filled(&own).filled(more))
}

fn on_the_page(world: &World, told: &mut Places) {
    let payer = Payer::of(&world.node.url(""));
    let open = |id: &str| {
        let link = Link::new(world.merchant.project, id, 10_000, "RUB");
        payer.open(&world.node.url(&link.path(&world.merchant.secret)))
    };
    told.page(&filled(&open("page-paid"), cards::GOOD, &[]));
    world.shop.wait_status("page-paid", "success");
    let asked = filled(&open("page-asked"), cards::CHALLENGED, &[]);
    assert_eq!(asked.state(), "fingerprint", "{}", asked.html);
    told.page(&asked);

    // Shown again with what is wrong, then declined, then tried by another card.
    let choice = open("page-again");
    for more in
        [[("card_expiry", "12 / 20")], [("card_expiry", "99 / 99")], [("card_cvc", "x7391")]]
    {
        let page = filled(&choice, cards::GOOD, &more);
        assert_eq!(page.state(), "choose", "{}", page.html);
        told.page(&page);
    }
    let page = filled(&choice, "0", &[("card_number", "4000000000000077x")]);
    assert_eq!(page.state(), "choose", "{}", page.html);
    told.page(&page);
    told.page(&filled(&choice, cards::GOOD, &[("card_holder", cards::GOOD)]));
    let declined = filled(&choice, cards::DECLINED, &[]);
    told.page(&declined);
    let again = eventually("the payer may try again", || {
        let page = declined.reload();
        (page.state() == "fail").then_some(page)
    });
    told.page(&filled(&again.again(), cards::GOOD, &[]));
    world.shop.wait_status("page-again", "success");

    let form = [("card_number", cards::GOOD), ("card_cvc", CODE), ("card_holder", HOLDER)];
    let form = form.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let form = query(&form);
    for path in ["/payment", "/payment/none", "/payment/none/card", "/nowhere", "/return"] {
        let url = world.node.url(path);
        let kind = [("content-type", "application/x-www-form-urlencoded"), ("accept", "text/html")];
        let posted = http::request("POST", &url, &kind, form.as_bytes()).unwrap();
        told.answer(&format!("a form to {path}"), posted);
        let opened = http::request("GET", &format!("{url}?{form}"), &kind, &[]).unwrap();
        told.answer(&format!("a form in the address of {path}"), opened);
    }
    let link = Link::new(1, "linked", 10_000, "RUB").with("card_number", cards::GOOD);
    let refused = payer.open(&world.node.url(&link.path("a wrong secret")));
    told.add("a page that a refused link led to", refused.html.into_bytes());
}

fn when_the_gateway_fails(world: &mut World, told: &mut Places) {
    for (id, kind) in [("broken", "http_500"), ("dropped", "drop_before")] {
        let fault = json!({"kind": kind, "provider": "rbs", "method": "register.do"});
        world.emulators.fault(&fault);
        let (_, end) = pay(world, SALE, &card(id, cards::GOOD), RIGHT);
        assert_eq!(end.status(), "decline", "{}", end.body);
    }
    let fault = json!({"kind": "charged_then_timeout", "method": "paymentorder.do"});
    world.emulators.fault(&fault);
    world.merchant.accepted(&world.node, SALE, &card("lost", cards::GOOD));
    eventually("the lost answer is asked for", || {
        world.sql("UPDATE jobs SET due_at = 0 WHERE kind = 2");
        (!world.shop.about("lost").is_empty()).then_some(())
    });
    world.shop.wait_status("lost", "success");
    // The register of requests does not outlive the emulators.
    told.shown_by_the_emulators(world);
    world.emulators.go_down();
    let (_, end) = pay(world, SALE, &card("down", cards::GOOD), RIGHT);
    assert_eq!((end.status(), end.code()), ("decline", "314"), "{}", end.body);
    world.emulators.come_back();
}

/// Spellings that programs give to a text: as people write it, as addresses do, as bytes.
fn spellings(text: &str) -> Vec<String> {
    let bytes: Vec<String> = text.bytes().map(|byte| byte.to_string()).collect();
    let mut spellings: Vec<String> = ["", " ", "-", "+", "%20", "\u{a0}", "&nbsp;"]
        .iter()
        .map(|separator| spelled(text, separator))
        .collect();
    let upper = HEXUPPER.encode(text.as_bytes());
    spellings.extend([HEXLOWER.encode(text.as_bytes()), upper, bytes.join(", "), bytes.join(",")]);
    // In base64 a text looks otherwise after none, one and two bytes; its ends depend on what is
    // around it.
    for before in 0..3 {
        let shifted = [&vec![b' '; before], text.as_bytes(), b"  "].concat();
        for encoded in [BASE64.encode(&shifted), BASE64URL.encode(&shifted)] {
            let own = encoded.len() - 8;
            spellings.push(encoded.chars().skip(4).take(own).collect());
        }
    }
    spellings
}

/// A security code is four digits, which stand in many numbers: only with its name, or alone in
/// quotes, is it one.
fn codes() -> Vec<String> {
    let mut codes = vec![format!("\"{CODE}\""), format!("\\\"{CODE}\\\""), format!(">{CODE}<")];
    for name in ["cvv", "cvc", "CVC", "code"] {
        for between in ["=", ":", "\":\"", "\": \"", "\":", "\", \"", "\\\":\\\"", "%3D", "|", " "]
        {
            codes.push(format!("{name}{between}{CODE}"));
        }
    }
    codes
}

fn look(world: &World, told: &Places) {
    let mut secrets: Vec<(String, String)> = [
        (&*world.merchant.secret, "the first project's secret"),
        (&world.other.secret, "the second project's secret"),
        (&world.instructing.secret, "the third project's secret"),
        (accounts::RBS_PASSWORD, "the gateway's password"),
        (accounts::RBS_CALLBACK_KEY, "the gateway's key"),
        (accounts::IPAY_KEY, "the partner's key"),
    ]
    .map(|(secret, what)| (secret.to_owned(), what.to_owned()))
    .into();
    let ring = std::fs::read_to_string(world.setup.keys()).unwrap();
    let key = ring.trim().split_once(':').unwrap().1.to_owned();
    secrets.push((key, "the sealing key".to_owned()));
    for number in NUMBERS {
        let what = |spelling: String| (spelling, format!("the card number {number}"));
        secrets.extend(spellings(number).into_iter().map(what));
    }
    secrets.extend(codes().into_iter().map(|code| (code, "the security code".to_owned())));

    // Sent the same ways, and kept: these places were really looked at.
    for (place, text) in [
        ("database", HOLDER),
        ("callback", HOLDER),
        ("the status of gate-paid", HOLDER),
        ("the emulators' memory", HOLDER),
        ("the log", "\"TRACE\""),
        ("the log", "411111******1111"),
        ("the answer to the emulators' requests", "/paymentorder.do"),
        ("a page", "0077"),
        ("altyn callbacks list", "approved"),
        ("the metrics", "altyn_"),
    ] {
        assert!(told.found(place, text), "{text:?} should be in {place}");
    }
    let mut found = Vec::new();
    for (place, text) in &told.0 {
        for (secret, what) in &secrets {
            if let Some((before, after)) = text.split_once(secret.as_str()) {
                let around = |text: &str, skip: usize| text.chars().skip(skip).take(160).collect();
                let before: String = around(before, before.chars().count().saturating_sub(160));
                let after: String = around(after, 0);
                found.push(format!("{what} is in {place}: {before}>>>{secret}<<<{after}"));
            }
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}
