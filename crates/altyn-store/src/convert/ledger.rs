//! Entries of the books and the sums of them.

use altyn_app::check::{StoredBalance, StoredEntry};
use altyn_app::ports::StoreError;
use altyn_domain::id::OperationId;
use altyn_domain::ledger::{Account, Direction, Entry, Posting, PostingKind};

use super::At;
use crate::rows::{BalanceRow, EntryRow};

/// A posting, one row for each entry.
pub(crate) fn entry_rows(posting: &Posting) -> impl Iterator<Item = EntryRow> {
    posting.entries().iter().zip(1..).map(|(entry, line)| EntryRow {
        project: posting.project.get().into(),
        operation: posting.operation.get(),
        posting: posting.kind.as_str().to_owned(),
        line,
        account: entry.account.as_str().to_owned(),
        direction: entry.direction.as_str().to_owned(),
        currency: entry.amount.currency().code().to_owned(),
        amount_minor: entry.amount.minor(),
        at: posting.at.as_millis(),
    })
}

/// What an entry adds to its account: debit and credit.
pub(crate) fn balance_delta(row: &EntryRow) -> (i64, i64) {
    if row.direction == Direction::Debit.as_str() {
        (row.amount_minor, 0)
    } else {
        (0, row.amount_minor)
    }
}

/// An entry from its row.
pub(crate) fn entry(row: &EntryRow) -> Result<StoredEntry, StoreError> {
    let at = At::of::<EntryRow>(row.operation, row.line);
    let posting = PostingKind::ALL.iter().copied().find(|kind| kind.as_str() == row.posting);
    let direction = [Direction::Debit, Direction::Credit]
        .into_iter()
        .find(|direction| direction.as_str() == row.direction);
    let currency = at.currency(&row.currency)?;
    Ok(StoredEntry {
        operation: OperationId::new(row.operation),
        posting: at.need("posting", posting)?,
        entry: Entry {
            account: at.need("account", Account::parse(&row.account))?,
            direction: at.need("direction", direction)?,
            amount: at.amount("amount_minor", row.amount_minor, currency)?,
        },
    })
}

/// A balance from its row.
pub(crate) fn balance(row: &BalanceRow) -> Result<StoredBalance, StoreError> {
    let at = At::of::<BalanceRow>(row.project, 0);
    Ok(StoredBalance {
        project: at.project(row.project)?,
        account: at.need("account", Account::parse(&row.account))?,
        currency: at.currency(&row.currency)?,
        debit_minor: row.debit_minor,
        credit_minor: row.credit_minor,
    })
}
