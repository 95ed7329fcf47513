//! What commits leave behind for the list, and rows of the list.

use std::collections::BTreeSet;

use altyn_app::callback::{CallbackProgress, CallbackState};
use altyn_app::listing::{PaymentRow, searchable};
use altyn_app::ports::StoreError;
use altyn_app::ports::listing::Attempt;
use altyn_domain::id::{OperationId, PaymentId};
use altyn_domain::method::Method;
use altyn_domain::payment::{OperationState, PaymentState, Record};
use altyn_domain::status::{Status, Told};
use altyn_domain::time::Timestamp;

use crate::convert::write_set::{PaymentChange, WriteSet};
use crate::convert::{At, time};
use crate::rows::{AttemptRow, CallbackRow, EntryRow, ListingRow};

/// Payments taken over in a step, more or less: a batch of commits is never divided.
pub(crate) const STEP: usize = 1_000;
/// The same for a statement.
pub(crate) const STEP_ROWS: i64 = 1_000;

/// Project and number of a payment.
pub(crate) type Key = (i64, i64);

/// Payments as one value: sixteen bytes each.
pub(crate) fn pack(keys: &BTreeSet<Key>) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(keys.len() * 16);
    for (project, payment) in keys {
        bytes.extend_from_slice(&project.to_be_bytes());
        bytes.extend_from_slice(&payment.to_be_bytes());
    }
    bytes
}

/// The payments in such a value.
pub(crate) fn unpack(bytes: &[u8]) -> impl Iterator<Item = Key> {
    let (numbers, _) = bytes.as_chunks::<8>();
    let (keys, _) = numbers.as_chunks::<2>();
    keys.iter()
        .map(|[project, payment]| (i64::from_be_bytes(*project), i64::from_be_bytes(*payment)))
}

/// The payment that a changeset changes or tells of.
pub(crate) fn changed(set: &WriteSet) -> Option<Key> {
    match &set.payment {
        Some(PaymentChange::New(row) | PaymentChange::Changed { row, .. }) => {
            Some((row.project, row.id))
        }
        None => set.new_callback.as_ref().map(|callback| (callback.project, callback.payment)),
    }
}

/// Whether a try may have changed where its callback stands: it ended it, or was the first since it
/// was owed or sent again.
pub(crate) fn is_turn(progress: &CallbackProgress) -> bool {
    progress.state != CallbackState::Owed || progress.attempts <= 1
}

/// How far the word of a payment's approval got, by its callbacks that tell of one, oldest first.
#[derive(Clone, Debug, Default)]
pub(crate) struct Approvals(Vec<(i64, String)>);

impl Approvals {
    /// The state that such a callback tells.
    pub(crate) const TOLD: &'static str = OperationState::Approved.as_str();

    /// The next one: its operation and its state.
    pub(crate) fn push(&mut self, operation: i64, state: String) {
        self.0.push((operation, state));
    }

    fn told(&self, record: &Record) -> Result<Told, StoreError> {
        let opening = record.opening().map(|opening| opening.id.get());
        let about = |(operation, _): &&(i64, String)| Some(*operation) == opening;
        let Some((operation, state)) = self.0.iter().rev().find(about) else {
            return Ok(Told::Nobody);
        };
        let at = At::of::<CallbackRow>(record.payment.id.get(), *operation);
        Ok(match at.need("state", CallbackState::parse(state))? {
            CallbackState::Owed => Told::Owed,
            CallbackState::Delivered => Told::Delivered,
            CallbackState::GivenUp => Told::GivenUp,
        })
    }
}

/// A payment as it is listed.
pub(crate) struct Listed {
    pub(crate) row: ListingRow,
    /// What is known of it, folded, between line breaks: a whole value is found with a break on
    /// either side of it.
    pub(crate) text: String,
}

