//! The list of payments: one flat row for each, found by filter and by any text known about it.
//!
//! Rows are a projection, fed in the background from the changes that commits leave behind, so the
//! list lags the truth by a moment and costs a payment nothing. Guaranteed: every change arrives,
//! whatever crashes; a row never goes back to an older version. What a person does next is decided
//! on the payment itself, never on its row.

use altyn_domain::id::{PaymentId, ProjectId};
use altyn_domain::method::Method;
use altyn_domain::money::{Amount, Currency};
use altyn_domain::payment::{Operation, PaymentState, Record};
use altyn_domain::status::{Status, Told, refunding_since, status_of};
use altyn_domain::time::Timestamp;

/// The fewest characters of a text that is looked for inside others; a shorter one finds only what
/// is equal to it (ruling 12).
pub const SEARCH_MIN_CHARS: usize = 3;
/// The longest text to look for, characters.
pub const SEARCH_MAX_CHARS: usize = 255;
/// Page sizes that are offered (seed 000: from 10 to 500).
pub const PAGE_SIZES: &[u32] = &[10, 25, 50, 100, 250, 500];
/// Up to so many rows a total is always exact.
pub const TOTAL_BOUND: u64 = 10_000;

/// A payment in the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaymentRow {
    /// Whose.
    pub project: ProjectId,
    /// Our number.
    pub id: PaymentId,
    /// The merchant's id («номер заказа», `orderid`).
    pub reference: String,
    /// The payment's version the row shows.
    pub version: i64,
    /// The nine words.
    pub status: Status,
    /// The domain's own state.
    pub state: PaymentState,
    /// How it is paid.
    pub method: Method,
    /// The provider account of the last try, by name; its `ps_id` is in the configuration.
    pub account: String,
    /// What was asked.
    pub amount: Amount,
    /// What was taken.
    pub captured: Amount,
    /// What was returned.
    pub refunded: Amount,
    /// The payer as the merchant names him: his name, else the merchant's id of him (`clientid`).
    pub client: Option<String>,
    /// The payer's e-mail address.
    pub email: Option<String>,
    /// The payer's telephone number, digits.
    pub phone: Option<String>,
    /// The card's mask.
    pub card: Option<String>,
    /// The retrieval reference number.
    pub rrn: Option<String>,
    /// When it came into being, on the project's clock.
    pub created_at: Timestamp,
    /// When it changed last, on the project's clock.
    pub updated_at: Timestamp,
    /// Since when a refund is under way, on the project's clock.
    pub refunding_since: Option<Timestamp>,
}

impl PaymentRow {
    /// The row of a payment as it stands.
    pub fn of(record: &Record, told: Told) -> Self {
        let payment = &record.payment;
        let opening = record.opening();
        let customer = &payment.details.customer;
        Self {
            project: payment.project,
            id: payment.id,
            reference: payment.reference.as_str().to_owned(),
            version: payment.version,
            status: status_of(record, told),
            state: payment.state,
            method: payment.method,
            account: opening.map(|opening| opening.account.clone()).unwrap_or_default(),
            amount: payment.amount,
            captured: payment.captured,
            refunded: payment.refunded,
            client: client_of(record),
            email: customer.email.clone(),
            phone: customer.phone.clone(),
            card: opening.and_then(|opening| opening.card.as_ref()).map(|card| card.mask.clone()),
            rrn: opening.and_then(|opening| opening.provider.rrn.clone()),
            created_at: payment.created_at,
            updated_at: payment.updated_at,
            refunding_since: refunding_since(record),
        }
    }
}

/// The payer's name, else the merchant's id of him.
pub fn client_of(record: &Record) -> Option<String> {
    let customer = &record.payment.details.customer;
    let names = [&customer.last_name, &customer.first_name];
    let name: Vec<&str> = names.into_iter().flatten().map(String::as_str).collect();
    if name.is_empty() { customer.id.clone() } else { Some(name.join(" ")) }
}

