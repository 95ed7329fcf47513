//! The shop's page: what to buy, how to pay and how to open the Payment Page; beside it what the
//! platform has told.

use altyn_web::lang::Lang;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;

use super::Shop;
use super::buy::{GOODS, PLACE, Purchase, WAYS};
use super::feed;
use super::page::{Page, escaped, money};

/// Test cards and what the emulated bank does with them (ecommpay.md §7).
const CARDS: [(&str, [&str; 2]); 6] = [
    ("4000 0000 0000 0077", ["Оплата проходит", "Paid"]),
    (
        "4314 2200 0000 0056",
        ["Банк спросит код, оплата проходит", "The bank asks for a code, paid"],
    ),
    (
        "4477 0000 0000 0006",
        ["Банк узнаёт плательщика без вопросов", "The bank asks nothing, paid"],
    ),
    ("4012 0000 0002 0063", ["Прежний 3-D Secure, оплата проходит", "The older 3-D Secure, paid"]),
    ("4111 1111 1111 1111", ["Банк отклоняет", "Declined"]),
    ("4314 2200 0000 0072", ["Проверка банка не пройдена", "The bank’s check fails"]),
];

/// What the address says.
#[derive(serde::Deserialize)]
pub struct Asked {
    lang: Option<String>,
}

/// `GET /`.
pub async fn show(
    State(shop): State<Shop>,
    headers: HeaderMap,
    Query(asked): Query<Asked>,
) -> Response {
    let lang = Lang::of(&headers, asked.lang.as_deref());
    page(&shop, lang, &Purchase::default(), StatusCode::OK, None)
}

/// The page with a form as it was filled, and what went wrong, if something did.
pub fn page(
    shop: &Shop,
    lang: Lang,
    purchase: &Purchase,
    status: StatusCode,
    said: Option<&str>,
) -> Response {
    let notice = said.map(escaped).unwrap_or_default();
    let hidden = if notice.is_empty() { " hidden" } else { "" };
    let (came, number) = shop.remembered();
    let main = format!(
        "<div class=\"buying\"><h1>{}</h1>\n\
         <p class=\"notice\" role=\"alert\"{hidden}>{notice}</p>\n{}{}</div>\n\
         <section class=\"told\" id=\"feed\" aria-labelledby=\"told\">\
         <div class=\"head\"><h2 id=\"told\">{}</h2>\
         <a class=\"manual\" href=\"/?lang={}#feed\">{}</a></div>\n\
         <p class=\"unseen\" role=\"status\" data-news=\"{}\"></p>\n{}</section>\n",
        lang.pick("Чай к вечеру", "Tea for the evening"),
        form(purchase, lang),
        hints(shop, lang),
        lang.pick("Оповещения платформы", "The platform’s callbacks"),
        lang.code(),
        lang.pick("Обновить", "Refresh"),
        lang.pick("Новое оповещение", "A new callback"),
        feed::orders(&came, number, lang),
    );
    let title = lang.pick("Купить чай", "Buy tea").to_owned();
    Page { lang, title, here: "/".to_owned(), class: "wide", main, renews: false, status }
        .send(shop)
}

/// What is told of a sum that cannot be read.
pub fn wrong_sum(lang: Lang) -> &'static str {
    lang.pick(
        "Напишите сумму так: 1234,50; партнёр берёт только целые шиллинги",
        "Write the sum like 1234.50; the partner takes whole shillings only",
    )
}

fn form(purchase: &Purchase, lang: Lang) -> String {
    format!(
        "<form method=\"post\" action=\"/buy\" id=\"buy\" data-inside=\"{PLACE}\">\
         <input type=\"hidden\" name=\"lang\" value=\"{}\">\n{}{}{}{}{}\n\
         <button class=\"main\" type=\"submit\"><span data-label=\"{}\">{} \
         <span class=\"by-script\">{}</span></span></button></form>\n\
         <div class=\"place\" hidden><div id=\"{PLACE}\"></div>\
         <p><a href=\"/?lang={}\">{}</a></p></div>\n",
        lang.code(),
        goods(purchase, lang),
        sum(purchase, lang),
        ways(purchase, lang),
        openings(purchase, lang),
        buyer(purchase, lang),
        lang.pick("Купить за", "Buy for"),
        lang.pick("Купить", "Buy"),
        price(purchase, lang),
        lang.code(),
        lang.pick("Выбрать другое", "Choose something else"),
    )
}

