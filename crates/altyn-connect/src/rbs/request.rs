//! What is sent to the RBS gateway: parameters made to fit its limits.
//!
//! Guaranteed: the order number, amount and currency are sent as they are; optional parameters
//! that would not fit are left out or cut, because the gateway refuses the whole order for them.
//! A card's number and code are borrowed, never copied. Source: providers.md §1.2, §1.4 and §1.5;
//! the names in `clientBrowserInfo` are those of the vendor's documents.

use std::borrow::Cow;

use altyn_app::ports::provider::{Browser, CardPayment, ProviderCall};
use altyn_domain::payment::OperationKind;
use serde_json::{Map, Value, json};

use super::{RbsAuth, RbsConfig};

/// Parameters of a call, in order.
pub(super) type Fields<'a> = Vec<(&'static str, Cow<'a, str>)>;

const LANGUAGES: &[&str] = &["ru", "en", "de", "fr", "es", "it", "zh", "ja", "ko", "ua", "kz"];
const URL_MAX_CHARS: usize = 512;
const DESCRIPTION_MAX_CHARS: usize = 598;
const CLIENT_MAX_CHARS: usize = 255;
const EMAIL_MAX_CHARS: usize = 40;
const IP_MAX_CHARS: usize = 39;
/// `User-Agent` and `Accept`.
const HEADER_MAX_CHARS: usize = 2_048;
const BROWSER_LANGUAGE_MAX_CHARS: usize = 8;
/// The gateway wants a name; a card that was given without one gets this.
const NO_HOLDER: &str = "CARDHOLDER";

/// How we are known.
pub(super) fn credentials(auth: &RbsAuth) -> Fields<'_> {
    match auth {
        RbsAuth::Password { user, password } => {
            vec![("userName", user.into()), ("password", password.expose().into())]
        }
        RbsAuth::Token(token) => vec![("token", token.expose().into())],
    }
}

/// The payer's login for the bank's bill; `Some(None)` in the redirect scenario, `None` when a
/// bill is wanted and there is nobody to bill.
pub(super) fn login(call: &ProviderCall) -> Option<Option<&str>> {
    if !call.instruction {
        return Some(None);
    }
    let login = call.details.customer.account_id.as_deref().map(str::trim);
    login.filter(|login| !login.is_empty()).map(Some)
}

/// `register.do` and `registerPreAuth.do` without the credentials.
pub(super) fn register<'a>(config: &'a RbsConfig, call: &'a ProviderCall) -> Fields<'a> {
    let urls = &call.details.return_urls;
    let customer = &call.details.customer;
    let rules = call.method.rules();
    let life_s = if call.instruction { rules.bill_life_s } else { rules.redirect_life_s };
    let mut fields: Fields<'a> = vec![
        ("orderNumber", call.order_number.as_str().into()),
        ("amount", call.amount.minor().to_string().into()),
        ("currency", currency(call).into()),
        ("returnUrl", return_url(&[&urls.success, &urls.back], config).into()),
        ("failUrl", return_url(&[&urls.decline, &urls.back], config).into()),
        ("description", printable(&call.details.description, DESCRIPTION_MAX_CHARS).into()),
        ("language", language(call).into()),
        ("sessionTimeoutSecs", life_s.to_string().into()),
    ];
    let optional = [
        ("clientId", customer.id.as_deref().filter(|id| fits(id, CLIENT_MAX_CHARS))),
        ("phone", customer.phone.as_deref().filter(|phone| is_phone(phone))),
        ("email", customer.email.as_deref().filter(|email| is_email(email))),
        ("ip", ip(call)),
        ("dynamicCallbackUrl", config.notify_url.as_deref()),
    ];
    fields.extend(optional.into_iter().filter_map(|(name, value)| Some((name, value?.into()))));
    fields
}

/// `paymentotherway.do` without the credentials.
pub(super) fn other_way<'a>(md_order: &'a str, login: Option<&'a str>) -> Fields<'a> {
    let mut fields: Fields<'a> =
        vec![("MDORDER", md_order.into()), ("paymentWay", "ALFA_ALFACLICK".into())];
    fields.extend(login.map(|login| ("login", login.into())));
    fields
}

