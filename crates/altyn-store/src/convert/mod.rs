//! Domain values to rows and back.
//!
//! A value becomes a row without loss; a row becomes a value only if our own writes could have left
//! it, else the error names table, column and key. Nothing here knows a database, so both engines
//! read and write the same rows. JSON inside a column is private to [`json`].

pub(crate) mod audit;
pub(crate) mod callback;
pub(crate) mod export;
pub(crate) mod job;
pub(crate) mod json;
pub(crate) mod ledger;
pub(crate) mod payment;
pub(crate) mod project;
pub(crate) mod session;
pub(crate) mod user;
pub(crate) mod write_set;

#[cfg(test)]
mod tests;

use altyn_app::ports::StoreError;
use altyn_domain::id::ProjectId;
use altyn_domain::money::{Amount, Currency};
use altyn_domain::time::Timestamp;

use crate::rows::Row;

/// Which row is being read, for the error.
#[derive(Clone, Copy, Debug)]
pub(crate) struct At {
    table: &'static str,
    key: (i64, i64),
}

impl At {
    /// A row named by two numbers, mostly the project and an id.
    pub(crate) fn of<R: Row>(first: i64, second: i64) -> Self {
        Self { table: R::TABLE, key: (first, second) }
    }

    /// What to say of a value that cannot be.
    pub(crate) fn bad(self, column: &'static str) -> StoreError {
        let key = format!("{}/{}", self.key.0, self.key.1);
        StoreError::Inconsistent { table: self.table, column, key }
    }

    /// The value, or [`At::bad`].
    pub(crate) fn need<T>(self, column: &'static str, value: Option<T>) -> Result<T, StoreError> {
        value.ok_or_else(|| self.bad(column))
    }

    /// A project's number.
    pub(crate) fn project(self, number: i64) -> Result<ProjectId, StoreError> {
        self.need("project", u32::try_from(number).ok().and_then(ProjectId::new))
    }

    /// A currency by its code.
    pub(crate) fn currency(self, code: &str) -> Result<Currency, StoreError> {
        self.need("currency", Currency::from_code(code))
    }

    /// An amount within its range.
    pub(crate) fn amount(
        self,
        column: &'static str,
        minor: i64,
        currency: Currency,
    ) -> Result<Amount, StoreError> {
        self.need(column, Amount::new(minor, currency).ok())
    }

    /// A truth value.
    pub(crate) fn truth(self, column: &'static str, number: i64) -> Result<bool, StoreError> {
        match number {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(self.bad(column)),
        }
    }
}

/// A text that both databases take: PostgreSQL has no zero character, which a browser may well send.
pub(crate) fn storable(text: &str) -> std::borrow::Cow<'_, str> {
    if text.contains('\0') { text.replace('\0', "\u{fffd}").into() } else { text.into() }
}

/// Milliseconds to a point in time.
pub(crate) const fn time(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}
