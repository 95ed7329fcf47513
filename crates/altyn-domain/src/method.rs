//! Payment methods: what each allows and needs, as data.
//!
//! Source: seeds 003 (`card-partner`) and 004 (`alfa-click`), side by side in ecommpay.md §3.5, and
//! §3.4 for cards.
//! The older «legacy» Alfa-Click that seed 004 mentions is deliberately absent.

use crate::money::{Amount, BasisPoints, Currency};
use crate::payment::Customer;
use crate::reason::Reason;

/// A way to pay.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Method {
    /// Internet banking «Альфа-Клик» (seed 004).
    AlfaClick,
    /// Cards through a partner (seed 003).
    CardPartner,
    /// Cards through an acquirer.
    Card,
}

/// How the payer gets to the provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scenario {
    /// Sent to the provider's page.
    Redirect,
    /// Told what to do there by the merchant; the bank issues a bill.
    Instruction,
}

/// A fact about the payer that a method may need.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CustomerField {
    /// The merchant's id of the payer.
    Id,
    /// The payer's address on the network.
    IpAddress,
    /// The payer's login at the bank.
    AccountId,
    /// Telephone number, digits.
    Phone,
    /// E-mail address.
    Email,
}

impl CustomerField {
    /// The field's name on the ECommPay face and in our store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::IpAddress => "ip_address",
            Self::AccountId => "account_id",
            Self::Phone => "phone",
            Self::Email => "email",
        }
    }

    /// Reads the name back.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Id, Self::IpAddress, Self::AccountId, Self::Phone, Self::Email]
            .into_iter()
            .find(|field| field.as_str() == text)
    }
}

/// When a field is required.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// For every payment.
    Always,
    /// Only for payers from Kazakhstan: paid in tenge, or so the customer's country says.
    Kazakhstan,
}

/// What a currency's amounts may be, in minor units.
#[derive(Clone, Copy, Debug)]
pub struct CurrencyLimits {
    /// The currency.
    pub currency: Currency,
    /// The least amount.
    pub min_minor: i64,
    /// The greatest amount, if the method has one.
    pub max_minor: Option<i64>,
}

/// Everything that is particular to a method.
#[derive(Debug)]
pub struct MethodRules {
    /// Which one.
    pub method: Method,
    /// The code in paths and settings, `alfa-click`.
    pub code: &'static str,
    /// What callbacks call it (a title for one, the code for the other: ecommpay.md §3.5).
    pub callback_name: &'static str,
    /// Countries the provider serves; empty means the whole world. Told to merchants, not enforced.
    pub regions: &'static [&'static str],
    /// The currencies it takes, with their limits.
    pub currencies: &'static [CurrencyLimits],
    /// It takes every other currency too, without limits; the provider knows better.
    pub any_currency: bool,
    /// Money can be held first and captured later.
    pub two_stage: bool,
    /// The only currencies a test project may use, if restricted (seed 004, «Тестирование»).
    pub test_currencies: Option<&'static [Currency]>,
    /// Whether a part can be returned.
    pub partial_refunds: bool,
    /// Fields without which a request is refused at once.
    pub required: &'static [(CustomerField, When)],
    /// Fields that are asked for by clarification when missing.
    pub clarified: &'static [CustomerField],
    /// How the payer may get to the provider.
    pub scenarios: &'static [Scenario],
    /// How long the payer has in the redirect scenario, seconds.
    pub redirect_life_s: i64,
    /// How long the bank's bill is valid in the instruction scenario, seconds.
    pub bill_life_s: i64,
    /// Fields of `customer` that a callback shows (ruling 29).
    pub callback_customer: &'static [CustomerField],
    /// Whether a callback shows `account.number`.
    pub callback_account: bool,
    /// Whether a callback shows when the provider did it (`operation.provider.date`).
    pub callback_provider_date: bool,
}

const fn limits(currency: Currency, min_minor: i64, max_minor: Option<i64>) -> CurrencyLimits {
    CurrencyLimits { currency, min_minor, max_minor }
}

