//! Every screen, in both languages, with friendly and with hostile values.
//!
//! With `ALTYN_PAGES_DIR` set, the screens are written there, to be looked at in a browser.

mod pages;
mod tokens;

use super::fields::{Fault, Field};
use super::*;
use pages::{HOSTILE, PLAIN, pages};

/// What `text` has after each occurrence of `mark`, up to the next double quote.
fn attributes<'t>(text: &'t str, mark: &str) -> Vec<&'t str> {
    text.split(mark).skip(1).filter_map(|rest| rest.split('"').next()).collect()
}

#[test]
fn pages_can_be_written_out() {
    let Some(place) = std::env::var_os("ALTYN_PAGES_DIR") else { return };
    let place = std::path::Path::new(&place);
    std::fs::create_dir_all(place).unwrap();
    std::fs::write(place.join("pay.css"), STYLE).unwrap();
    std::fs::write(place.join("pay.js"), SCRIPT).unwrap();
    for lang in Lang::ALL {
        for (kind, texts) in [("", &PLAIN), ("hostile-", &HOSTILE)] {
            for (name, html) in pages(*lang, texts) {
                let html = html.replace("\"/static/", "\"");
                let file = format!("{kind}{name}-{}.html", lang.code());
                std::fs::write(place.join(file), html).unwrap();
            }
        }
    }
}

/// The tags of a page with the names of their attributes, without any value or text.
fn skeleton(html: &str) -> Vec<String> {
    let page = html.split("<footer>").next().unwrap();
    let tags = page.split('<').skip(1);
    tags.map(|rest| {
        let mut quoted = false;
        let mut tag = String::new();
        for character in rest.chars() {
            match (character, quoted) {
                ('"', _) => quoted = !quoted,
                ('>', false) => break,
                (_, true) => {}
                (other, false) => tag.push(other),
            }
        }
        tag
    })
    .collect()
}

#[test]
fn hostile_values_stay_text() {
    for lang in Lang::ALL {
        for ((name, plain), (_, hostile)) in pages(*lang, &PLAIN).iter().zip(pages(*lang, &HOSTILE))
        {
            assert_eq!(skeleton(plain), skeleton(&hostile), "{name}");
            assert!(!hostile.contains("javascript:") && !hostile.contains("<img"), "{name}");
        }
    }
}

#[test]
fn nothing_is_inline_and_nothing_is_foreign() {
    for (name, html) in Lang::ALL.iter().flat_map(|lang| pages(*lang, &PLAIN)) {
        assert!(!html.contains(" style=") && !html.contains("<style"), "{name}");
        assert_eq!(html.matches("<script").count(), 1, "{name}");
        assert!(html.contains("<script src=\"/static/pay.js\" defer></script>"), "{name}");
        for on in [" onclick", " onload", " onsubmit", " onerror", " onchange"] {
            assert!(!html.contains(on), "{name}: {on}");
        }
        for source in attributes(&html, " src=\"") {
            assert!(source.starts_with('/'), "{name}: {source}");
        }
        assert!(!html.contains("{{") && !html.contains("{%"), "{name}");
    }
    for asset in [STYLE, SCRIPT] {
        assert!(!asset.contains("http") && !asset.contains("url(") && !asset.contains("@import"));
        assert!(!asset.contains("innerHTML") && !asset.contains("eval"));
    }
}

#[test]
fn every_field_has_its_label_and_every_id_is_unique() {
    for (name, html) in Lang::ALL.iter().flat_map(|lang| pages(*lang, &PLAIN)) {
        let mut ids = attributes(&html, " id=\"");
        let count = ids.len();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), count, "{name}");
        let mentioned = attributes(&html, " for=\"").into_iter().chain(
            attributes(&html, "aria-describedby=\"").into_iter().flat_map(str::split_whitespace),
        );
        for id in mentioned.chain(attributes(&html, "href=\"#")) {
            assert!(ids.contains(&id), "{name}: {id}");
        }
        for input in html.split("<input ").skip(1).filter_map(|rest| rest.split('>').next()) {
            let id = attributes(input, "id=\"").first().copied().unwrap_or_default();
            let labelled = html.contains(&format!(" for=\"{id}\""));
            assert!(input.contains("type=\"hidden\"") || labelled, "{name}: {input}");
        }
    }
}