fn price(purchase: &Purchase, lang: Lang) -> String {
    let sum = money(purchase.good().price(purchase.way().currency), purchase.way().currency, lang);
    format!("{} {sum}", lang.pick("за", "for"))
}

/// A choice among a few; the chosen one is marked.
struct Choice<'a> {
    name: &'static str,
    code: &'a str,
    chosen: bool,
    /// More attributes of the input.
    data: String,
    label: String,
    note: String,
}

impl Choice<'_> {
    fn html(&self) -> String {
        let Self { name, code, chosen, data, label, note } = self;
        let checked = if *chosen { " checked" } else { "" };
        let note = if note.is_empty() { String::new() } else { format!("<small>{note}</small>") };
        format!(
            "<label class=\"choice\"><input type=\"radio\" name=\"{name}\" value=\"{code}\"{data}{checked}>\
             <span>{label}{note}</span></label>"
        )
    }
}

fn goods(purchase: &Purchase, lang: Lang) -> String {
    let currency = purchase.way().currency;
    let choices: String = GOODS
        .iter()
        .map(|good| {
            let choice = Choice {
                name: "good",
                code: good.code,
                chosen: good.code == purchase.good().code,
                data: format!(" data-rub=\"{}\" data-kes=\"{}\"", good.kopecks, good.cents),
                label: format!("<b>{}</b>", good.name(lang)),
                note: good.about(lang).to_owned(),
            };
            let price = money(good.price(currency), currency, lang);
            format!(
                "<div class=\"good\">{}<span class=\"price\">{price}</span></div>",
                choice.html()
            )
        })
        .collect();
    format!(
        "<fieldset class=\"goods\"><legend>{}</legend>{choices}</fieldset>\n",
        lang.pick("Товар", "Goods")
    )
}

fn sum(purchase: &Purchase, lang: Lang) -> String {
    let wrong = purchase.minor().is_none();
    let (invalid, error) =
        if wrong { (" aria-invalid=\"true\"", wrong_sum(lang)) } else { ("", "") };
    format!(
        "<div class=\"field\"><label for=\"sum\">{}</label>\
         <input id=\"sum\" name=\"sum\" inputmode=\"decimal\" autocomplete=\"off\" maxlength=\"20\" \
         placeholder=\"{}\" value=\"{}\" aria-describedby=\"sum-error\" data-wrong=\"{}\"{invalid}>\
         <p class=\"error\" id=\"sum-error\">{error}</p></div>\n",
        lang.pick("Другая сумма, если нужна", "Another sum, if you like"),
        lang.pick("по ценнику", "as priced"),
        escaped(&purchase.sum),
        wrong_sum(lang),
    )
}

/// A way's name and what is to be known of it.
fn way_words(code: &str, lang: Lang) -> (&'static str, &'static str) {
    match code {
        "card" => (
            lang.pick("Карта", "Card"),
            lang.pick("Деньги списываются сразу", "The money is taken at once"),
        ),
        "card-hold" => (
            lang.pick("Карта в две стадии", "Card in two stages"),
            lang.pick("Сначала резерв, потом списание", "Held first, captured later"),
        ),
        "alfa-click" => (
            lang.pick("Альфа-Клик", "Alfa-Click"),
            lang.pick("С переходом в банк", "By going to the bank"),
        ),
        "alfa-click-bill" => (
            lang.pick("Альфа-Клик по счёту", "Alfa-Click by bill"),
            lang.pick("Банк пришлёт счёт по логину", "The bank bills a login"),
        ),
        "card-partner" => (
            lang.pick("Карта через партнёра", "Card via a partner"),
            lang.pick("В кенийских шиллингах, KES", "In Kenyan shillings, KES"),
        ),
        _ => (
            lang.pick("Покупатель выберет сам", "The buyer chooses"),
            lang.pick("На странице оплаты", "On the Payment Page"),
        ),
    }
}

