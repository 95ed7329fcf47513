//! What is sent to the RBS gateway: parameters made to fit its limits.
//!
//! Guaranteed: the order number, amount and currency are sent as they are; optional parameters
//! that would not fit are left out or cut, because the gateway refuses the whole order for them.
//! Source: providers.md §1.2.

use altyn_app::ports::provider::ProviderCall;
use altyn_domain::method::Method;

use super::{RbsAuth, RbsConfig};

/// Parameters of a call, in order.
pub(super) type Fields = Vec<(&'static str, String)>;

const LANGUAGES: &[&str] = &["ru", "en", "de", "fr", "es", "it", "zh", "ja", "ko", "ua", "kz"];
const URL_MAX_CHARS: usize = 512;
const DESCRIPTION_MAX_CHARS: usize = 598;
const CLIENT_MAX_CHARS: usize = 255;
const EMAIL_MAX_CHARS: usize = 40;
const IP_MAX_CHARS: usize = 39;

/// How we are known.
pub(super) fn credentials(auth: &RbsAuth) -> Fields {
    match auth {
        RbsAuth::Password { user, password } => {
            vec![("userName", user.clone()), ("password", password.expose().to_owned())]
        }
        RbsAuth::Token(token) => vec![("token", token.expose().to_owned())],
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

/// `register.do` without the credentials.
pub(super) fn register(config: &RbsConfig, call: &ProviderCall) -> Fields {
    let urls = &call.details.return_urls;
    let customer = &call.details.customer;
    let rules = Method::AlfaClick.rules();
    let life_s = if call.instruction { rules.bill_life_s } else { rules.redirect_life_s };
    let mut fields = vec![
        ("orderNumber", call.order_number.clone()),
        ("amount", call.amount.minor().to_string()),
        ("currency", currency(call)),
        ("returnUrl", return_url(&[&urls.success, &urls.back], config)),
        ("failUrl", return_url(&[&urls.decline, &urls.back], config)),
        ("description", printable(&call.details.description, DESCRIPTION_MAX_CHARS)),
        ("language", language(customer.language.as_deref())),
        ("sessionTimeoutSecs", life_s.to_string()),
    ];
    let fits = |value: &&str, max: usize| !value.is_empty() && value.chars().count() <= max;
    let optional = [
        ("clientId", customer.id.as_deref().filter(|id| fits(id, CLIENT_MAX_CHARS))),
        ("phone", customer.phone.as_deref().filter(|phone| is_phone(phone))),
        ("email", customer.email.as_deref().filter(|email| is_email(email))),
        ("ip", customer.ip_address.as_deref().filter(|ip| fits(ip, IP_MAX_CHARS))),
        ("dynamicCallbackUrl", config.notify_url.as_deref()),
    ];
    fields.extend(optional.into_iter().filter_map(|(name, value)| Some((name, value?.to_owned()))));
    fields
}

/// `paymentotherway.do` without the credentials.
pub(super) fn other_way(md_order: &str, login: Option<&str>) -> Fields {
    let mut fields =
        vec![("MDORDER", md_order.to_owned()), ("paymentWay", "ALFA_ALFACLICK".to_owned())];
    if let Some(login) = login {
        fields.push(("login", login.to_owned()));
    }
    fields
}

/// `refund.do` without the credentials.
pub(super) fn refund(call: &ProviderCall, md_order: String, expected_minor: i64) -> Fields {
    vec![
        ("orderId", md_order),
        ("amount", call.amount.minor().to_string()),
        ("currency", currency(call)),
        ("expectedDepositedAmount", expected_minor.to_string()),
    ]
}

fn currency(call: &ProviderCall) -> String {
    format!("{:03}", call.amount.currency().numeric())
}

/// The first of the merchant's addresses that fits, else our own page.
fn return_url(wishes: &[&Option<String>], config: &RbsConfig) -> String {
    let fits = |url: &&str| {
        url.chars().count() <= URL_MAX_CHARS
            && (url.starts_with("https://") || url.starts_with("http://"))
    };
    wishes
        .iter()
        .find_map(|wish| wish.as_deref().filter(fits))
        .unwrap_or(&config.return_url)
        .to_owned()
}

fn language(wish: Option<&str>) -> String {
    let wish = wish.map(str::to_ascii_lowercase).unwrap_or_default();
    let known = LANGUAGES.iter().find(|known| **known == wish);
    (*known.unwrap_or(&"ru")).to_owned()
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
