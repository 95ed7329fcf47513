//! The statements that pages and totals of the list are made of.
//!
//! Each names the index it goes by, so that none can be planned otherwise. Ids travel as JSON.

use std::fmt::Write as _;

use altyn_app::listing::CurrencyTotal;
use rusqlite::types::Value;
use rusqlite::{Connection, Statement, params_from_iter};

use super::file::Fault;
use crate::convert::At;
use crate::listing::filter::{Driver, Span, Spot, Stream, Wanted, key};
use crate::listing::find::{Chunks, Source, Sums, Walk};
use crate::listing::merge::{Ask, Chunk, Direction};
use crate::rows::{ListingRow, Row};
use crate::sqlite::reads::all;

/// A connection that reads the list.
pub(super) struct List<'a>(pub(super) &'a Connection);

/// The rows of a stream in a span: `?1` to `?6`, and `?7` is for the limit.
fn stream(driver: Driver) -> String {
    let column = driver.column().map(|column| format!(" AND {column} = ?2")).unwrap_or_default();
    format!(
        "FROM listing INDEXED BY {} WHERE project = ?1{column}
             AND (created_at, id) > (?3, ?4) AND (created_at, id) < (?5, ?6)",
        driver.index()
    )
}

/// Binds a stream and its span; what else is bound stays.
fn bind_stream(
    statement: &mut Statement<'_>,
    stream: &Stream<'_>,
    span: Span,
) -> rusqlite::Result<()> {
    statement.raw_bind_parameter(1, stream.project)?;
    statement.raw_bind_parameter(2, stream.value)?;
    for (at, value) in (3..).zip([span.low.0, span.low.1, span.high.0, span.high.1]) {
        statement.raw_bind_parameter(at, value)?;
    }
    Ok(())
}

/// Binds what a row is asked for besides.
fn bind_conditions(statement: &mut Statement<'_>, wanted: &Wanted) -> rusqlite::Result<()> {
    for (at, value) in (8..).zip(condition_values(wanted)) {
        statement.raw_bind_parameter(at, value)?;
    }
    Ok(())
}

/// Whether a row is wanted in what a stream does not say: `?8` to `?14`.
const CONDITIONS: &str = "(
    (?8 IS NULL OR status IN (SELECT value FROM json_each(?8)))
    AND (?9 IS NULL OR method IN (SELECT value FROM json_each(?9)))
    AND (?10 IS NULL OR account IN (SELECT value FROM json_each(?10)))
    AND (?11 IS NULL OR currency IN (SELECT value FROM json_each(?11)))
    AND (?12 IS NULL OR amount_minor BETWEEN ?12 AND ?13)
    AND (?14 IS NULL
        OR instr((SELECT t.text FROM listing_texts AS t WHERE t.id = listing.id), ?14) > 0))";

fn condition_values(wanted: &Wanted) -> Vec<Value> {
    let list = |words: &[String]| if words.is_empty() { Value::Null } else { texts(words).into() };
    let (least, most) = wanted.amount.unzip();
    vec![
        list(&wanted.statuses),
        list(&wanted.methods),
        list(&wanted.accounts),
        list(&wanted.currencies),
        least.into(),
        most.into(),
        wanted.text.clone().into(),
    ]
}

/// Numbers as a JSON list.
fn numbers(numbers: &[i64]) -> String {
    let mut text = String::with_capacity(numbers.len() * 18 + 2);
    for number in numbers {
        // Writing to a string cannot fail.
        let _ = write!(text, "{}{number}", if text.is_empty() { '[' } else { ',' });
    }
    if text.is_empty() { "[]".to_owned() } else { text + "]" }
}

fn texts(words: &[String]) -> String {
    serde_json::Value::from(words.to_vec()).to_string()
}

fn limit(bound: usize) -> Value {
    i64::try_from(bound).unwrap_or(i64::MAX).into()
}

/// Payments by number, `?1`, that are wanted in every respect: `?2` the projects, `?3` to `?6` the
/// span.
fn among_sql(columns: &str) -> String {
    format!(
        "SELECT {columns} FROM listing NOT INDEXED
         WHERE id IN (SELECT value FROM json_each(?1))
             AND project IN (SELECT value FROM json_each(?2))
             AND (created_at, id) > (?3, ?4) AND (created_at, id) < (?5, ?6)
             AND ?7 IS NULL AND {CONDITIONS}"
    )
}

fn among_values(ids: &[i64], wanted: &Wanted) -> Vec<Value> {
    let Span { low, high } = wanted.span;
    let mut values: Vec<Value> = vec![numbers(ids).into(), numbers(&wanted.projects).into()];
    values.extend([low.0, low.1, high.0, high.1].map(Value::from));
    values.push(Value::Null);
    values.extend(condition_values(wanted));
    values
}

fn sums_among_sql() -> String {
    format!("{} GROUP BY currency", among_sql(&format!("currency, {SUMS}")))
}

