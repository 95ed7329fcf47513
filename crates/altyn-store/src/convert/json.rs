//! The shapes of JSON columns, and how domain values are put into them.
//!
//! A field that is absent and one that is empty are the same; new fields are optional, so that rows
//! written before them still read.

use std::borrow::Cow;

use altyn_app::ports::StoreError;
use altyn_domain::callback::RetryPlan;
use altyn_domain::method::{CustomerField, Method, MethodSetting, Scenario};
use altyn_domain::money::BasisPoints;
use altyn_domain::payment::{
    CallbackWishes, Customer, Details, Redirect, RedirectMethod, ReturnUrls,
};
use altyn_domain::project::Project;
use serde::{Deserialize, Serialize};

type Text<'a> = Option<Cow<'a, str>>;

/// Writes JSON text.
pub(crate) fn encode<T: Serialize + ?Sized>(value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::Database(error.to_string()))
}

/// Reads JSON text; `None` when it is not of this shape.
pub(crate) fn decode<'a, T: Deserialize<'a>>(text: &'a str) -> Option<T> {
    serde_json::from_str(text).ok()
}

fn put(text: &Option<String>) -> Text<'_> {
    text.as_deref().map(Cow::Borrowed)
}

fn take(text: Text<'_>) -> Option<String> {
    text.map(Cow::into_owned)
}

/// `payments.details`
#[derive(Serialize, Deserialize)]
pub(crate) struct DetailsJson<'a> {
    #[serde(borrow)]
    customer: CustomerJson<'a>,
    #[serde(borrow, default)]
    description: Cow<'a, str>,
    #[serde(borrow, default)]
    return_urls: ReturnUrlsJson<'a>,
    #[serde(borrow, default)]
    callback: WishesJson<'a>,
}

#[derive(Serialize, Deserialize)]
struct CustomerJson<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Text<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ip_address: Text<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    account_id: Text<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    phone: Text<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Text<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    country: Text<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    first_name: Text<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_name: Text<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    language: Text<'a>,
}

#[derive(Default, Serialize, Deserialize)]
struct ReturnUrlsJson<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    success: Text<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    decline: Text<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    back: Text<'a>,
}

/// `operations.callback`, and a part of [`DetailsJson`]
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct WishesJson<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Text<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    success_url: Text<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    decline_url: Text<'a>,
    #[serde(default)]
    delay_ms: i64,
    #[serde(default)]
    disabled: bool,
}

impl<'a> From<&'a Details> for DetailsJson<'a> {
    fn from(details: &'a Details) -> Self {
        let customer = &details.customer;
        Self {
            customer: CustomerJson {
                id: put(&customer.id),
                ip_address: put(&customer.ip_address),
                account_id: put(&customer.account_id),
                phone: put(&customer.phone),
                email: put(&customer.email),
                country: put(&customer.country),
                first_name: put(&customer.first_name),
                last_name: put(&customer.last_name),
                language: put(&customer.language),
            },
            description: Cow::Borrowed(&details.description),
            return_urls: ReturnUrlsJson::from(&details.return_urls),
            callback: WishesJson::from(&details.callback),
        }
    }
}

impl From<DetailsJson<'_>> for Details {
    fn from(json: DetailsJson<'_>) -> Self {
        let customer = json.customer;
        Self {
            customer: Customer {
                id: take(customer.id),
                ip_address: take(customer.ip_address),
                account_id: take(customer.account_id),
                phone: take(customer.phone),
                email: take(customer.email),
                country: take(customer.country),
                first_name: take(customer.first_name),
                last_name: take(customer.last_name),
                language: take(customer.language),
            },
            description: json.description.into_owned(),
            return_urls: json.return_urls.into(),
            callback: json.callback.into(),
        }
    }
}

impl<'a> From<&'a CallbackWishes> for WishesJson<'a> {
    fn from(wishes: &'a CallbackWishes) -> Self {
        Self {
            url: put(&wishes.url),
            success_url: put(&wishes.success_url),
            decline_url: put(&wishes.decline_url),
            delay_ms: wishes.delay_ms,
            disabled: wishes.disabled,
        }
    }
}

impl From<WishesJson<'_>> for CallbackWishes {
    fn from(json: WishesJson<'_>) -> Self {
        Self {
            url: take(json.url),
            success_url: take(json.success_url),
            decline_url: take(json.decline_url),
            delay_ms: json.delay_ms,
            disabled: json.disabled,
        }
    }
}

impl<'a> From<&'a ReturnUrls> for ReturnUrlsJson<'a> {
    fn from(urls: &'a ReturnUrls) -> Self {
        Self { success: put(&urls.success), decline: put(&urls.decline), back: put(&urls.back) }
    }
}

impl From<ReturnUrlsJson<'_>> for ReturnUrls {
    fn from(json: ReturnUrlsJson<'_>) -> Self {
        Self { success: take(json.success), decline: take(json.decline), back: take(json.back) }
    }
}

