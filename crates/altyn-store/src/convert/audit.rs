//! Entries of the log, and how the unsealed ones are chained.

use altyn_app::access::audit::{
    Action, AuditEntry, AuditResult, CHAIN_START, Seal, StoredAudit, seal,
};
use altyn_app::ports::StoreError;
use altyn_domain::id::{OperationId, PaymentId};
use altyn_domain::mask::mask_cards;

use super::{At, storable, time};
use crate::rows::AuditRow;

/// Entries sealed at once at most, so that nobody waits long for the writer.
const SEALED_AT_ONCE: u32 = 1_000;

/// An entry as a row; the database numbers it.
pub(crate) fn audit_row(entry: AuditEntry) -> AuditRow {
    AuditRow {
        id: 0,
        at: entry.at.as_millis(),
        user_id: entry.user,
        login: storable(&entry.login).into_owned(),
        address: storable(&entry.address).into_owned(),
        project: entry.project.map(|project| project.get().into()),
        payment: entry.payment.map(PaymentId::get),
        operation: entry.operation.map(OperationId::get),
        action: entry.action.as_str().to_owned(),
        result: entry.result.as_str().to_owned(),
        // Whatever a person has typed into a field may be a card.
        detail: storable(&mask_cards(&entry.detail)).into_owned(),
        position: None,
        hash: None,
    }
}

/// An entry from its row.
pub(crate) fn stored_audit(row: AuditRow) -> Result<StoredAudit, StoreError> {
    let at = At::of::<AuditRow>(row.id, row.at);
    let seal = match (row.position, row.hash) {
        (Some(position), Some(hash)) => Some(Seal { position, hash }),
        (None, None) => None,
        (Some(_), None) | (None, Some(_)) => return Err(at.bad("hash")),
    };
    let entry = AuditEntry {
        at: time(row.at),
        user: row.user_id,
        login: row.login,
        address: row.address,
        project: row.project.map(|number| at.project(number)).transpose()?,
        payment: row.payment.map(PaymentId::new),
        operation: row.operation.map(OperationId::new),
        action: at.need("action", Action::parse(&row.action))?,
        result: at.need("result", AuditResult::parse(&row.result))?,
        detail: row.detail,
    };
    Ok(StoredAudit { id: row.id, entry, seal })
}

/// How many to seal when so many are asked for.
pub(crate) fn sealed_at_once(limit: u32) -> i64 {
    limit.min(SEALED_AT_ONCE).into()
}

/// The seals of unsealed entries, by their numbers, that follow the chain's last one.
pub(crate) fn seals(
    last: Option<(i64, String)>,
    unsealed: Vec<AuditRow>,
) -> Result<Vec<(i64, Seal)>, StoreError> {
    let (mut position, mut hash) = last.unwrap_or_else(|| (0, CHAIN_START.to_owned()));
    let mut seals = Vec::with_capacity(unsealed.len());
    for row in unsealed {
        let stored = stored_audit(row)?;
        let next = seal((position, &hash), stored.id, &stored.entry);
        (position, hash) = (next.position, next.hash.clone());
        seals.push((stored.id, next));
    }
    Ok(seals)
}
