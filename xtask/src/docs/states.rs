//! The transition table of operations as a document.

use altyn_domain::payment::OperationState;
use altyn_domain::payment::table::{CallbackEffect, LedgerEffect, TRANSITIONS, Transition};

use super::{WRITTEN_BY, table};

/// Every transition, and the states that nothing leaves.
pub fn page() -> String {
    let finals: Vec<_> = OperationState::ALL
        .iter()
        .filter(|state| state.is_final())
        .map(|state| format!("`{state}`"))
        .collect();
    [
        format!("# States of an operation\n\n{WRITTEN_BY}\n\n"),
        "An event that has no line for a state is refused in that state. ".to_owned(),
        format!("Nothing leaves a final state: {}.\n\n", finals.join(", ")),
        table(["from", "event", "to", "of", "books", "merchant"], TRANSITIONS.iter().map(row)),
    ]
    .concat()
}

fn row(transition: &Transition) -> [String; 6] {
    let kinds: Vec<_> = transition.kinds.iter().map(|kind| kind.as_str()).collect();
    let books = match transition.ledger {
        LedgerEffect::None => "–",
        LedgerEffect::Settle => "settled",
    };
    let merchant = match transition.callback {
        CallbackEffect::None => "–",
        CallbackEffect::Owed => "told",
    };
    [
        format!("`{}`", transition.from),
        format!("`{}`", transition.event),
        format!("`{}`", transition.to),
        kinds.join(", "),
        books.to_owned(),
        merchant.to_owned(),
    ]
}