/// `operations.redirect`
#[derive(Serialize, Deserialize)]
pub(crate) struct RedirectJson<'a> {
    #[serde(borrow)]
    method: Cow<'a, str>,
    #[serde(borrow)]
    url: Cow<'a, str>,
    body: Cow<'a, [(String, String)]>,
}

impl<'a> From<&'a Redirect> for RedirectJson<'a> {
    fn from(redirect: &'a Redirect) -> Self {
        Self {
            method: Cow::Borrowed(redirect.method.as_str()),
            url: Cow::Borrowed(&redirect.url),
            body: Cow::Borrowed(&redirect.body),
        }
    }
}

impl RedirectJson<'_> {
    /// The redirect; `None` for a method we never write.
    pub(crate) fn read(self) -> Option<Redirect> {
        let method = [RedirectMethod::Get, RedirectMethod::Post]
            .into_iter()
            .find(|method| method.as_str() == self.method)?;
        Some(Redirect { method, url: self.url.into_owned(), body: self.body.into_owned() })
    }
}

/// `operations.missing`: NULL when nothing is.
pub(crate) fn encode_missing(missing: &[CustomerField]) -> Result<Option<String>, StoreError> {
    if missing.is_empty() {
        return Ok(None);
    }
    let words: Vec<&str> = missing.iter().map(|field| field.as_str()).collect();
    encode(&words).map(Some)
}

/// Reads [`encode_missing`] back.
pub(crate) fn decode_missing(text: Option<&str>) -> Option<Vec<CustomerField>> {
    let Some(text) = text else { return Some(Vec::new()) };
    let words: Vec<Cow<'_, str>> = decode(text)?;
    words.iter().map(|word| CustomerField::parse(word)).collect()
}

/// `projects.settings`
#[derive(Serialize, Deserialize)]
pub(crate) struct SettingsJson<'a> {
    test: bool,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    callback_url: Text<'a>,
    #[serde(borrow, default)]
    return_urls: ReturnUrlsJson<'a>,
    methods: Vec<MethodJson<'a>>,
    /// Absent for the documented plan.
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_pauses_ms: Option<Cow<'a, [i64]>>,
    #[serde(default)]
    clock_offset_ms: i64,
}

#[derive(Serialize, Deserialize)]
struct MethodJson<'a> {
    #[serde(borrow)]
    method: Cow<'a, str>,
    #[serde(borrow)]
    account: Cow<'a, str>,
    scenario: ScenarioJson,
    fee_bps: u16,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum ScenarioJson {
    Redirect,
    Instruction,
}

impl<'a> From<&'a Project> for SettingsJson<'a> {
    fn from(project: &'a Project) -> Self {
        Self {
            test: project.test,
            callback_url: put(&project.callback_url),
            return_urls: ReturnUrlsJson::from(&project.return_urls),
            methods: project.methods.iter().map(MethodJson::from).collect(),
            retry_pauses_ms: match &project.retry_plan {
                RetryPlan::Documented => None,
                RetryPlan::Pauses(pauses) => Some(Cow::Borrowed(pauses)),
            },
            clock_offset_ms: project.clock_offset_ms,
        }
    }
}

impl SettingsJson<'_> {
    /// Fills a project that has its number and name only; `None` for a word we never write.
    pub(crate) fn read_into(self, project: Project) -> Option<Project> {
        Some(Project {
            test: self.test,
            callback_url: take(self.callback_url),
            return_urls: self.return_urls.into(),
            methods: self.methods.into_iter().map(MethodJson::read).collect::<Option<_>>()?,
            retry_plan: self
                .retry_pauses_ms
                .map_or(RetryPlan::Documented, |pauses| RetryPlan::Pauses(pauses.into_owned())),
            clock_offset_ms: self.clock_offset_ms,
            ..project
        })
    }
}

impl<'a> From<&'a MethodSetting> for MethodJson<'a> {
    fn from(setting: &'a MethodSetting) -> Self {
        Self {
            method: Cow::Borrowed(setting.method.code()),
            account: Cow::Borrowed(&setting.account),
            scenario: match setting.scenario {
                Scenario::Redirect => ScenarioJson::Redirect,
                Scenario::Instruction => ScenarioJson::Instruction,
            },
            fee_bps: setting.fee.get(),
        }
    }
}

impl MethodJson<'_> {
    fn read(self) -> Option<MethodSetting> {
        Some(MethodSetting {
            method: Method::from_code(&self.method)?,
            account: self.account.into_owned(),
            scenario: match self.scenario {
                ScenarioJson::Redirect => Scenario::Redirect,
                ScenarioJson::Instruction => Scenario::Instruction,
            },
            fee: BasisPoints::new(self.fee_bps)?,
        })
    }
}
