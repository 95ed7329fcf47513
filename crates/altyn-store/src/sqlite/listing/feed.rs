//! Feeding the list: what commits left behind, and first what was there before.
//!
//! A step is one transaction of the list's file; it holds the rows and how far they go. It reads
//! the payments as of one moment, at which every change it takes over had happened.

use std::collections::BTreeSet;
use std::sync::Arc;

use altyn_app::ports::StoreError;
use rusqlite::{Connection, ErrorCode, OptionalExtension as _, TransactionBehavior};

use super::file::{Fault, File, Open, tend_log};
use super::state::{Fit, State};
use crate::listing::feed::{Approvals, Key, Listed, STEP, STEP_ROWS, sound, unpack};
use crate::rows::{ListingRow, PaymentRow, Row};
use crate::sqlite::command::{Batch, Command, Failure};
use crate::sqlite::reads::{Readers, all, one, select, with_operations};

/// What a step did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Step {
    /// Payments that were looked at.
    pub(super) payments: u64,
    /// Changes before this one are of no use any more.
    pub(super) done_before: Option<i64>,
}

/// Takes over a bounded number of changes. A list that does not fit is thrown away first.
pub(super) fn step(database: &Readers, file: &File) -> Result<Step, StoreError> {
    // Once for a list that is thrown away, and once for what takes its place.
    for _ in 0..2 {
        let open = file.open()?;
        match take_over(database, file, &open) {
            Ok(Taken::Step(step)) => return Ok(step),
            Ok(Taken::Elsewhere) => {}
            Ok(Taken::Anew(why)) => file.discard(&open, why)?,
            Err(Fault::Damaged(why)) => file.discard(&open, &why)?,
            Err(Fault::Store(error)) => return Err(error),
        }
    }
    Ok(Step::default())
}

/// Has the next step throw the list away, whoever takes it.
pub(super) fn forget(open: &Arc<Open>) -> Result<(), Fault> {
    let mut list = open.writer();
    let transaction = list.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut state = State::read(&transaction)?;
    state.is_to_forget = true;
    state.write(&transaction)?;
    Ok(transaction.commit()?)
}