impl Listed {
    /// The payment as it stands.
    pub(crate) fn of(record: &Record, approvals: &Approvals) -> Result<Self, StoreError> {
        let row = PaymentRow::of(record, approvals.told(record)?);
        Ok(Self { row: listing_row(row), text: format!("\n{}\n", searchable(record)) })
    }
}

fn listing_row(row: PaymentRow) -> ListingRow {
    ListingRow {
        project: row.project.get().into(),
        id: row.id.get(),
        reference: row.reference,
        version: row.version,
        status: row.status.as_str().to_owned(),
        state: row.state.as_str().to_owned(),
        method: row.method.code().to_owned(),
        account: row.account,
        currency: row.amount.currency().code().to_owned(),
        amount_minor: row.amount.minor(),
        captured_minor: row.captured.minor(),
        refunded_minor: row.refunded.minor(),
        client: row.client,
        email: row.email,
        phone: row.phone,
        card: row.card,
        rrn: row.rrn,
        created_at: row.created_at.as_millis(),
        updated_at: row.updated_at.as_millis(),
        refunding_since: row.refunding_since.map(Timestamp::as_millis),
    }
}

/// A payment from its row in the list.
pub(crate) fn payment_row(row: ListingRow) -> Result<PaymentRow, StoreError> {
    let at = At::of::<ListingRow>(row.project, row.id);
    let currency = at.currency(&row.currency)?;
    Ok(PaymentRow {
        project: at.project(row.project)?,
        id: PaymentId::new(row.id),
        version: row.version,
        status: at.need("status", Status::parse(&row.status))?,
        state: at.need("state", PaymentState::parse(&row.state))?,
        method: at.need("method", Method::from_code(&row.method))?,
        amount: at.amount("amount_minor", row.amount_minor, currency)?,
        captured: at.amount("captured_minor", row.captured_minor, currency)?,
        refunded: at.amount("refunded_minor", row.refunded_minor, currency)?,
        reference: row.reference,
        account: row.account,
        client: row.client,
        email: row.email,
        phone: row.phone,
        card: row.card,
        rrn: row.rrn,
        created_at: time(row.created_at),
        updated_at: time(row.updated_at),
        refunding_since: row.refunding_since.map(time),
    })
}

/// An attempt from its row.
pub(crate) fn attempt(row: AttemptRow) -> Attempt {
    Attempt {
        operation: OperationId::new(row.operation),
        number: row.number,
        key: row.key,
        started_at: time(row.started_at),
        finished_at: row.finished_at.map(time),
        outcome: row.outcome,
        detail: row.detail,
    }
}

/// When the postings of these entries were made: one for each operation and moment.
pub(crate) fn posted(entries: &[EntryRow]) -> Vec<(OperationId, Timestamp)> {
    let mut posted: Vec<_> =
        entries.iter().map(|row| (OperationId::new(row.operation), time(row.at))).collect();
    posted.sort_unstable_by_key(|(operation, at)| (*at, *operation));
    posted.dedup();
    posted
}

/// Leaves out a payment whose rows are not what our writes could have left, so that one such
/// payment does not keep all others out of the list; `altyn check` names it too.
pub(crate) fn sound(listed: Result<Listed, StoreError>) -> Result<Option<Listed>, StoreError> {
    match listed {
        Ok(listed) => Ok(Some(listed)),
        Err(error @ StoreError::Inconsistent { .. }) => {
            tracing::error!(%error, "a payment cannot be listed");
            Ok(None)
        }
        Err(
            error @ (StoreError::Database(_)
            | StoreError::NotFlushed(_)
            | StoreError::Newer { .. }
            | StoreError::Older { .. }),
        ) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn payments_are_packed_and_read_back() {
        let keys = BTreeSet::from([(4_294_967_295, 1), (1, i64::MAX), (1, 2)]);
        let bytes = pack(&keys);
        assert_eq!(bytes.len(), 48);
        assert!(unpack(&bytes).eq(keys));
        assert_eq!(unpack(&bytes[..17]).count(), 1);
        assert_eq!(unpack(&[]).count(), 0);
    }
}