fn count_sql(driver: Driver) -> String {
    format!("SELECT count(*) FROM (SELECT 1 {} LIMIT ?7)", stream(driver))
}

fn chunk_sql(driver: Driver, direction: Direction) -> String {
    let order = match direction {
        Direction::Down => "created_at DESC, id DESC",
        Direction::Up => "created_at, id",
    };
    format!("SELECT created_at, id, {CONDITIONS} {} ORDER BY {order} LIMIT ?7", stream(driver))
}

fn sums_sql(driver: Driver) -> String {
    format!(
        "SELECT wanted, currency, {SUMS} FROM (
             SELECT {CONDITIONS} AS wanted, currency, amount_minor, captured_minor,
                 refunded_minor {} LIMIT ?7)
         GROUP BY wanted, currency",
        stream(driver)
    )
}

fn rows_sql() -> String {
    format!("{} WHERE id IN (SELECT value FROM json_each(?1))", ListingRow::sql().select)
}

const WITH_TEXT: &str = "
    SELECT t.id, instr(t.text, ?3) > 0 FROM listing_trigrams
    CROSS JOIN listing_texts AS t ON t.number = listing_trigrams.rowid
    WHERE listing_trigrams MATCH ?1 LIMIT ?2";

/// Of how many texts there are, and in how many of the last of them something stands.
const SAMPLED: &str = "
    SELECT (SELECT max(number) FROM listing_texts), count(*)
    FROM (SELECT text FROM listing_texts ORDER BY number DESC LIMIT ?2)
    WHERE instr(text, ?1) > 0";

/// How many of the last texts tell what share of all has something.
const SAMPLE: i64 = 2_000;

const WITH_AMOUNT: &str = "
    SELECT id FROM listing INDEXED BY listing_amount
    WHERE project = ?1 AND amount_minor BETWEEN ?2 AND ?3 LIMIT ?4";

/// Every statement, and the index it goes by.
#[cfg(test)]
pub(super) fn statements() -> Vec<(String, &'static str)> {
    let drivers = Driver::COLUMNS.into_iter().chain([Driver::Project]);
    let mut all: Vec<(String, &'static str)> = drivers
        .flat_map(|driver| {
            [
                chunk_sql(driver, Direction::Down),
                chunk_sql(driver, Direction::Up),
                count_sql(driver),
                sums_sql(driver),
            ]
            .map(|sql| (sql, driver.index()))
        })
        .collect();
    all.push((WITH_TEXT.to_owned(), "sqlite_autoindex_listing_texts_1"));
    all.push((SAMPLED.to_owned(), "sqlite_autoindex_listing_texts_1"));
    all.push((WITH_AMOUNT.to_owned(), "listing_amount"));
    for sql in [among_sql("created_at, id"), sums_among_sql(), rows_sql()] {
        all.push((sql, "INTEGER PRIMARY KEY"));
    }
    all
}

const SUMS: &str = "count(*), sum(amount_minor), sum(captured_minor), sum(refunded_minor)";

/// A row of sums whose currency is in the column `first`.
fn total(row: &rusqlite::Row<'_>, first: usize) -> Result<CurrencyTotal, Fault> {
    let code: String = row.get(first)?;
    Ok(CurrencyTotal {
        currency: At::of::<ListingRow>(0, 0).currency(&code)?,
        count: u64::try_from(row.get::<_, i64>(first + 1)?).unwrap_or(0),
        amount_minor: row.get(first + 2)?,
        captured_minor: row.get(first + 3)?,
        refunded_minor: row.get(first + 4)?,
    })
}

/// The next rows of the stream that is bound.
fn chunk(statement: &mut Statement<'_>, size: usize) -> Result<Chunk<Spot>, Fault> {
    let mut rows = statement.raw_query();
    let (mut found, mut last, mut seen) = (Vec::new(), None, 0);
    while let Some(row) = rows.next()? {
        let spot = (row.get(0)?, row.get(1)?);
        seen += 1;
        last = (seen == size).then_some(spot);
        let is_wanted: Option<bool> = row.get(2)?;
        found.extend((is_wanted == Some(true)).then_some(spot));
    }
    Ok(Chunk { found, last, seen })
}

/// What to ask the index of the texts for, one after the other while there is too much.
fn keys(text: &str) -> impl Iterator<Item = &str> {
    let key = key(text).filter(|key| key.len() < text.len());
    key.into_iter().chain([text])
}

impl List<'_> {
    fn ids(&self, sql: &str, values: &[Value]) -> Result<Vec<i64>, Fault> {
        let mut statement = self.0.prepare_cached(sql)?;
        let ids = statement.query_map(params_from_iter(values), |row| row.get(0))?;
        Ok(ids.collect::<Result<_, _>>()?)
    }
}

impl List<'_> {
    /// About how many texts have it.
    fn estimate(&self, text: &str) -> Result<usize, Fault> {
        let mut statement = self.0.prepare_cached(SAMPLED)?;
        let (all, found): (Option<i64>, i64) =
            statement.query_row((text, SAMPLE), |row| Ok((row.get(0)?, row.get(1)?)))?;
        let about = all.unwrap_or(0).saturating_mul(found) / SAMPLE;
        Ok(usize::try_from(about).unwrap_or(0))
    }
}

