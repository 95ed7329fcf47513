//! «Проводки»: the entries of the books about this payment.

use altyn_domain::ledger::Direction;
use altyn_domain::payment::OperationKind;

use super::super::case::Case;
use super::super::view::Time;
use crate::cabinet::words as said;
use crate::format::money;
use crate::lang::Lang;

/// An entry.
pub struct Line {
    /// When it was posted.
    pub at: Option<Time>,
    /// What it records.
    pub posting: &'static str,
    /// Which operation it is about.
    pub operation: String,
    /// The account.
    pub account: &'static str,
    /// The sum, when it is a debit.
    pub debit: Option<String>,
    /// The sum, when it is a credit.
    pub credit: Option<String>,
    /// It begins a posting.
    pub is_first: bool,
}

/// The entries in the order they were posted.
pub fn of(case: &Case, lang: Lang) -> Vec<Line> {
    let mut last = None;
    let line = |stored: &altyn_app::check::StoredEntry| {
        let posted = case.history.posted.iter().find(|(id, _)| *id == stored.operation);
        let kind = case.record().operation(stored.operation).map(|one| one.kind);
        let sum = money(stored.entry.amount, lang);
        let (debit, credit) = match stored.entry.direction {
            Direction::Debit => (Some(sum), None),
            Direction::Credit => (None, Some(sum)),
        };
        let key = (stored.operation, stored.posting);
        let is_first = last.replace(key) != Some(key);
        Line {
            at: posted.map(|(_, at)| Time::exact(*at, lang)),
            posting: said::posting(stored.posting, lang),
            operation: named(kind, stored.operation, lang),
            account: said::account(stored.entry.account, lang),
            debit,
            credit,
            is_first,
        }
    };
    case.history.entries.iter().map(line).collect()
}

fn named(kind: Option<OperationKind>, id: altyn_domain::id::OperationId, lang: Lang) -> String {
    let kind = kind.map_or("", |kind| said::kind(kind, lang));
    format!("{kind} {id}").trim().to_owned()
}
