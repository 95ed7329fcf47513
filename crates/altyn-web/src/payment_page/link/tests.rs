//! Links as the libraries make them, and as nobody should.

use altyn_app::secret::Secret;
use altyn_domain::method::Method;
use altyn_domain::project::Project;
use altyn_domain::time::DAY_MS;
use altyn_testkit::build;
use proptest::prelude::*;
use url::form_urlencoded;

use super::*;
use crate::api::ecommpay::sign::sign;
use crate::api::ecommpay::tree::Node;

mod libraries;

/// 2026-03-01T12:00:00Z.
const NOW: Timestamp = Timestamp::from_millis(1_772_366_400_000);
/// The one project that does not exist.
const NO_PROJECT: u32 = 404;
/// A test project.
const TEST_PROJECT: u32 = 60_481;
/// A project with a list of hosts.
const STRICT_PROJECT: u32 = 77;

/// A project that has a new secret and holds money first.
const ROTATED_PROJECT: u32 = 78;
/// The secret it had before.
const OLD_SECRET: &str = "старый секрет";
/// Until when that is taken.
const OLD_UNTIL: Timestamp = NOW.plus_millis(DAY_MS);

/// The secrets that the libraries' own tests use, and that of the builders.
fn secret(project: u32) -> &'static str {
    match project {
        100 | 250 => "secret",
        1 | 11 | TEST_PROJECT => "qwerty",
        _ => build::SECRET,
    }
}

fn find(id: ProjectId) -> Option<Arc<ProjectEntry>> {
    let number = id.get();
    let hosts: &[&str] = if number == STRICT_PROJECT { &["shop.example"] } else { &[] };
    let entry = build::project(number);
    let project = Project {
        test: number == TEST_PROJECT,
        two_stage: number == ROTATED_PROJECT,
        allowed_hosts: hosts.iter().map(|host| (*host).to_owned()).collect(),
        ..entry.project
    };
    let previous = (number == ROTATED_PROJECT).then(|| (Secret::new(OLD_SECRET), OLD_UNTIL));
    let secret = Secret::new(secret(number));
    let entry = ProjectEntry { project, secret, previous, version: 1 };
    (number != NO_PROJECT).then(|| Arc::new(entry))
}

fn read_sent(sent: &[u8]) -> Result<Link, LinkRefusal> {
    let settings = WebSettings::default();
    read(RawLink::new(sent), &Door { find: &find, settings: &settings, now: NOW })
}

type Pairs<'a> = Vec<(&'a str, &'a str)>;

/// A link that is right, with some parameters set, or taken out where the value is `-`.
fn pairs<'a>(changes: &[(&'a str, &'a str)]) -> Pairs<'a> {
    let mut pairs = vec![
        ("project_id", "35"),
        ("payment_id", "X03936"),
        ("payment_amount", "10000"),
        ("payment_currency", "RUB"),
        ("customer_id", "customer1"),
    ];
    for (name, value) in changes {
        pairs.retain(|(own, _)| own != name);
        if *value != "-" {
            pairs.push((name, value));
        }
    }
    pairs
}

