//! How far the list is: kept in its file, so that it moves with the rows.

use rusqlite::{Connection, OptionalExtension as _};
use sha2::{Digest, Sha256};

use super::file::Fault;
use crate::rows::{ListingStateRow, Row};
use crate::sqlite::reads::all;

/// How far the list is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct State {
    /// The database it was built from.
    identity: Option<i64>,
    /// The newest change that is in it.
    pub(super) change: i64,
    /// What that change was, in short: a database that went back to a copy of itself, and on from
    /// there, has another one of this number.
    mark: i64,
    /// What was there before is taken over up to this payment; `None` when all of it is.
    pub(super) build_after: Option<i64>,
    /// How many payments were taken over so.
    pub(super) built: u64,
    /// Somebody wants it built anew.
    pub(super) is_to_forget: bool,
}

/// Whether the list goes on from where it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fit {
    Fits,
    /// Nothing is in it yet.
    Empty,
    /// It must be thrown away.
    Anew(&'static str),
}

impl State {
    pub(super) fn read(list: &Connection) -> Result<Self, Fault> {
        let mut state = Self::default();
        let rows: Vec<ListingStateRow> = all(list, &ListingStateRow::sql().select, [])?;
        for ListingStateRow { key, value } in rows {
            match key.as_str() {
                "identity" => state.identity = Some(value),
                "change" => state.change = value,
                "mark" => state.mark = value,
                "build_after" => state.build_after = Some(value),
                "built" => state.built = u64::try_from(value).unwrap_or(0),
                "forget" => state.is_to_forget = true,
                _ => {}
            }
        }
        Ok(state)
    }

    pub(super) fn write(&self, list: &Connection) -> Result<(), Fault> {
        list.execute("DELETE FROM listing_state", [])?;
        let forget = self.is_to_forget.then_some(1);
        let values = [
            ("identity", self.identity),
            ("change", Some(self.change)),
            ("mark", Some(self.mark)),
            ("build_after", self.build_after),
            ("built", Some(i64::try_from(self.built).unwrap_or(i64::MAX))),
            ("forget", forget),
        ];
        let mut statement = list.prepare_cached(&ListingStateRow::sql().insert_sqlite)?;
        for (key, value) in values {
            if let Some(value) = value {
                statement.execute((key, value))?;
            }
        }
        Ok(())
    }

    /// Where a list of this database begins: all that is in it is still to be taken over, and what
    /// changes from now on.
    pub(super) fn of(database: &Connection) -> Result<Self, Fault> {
        let newest: Option<i64> =
            database.query_row("SELECT max(id) FROM changes", [], |row| row.get(0))?;
        let change = newest.unwrap_or(0);
        Ok(Self {
            identity: identity(database)?,
            change,
            mark: mark(database, change)?.unwrap_or(0),
            build_after: Some(0),
            ..Self::default()
        })
    }

    /// Moves on to a change.
    pub(super) fn move_to(&mut self, change: i64, payments: &[u8]) {
        self.change = change;
        self.mark = digest(payments);
    }

    /// Whether this is the list of this database.
    pub(super) fn fit(&self, database: &Connection) -> Result<Fit, Fault> {
        if self.identity.is_none() {
            return Ok(Fit::Empty);
        }
        Ok(if self.is_to_forget {
            Fit::Anew("somebody asked for it")
        } else if self.identity != identity(database)? {
            Fit::Anew("it is of another database")
        } else if self.change > 0 && mark(database, self.change)? != Some(self.mark) {
            Fit::Anew("the database went back to an earlier state")
        } else {
            Fit::Fits
        })
    }
}

fn identity(database: &Connection) -> Result<Option<i64>, Fault> {
    let sql = "SELECT value FROM meta WHERE key = 'identity'";
    Ok(database.prepare_cached(sql)?.query_row([], |row| row.get(0)).optional()?)
}

fn mark(database: &Connection, change: i64) -> Result<Option<i64>, Fault> {
    let mut statement = database.prepare_cached("SELECT payments FROM changes WHERE id = ?1")?;
    let payments: Option<Vec<u8>> = statement.query_row([change], |row| row.get(0)).optional()?;
    Ok(payments.as_deref().map(digest))
}

fn digest(payments: &[u8]) -> i64 {
    let digest = Sha256::digest(payments);
    digest.first_chunk().map_or(0, |first| i64::from_be_bytes(*first))
}