/// Everything known about a payment that somebody may look for, folded, a line for each value.
pub fn searchable(record: &Record) -> String {
    let payment = &record.payment;
    let customer = &payment.details.customer;
    let mut values: Vec<String> =
        vec![payment.reference.as_str().to_owned(), payment.id.to_string()];
    values.extend(client_of(record));
    let known = [&customer.id, &customer.email, &customer.phone, &customer.account_id];
    values.extend(known.into_iter().flatten().cloned());
    values.extend(record.operations.iter().flat_map(of_operation));
    values.retain(|value| !value.is_empty());
    values.sort_unstable();
    values.dedup();
    fold(&values.join("\n"))
}

fn of_operation(operation: &Operation) -> Vec<String> {
    let facts = &operation.provider;
    let mut values = vec![operation.id.to_string()];
    let told = [&facts.payment_id, &facts.auth_code, &facts.rrn, &operation.merchant_refund_id];
    values.extend(told.into_iter().flatten().cloned());
    if let Some(card) = &operation.card {
        values.push(card.mask.clone());
        values.extend(card.holder.clone());
    }
    values
}

/// Folds case for comparison; `ё` and `е` are one letter to whoever types a name.
pub fn fold(text: &str) -> String {
    text.to_lowercase().replace('ё', "е")
}

/// A text to look for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SearchText(String);

impl SearchText {
    /// Trims and folds; `None` when nothing is left or it is too long.
    pub fn new(text: &str) -> Option<Self> {
        let folded = fold(text.trim());
        let clean = !folded.chars().any(char::is_control);
        let fits = (1..=SEARCH_MAX_CHARS).contains(&folded.chars().count());
        (clean && fits).then_some(Self(folded))
    }

    /// The folded text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is long enough to be looked for inside others.
    pub fn is_part(&self) -> bool {
        self.0.chars().count() >= SEARCH_MIN_CHARS
    }
}

/// Which payments to list. An empty list of statuses, methods, accounts or currencies is any.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListingFilter {
    /// In these projects; none finds nothing.
    pub projects: Vec<ProjectId>,
    /// In one of these statuses.
    pub statuses: Vec<Status>,
    /// Paid by one of these methods.
    pub methods: Vec<Method>,
    /// Carried by one of these provider accounts: the payment system.
    pub accounts: Vec<String>,
    /// In one of these currencies.
    pub currencies: Vec<Currency>,
    /// Created at this moment or later, on the project's clock.
    pub from: Option<Timestamp>,
    /// Created before this moment, on the project's clock.
    pub until: Option<Timestamp>,
    /// At least so many minor units.
    pub amount_min: Option<i64>,
    /// At most so many minor units.
    pub amount_max: Option<i64>,
    /// With this text somewhere.
    pub search: Option<SearchText>,
}

/// A place in the list: it is walked by creation and number, newest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// When the payment was created.
    pub created_at: Timestamp,
    /// Its number.
    pub id: PaymentId,
}

impl PaymentRow {
    /// Where it stands in the list.
    pub fn place(&self) -> Place {
        Place { created_at: self.created_at, id: self.id }
    }
}

/// Which part of the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// From the newest on.
    Newest,
    /// What is older than this place.
    OlderThan(Place),
    /// What is newer than this place, the nearest of it.
    NewerThan(Place),
}

/// A page of the list, newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// The rows.
    pub rows: Vec<PaymentRow>,
    /// There are older ones: where to go on from.
    pub older: Option<Place>,
    /// There are newer ones: where to go back from.
    pub newer: Option<Place>,
    /// The search for rows was stopped at `older` before the page was full, so that no request
    /// takes long: there may be more.
    pub stopped_early: bool,
}

/// What the rows of a filter come to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// How many.
    pub count: u64,
    /// The sums, by currency code.
    pub sums: Vec<CurrencyTotal>,
    /// Whether everything was counted; otherwise counting stopped at the bound.
    pub complete: bool,
}

/// Sums in one currency, minor units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CurrencyTotal {
    /// The currency.
    pub currency: Currency,
    /// How many payments.
    pub count: u64,
    /// What was asked.
    pub amount_minor: i64,
    /// What was taken.
    pub captured_minor: i64,
    /// What was returned.
    pub refunded_minor: i64,
}

/// How far the list is behind the payments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Lag {
    /// Changes that wait to be taken over (several of one payment may count as one).
    pub waiting: u64,
    /// The list is still being built from what was there before: how many payments are in it.
    pub building: Option<u64>,
}
