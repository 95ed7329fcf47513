//! A purchase: what was chosen becomes a signed link to the Payment Page.
//!
//! The price is the shop's, not the browser's, unless the buyer of the demo names another sum on
//! purpose. Every purchase is an order of its own, also when a button is pressed twice.

use altyn_web::lang::Lang;
use axum::Json;
use axum::extract::{Form, State};
use axum::http::header::{ACCEPT, LOCATION};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

use super::Shop;
use super::front;
use crate::demo::bodies::{BILLS_PROJECT_ID, PROJECT_ID};

/// The greatest sum, in major units, that can be named: twelve digits in all.
const MAJOR_MAX: i64 = 9_999_999_999;
/// The currency of Kenya.
const KES: &str = "KES";
/// The element of the page that the Payment Page is shown in.
pub const PLACE: &str = "pay-here";

/// Something to buy.
pub struct Good {
    /// What the form calls it.
    pub code: &'static str,
    /// Its name, Russian and English.
    pub name: [&'static str; 2],
    /// What it is, Russian and English.
    pub about: [&'static str; 2],
    /// Its price in kopecks.
    pub kopecks: i64,
    /// Its price in Kenyan cents; the partner takes whole shillings only.
    pub cents: i64,
}

impl Good {
    /// Its name in a language.
    pub fn name(&self, lang: Lang) -> &'static str {
        let [russian, english] = self.name;
        lang.pick(russian, english)
    }

    /// Its price in minor units of one of the two currencies.
    pub fn price(&self, currency: &str) -> i64 {
        if currency == KES { self.cents } else { self.kopecks }
    }

    /// What it is.
    pub fn about(&self, lang: Lang) -> &'static str {
        let [russian, english] = self.about;
        lang.pick(russian, english)
    }
}

/// The shelf. The first is chosen at the start.
pub const GOODS: [Good; 3] = [
    Good {
        code: "puer",
        name: ["Шу пуэр «Дворцовый»", "Shu puer “Palace”"],
        about: ["Плитка 100 г, урожай 2016 года", "A brick of 100 g, harvest of 2016"],
        kopecks: 123_450,
        cents: 165_000,
    },
    Good {
        code: "oolong",
        name: ["Те Гуань Инь", "Tie Guan Yin"],
        about: ["Улун из Аньси, 50 г", "Oolong from Anxi, 50 g"],
        kopecks: 60_000,
        cents: 80_000,
    },
    Good {
        code: "ivan",
        name: ["Иван-чай с чабрецом", "Fireweed tea with thyme"],
        about: ["Костромской, 100 г", "From Kostroma, 100 g"],
        kopecks: 40_000,
        cents: 55_000,
    },
];

/// How the buyer wants to pay.
pub struct Way {
    /// What the form calls it.
    pub code: &'static str,
    /// Whose payment it is.
    pub project: u32,
    /// `force_payment_method`.
    pub method: Option<&'static str>,
    /// Whether the money is held first.
    pub two_stage: bool,
    /// What it is paid in.
    pub currency: &'static str,
}

const fn way(code: &'static str, method: Option<&'static str>) -> Way {
    Way { code, project: PROJECT_ID, method, two_stage: false, currency: "RUB" }
}

/// Every way, the buyer's own choice first.
pub const WAYS: [Way; 6] = [
    way("any", None),
    way("card", Some("card")),
    Way { two_stage: true, ..way("card-hold", Some("card")) },
    way("alfa-click", Some("alfa-click")),
    Way { project: BILLS_PROJECT_ID, ..way("alfa-click-bill", Some("alfa-click")) },
    Way { currency: KES, ..way("card-partner", Some("card-partner")) },
];

/// The form as it was sent.
#[derive(Clone, Debug, Default, serde::Deserialize)]
#[serde(default)]
pub struct Purchase {
    /// Of [`GOODS`].
    pub good: String,
    /// Another sum than the price, as typed.
    pub sum: String,
    /// Of [`WAYS`].
    pub way: String,
    /// `redirect`, `popup` or `inside`.
    pub open: String,
    /// The buyer's address.
    pub email: String,
    /// The buyer's telephone.
    pub phone: String,
    /// The language of the page it came from.
    pub lang: String,
}

impl Purchase {
    /// What is bought; the first thing when nothing known is named.
    pub fn good(&self) -> &'static Good {
        let [first, ..] = &GOODS;
        GOODS.iter().find(|good| good.code == self.good).unwrap_or(first)
    }

    /// How it is paid.
    pub fn way(&self) -> &'static Way {
        let [first, ..] = &WAYS;
        WAYS.iter().find(|way| way.code == self.way).unwrap_or(first)
    }

    /// What is to be paid; `None` if the sum cannot be read, or not be paid this way.
    pub fn minor(&self) -> Option<i64> {
        let currency = self.way().currency;
        if self.sum.trim().is_empty() {
            return Some(self.good().price(currency));
        }
        minor_of(&self.sum).filter(|minor| currency != KES || minor % 100 == 0)
    }
}