fn encoded(pairs: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

fn signature_of(pairs: &[(&str, &str)], secret: &str) -> String {
    let members = pairs.iter().map(|(name, value)| ((*name).into(), Node::Text((*value).into())));
    sign(&Node::Object(members.collect()), &SigningKey::new(secret))
}

fn signed(pairs: &[(&str, &str)]) -> String {
    let project = pairs.iter().find_map(|(name, value)| (*name == "project_id").then_some(value));
    let project = project.and_then(|id| id.parse().ok()).unwrap_or_default();
    let signature = signature_of(pairs, secret(project));
    format!("{}&{}", encoded(pairs), encoded(&[("signature", &signature)]))
}

/// The code and field of the refusal, or `ok`.
fn told(result: &Result<Link, LinkRefusal>) -> String {
    match result {
        Ok(_) => "ok".to_owned(),
        Err(refusal) => {
            let field = refusal.field.clone().unwrap_or_default();
            format!("{} {field}", refusal.code.number()).trim_end().to_owned()
        }
    }
}

#[track_caller]
fn check(cases: &[(&[(&str, &str)], &str)]) {
    for (changes, expected) in cases {
        let sent = signed(&pairs(changes));
        assert_eq!(told(&read_sent(sent.as_bytes())), *expected, "{changes:?}");
    }
}

fn link(changes: &[(&str, &str)]) -> Link {
    read_sent(signed(&pairs(changes)).as_bytes()).unwrap()
}

#[test]
fn who_sent_it_is_looked_at_first() {
    let bare = encoded(&pairs(&[]));
    let with = |tail: &str| format!("{bare}{tail}");
    for (sent, expected) in [
        (String::new(), "2004 project_id"),
        ("project_id=".to_owned(), "2004 project_id"),
        ("project_id=0".to_owned(), "502 project_id"),
        ("project_id=4294967296".to_owned(), "502 project_id"),
        ("project_id=%2B35".to_owned(), "502 project_id"),
        ("project_id=404&signature=x".to_owned(), "2442 project_id"),
        (bare.clone(), "3262"),
        (with("&signature="), "3262"),
        (with("&signature=x"), "3261"),
        (with("&signature=x&payment_amount=1"), "702 payment_amount"),
        (
            with(&format!("&{}", encoded(&[("signature", &signature_of(&pairs(&[]), "no"))]))),
            "3261",
        ),
    ] {
        assert_eq!(told(&read_sent(sent.as_bytes())), expected, "{sent}");
    }
    let refusal = read_sent(bare.as_bytes()).unwrap_err();
    assert_eq!(refusal.project, ProjectId::new(35));
    assert_eq!(refusal.reference.as_deref(), Some("X03936"));
    assert_eq!(refusal.signed, None);
}

#[test]
fn what_was_changed_after_signing_is_refused() {
    let sent = signed(&pairs(&[("merchant_callback_url", "https://shop.example/cb")]));
    assert_eq!(told(&read_sent(sent.as_bytes())), "ok");
    for (from, to) in [
        ("payment_amount=10000", "payment_amount=1"),
        ("payment_amount=10000", "payment_amount=010000"),
        ("payment_currency=RUB", "payment_currency=USD"),
        ("payment_id=X03936", "payment_id=x03936"),
        ("project_id=35", "project_id=36"),
        ("customer_id=customer1", "customer_id=customer2"),
        ("&payment_currency", "&hide=alfa-click&payment_currency"),
        ("merchant_callback_url=", "merchant_success_callback_url="),
        ("shop.example", "evil.example"),
    ] {
        let other = sent.replace(from, to);
        assert_ne!(other, sent, "{from}");
        assert_eq!(told(&read_sent(other.as_bytes())), "3261", "{to}");
    }
}

#[test]
fn what_page_code_adds_after_signing_is_left_out() {
    let sent = signed(&pairs(&[]));
    for added in [
        "&_referrer=https%3A%2F%2Fshop.example&_sw=1920&_sh=1080",
        "&frame_mode=popup",
        "&paymentPageUrl=x&_plugin_version=1.2",
        "&target_element=pay",
        "&baseUrl=https%3A%2F%2Fpay.example&target_element=pay&frame_mode=embedded",
    ] {
        let link = read_sent(format!("{sent}{added}").as_bytes()).unwrap();
        assert_eq!(link.echo, self::link(&[]).echo, "{added}");
        assert_eq!(read_sent(link.query().as_bytes()).unwrap().query(), link.query());
    }
    let signed_too = link(&[("target_element", "pay"), ("baseUrl", "https://pay.example")]);
    assert_eq!(signed_too.echo.lines().len(), 7);
    let placed = read_sent(format!("{sent}&frame_mode=embedded").as_bytes()).unwrap();
    assert_eq!(placed.frame_mode, Some(FrameMode::Embedded));
    assert_eq!(told(&read_sent(format!("{sent}&hide=card").as_bytes())), "3261");
}

/// A link whose text under the signature is the same, with a border moved.
#[test]
fn a_parameter_is_not_hidden_in_another() {
    let parameters = pairs(&[
        ("customer_last_name", "Ёжик"),
        ("merchant_callback_url", "https://shop.example/cb"),
    ]);
    let signature = signature_of(&parameters, secret(35));
    for (expected, hidden) in [
        (
            "502 customer_last_name",
            pairs(&[("customer_last_name", "Ёжик;merchant_callback_url:https://shop.example/cb")]),
        ),
        (
            "502 customer_last_name:Ёжик;merchant_callback_url",
            pairs(&[("customer_last_name:Ёжик;merchant_callback_url", "https://shop.example/cb")]),
        ),
        (
            "502 merchant_callback_url:https",
            pairs(&[
                ("customer_last_name", "Ёжик"),
                ("merchant_callback_url:https", "//shop.example/cb"),
            ]),
        ),
    ] {
        let sent = format!("{}&{}", encoded(&hidden), encoded(&[("signature", &signature)]));
        assert_eq!(told(&read_sent(sent.as_bytes())), expected, "{hidden:?}");
    }
    check(&[(&[("payment_description", "Чай; размер:5; size:42;цвет:синий")], "ok")]);
}

#[test]
fn parameters_are_read_strictly() {
    let long = "я".repeat(256);
    check(&[
        (&[("payment_id", "-")], "2004 payment_id"),
        (&[("payment_id", "")], "2004 payment_id"),
        (&[("payment_id", "a;b")], "3024 payment_id"),
        (&[("payment_id", &long)], "3024 payment_id"),
        (&[("payment_id", "<script>alert(1)</script>")], "ok"),
        (&[("payment_amount", "-")], "2004 payment_amount"),
        (&[("payment_amount", "0")], "502 payment_amount"),
        (&[("payment_amount", "-5")], "502 payment_amount"),
        (&[("payment_amount", "+5")], "502 payment_amount"),
        (&[("payment_amount", "1e3")], "502 payment_amount"),
        (&[("payment_amount", "100.00")], "502 payment_amount"),
        (&[("payment_amount", "10000000000000")], "ok"),
        (&[("payment_amount", "10000000000001")], "502 payment_amount"),
        (&[("payment_amount", "99999999999999999999999")], "502 payment_amount"),
        (&[("payment_currency", "-")], "2004 payment_currency"),
        (&[("payment_currency", "rub")], "3121 payment_currency"),
        (&[("payment_currency", "ZZZ")], "3121 payment_currency"),
        (&[("customer_id", "-")], "2004 customer_id"),
        (&[("customer_id", "1;2")], "2124 customer_id"),
        (&[("customer_email", "a@b@c.d")], "2426 customer_email"),
        (&[("customer_phone", "сто")], "502 customer_phone"),
        (&[("customer_country", "Russia")], "2610 customer_country"),
        (&[("customer_account_number", "u;x:y")], "502 customer_account_number"),
        (&[("customer_account_number", "4314 2200 0000 0056")], "502 customer_account_number"),
        (&[("customer_phone", "4314-2200-0000-0056")], "502 customer_phone"),
        (&[("customer_email", "4314220000000056@b.co")], "502 customer_email"),
        (&[("customer_phone", "+254 123 456785")], "ok"),
        (&[("payment_description", &long)], "502 payment_description"),
        (&[("payment_description", "a\u{9f}")], "502 payment_description"),
        (&[("language_code", "russian")], "502 language_code"),
        (&[("mode", "purchase")], "ok"),
        (&[("mode", "card_verify"), ("payment_amount", "0")], "310 mode"),
        (&[("mode", "card_tokenize"), ("payment_id", "-")], "310 mode"),
        (&[("mode", "payout")], "310 mode"),
        (&[("mode", "PURCHASE")], "502 mode"),
        (&[("operation_type", "auth")], "ok"),
        (&[("operation_type", "refund")], "502 operation_type"),
        (&[("operation_type", "sale"), ("card_operation_type", "auth")], "502 card_operation_type"),
        (&[("force_payment_method", "alfa-click")], "ok"),
        (&[("force_payment_method", "")], "ok"),
        (&[("force_payment_method", "ideal")], "2541 force_payment_method"),
        (&[("best_before", "2026-03-01T11:59:59")], "603 best_before"),
        (&[("best_before", "soon")], "502 best_before"),
        (&[("merchant_callback_url", "ftp://shop.example/")], "502 merchant_callback_url"),
        (&[("merchant_success_callback_url", "x")], "502 merchant_success_callback_url"),
        (&[("unknown", "<b>;:&=\n")], "ok"),
    ]);
}

#[test]
fn payers_go_back_over_https_to_allowed_hosts() {
    let long = format!("https://shop.example/{}", "a".repeat(2_048));
    let loopback = [("project_id", "60481"), ("redirect_fail_url", "http://localhost:3000/no")];
    let foreign = [("project_id", "77"), ("merchant_fail_url", "https://evil.example/")];
    let own = [("project_id", "77"), ("merchant_fail_url", "https://shop.example/no")];
    check(&[
        (&[("merchant_success_url", "https://any.example/?a=1&b=2#c")], "ok"),
        (&[("merchant_success_url", "http://any.example/")], "502 merchant_success_url"),
        (&[("merchant_return_url", "javascript:alert(1)")], "502 merchant_return_url"),
        (&[("merchant_return_url", "JaVaScRiPt:alert(1)")], "502 merchant_return_url"),
        (&[("merchant_return_url", "data:text/html,x")], "502 merchant_return_url"),
        (&[("redirect_success_url", "https://a@shop.example/")], "502 redirect_success_url"),
        (&[("redirect_success_url", "https://:b@shop.example/")], "502 redirect_success_url"),
        (&[("redirect_success_url", "//shop.example/")], "502 redirect_success_url"),
        (&[("redirect_success_url", "https://shop.example/;a")], "502 redirect_success_url"),
        (&[("redirect_success_url", "https://shop.example/\na")], "502 redirect_success_url"),
        (&[("redirect_success_url", &long)], "502 redirect_success_url"),
        (&[("redirect_success_enabled", "3")], "502 redirect_success_enabled"),
        (&[("redirect_fail_mode", "top")], "502 redirect_fail_mode"),
        (&loopback, "ok"),
        (&foreign, "502 merchant_fail_url"),
        (&own, "ok"),
    ]);
}

#[test]
fn the_way_back_is_taken_by_itself_or_by_a_button() {
    let both = link(&[
        ("merchant_success_url", "https://shop.example/button"),
        ("merchant_success_enabled", "1"),
        ("merchant_success_redirect_mode", "parent_page"),
        ("redirect_success_url", "https://shop.example/auto"),
        ("redirect_success_mode", "iframe"),
        ("merchant_fail_url", "https://shop.example/no"),
        ("merchant_fail_enabled", "0"),
        ("redirect_fail_url", "https://shop.example/never"),
        ("redirect_fail_enabled", "0"),
    ]);
    let way =
        |url: &str, automatic, shown| Some(ReturnWay { url: url.to_owned(), automatic, shown });
    let auto = "https://shop.example/auto";
    assert_eq!(both.returns.success, way(auto, true, true));
    assert_eq!(both.returns.fail, way("https://shop.example/no", false, false));
    assert_eq!(both.returns.back, None);
    assert!(both.wishes.auto_success && !both.wishes.auto_decline);
    assert_eq!(both.details().return_urls.success.as_deref(), Some(auto));
    assert_eq!(both.details().return_urls.decline, None);

    let button = link(&[
        ("merchant_success_url", "https://shop.example/button"),
        ("merchant_success_enabled", "true"),
        ("merchant_success_redirect_mode", "parent_page"),
        ("redirect_success_url", "https://shop.example/auto"),
        ("redirect_success_enabled", "false"),
    ]);
    let expected = way("https://shop.example/button", false, true);
    assert_eq!(button.returns.success, expected);

    let none = link(&[]);
    assert_eq!(none.returns.urls(), none.project.project.return_urls);
}

#[test]
fn the_secret_before_is_taken_until_its_moment() {
    let parameters = pairs(&[("project_id", "78")]);
    let with = |secret| {
        let signature = signature_of(&parameters, secret);
        format!("{}&{}", encoded(&parameters), encoded(&[("signature", &signature)]))
    };
    let settings = WebSettings::default();
    let just_before = OLD_UNTIL.plus_millis(-1);
    for (secret, now, expected) in [
        (build::SECRET, just_before, "ok"),
        (build::SECRET, OLD_UNTIL, "ok"),
        (OLD_SECRET, just_before, "ok"),
        (OLD_SECRET, OLD_UNTIL, "3261"),
        ("another", just_before, "3261"),
    ] {
        let (sent, door) = (with(secret), Door { find: &find, settings: &settings, now });
        assert_eq!(told(&read(RawLink::new(sent.as_bytes()), &door)), expected, "{secret}");
    }
}

#[test]
fn what_a_link_leaves_open_the_project_decides() {
    for (project, stage, held) in [
        ("35", "-", false),
        ("35", "auth", true),
        ("78", "-", true),
        ("78", "auth", true),
        ("78", "sale", false),
    ] {
        let link = link(&[("project_id", project), ("operation_type", stage)]);
        assert_eq!(link.wishes.two_stage, held, "{project} {stage}");
    }
}

#[test]
fn wishes_are_taken_over() {
    let link = link(&[
        ("force_payment_method", "card-partner"),
        ("hide", "ideal, alfa-click,,blik"),
        ("card_operation_type", "auth"),
        ("language_code", "EN"),
        ("best_before", "2055-05-05T00:00:00"),
        ("customer_phone", "+7 (916) 123-45-67"),
        ("customer_account_number", "u_customer"),
        ("customer_first_name", "Иван 4111 1111 1111 1111"),
        ("payment_description", "карта 4111111111111111"),
        ("merchant_callback_url", "https://shop.example/cb"),
        ("interface_type", "33"),
        ("account_token", "0123456789"),
    ]);
    assert_eq!(link.wishes.forced, Some(Method::CardPartner));
    assert_eq!(link.wishes.hidden, [Method::AlfaClick]);
    assert!(link.wishes.two_stage);
    assert_eq!(link.wishes.language.as_deref(), Some("en"));
    assert_eq!(link.wishes.expires_at, Some(NOW.plus_millis(30 * DAY_MS)));
    assert_eq!(link.customer.phone.as_deref(), Some("79161234567"));
    assert_eq!(link.customer.account_id.as_deref(), Some("u_customer"));
    assert_eq!(link.customer.first_name.as_deref(), Some("Иван 4111 11** **** 1111"));
    assert_eq!(link.customer.language.as_deref(), Some("en"));
    assert_eq!(link.description, "карта 411111******1111");
    assert_eq!(link.callback.url.as_deref(), Some("https://shop.example/cb"));
    assert_eq!(link.echo.value("account_token"), None);
    assert_eq!(link.details().page, Some(link.wishes.clone()));
    assert_eq!(self::link(&[("language_code", "de")]).wishes.language, None);
}

/// What came as markup leaves as it came, and the hidden field has none in it.
#[test]
fn a_cart_is_kept_unpacked_with_card_numbers_masked() {
    let pack = |json: &str| data_encoding::BASE64.encode(json.as_bytes());
    let kept = |packed: &str| -> Vec<(String, String)> {
        let echo = link(&[("receipt_data", packed)]).echo;
        let cart = echo.lines().filter(|(path, _)| path.starts_with("receipt_data"));
        cart.map(|(path, value)| (path.to_owned(), value.to_owned())).collect()
    };
    let line = |path: &str, value: &str| (path.to_owned(), value.to_owned());
    let cart =
        r#"{"positions":[{"quantity":"2","amount":"108","description":"Чай 4314220000000056"}]}"#;
    let expected = [
        line("receipt_data:positions:0:amount", "108"),
        line("receipt_data:positions:0:description", "Чай 431422******0056"),
        line("receipt_data:positions:0:quantity", "2"),
    ];
    assert_eq!(kept(&pack(cart)), expected);
    // What is no cart is kept as it came.
    for other in ["not base64", &pack("[1]"), &pack("{")] {
        assert_eq!(kept(other), [line("receipt_data", other)]);
    }
}

#[test]
fn markup_is_only_text() {
    let markup = "\"><script>alert('x')</script>&amp;";
    let link = link(&[
        ("payment_id", markup.trim_end_matches(';')),
        ("payment_description", markup),
        ("customer_first_name", markup),
        (markup.trim_end_matches(';'), markup),
    ]);
    assert_eq!(link.description, markup);
    assert_eq!(link.customer.first_name.as_deref(), Some(markup));
    assert!(!link.query().contains(['<', '>', '"', '\'']));
}

#[test]
fn forms_have_limits() {
    let (half, value) = ("a".repeat(LINK_MAX_BYTES / 2), "ж".repeat(LINK_MAX_BYTES));
    let many = |count: usize| -> String { (0..count).map(|at| format!("p{at}=1&")).collect() };
    for (sent, expected) in [
        (format!("a={half}&b={half}"), "702"),
        (format!("a={half}"), "2004 project_id"),
        (format!("a={value}"), "702"),
        ("a=1&".repeat(LINK_MAX_BYTES), "702"),
        (many(PARAMETERS_MAX), "2004 project_id"),
        (many(PARAMETERS_MAX + 1), "702"),
        ("a=1&%61=2".to_owned(), "702 a"),
        ("a=%".to_owned(), "702"),
        ("a=%4".to_owned(), "702"),
        ("a=%zz".to_owned(), "702"),
        ("a=%ff".to_owned(), "702"),
        ("a=%c0%80".to_owned(), "702"),
        ("a=%00".to_owned(), "702"),
        ("%00=1".to_owned(), "702"),
        ("&&=&a&b=".to_owned(), "2004 project_id"),
    ] {
        assert_eq!(told(&read_sent(sent.as_bytes())), expected, "{:.80}", sent);
    }
    assert_eq!(told(&read_sent(b"a=\xff")), "702");
}

#[test]
fn a_developer_is_told_what_was_signed() {
    let settings = WebSettings { developer_errors: true, ..WebSettings::default() };
    let door = Door { find: &find, settings: &settings, now: NOW };
    for (project, expected) in [("60481", Some("payment_id:a;project_id:60481")), ("250", None)] {
        let sent = encoded(&[("project_id", project), ("payment_id", "a"), ("signature", "x")]);
        let refusal = read(RawLink::new(sent.as_bytes()), &door).unwrap_err();
        assert_eq!(refusal.signed.as_deref(), expected);
    }
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes: Vec<u8>, text in "[a-z_=&%0-9+;:]{0,200}") {
        prop_assert!(read_sent(&bytes).is_err());
        prop_assert!(read_sent(text.as_bytes()).is_err());
    }

    #[test]
    fn no_signed_values_panic(
        names in proptest::collection::vec("[a-z_]{1,20}", 0..8),
        values in proptest::collection::vec(any::<String>(), 8),
        known in 0..12_usize,
        value: String,
    ) {
        let name = [
            "payment_id", "payment_amount", "payment_currency", "customer_id", "customer_email",
            "best_before", "hide", "merchant_fail_url", "redirect_success_mode", "interface_type",
            "language_code", "customer_phone",
        ][known];
        let mut changes = vec![(name, value.as_str())];
        changes.extend(names.iter().map(String::as_str).zip(values.iter().map(String::as_str)));
        let parameters = pairs(&changes);
        // Signed or not, nothing but an answer comes back.
        let _ = told(&read_sent(signed(&parameters).as_bytes()));
    }

    #[test]
    fn a_signed_link_reads_back_in_any_order(
        id in "[^;\\p{Cc}]{1,255}",
        minor in 1..=10_000_000_000_000_i64,
        currency in proptest::sample::select(vec!["RUB", "USD", "KES", "JPY"]),
        description in "[^;\\p{Cc}]{0,200}",
        extra in "[a-z]{3,12}_x",
        turn in 0..9_usize,
    ) {
        let minor = minor.to_string();
        let mut parameters = pairs(&[
            ("payment_id", &id),
            ("payment_amount", &minor),
            ("payment_currency", currency),
            ("payment_description", &description),
            (&extra, &id),
        ]);
        let signature = signature_of(&parameters, secret(35));
        parameters.push(("signature", &signature));
        let turn = turn % parameters.len();
        parameters.rotate_left(turn);
        let link = read_sent(encoded(&parameters).as_bytes()).unwrap();
        prop_assert_eq!(link.reference.as_str(), &id);
        prop_assert_eq!(link.amount.minor().to_string(), minor);
        prop_assert_eq!(link.amount.currency().code(), currency);
        let again = read_sent(link.query().as_bytes()).unwrap();
        prop_assert_eq!(again.query(), link.query());
        prop_assert_eq!(again.echo, link.echo);
    }
}
