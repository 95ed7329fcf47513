//! The books: double entry, append-only, per currency.
//!
//! Nothing is posted when a sale is merely accepted, or money is merely held (ruling 21). Money that is proven moved is
//! posted in the same change as the operation's final state:
//!
//! | what happened | debit | credit |
//! |---|---|---|
//! | sale or capture approved | provider receivable, the amount | merchant payable, amount − fee; fee income, fee |
//! | refund approved | merchant payable, the amount (the fee is kept) | provider receivable |
//! | money arrived after a decline | provider receivable | suspense, until a person settles it |
//!
//! A posting cannot be built unbalanced; a mistake is corrected by a new posting.

use crate::id::{OperationId, ProjectId};
use crate::money::{Amount, BasisPoints, MoneyError};
use crate::time::Timestamp;

/// A side of the books, per project.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Account {
    /// What the provider owes us.
    ProviderReceivable,
    /// What we owe the merchant.
    MerchantPayable,
    /// What we earned.
    FeeIncome,
    /// Money nobody expected.
    Suspense,
}

impl Account {
    /// Every account.
    pub const ALL: &'static [Self] =
        &[Self::ProviderReceivable, Self::MerchantPayable, Self::FeeIncome, Self::Suspense];

    /// The stable text form.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ProviderReceivable => "provider_receivable",
            Self::MerchantPayable => "merchant_payable",
            Self::FeeIncome => "fee_income",
            Self::Suspense => "suspense",
        }
    }

    /// Reads the text form back.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|account| account.as_str() == text)
    }
}

/// Debit or credit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// Left side.
    Debit,
    /// Right side.
    Credit,
}

impl Direction {
    /// The stable text form.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Debit => "debit",
            Self::Credit => "credit",
        }
    }
}

/// What a posting records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PostingKind {
    /// A sale was paid.
    Sale,
    /// Held money was taken.
    Capture,
    /// A refund was done.
    Refund,
    /// Money arrived for an operation that had been declined.
    LateMoney,
}

impl PostingKind {
    /// Every kind.
    pub const ALL: &'static [Self] = &[Self::Sale, Self::Capture, Self::Refund, Self::LateMoney];

    /// The stable text form.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sale => "sale",
            Self::Capture => "capture",
            Self::Refund => "refund",
            Self::LateMoney => "late_money",
        }
    }
}

/// One debit or credit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Which account.
    pub account: Account,
    /// Which side of it.
    pub direction: Direction,
    /// How much; never zero.
    pub amount: Amount,
}

/// A balanced set of entries about one operation. An operation has at most one posting of a kind,
/// which a unique key restates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Posting {
    /// Whose books.
    pub project: ProjectId,
    /// What it is about.
    pub operation: OperationId,
    /// What it records.
    pub kind: PostingKind,
    /// When, in the real time of the books.
    pub at: Timestamp,
    entries: Vec<Entry>,
}

impl Posting {
    /// The entries; they balance.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// A paid sale of `amount`, of which `fee` is ours.
    pub fn sale(at: PostingAt, amount: Amount, fee: BasisPoints) -> Result<Self, MoneyError> {
        Self::taken(at, PostingKind::Sale, amount, fee)
    }

    /// A capture of `amount`, of which `fee` is ours.
    pub fn capture(at: PostingAt, amount: Amount, fee: BasisPoints) -> Result<Self, MoneyError> {
        Self::taken(at, PostingKind::Capture, amount, fee)
    }

    fn taken(
        at: PostingAt,
        kind: PostingKind,
        amount: Amount,
        fee: BasisPoints,
    ) -> Result<Self, MoneyError> {
        let fee = amount.share(fee)?;
        let entries = [
            debit(Account::ProviderReceivable, amount),
            credit(Account::MerchantPayable, amount.minus(fee)?),
            credit(Account::FeeIncome, fee),
        ];
        Ok(Self::new(at, kind, &entries))
    }

    /// A refund of `amount`; the fee stays ours.
    pub fn refund(at: PostingAt, amount: Amount) -> Self {
        let entries =
            [debit(Account::MerchantPayable, amount), credit(Account::ProviderReceivable, amount)];
        Self::new(at, PostingKind::Refund, &entries)
    }

    /// Money that came after its operation was declined.
    pub fn late_money(at: PostingAt, amount: Amount) -> Self {
        let entries =
            [debit(Account::ProviderReceivable, amount), credit(Account::Suspense, amount)];
        Self::new(at, PostingKind::LateMoney, &entries)
    }

    fn new(at: PostingAt, kind: PostingKind, entries: &[Entry]) -> Self {
        let entries: Vec<Entry> =
            entries.iter().copied().filter(|entry| !entry.amount.is_zero()).collect();
        debug_assert!(is_balanced(&entries), "unbalanced {kind:?}: {entries:?}");
        Self { project: at.project, operation: at.operation, kind, at: at.at, entries }
    }
}

/// What a posting is about, and when.
#[derive(Clone, Copy, Debug)]
pub struct PostingAt {
    /// Whose books.
    pub project: ProjectId,
    /// What it is about.
    pub operation: OperationId,
    /// When.
    pub at: Timestamp,
}

const fn debit(account: Account, amount: Amount) -> Entry {
    Entry { account, direction: Direction::Debit, amount }
}

const fn credit(account: Account, amount: Amount) -> Entry {
    Entry { account, direction: Direction::Credit, amount }
}

/// Whether debits equal credits, in one currency.
pub fn is_balanced(entries: &[Entry]) -> bool {
    let mut sum: i128 = 0;
    for entry in entries {
        let minor = i128::from(entry.amount.minor());
        sum += match entry.direction {
            Direction::Debit => minor,
            Direction::Credit => -minor,
        };
    }
    let mut currencies = entries.iter().map(|entry| entry.amount.currency());
    let first = currencies.next();
    sum == 0 && currencies.all(|currency| Some(currency) == first)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::money::{AMOUNT_MAX_MINOR, Currency};

    proptest! {
        #[test]
        fn every_posting_balances(minor in 1..=AMOUNT_MAX_MINOR, bps in 0..=10_000_u16) {
            let at = PostingAt {
                project: ProjectId::new(1).ok_or(TestCaseError::fail("id"))?,
                operation: OperationId::new(1),
                at: Timestamp::from_millis(0),
            };
            let fee = BasisPoints::new(bps).ok_or(TestCaseError::fail("bps"))?;
            let amount = Amount::new(minor, Currency::RUB)
                .map_err(|error| TestCaseError::fail(error.to_string()))?;
            let sale = Posting::sale(at, amount, fee)
                .map_err(|error| TestCaseError::fail(error.to_string()))?;
            let capture = Posting::capture(at, amount, fee)
                .map_err(|error| TestCaseError::fail(error.to_string()))?;
            for posting in [sale, capture, Posting::refund(at, amount), Posting::late_money(at, amount)] {
                prop_assert!(is_balanced(posting.entries()));
                prop_assert!(posting.entries().iter().all(|entry| !entry.amount.is_zero()));
            }
        }
    }

    #[test]
    fn the_check_sees_an_imbalance() {
        let amount =
            |minor, currency| Amount::new(minor, currency).unwrap_or(Amount::zero(currency));
        let one = debit(Account::Suspense, amount(1, Currency::RUB));
        assert!(!is_balanced(&[one]));
        assert!(!is_balanced(&[one, credit(Account::Suspense, amount(2, Currency::RUB))]));
        assert!(!is_balanced(&[one, credit(Account::Suspense, amount(1, Currency::USD))]));
    }
}
