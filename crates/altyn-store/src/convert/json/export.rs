//! The shapes of a register's filter and sums.

use std::borrow::Cow;

use altyn_app::listing::{CurrencyTotal, ListingFilter, SearchText};
use altyn_domain::id::ProjectId;
use altyn_domain::method::Method;
use altyn_domain::money::Currency;
use altyn_domain::status::Status;
use altyn_domain::time::Timestamp;
use serde::{Deserialize, Serialize};

type Words<'a> = Vec<Cow<'a, str>>;

/// `exports.filter`; closed lists by their words, an absent list is any.
#[derive(Serialize, Deserialize)]
pub(crate) struct FilterJson<'a> {
    projects: Vec<u32>,
    #[serde(borrow, default, skip_serializing_if = "Vec::is_empty")]
    statuses: Words<'a>,
    #[serde(borrow, default, skip_serializing_if = "Vec::is_empty")]
    methods: Words<'a>,
    #[serde(borrow, default, skip_serializing_if = "Vec::is_empty")]
    accounts: Words<'a>,
    #[serde(borrow, default, skip_serializing_if = "Vec::is_empty")]
    currencies: Words<'a>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    from: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    until: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    amount_min: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    amount_max: Option<i64>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    search: Option<Cow<'a, str>>,
}

impl<'a> From<&'a ListingFilter> for FilterJson<'a> {
    fn from(filter: &'a ListingFilter) -> Self {
        // Named one by one, so that a field that comes is not forgotten here.
        let ListingFilter {
            projects,
            statuses,
            methods,
            accounts,
            currencies,
            from,
            until,
            amount_min,
            amount_max,
            search,
        } = filter;
        Self {
            projects: projects.iter().map(|project| project.get()).collect(),
            statuses: statuses.iter().map(|status| status.as_str().into()).collect(),
            methods: methods.iter().map(|method| method.code().into()).collect(),
            accounts: accounts.iter().map(|account| account.as_str().into()).collect(),
            currencies: currencies.iter().map(|currency| currency.code().into()).collect(),
            from: from.map(Timestamp::as_millis),
            until: until.map(Timestamp::as_millis),
            amount_min: *amount_min,
            amount_max: *amount_max,
            search: search.as_ref().map(|search| search.as_str().into()),
        }
    }
}

impl FilterJson<'_> {
    /// The filter; `None` for what we never write.
    pub(crate) fn read(self) -> Option<ListingFilter> {
        let search = match self.search {
            Some(text) => Some(SearchText::new(&text)?),
            None => None,
        };
        Some(ListingFilter {
            projects: all(self.projects, ProjectId::new)?,
            statuses: all(self.statuses, |word| Status::parse(&word))?,
            methods: all(self.methods, |code| Method::from_code(&code))?,
            accounts: self.accounts.into_iter().map(Cow::into_owned).collect(),
            currencies: all(self.currencies, |code| Currency::from_code(&code))?,
            from: self.from.map(Timestamp::from_millis),
            until: self.until.map(Timestamp::from_millis),
            amount_min: self.amount_min,
            amount_max: self.amount_max,
            search,
        })
    }
}

fn all<T, U>(values: Vec<T>, read: impl Fn(T) -> Option<U>) -> Option<Vec<U>> {
    values.into_iter().map(read).collect()
}

/// An element of `exports.sums`.
#[derive(Serialize, Deserialize)]
pub(crate) struct SumJson<'a> {
    #[serde(borrow)]
    currency: Cow<'a, str>,
    count: u64,
    amount_minor: i64,
    captured_minor: i64,
    refunded_minor: i64,
}

impl From<&CurrencyTotal> for SumJson<'_> {
    fn from(total: &CurrencyTotal) -> Self {
        Self {
            currency: total.currency.code().into(),
            count: total.count,
            amount_minor: total.amount_minor,
            captured_minor: total.captured_minor,
            refunded_minor: total.refunded_minor,
        }
    }
}

impl SumJson<'_> {
    /// The sums; `None` for a currency we never write.
    pub(crate) fn read(&self) -> Option<CurrencyTotal> {
        Some(CurrencyTotal {
            currency: Currency::from_code(&self.currency)?,
            count: self.count,
            amount_minor: self.amount_minor,
            captured_minor: self.captured_minor,
            refunded_minor: self.refunded_minor,
        })
    }
}
