//! Money: a whole number of minor units and the currency that gives them meaning.
//!
//! There is no float anywhere and no arithmetic that can overflow or mix currencies silently:
//! every operation returns a result.

use std::fmt;

/// The largest amount any face accepts, in minor units (ecommpay.md §2.3: 1..10^13).
pub const AMOUNT_MAX_MINOR: i64 = 10_000_000_000_000;

/// Currencies that have no minor unit (ecommpay.md, conventions).
const ZERO_DECIMALS: &[&str] = &[
    "VND", "JPY", "BIF", "BYR", "CLF", "CLP", "DJF", "GNF", "ISK", "KMF", "KRW", "PYG", "RWF",
    "UGX", "UYI", "VUV", "XAF", "XOF", "XPF", "XDR",
];
/// Currencies whose minor unit is a thousandth (ecommpay.md, conventions).
const THREE_DECIMALS: &[&str] = &["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"];

/// An ISO 4217 currency.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Currency(iso_currency::Currency);

impl Currency {
    /// Kenyan shilling.
    pub const KES: Self = Self(iso_currency::Currency::KES);
    /// US dollar.
    pub const USD: Self = Self(iso_currency::Currency::USD);
    /// Euro.
    pub const EUR: Self = Self(iso_currency::Currency::EUR);
    /// Kazakhstani tenge.
    pub const KZT: Self = Self(iso_currency::Currency::KZT);
    /// Russian rouble.
    pub const RUB: Self = Self(iso_currency::Currency::RUB);

    /// Reads an alphabetic code; `None` when no such currency exists.
    pub fn from_code(code: &str) -> Option<Self> {
        iso_currency::Currency::from_code(code).map(Self)
    }

    /// The alphabetic code, `RUB`.
    pub fn code(self) -> &'static str {
        self.0.code()
    }

    /// The numeric code, 643 for the rouble.
    pub fn numeric(self) -> u16 {
        self.0.numeric()
    }

    /// How many decimals the minor unit has: 0, 2 or 3, as the clients of the original count them.
    pub fn exponent(self) -> u32 {
        let code = self.code();
        if ZERO_DECIMALS.contains(&code) {
            0
        } else if THREE_DECIMALS.contains(&code) {
            3
        } else {
            2
        }
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// A sum of money, never negative: minor units and their currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Amount {
    minor: i64,
    currency: Currency,
}

/// Why two amounts could not be combined.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// The amounts are in different currencies.
    #[error("amounts in {left} and {right} cannot be combined")]
    CurrencyMismatch {
        /// Currency of the left amount.
        left: Currency,
        /// Currency of the right amount.
        right: Currency,
    },
    /// The result would be negative or too large.
    #[error("the result is outside 0..=10^13 minor units")]
    OutOfRange,
}

impl Amount {
    /// An amount of `minor` units; refuses what is negative or above [`AMOUNT_MAX_MINOR`].
    pub fn new(minor: i64, currency: Currency) -> Result<Self, MoneyError> {
        if (0..=AMOUNT_MAX_MINOR).contains(&minor) {
            Ok(Self { minor, currency })
        } else {
            Err(MoneyError::OutOfRange)
        }
    }

    /// Nothing, in `currency`.
    pub const fn zero(currency: Currency) -> Self {
        Self { minor: 0, currency }
    }

    /// Minor units.
    pub const fn minor(self) -> i64 {
        self.minor
    }

    /// The currency.
    pub const fn currency(self) -> Currency {
        self.currency
    }

    /// True for nothing.
    pub const fn is_zero(self) -> bool {
        self.minor == 0
    }

    /// The sum.
    pub fn plus(self, other: Self) -> Result<Self, MoneyError> {
        self.same_currency(other)?;
        let minor = self.minor.checked_add(other.minor).ok_or(MoneyError::OutOfRange)?;
        Self::new(minor, self.currency)
    }

    /// The difference; refuses to go below nothing.
    pub fn minus(self, other: Self) -> Result<Self, MoneyError> {
        self.same_currency(other)?;
        let minor = self.minor.checked_sub(other.minor).ok_or(MoneyError::OutOfRange)?;
        Self::new(minor, self.currency)
    }

    /// The share of `basis_points` (1/100 of a percent), rounded half up to a minor unit.
    pub fn share(self, basis_points: BasisPoints) -> Result<Self, MoneyError> {
        let scaled = i128::from(self.minor) * i128::from(basis_points.0);
        let minor = i64::try_from((scaled + 5_000) / 10_000).map_err(|_| MoneyError::OutOfRange)?;
        Self::new(minor, self.currency)
    }

    /// Major units as a decimal string with the currency's own number of decimals, `1234.50`.
    pub fn to_major(self) -> String {
        let exponent = self.currency.exponent();
        if exponent == 0 {
            return self.minor.to_string();
        }
        let scale = 10_i64.pow(exponent);
        let width = exponent as usize;
        format!("{}.{:0width$}", self.minor / scale, self.minor % scale)
    }

    fn same_currency(self, other: Self) -> Result<(), MoneyError> {
        if self.currency == other.currency {
            Ok(())
        } else {
            Err(MoneyError::CurrencyMismatch { left: self.currency, right: other.currency })
        }
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.to_major(), self.currency)
    }
}

/// Hundredths of a percent, 0..=10 000.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct BasisPoints(u16);

impl BasisPoints {
    /// Refuses more than the whole (10 000).
    pub fn new(value: u16) -> Option<Self> {
        (value <= 10_000).then_some(Self(value))
    }

    /// The number itself.
    pub const fn get(self) -> u16 {
        self.0
    }
}

#[cfg(test)]
mod tests;
