//! How the demo prints: plain text, the same on a terminal and in a file.

use altyn_web::api::ecommpay::tree::{self, Node};

use super::place::{LOGIN, Place};
use super::shop::Callback;
use super::stage::Stage;
use crate::commands::say;

/// Minor units as the source documents write sums: `600,00 RUB`. Every currency of the demo has
/// two decimals.
pub fn money(minor: i64, currency: &str) -> String {
    let sign = if minor < 0 { "-" } else { "" };
    let size = minor.unsigned_abs();
    format!("{sign}{},{:02} {currency}", size / 100, size % 100)
}

/// JSON with its keys in the order they were sent; what is no JSON stays as it is.
pub fn pretty(bytes: &[u8]) -> String {
    let mut text = String::new();
    match tree::parse(bytes) {
        Ok(node) => write(&node, 0, &mut text),
        Err(_) => text.push_str(&String::from_utf8_lossy(bytes)),
    }
    text
}

fn write(node: &Node<'_>, depth: usize, text: &mut String) {
    match node {
        Node::Null => text.push_str("null"),
        Node::Bool(value) => text.push_str(if *value { "true" } else { "false" }),
        Node::Number(digits) => text.push_str(digits),
        Node::Text(content) => text.push_str(&quoted(content)),
        Node::List(items) => {
            let items = items.iter().map(|item| (None, item));
            group(('[', ']'), items, depth, text);
        }
        Node::Object(members) => {
            let members = members.iter().map(|(key, member)| (Some(key.as_ref()), member));
            group(('{', '}'), members, depth, text);
        }
    }
}

fn group<'n>(
    (open, close): (char, char),
    members: impl Iterator<Item = (Option<&'n str>, &'n Node<'n>)>,
    depth: usize,
    text: &mut String,
) {
    text.push(open);
    let mut empty = true;
    for (key, member) in members {
        text.push_str(if empty { "\n" } else { ",\n" });
        text.push_str(&"  ".repeat(depth + 1));
        if let Some(key) = key {
            text.push_str(&quoted(key));
            text.push_str(": ");
        }
        write(member, depth + 1, text);
        empty = false;
    }
    if !empty {
        text.push('\n');
        text.push_str(&"  ".repeat(depth));
    }
    text.push(close);
}

fn quoted(text: &str) -> String {
    serde_json::Value::String(text.to_owned()).to_string()
}

/// Prints a text under a step.
pub fn indented(text: &str) {
    for line in text.lines() {
        say(format!("   {line}"));
    }
}

/// What a callback says, in one line.
pub fn summary(callback: &Callback) -> String {
    let sum = money(callback.number("/payment/sum/amount"), callback.text("/payment/sum/currency"));
    format!(
        "{}, {sum}; {} {}, {} {}; {}{}",
        callback.text("/payment/status"),
        callback.text("/operation/type"),
        callback.text("/operation/status"),
        callback.text("/operation/code"),
        callback.text("/operation/message"),
        if callback.fits { "подпись верна" } else { "ПОДПИСЬ НЕВЕРНА" },
        if callback.repeated { ", повтор (a repeat)" } else { "" },
    )
}

/// The first step: what runs where.
pub fn introduce(stage: &Stage, place: &Place) {
    say("1. Что запущено (what runs)");
    for (name, address) in [
        ("платформа (platform)", format!("{}/", stage.merchant.platform)),
        ("эмуляторы (emulators)", format!("{}/", stage.sandbox_url)),
        ("магазин (shop)", format!("{}/", stage.merchant.shop)),
        ("кабинет (cabinet)", format!("{}/cabinet", stage.merchant.platform)),
        ("  логин (login)", LOGIN.to_owned()),
        ("  пароль (password)", place.password.expose().to_owned()),
        ("данные (data)", place.dir.display().to_string()),
    ] {
        say(format!("   {name:<22} {address}"));
    }
    say("");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_written_with_their_minor_units() {
        for (minor, text) in [(0, "0,00 RUB"), (5, "0,05 RUB"), (60_000, "600,00 RUB")] {
            assert_eq!(money(minor, "RUB"), text);
        }
        assert_eq!(money(-150, "KES"), "-1,50 KES");
    }

    #[test]
    fn json_keeps_its_order() {
        let text = r#"{"b":[1.50,{},[]],"a":{"ключ":"a\"b"},"c":null,"d":true}"#;
        let expected = "{\n  \"b\": [\n    1.50,\n    {},\n    []\n  ],\n  \"a\": {\n    \
                        \"ключ\": \"a\\\"b\"\n  },\n  \"c\": null,\n  \"d\": true\n}";
        assert_eq!(pretty(text.as_bytes()), expected);
        assert_eq!(pretty(b"OK"), "OK");
    }
}