fn ways(purchase: &Purchase, lang: Lang) -> String {
    let choices: String = WAYS
        .iter()
        .map(|way| {
            let (label, note) = way_words(way.code, lang);
            Choice {
                name: "way",
                code: way.code,
                chosen: way.code == purchase.way().code,
                data: format!(" data-currency=\"{}\"", way.currency),
                label: label.to_owned(),
                note: note.to_owned(),
            }
            .html()
        })
        .collect();
    let legend = lang.pick("Способ оплаты", "How to pay");
    format!("<fieldset class=\"grid\"><legend>{legend}</legend>{choices}</fieldset>\n")
}

/// Inside a page the Payment Page needs script, so without it there is nothing to choose.
fn openings(purchase: &Purchase, lang: Lang) -> String {
    let chosen = if purchase.open.is_empty() { "redirect" } else { &purchase.open };
    let choices: String = [
        ("redirect", lang.pick("Переходом", "By going there")),
        ("popup", lang.pick("Окном поверх магазина", "In a window over the shop")),
        ("inside", lang.pick("Внутри магазина", "Inside the shop")),
    ]
    .into_iter()
    .map(|(code, label)| {
        let (data, note) = (String::new(), String::new());
        Choice { name: "open", code, chosen: code == chosen, data, label: label.to_owned(), note }
            .html()
    })
    .collect();
    let legend = lang.pick("Как открыть страницу оплаты", "How to open the Payment Page");
    format!("<fieldset class=\"grid by-script\"><legend>{legend}</legend>{choices}</fieldset>\n")
}

fn buyer(purchase: &Purchase, lang: Lang) -> String {
    let open = if purchase.email.is_empty() && purchase.phone.is_empty() { "" } else { " open" };
    let field = |name: &str, kind: &str, fill: &str, label: &str, value: &str| {
        format!(
            "<div class=\"field\"><label for=\"{name}\">{label}</label>\
             <input id=\"{name}\" name=\"{name}\" type=\"{kind}\" autocomplete=\"{fill}\" \
             maxlength=\"64\" value=\"{}\"></div>",
            escaped(value),
        )
    };
    let email = lang.pick("Почта", "E-mail");
    let phone = lang.pick("Телефон", "Phone");
    format!(
        "<details class=\"buyer\"{open}><summary>{}</summary><div class=\"pair\">{}{}</div></details>\n",
        lang.pick("Что магазин знает о покупателе", "What the shop knows of the buyer"),
        field("email", "email", "email", email, &purchase.email),
        field("phone", "tel", "tel", phone, &purchase.phone),
    )
}

fn hints(shop: &Shop, lang: Lang) -> String {
    let cards: String = CARDS
        .iter()
        .map(|(number, [russian, english])| {
            format!(
                "<tr><td><code class=\"whole\">{number}</code></td><td>{}</td></tr>",
                lang.pick(russian, english),
            )
        })
        .collect();
    let bank = format!("{}/bank/?lang={}", shop.around().sandbox_url, lang.code());
    let link = format!(
        "<a href=\"{}\">{}</a>",
        escaped(&bank),
        lang.pick("интернет-банке покупателя (эмулятор)", "the buyer’s bank (emulated)"),
    );
    format!(
        "<details class=\"hints\"><summary>{}</summary>\
         <table><thead><tr><th>{}</th><th>{}</th></tr></thead><tbody>{cards}</tbody></table>\
         <p>{}</p><p>{}</p><p>{} {link}.</p></details>\n",
        lang.pick("Тестовые карты и суммы", "Test cards and sums"),
        lang.pick("Карта", "Card"),
        lang.pick("Что будет", "What happens"),
        lang.pick(
            "Срок — любой будущий, код — любые три цифры, имя — латиницей.",
            "Any expiry ahead, any three digits as the code, any Latin name.",
        ),
        lang.pick(
            "Альфа-Клик и партнёр отклоняют 400,00 и 404,00, остальное проходит.",
            "Alfa-Click and the partner decline 400.00 and 404.00; the rest is paid.",
        ),
        lang.pick("Счёт Альфа-Клика оплачивают в", "A bill of Alfa-Click is paid at",),
    )
}