/// For currencies that a method takes without limits of its own; the currency is not looked at.
const ANY_AMOUNT: CurrencyLimits = limits(Currency::RUB, 1, None);

/// «Альфа-Клик», seed 004.
static ALFA_CLICK: MethodRules = MethodRules {
    method: Method::AlfaClick,
    code: "alfa-click",
    callback_name: "alfa-click",
    regions: &["RU", "KZ"],
    currencies: &[
        limits(Currency::EUR, 1, None),
        limits(Currency::KZT, 1, None),
        limits(Currency::RUB, 100, None),
        limits(Currency::USD, 1, None),
    ],
    any_currency: false,
    two_stage: false,
    test_currencies: Some(&[Currency::RUB]),
    partial_refunds: true,
    required: &[
        (CustomerField::Id, When::Always),
        (CustomerField::IpAddress, When::Always),
        (CustomerField::AccountId, When::Always),
        (CustomerField::Phone, When::Kazakhstan),
    ],
    clarified: &[],
    scenarios: &[Scenario::Redirect, Scenario::Instruction],
    redirect_life_s: 1_860,
    bill_life_s: 7 * 24 * 3_600,
    callback_customer: &[],
    callback_account: true,
    callback_provider_date: true,
};

/// Cards through a partner, seed 003.
static CARD_PARTNER: MethodRules = MethodRules {
    method: Method::CardPartner,
    code: "card-partner",
    callback_name: "Card partner",
    regions: &[],
    currencies: &[
        limits(Currency::KES, 1_000, Some(20_000_000)),
        limits(Currency::USD, 100, Some(300_000)),
    ],
    any_currency: false,
    two_stage: false,
    test_currencies: None,
    partial_refunds: false,
    required: &[(CustomerField::Id, When::Always), (CustomerField::IpAddress, When::Always)],
    clarified: &[CustomerField::Phone, CustomerField::Email],
    scenarios: &[Scenario::Redirect],
    redirect_life_s: 1_800,
    bill_life_s: 0,
    callback_customer: &[CustomerField::Phone],
    callback_account: false,
    callback_provider_date: false,
};

/// Cards, ecommpay.md §3.3–3.4 and providers.md §1.
static CARD: MethodRules = MethodRules {
    method: Method::Card,
    code: "card",
    callback_name: "card",
    regions: &[],
    currencies: &[limits(Currency::RUB, 100, None)],
    any_currency: true,
    two_stage: true,
    test_currencies: None,
    partial_refunds: true,
    required: &[(CustomerField::Id, When::Always), (CustomerField::IpAddress, When::Always)],
    clarified: &[],
    scenarios: &[Scenario::Redirect],
    redirect_life_s: 1_860,
    bill_life_s: 0,
    callback_customer: &[CustomerField::Id, CustomerField::Phone, CustomerField::Email],
    callback_account: true,
    callback_provider_date: true,
};

impl Method {
    /// Every method.
    pub const ALL: &'static [Self] = &[Self::AlfaClick, Self::CardPartner, Self::Card];

    /// The rules of this method.
    pub fn rules(self) -> &'static MethodRules {
        match self {
            Self::AlfaClick => &ALFA_CLICK,
            Self::CardPartner => &CARD_PARTNER,
            Self::Card => &CARD,
        }
    }

    /// Finds a method by its code, `alfa-click`.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|method| method.rules().code == code)
    }

    /// The code, `alfa-click`.
    pub fn code(self) -> &'static str {
        self.rules().code
    }
}

impl MethodRules {
    /// The first field that must be there and is not.
    pub fn missing_required(
        &self,
        customer: &Customer,
        currency: Currency,
    ) -> Option<CustomerField> {
        let kazakhstan = currency == Currency::KZT || customer.country.as_deref() == Some("KZ");
        self.required
            .iter()
            .filter(|(_, when)| match when {
                When::Always => true,
                When::Kazakhstan => kazakhstan,
            })
            .map(|(field, _)| *field)
            .find(|field| customer.field(*field).is_none())
    }