/// `paymentorder.do` without the credentials. The gateway is told not to keep the card.
pub(super) fn card<'a>(
    call: &'a ProviderCall,
    payment: &'a CardPayment,
    md_order: &'a str,
) -> Fields<'a> {
    let card = &payment.card;
    let expiry = card.expiry();
    let browser = browser_info(&payment.browser, ip(call));
    let optional = [
        ("$CVC", card.expose_code().map(Cow::from)),
        ("ip", ip(call).map(Cow::from)),
        ("threeDSVer2FinishUrl", payment.authentication_return.as_deref().map(Cow::from)),
        ("clientBrowserInfo", browser.map(Cow::from)),
    ];
    let mut fields: Fields<'a> = vec![
        ("MDORDER", md_order.into()),
        ("$PAN", card.expose_number().into()),
        ("$EXPIRY", format!("{:04}{:02}", expiry.year(), expiry.month()).into()),
        ("TEXT", card.holder().unwrap_or(NO_HOLDER).into()),
        ("language", language(call).into()),
        ("bindingNotNeeded", "true".into()),
    ];
    fields.extend(optional.into_iter().filter_map(|(name, value)| Some((name, value?))));
    fields
}

/// `clientBrowserInfo`, if anything is known of the browser.
fn browser_info(browser: &Browser, ip: Option<&str>) -> Option<String> {
    if *browser == Browser::default() {
        return None;
    }
    let header =
        |text: &Option<String>| text.as_ref().map(|t| json!(printable(t, HEADER_MAX_CHARS)));
    let language =
        browser.language.as_deref().filter(|text| fits(text, BROWSER_LANGUAGE_MAX_CHARS));
    let known = [
        ("userAgent", header(&browser.user_agent)),
        ("browserAcceptHeader", header(&browser.accept)),
        ("browserLanguage", language.map(|text| json!(text))),
        ("screenWidth", browser.screen.map(|(width, _)| json!(width.to_string()))),
        ("screenHeight", browser.screen.map(|(_, height)| json!(height.to_string()))),
        ("colorDepth", browser.color_depth.map(|bits| json!(bits))),
        ("browserTimeZoneOffset", browser.timezone_offset_min.map(|minutes| json!(minutes))),
        ("browserIpAddress", ip.map(|ip| json!(ip))),
        ("javascriptEnabled", Some(json!(browser.scripts))),
        // No browser of today runs Java.
        ("javaEnabled", Some(json!(false))),
    ];
    let known: Map<String, Value> =
        known.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect();
    Some(Value::Object(known).to_string())
}

/// The method for an operation on an order, and its parameters without the credentials; `None` for
/// what opens an order.
pub(super) fn following<'a>(
    call: &ProviderCall,
    md_order: &'a str,
    deposited_minor: i64,
) -> Option<(&'static str, Fields<'a>)> {
    let amount = || call.amount.minor().to_string().into();
    let order = ("orderId", md_order.into());
    match call.kind {
        OperationKind::Capture => {
            let fields = vec![
                order,
                ("amount", amount()),
                ("currency", currency(call).into()),
                // The last one: what is left of the hold is released.
                ("depositType", "2".into()),
            ];
            Some(("deposit.do", fields))
        }
        // Without an amount the whole hold is released.
        OperationKind::Void => Some(("reverse.do", vec![order])),
        OperationKind::Refund => {
            let fields = vec![
                order,
                ("amount", amount()),
                ("currency", currency(call).into()),
                ("expectedDepositedAmount", deposited_minor.to_string().into()),
            ];
            Some(("refund.do", fields))
        }
        OperationKind::Sale | OperationKind::Authorization => None,
    }
}

fn ip(call: &ProviderCall) -> Option<&str> {
    call.details.customer.ip_address.as_deref().filter(|ip| fits(ip, IP_MAX_CHARS))
}

fn fits(value: &str, max: usize) -> bool {
    !value.is_empty() && value.chars().count() <= max
}

fn currency(call: &ProviderCall) -> String {
    format!("{:03}", call.amount.currency().numeric())
}

/// The first of the merchant's addresses that fits, else our own page.
fn return_url<'a>(wishes: &[&'a Option<String>], config: &'a RbsConfig) -> &'a str {
    let fits = |url: &&str| {
        url.chars().count() <= URL_MAX_CHARS
            && (url.starts_with("https://") || url.starts_with("http://"))
    };
    wishes.iter().find_map(|wish| wish.as_deref().filter(fits)).unwrap_or(&config.return_url)
}

fn language(call: &ProviderCall) -> &'static str {
    let wish = call.details.customer.language.as_deref().map(str::to_ascii_lowercase);
    let wish = wish.unwrap_or_default();
    LANGUAGES.iter().find(|known| **known == wish).unwrap_or(&"ru")
}

fn printable(text: &str, max: usize) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(max).collect()
}

fn is_phone(text: &str) -> bool {
    (7..=15).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_email(text: &str) -> bool {
    let whole = text.chars().count() <= EMAIL_MAX_CHARS
        && !text.chars().any(|c| c.is_whitespace() || c.is_control());
    let parts = text.split_once('@');
    whole && parts.is_some_and(|(user, host)| !user.is_empty() && host.contains('.'))
}
