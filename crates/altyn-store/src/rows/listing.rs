//! The tables of the list of payments: in a file of its own beside an SQLite database.

use std::sync::LazyLock;

use super::{Cell, PgColumn, Position, Row, Sql};

rows! {
    /// The tables of the list, but for the texts, which each engine keeps in its own way.
    LISTING_TABLES:

    /// A payment in the list.
    ListingRow in "listing" key(id)
    change(project, reference, version, status, state, method, account, currency, amount_minor,
        captured_minor, refunded_minor, client, email, phone, card, rrn, created_at, updated_at,
        refunding_since) {
        project: i64,
        id: i64,
        reference: String,
        version: i64,
        status: String,
        state: String,
        method: String,
        account: String,
        currency: String,
        amount_minor: i64,
        captured_minor: i64,
        refunded_minor: i64,
        client: Option<String>,
        email: Option<String>,
        phone: Option<String>,
        card: Option<String>,
        rrn: Option<String>,
        created_at: i64,
        updated_at: i64,
        refunding_since: Option<i64>,
    }

    /// How far the list is.
    ListingStateRow in "listing_state" key(key) change(value) {
        key: String,
        value: i64,
    }
}