#[test]
fn a_first_view_is_light() {
    for (name, html) in Lang::ALL.iter().flat_map(|lang| pages(*lang, &PLAIN)) {
        let bytes = html.len() + STYLE.len() + SCRIPT.len();
        assert!(bytes < 50_000, "{name}: {bytes}");
    }
}

#[test]
fn each_language_is_whole() {
    for (name, html) in pages(Lang::English, &pages::ENGLISH) {
        let russian = |c: char| ('а'..='я').contains(&c.to_lowercase().next().unwrap_or(c));
        let html = html.replace("Русский", "").replace("Мир", "").replace("МИР", "");
        let rest: String = html.chars().filter(|c| russian(*c)).collect();
        assert!(rest.is_empty(), "{name}: {rest}");
    }
    for (name, html) in pages(Lang::Russian, &PLAIN) {
        assert!(
            html.contains("<html lang=\"ru\">") && html.contains("МСК") || !html.contains("<time"),
            "{name}"
        );
    }
}

#[test]
fn the_form_sends_its_own_fields_and_no_card_data_comes_back() {
    let pages = pages(Lang::Russian, &PLAIN);
    let html = |wanted: &str| pages.iter().find(|(name, _)| *name == wanted).unwrap().1.clone();
    let all = html("choose");
    assert_eq!(all.matches("<form method=\"post\" action=\"/pay/8f3c\"").count(), 3);
    assert_eq!(
        attributes(&all, "name=\"method\" value=\""),
        ["card", "alfa-click", "card-partner"]
    );
    assert!(all.contains("Оплатить 1\u{202f}234,50\u{202f}₽"));
    assert!(all.contains("Перейти к оплате 1\u{202f}234,50\u{202f}₽"));
    assert!(!html("choose-one").contains("type=\"radio\""));
    assert!(html("choose-hold").contains("Сейчас сумма будет удержана"));
    let wrong = html("choose-errors");
    assert_eq!(wrong.matches("aria-invalid").count(), 3);
    assert!(wrong.contains("Проверьте 3 поля") && wrong.contains("Введите код"));
    let again = html("choose-again");
    assert!(again.contains("недостаточно средств") && again.contains("Код 20105"));
    for field in [Field::CardNumber, Field::CardExpiry, Field::CardCvc] {
        let input = wrong
            .split("<input ")
            .find(|input| input.contains(&format!("name=\"{}\"", field.name())))
            .unwrap();
        assert!(input.contains(" value=\"\""), "{input}");
    }
    assert!(Field::ALL.iter().all(|field| !field.said(Fault::Wrong, Lang::English).is_empty()));
}

/// The shop's page is told by these words (`static/pay.js`).
#[test]
fn a_released_hold_is_no_success() {
    let pages = pages(Lang::English, &pages::ENGLISH);
    for (name, state) in [
        ("paid", "success"),
        ("held", "success"),
        ("refunded", "success"),
        ("voided", "canceled"),
        ("declined", "fail"),
        ("expired", "fail"),
    ] {
        let (_, html) = pages.iter().find(|(own, _)| *own == name).unwrap();
        assert_eq!(attributes(html, "data-state=\""), [state], "{name}");
    }
    assert!(SCRIPT.contains("canceled: \"payment.canceled\""));
}

#[test]
fn an_address_is_never_a_script() {
    for good in ["/pay/8f3c", "?lang=en", "https://shop.example/a?b=c#d", "HTTP://127.0.0.1:8080"] {
        assert!(Href::new(good).is_some(), "{good}");
    }
    for bad in [
        "javascript:alert(1)",
        "JavaScript://%0aalert(1)",
        "data:text/html,x",
        "vbscript:x",
        "//evil.example",
        "/\\evil.example",
        "\u{1}javascript:x",
        " https://a",
        "java\nscript:x",
        "https:evil",
        "",
        "pay",
        "file:///etc/passwd",
        "https://a b",
    ] {
        assert_eq!(Href::new(bad), None, "{bad:?}");
    }
}

#[test]
fn support_is_a_link_only_when_it_is_an_address() {
    for (text, link) in [
        ("help@shop.example", Some("mailto:help@shop.example")),
        ("+7 (495) 123-45-67", Some("tel:+74951234567")),
        ("help@shop.example?subject=x", None),
        ("ask us", None),
        ("12", None),
    ] {
        let shop = Shop { name: "", support: Some(text) };
        assert_eq!(shop.support_link().as_deref(), link, "{text}");
    }
    let shop = Shop { name: "«ягода»", support: None };
    assert_eq!(shop.initial(), "Я");
}