    /// The fields still to be asked for.
    pub fn missing_clarified(&self, customer: &Customer) -> Vec<CustomerField> {
        self.clarified.iter().copied().filter(|field| customer.field(*field).is_none()).collect()
    }

    /// Whether this method takes this amount in a live or a test project.
    pub fn check_amount(&self, amount: Amount, test: bool) -> Result<(), Reason> {
        let known = self.currencies.iter().find(|limits| limits.currency == amount.currency());
        let any = self.any_currency.then_some(&ANY_AMOUNT);
        let limits = known.or(any).ok_or(Reason::CurrencyUnsupported)?;
        let only = self.test_currencies.filter(|_| test);
        if only.is_some_and(|only| !only.contains(&amount.currency())) {
            return Err(Reason::CurrencyUnsupported);
        }
        if amount.minor() < limits.min_minor {
            return Err(Reason::AmountBelowLimit);
        }
        if limits.max_minor.is_some_and(|max| amount.minor() > max) {
            return Err(Reason::AmountAboveLimit);
        }
        Ok(())
    }
}

/// How a project uses a method.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MethodSetting {
    /// The method.
    pub method: Method,
    /// The provider account that carries it, by name.
    pub account: String,
    /// How its payers get to the provider.
    pub scenario: Scenario,
    /// Our fee on each sale; frozen on the operation when it is accepted.
    pub fee: BasisPoints,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_those_of_the_source_documents() {
        let table = "
            alfa-click   RUB 99       live below
            alfa-click   RUB 100      live ok
            alfa-click   RUB 1000000  test ok
            alfa-click   EUR 1        live ok
            alfa-click   EUR 1000     test currency
            alfa-click   KES 1000     live currency
            card-partner KES 999      live below
            card-partner KES 1000     live ok
            card-partner KES 20000000 live ok
            card-partner KES 20000001 live above
            card-partner KES 1000     test ok
            card-partner USD 99       live below
            card-partner USD 300000   live ok
            card-partner USD 300001   live above
            card-partner RUB 1000     live currency
            card         RUB 99       live below
            card         RUB 100      test ok
            card         GBP 1        live ok";
        for line in table.lines().filter(|line| !line.trim().is_empty()) {
            let cells: Vec<&str> = line.split_whitespace().collect();
            let [method, currency, minor, mode, expected] = cells.as_slice() else {
                unreachable!("five cells in {line}")
            };
            let checked = Method::from_code(method)
                .zip(Currency::from_code(currency))
                .zip(minor.parse().ok())
                .and_then(|((method, currency), minor)| {
                    let amount = Amount::new(minor, currency).ok()?;
                    Some(method.rules().check_amount(amount, *mode == "test"))
                });
            let word = match checked {
                Some(Ok(())) => "ok",
                Some(Err(Reason::AmountBelowLimit)) => "below",
                Some(Err(Reason::AmountAboveLimit)) => "above",
                Some(Err(Reason::CurrencyUnsupported)) => "currency",
                other => unreachable!("{other:?}"),
            };
            assert_eq!(word, *expected, "{line}");
        }
    }

    #[test]
    fn a_phone_is_needed_in_kazakhstan_only() {
        let mut customer = Customer {
            id: Some("1".into()),
            ip_address: Some("1.1.1.1".into()),
            account_id: Some("login".into()),
            ..Customer::default()
        };
        let rules = Method::AlfaClick.rules();
        assert_eq!(rules.missing_required(&customer, Currency::RUB), None);
        assert_eq!(rules.missing_required(&customer, Currency::KZT), Some(CustomerField::Phone));
        customer.country = Some("KZ".into());
        assert_eq!(rules.missing_required(&customer, Currency::RUB), Some(CustomerField::Phone));
        customer.phone = Some("77010000000".into());
        assert_eq!(rules.missing_required(&customer, Currency::KZT), None);
    }
}
