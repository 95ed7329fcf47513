//! The shapes of JSON columns, and how domain values are put into them.
//!
//! A field that is absent and one that is empty are the same; new fields are optional, so that rows
//! written before them still read.

use std::borrow::Cow;

use altyn_app::ports::StoreError;
use altyn_domain::callback::{CallbackDialect, RetryPlan};
use altyn_domain::method::{Method, MethodSetting, Scenario};
use altyn_domain::money::BasisPoints;
use altyn_domain::payment::{CallbackWishes, Customer, Details, PageWishes, ReturnUrls};
use altyn_domain::project::{CAPTURE_AFTER_MS, Project};
use altyn_domain::time::Timestamp;
use serde::{Deserialize, Serialize};

pub(crate) mod export;
pub(crate) mod operation;

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
    /// Absent for a payment that did not begin on the Payment Page.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    page: Option<PageJson<'a>>,
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

/// What a link to the Payment Page asked for; methods by their codes.
#[derive(Serialize, Deserialize)]
struct PageJson<'a> {
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    language: Text<'a>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    forced: Text<'a>,
    #[serde(borrow, default, skip_serializing_if = "Vec::is_empty")]
    hidden: Vec<Cow<'a, str>>,
    #[serde(default)]
    two_stage: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expires_at: Option<i64>,
    #[serde(default)]
    auto_success: bool,
    #[serde(default)]
    auto_decline: bool,
}

impl<'a> From<&'a PageWishes> for PageJson<'a> {
    fn from(page: &'a PageWishes) -> Self {
        let code = |method: &Method| Cow::Borrowed(method.code());
        Self {
            language: put(&page.language),
            forced: page.forced.as_ref().map(code),
            hidden: page.hidden.iter().map(code).collect(),
            two_stage: page.two_stage,
            expires_at: page.expires_at.map(Timestamp::as_millis),
            auto_success: page.auto_success,
            auto_decline: page.auto_decline,
        }
    }
}

impl PageJson<'_> {
    /// `None` for a method we never write.
    fn read(self) -> Option<PageWishes> {
        let method = |code: Cow<'_, str>| Method::from_code(&code);
        Some(PageWishes {
            language: take(self.language),
            forced: match self.forced {
                Some(code) => Some(method(code)?),
                None => None,
            },
            hidden: self.hidden.into_iter().map(method).collect::<Option<_>>()?,
            two_stage: self.two_stage,
            expires_at: self.expires_at.map(Timestamp::from_millis),
            auto_success: self.auto_success,
            auto_decline: self.auto_decline,
        })
    }
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
            page: details.page.as_ref().map(PageJson::from),
        }
    }
}

impl DetailsJson<'_> {
    /// The details; `None` for a word we never write.
    pub(crate) fn read(self) -> Option<Details> {
        let customer = self.customer;
        let page = match self.page {
            Some(page) => Some(page.read()?),
            None => None,
        };
        Some(Details {
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
            description: self.description.into_owned(),
            return_urls: self.return_urls.into(),
            callback: self.callback.into(),
            page,
        })
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

/// `projects.settings`
#[derive(Serialize, Deserialize)]
pub(crate) struct SettingsJson<'a> {
    test: bool,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    callback_url: Text<'a>,
    #[serde(borrow, default)]
    return_urls: ReturnUrlsJson<'a>,
    methods: Vec<MethodJson<'a>>,
    #[serde(borrow, default, skip_serializing_if = "Vec::is_empty")]
    allowed_hosts: Vec<Cow<'a, str>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    support: Text<'a>,
    /// Absent for the first dialect there was.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    dialect: Text<'a>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    notify_email: Text<'a>,
    #[serde(default)]
    two_stage: bool,
    #[serde(default = "capture_after_ms")]
    capture_after_ms: i64,
    /// Absent for the documented plan.
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_pauses_ms: Option<Cow<'a, [i64]>>,
    #[serde(default)]
    clock_offset_ms: i64,
}

/// For settings that were written before there were holds.
const fn capture_after_ms() -> i64 {
    CAPTURE_AFTER_MS
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
            allowed_hosts: project.allowed_hosts.iter().map(|host| host.as_str().into()).collect(),
            support: put(&project.support),
            dialect: match project.dialect {
                CallbackDialect::Ecommpay => None,
                other @ CallbackDialect::Paykeeper => Some(other.as_str().into()),
            },
            notify_email: put(&project.notify_email),
            two_stage: project.two_stage,
            capture_after_ms: project.capture_after_ms,
            retry_pauses_ms: match &project.retry_plan {
                RetryPlan::Documented => None,
                RetryPlan::Pauses(pauses) => Some(Cow::Borrowed(pauses)),
            },
            clock_offset_ms: project.clock_offset_ms,
        }
    }
}

impl SettingsJson<'_> {
    /// Moves the clock forward and says how far it is ahead now; `None` past every number.
    pub(crate) fn advance_clock(&mut self, by_ms: i64) -> Option<i64> {
        self.clock_offset_ms = self.clock_offset_ms.checked_add(by_ms)?;
        Some(self.clock_offset_ms)
    }

    /// Fills a project that has its number and name only; `None` for a word we never write.
    pub(crate) fn read_into(self, project: Project) -> Option<Project> {
        Some(Project {
            test: self.test,
            callback_url: take(self.callback_url),
            return_urls: self.return_urls.into(),
            methods: self.methods.into_iter().map(MethodJson::read).collect::<Option<_>>()?,
            allowed_hosts: self.allowed_hosts.into_iter().map(Cow::into_owned).collect(),
            support: take(self.support),
            dialect: match self.dialect {
                Some(text) => CallbackDialect::parse(&text)?,
                None => CallbackDialect::Ecommpay,
            },
            notify_email: take(self.notify_email),
            two_stage: self.two_stage,
            capture_after_ms: self.capture_after_ms,
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