enum Taken {
    Step(Step),
    Anew(&'static str),
    /// Another file is the list now.
    Elsewhere,
}

fn take_over(database: &Readers, file: &File, open: &Arc<Open>) -> Result<Taken, Fault> {
    let mut list = open.writer();
    // Whoever else takes steps waits for this one, also in another process.
    let transaction = match list.transaction_with_behavior(TransactionBehavior::Immediate) {
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => {
            return Ok(Taken::Step(Step::default()));
        }
        begun => begun?,
    };
    // Nobody throws it away from here to the end of the transaction.
    if !file.is_in_place(open) {
        return Ok(Taken::Elsewhere);
    }
    let before = State::read(&transaction)?;
    let gathered = database.read_with(|database| match before.fit(database)? {
        Fit::Anew(why) => Ok(Err(why)),
        Fit::Fits => gather(database, before).map(Ok),
        Fit::Empty => gather(database, State::of(database)?).map(Ok),
    });
    let gathered = match gathered? {
        Err(why) => return Ok(Taken::Anew(why)),
        Ok(gathered) => gathered,
    };
    let Gathered { state, listed, payments } = gathered;
    if state == before {
        return Ok(Taken::Step(Step::default()));
    }
    write(&transaction, &listed)?;
    state.write(&transaction)?;
    transaction.commit()?;
    tend_log(&list)?;
    let done_before = (state.change > before.change).then_some(state.change);
    Ok(Taken::Step(Step { payments, done_before }))
}

struct Gathered {
    state: State,
    listed: Vec<Listed>,
    payments: u64,
}

select! {
    PAYMENT = PaymentRow, "WHERE project = ?1 AND id = ?2";
    NEXT = PaymentRow, "WHERE id > ?1 ORDER BY id LIMIT ?2";
}

/// What is to be written, and how far the list is then. Changes first: what happens now is in the
/// list at once, however long the building takes.
fn gather(database: &Connection, mut state: State) -> Result<Gathered, Fault> {
    let mut listed = Vec::new();
    let changed = changes(database, &mut state)?;
    for (project, id) in &changed {
        let row: Option<PaymentRow> = one(database, &PAYMENT, (project, id))?;
        if let Some(row) = row {
            listed.extend(sound(list(database, row))?);
        }
    }
    let mut payments = changed.len();
    if payments < STEP
        && let Some(after) = state.build_after
    {
        let rows: Vec<PaymentRow> = all(database, &NEXT, (after, STEP_ROWS))?;
        payments += rows.len();
        state.built += u64::try_from(rows.len()).unwrap_or(0);
        state.build_after = rows.get(STEP - 1).map(|row| row.id);
        for row in rows {
            listed.extend(sound(list(database, row))?);
        }
    }
    Ok(Gathered { state, listed, payments: u64::try_from(payments).unwrap_or(u64::MAX) })
}

/// The payments of the next changes.
fn changes(database: &Connection, state: &mut State) -> Result<BTreeSet<Key>, Fault> {
    let mut keys = BTreeSet::new();
    let mut statement =
        database.prepare_cached("SELECT id, payments FROM changes WHERE id > ?1 ORDER BY id")?;
    let mut rows = statement.query([state.change])?;
    while keys.len() < STEP
        && let Some(row) = rows.next()?
    {
        let payments = row.get_ref(1)?.as_blob().unwrap_or_default();
        keys.extend(unpack(payments));
        state.move_to(row.get(0)?, payments);
    }
    Ok(keys)
}

fn list(database: &Connection, row: PaymentRow) -> Result<Listed, StoreError> {
    let id = row.id;
    let record = with_operations(database, row)?;
    Listed::of(&record, &approvals(database, id)?)
}

fn approvals(database: &Connection, payment: i64) -> Result<Approvals, StoreError> {
    let read = || -> rusqlite::Result<Approvals> {
        let mut statement = database.prepare_cached(
            "SELECT operation, state FROM callbacks WHERE payment = ?1 AND told = ?2 ORDER BY id",
        )?;
        let mut rows = statement.query((payment, Approvals::TOLD))?;
        let mut approvals = Approvals::default();
        while let Some(row) = rows.next()? {
            approvals.push(row.get(0)?, row.get(1)?);
        }
        Ok(approvals)
    };
    read().map_err(|error| crate::sqlite::database(&error))
}

/// Adds or replaces a row, unless the list has a newer one.
static PUT: std::sync::LazyLock<String> = std::sync::LazyLock::new(|| {
    let changes: Vec<String> =
        ListingRow::CHANGES.iter().map(|name| format!("{name} = excluded.{name}")).collect();
    format!(
        "{} ON CONFLICT (id) DO UPDATE SET {} WHERE excluded.version >= version",
        ListingRow::sql().insert_sqlite,
        changes.join(", ")
    )
});

fn write(list: &Connection, listed: &[Listed]) -> Result<(), Fault> {
    let mut put = list.prepare_cached(&PUT)?;
    let newest = "SELECT coalesce(max(number), 0) FROM listing_texts";
    let mut number: i64 = list.prepare_cached(newest)?.query_row([], |row| row.get(0))?;
    for Listed { row, text } in listed {
        row.bind_sqlite(&mut put)?;
        put.raw_execute()?;
        write_text(list, row.id, text, &mut number)?;
    }
    Ok(())
}

/// A text that did not change is left alone: it has more entries in its index than all the rest.
fn write_text(list: &Connection, id: i64, text: &str, newest: &mut i64) -> Result<(), Fault> {
    let known = list
        .prepare_cached("SELECT number, text = ?2 FROM listing_texts WHERE id = ?1")?
        .query_row((id, text), |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let number: i64 = match known {
        Some((_, true)) => return Ok(()),
        Some((number, false)) => {
            list.prepare_cached("DELETE FROM listing_trigrams WHERE rowid = ?1")?
                .execute([number])?;
            list.prepare_cached("UPDATE listing_texts SET text = ?2 WHERE id = ?1")?
                .execute((id, text))?;
            number
        }
        None => {
            *newest += 1;
            list.prepare_cached(
                "INSERT INTO listing_texts (id, number, text) VALUES (?1, ?2, ?3)",
            )?
            .execute((id, *newest, text))?;
            *newest
        }
    };
    list.prepare_cached("INSERT INTO listing_trigrams (rowid, text) VALUES (?1, ?2)")?
        .execute((number, text))?;
    Ok(())
}

/// Forgets changes that the list has. The newest of them stays: it tells that the list is of this
/// database as it is, and numbers never come back.
pub(super) struct ForgetChanges {
    pub(super) before: i64,
}

impl Command for ForgetChanges {
    type Answer = ();

    fn apply(&self, batch: &mut Batch<'_>) -> Result<(), Failure> {
        let mut statement = batch.connection.prepare_cached("DELETE FROM changes WHERE id < ?1")?;
        statement.execute([self.before])?;
        Ok(())
    }
}