/// Reads `1 234,50`, `1234.5` or `1234`; zero is no sum.
fn minor_of(text: &str) -> Option<i64> {
    let clean: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    let (whole, part) = clean.split_once([',', '.']).unwrap_or((&clean, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || part.len() > 2 || !digits(whole) || !digits(part) {
        return None;
    }
    let major: i64 = whole.parse().ok().filter(|major| *major <= MAJOR_MAX)?;
    let cents: i64 = format!("{part:0<2}").parse().ok()?;
    Some(major * 100 + cents).filter(|minor| *minor > 0)
}

/// `POST /buy`: to the Payment Page, or its parameters to the script that opens it.
pub async fn buy(
    State(shop): State<Shop>,
    headers: HeaderMap,
    Form(purchase): Form<Purchase>,
) -> Response {
    let lang = Lang::of(&headers, Some(&purchase.lang));
    let scripted = headers
        .get(ACCEPT)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|accepted| accepted.contains("application/json"));
    let Some(minor) = purchase.minor() else {
        return if scripted {
            let told = json!({ "message": front::wrong_sum(lang) });
            (StatusCode::BAD_REQUEST, Json(told)).into_response()
        } else {
            front::page(&shop, lang, &purchase, StatusCode::BAD_REQUEST, None)
        };
    };
    let opening = shop.around().merchant.page(parameters(&shop, &purchase, minor, lang));
    if scripted {
        let config: Map<String, Value> = opening
            .parameters
            .into_iter()
            .map(|(name, value)| (name.to_owned(), Value::String(value)))
            .collect();
        return Json(config).into_response();
    }
    (StatusCode::SEE_OTHER, [(LOCATION, opening.url)]).into_response()
}

fn parameters(
    shop: &Shop,
    purchase: &Purchase,
    minor: i64,
    lang: Lang,
) -> Vec<(&'static str, String)> {
    let (good, way) = (purchase.good(), purchase.way());
    let order = shop.new_order();
    let merchant = &shop.around().merchant;
    let (own, code) = (&merchant.shop, lang.code());
    let back = |page: &str| format!("{own}/{page}?payment={order}&lang={code}");
    let mut parameters = vec![
        ("project_id", way.project.to_string()),
        ("payment_id", order.clone()),
        ("payment_amount", minor.to_string()),
        ("payment_currency", way.currency.to_owned()),
        ("payment_description", good.name(lang).to_owned()),
        ("customer_id", "customer-1".to_owned()),
        ("language_code", code.to_owned()),
        // Who has paid is brought back; who has not may want to try again.
        ("redirect_success_url", back("thanks")),
        ("redirect_success_mode", "parent_page".to_owned()),
        ("merchant_fail_url", back("sorry")),
        ("merchant_fail_redirect_mode", "parent_page".to_owned()),
        ("merchant_return_url", format!("{own}/?lang={code}")),
        ("merchant_return_redirect_mode", "parent_page".to_owned()),
    ];
    let optional = [
        ("force_payment_method", way.method.unwrap_or_default()),
        ("operation_type", if way.two_stage { "auth" } else { "" }),
        ("customer_email", purchase.email.trim()),
        ("customer_phone", purchase.phone.trim()),
        ("target_element", if purchase.open == "inside" { PLACE } else { "" }),
    ];
    let given = optional.into_iter().filter(|(_, value)| !value.is_empty());
    parameters.extend(given.map(|(name, value)| (name, value.to_owned())));
    parameters
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_read_as_people_type_them() {
        for (text, minor) in [
            ("1234,50", Some(123_450)),
            ("1\u{202f}234.5", Some(123_450)),
            (" 600 ", Some(60_000)),
            ("0,01", Some(1)),
            ("9999999999,99", Some(999_999_999_999)),
            ("0", None),
            ("10000000000", None),
            ("1,234", None),
            ("-5", None),
            (",5", None),
            ("пять", None),
        ] {
            assert_eq!(minor_of(text), minor, "{text}");
        }
    }

    #[test]
    fn without_a_sum_the_price_is_paid() {
        let purchase = Purchase { good: "oolong".to_owned(), ..Purchase::default() };
        assert_eq!(purchase.minor(), Some(60_000));
        let way = "card-partner".to_owned();
        let partner = Purchase { way, ..purchase };
        assert_eq!(partner.minor(), Some(80_000));
        let asked = |sum: &str| Purchase { sum: sum.to_owned(), ..partner.clone() }.minor();
        assert_eq!((asked("1"), asked("1,50")), (Some(100), None));
    }
}