impl Source for List<'_> {
    type Error = Fault;

    async fn count(
        &self,
        driver: Driver,
        streams: &[Stream<'_>],
        span: Span,
        bound: usize,
    ) -> Result<usize, Fault> {
        let mut statement = self.0.prepare_cached(&count_sql(driver))?;
        let mut count = 0;
        for stream in streams {
            bind_stream(&mut statement, stream, span)?;
            statement.raw_bind_parameter(7, limit(bound - count))?;
            let more = statement.raw_query().next()?.map_or(Ok(0), |row| row.get::<_, i64>(0))?;
            count += usize::try_from(more).unwrap_or(0);
            if count >= bound {
                break;
            }
        }
        Ok(count)
    }

    async fn chunks(&self, walk: &Walk<'_>, asks: &[Ask<Spot>]) -> Result<Chunks, Fault> {
        let mut statement = self.0.prepare_cached(&chunk_sql(walk.driver, walk.direction))?;
        bind_conditions(&mut statement, walk.wanted)?;
        let mut chunks = Vec::with_capacity(asks.len());
        for ask in asks {
            let Some(stream) = walk.streams.get(ask.stream) else { continue };
            bind_stream(&mut statement, stream, walk.span.after(ask.reached, walk.direction))?;
            statement.raw_bind_parameter(7, limit(ask.size))?;
            chunks.push((ask.stream, chunk(&mut statement, ask.size)?));
        }
        Ok(chunks)
    }

    async fn with_text(&self, text: &str, bound: usize) -> Result<Option<Vec<i64>>, Fault> {
        if bound < usize::MAX && self.estimate(text)? > bound {
            return Ok(None);
        }
        for key in keys(text) {
            let phrase = format!("\"{}\"", key.replace('"', "\"\""));
            let mut statement = self.0.prepare_cached(WITH_TEXT)?;
            let mut rows = statement.query((phrase, limit(bound.saturating_add(1)), text))?;
            let (mut ids, mut seen) = (Vec::new(), 0_usize);
            while let Some(row) = rows.next()? {
                seen += 1;
                ids.extend(row.get::<_, bool>(1)?.then_some(row.get::<_, i64>(0)?));
            }
            if seen <= bound {
                return Ok(Some(ids));
            }
        }
        Ok(None)
    }

    async fn with_amount(
        &self,
        projects: &[i64],
        (least, most): (i64, i64),
        bound: usize,
    ) -> Result<Vec<i64>, Fault> {
        let mut ids = Vec::new();
        for project in projects.iter().copied() {
            let left = limit(bound - ids.len());
            ids.extend(self.ids(WITH_AMOUNT, &[project.into(), least.into(), most.into(), left])?);
            if ids.len() >= bound {
                break;
            }
        }
        Ok(ids)
    }

    async fn among(&self, ids: &[i64], wanted: &Wanted) -> Result<Vec<Spot>, Fault> {
        let mut statement = self.0.prepare_cached(&among_sql("created_at, id"))?;
        let values = params_from_iter(among_values(ids, wanted));
        let spots = statement.query_map(values, |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(spots.collect::<Result<_, _>>()?)
    }

    async fn sums_among(&self, ids: &[i64], wanted: &Wanted) -> Result<Sums, Fault> {
        let mut statement = self.0.prepare_cached(&sums_among_sql())?;
        let mut rows = statement.query(params_from_iter(among_values(ids, wanted)))?;
        let mut sums = Sums::default();
        while let Some(row) = rows.next()? {
            sums.totals.push(total(row, 0)?);
        }
        Ok(sums)
    }

    async fn sums(
        &self,
        driver: Driver,
        wanted: &Wanted,
        bound: Option<u64>,
    ) -> Result<Sums, Fault> {
        let mut statement = self.0.prepare_cached(&sums_sql(driver))?;
        bind_conditions(&mut statement, wanted)?;
        let mut sums = Sums::default();
        for stream in wanted.streams(driver) {
            let left = bound.map_or(u64::MAX, |bound| bound.saturating_sub(sums.seen));
            if left == 0 {
                break;
            }
            bind_stream(&mut statement, &stream, wanted.span)?;
            statement.raw_bind_parameter(7, limit(usize::try_from(left).unwrap_or(usize::MAX)))?;
            let mut rows = statement.raw_query();
            while let Some(row) = rows.next()? {
                let part = total(row, 1)?;
                sums.seen += part.count;
                let is_wanted: Option<bool> = row.get(0)?;
                sums.totals.extend((is_wanted == Some(true)).then_some(part));
            }
        }
        Ok(sums)
    }

    async fn rows(&self, ids: &[i64]) -> Result<Vec<ListingRow>, Fault> {
        Ok(all(self.0, &rows_sql(), [numbers(ids)])?)
    }
}
