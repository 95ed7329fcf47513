//! The statements that pages and totals of the list are made of.
//!
//! One plan must be good for all parameters, so each statement leaves the planner one way to go: a
//! stream is a range of the keys of its index, inside a `LATERAL`, in the order of those keys, which
//! no other index has; a value asked for by equality would leave a choice, and the planner goes by
//! what is common. What only passes rows over is an expression beside them. Texts are looked for by `strpos` in rows that are read anyway, and
//! by `LIKE` where the index of the texts is to be used.

use altyn_app::listing::CurrencyTotal;
use altyn_app::ports::StoreError;
use tokio_postgres::Row as PgRow;
use tokio_postgres::types::ToSql;

use crate::convert::At;
use crate::listing::filter::{Driver, Span, Spot, Stream, Wanted, key};
use crate::listing::find::{Chunks, Source, Sums, Walk};
use crate::listing::merge::{Ask, Chunk, Direction};
use crate::postgres::connection::{Pool, database};
use crate::postgres::reads::read_all;
use crate::rows::{ListingRow, Row};

type Parameter<'a> = &'a (dyn ToSql + Sync);

/// The list, read by these connections.
pub(super) struct List<'a>(pub(super) &'a Pool);

/// Whether a row of `l` is wanted in what a stream does not say: `$8` to `$14`.
const CONDITIONS: &str = "(
    ($8::text[] IS NULL OR l.status = ANY($8::text[]))
    AND ($9::text[] IS NULL OR l.method = ANY($9::text[]))
    AND ($10::text[] IS NULL OR l.account = ANY($10::text[]))
    AND ($11::text[] IS NULL OR l.currency = ANY($11::text[]))
    AND ($12::bigint IS NULL OR l.amount_minor BETWEEN $12::bigint AND $13::bigint)
    AND ($14::text IS NULL
        OR strpos((SELECT t.text FROM listing_texts AS t WHERE t.id = l.id), $14::text) > 0))";

/// What they are.
struct Conditions {
    lists: [Option<Vec<String>>; 4],
    least: Option<i64>,
    most: Option<i64>,
    text: Option<String>,
}

impl Conditions {
    fn of(wanted: &Wanted) -> Self {
        let list = |words: &[String]| (!words.is_empty()).then(|| words.to_vec());
        let lists = [
            list(&wanted.statuses),
            list(&wanted.methods),
            list(&wanted.accounts),
            list(&wanted.currencies),
        ];
        let (least, most) = wanted.amount.unzip();
        Self { lists, least, most, text: wanted.text.clone() }
    }

    fn parameters(&self) -> impl Iterator<Item = Parameter<'_>> {
        let lists = self.lists.iter().map(|list| list as Parameter<'_>);
        let rest: [Parameter<'_>; 3] = [&self.least, &self.most, &self.text];
        lists.chain(rest)
    }
}

/// The rows `l` of the stream `s` between two spots, in their order.
fn of_stream(driver: Driver, low: &str, high: &str, direction: Direction) -> String {
    let (column, value) = match driver.column() {
        Some(column) => (format!("l.{column}, "), "s.value, "),
        None => (String::new(), ""),
    };
    format!(
        "FROM listing AS l
         WHERE l.project = s.project AND ({column}l.created_at, l.id) > ({value}{low})
             AND ({column}l.created_at, l.id) < ({value}{high})
         ORDER BY {}",
        order(driver, direction)
    )
}

fn order(driver: Driver, direction: Direction) -> String {
    let way = match direction {
        Direction::Down => " DESC",
        Direction::Up => "",
    };
    let column = driver.column().map(|column| format!("l.{column}{way}, ")).unwrap_or_default();
    format!("{column}l.created_at{way}, l.id{way}")
}

/// The rows of the stream `s` in the span of the whole filter.
fn of_span(driver: Driver) -> String {
    of_stream(driver, "$3::bigint, $4::bigint", "$5::bigint, $6::bigint", Direction::Down)
}

const SPAN: &str = "(l.created_at, l.id) > ($3::bigint, $4::bigint)
    AND (l.created_at, l.id) < ($5::bigint, $6::bigint)";

const SUMS: &str = "count(*), sum(amount_minor)::bigint, sum(captured_minor)::bigint,
    sum(refunded_minor)::bigint";

fn among_sql(columns: &str) -> String {
    // The offset keeps what is asked of a row apart from how it is found.
    format!(
        "SELECT {columns} FROM unnest($1::bigint[]) AS one(id)
         CROSS JOIN LATERAL (SELECT * FROM listing WHERE listing.id = one.id OFFSET 0) AS l
         WHERE l.project = ANY($2::bigint[]) AND {SPAN} AND $7::bigint IS NULL AND {CONDITIONS}"
    )
}

fn sums_sql(driver: Driver) -> String {
    format!(
        "SELECT wanted, currency, {SUMS} FROM (
             SELECT one.* FROM unnest($1::bigint[], $2::text[]) AS s(project, value)
             CROSS JOIN LATERAL (
                 SELECT {CONDITIONS} AS wanted, l.currency, l.amount_minor, l.captured_minor,
                     l.refunded_minor
                 {} LIMIT $7::bigint) AS one
             LIMIT $7::bigint) AS few
         GROUP BY wanted, currency",
        of_span(driver)
    )
}

fn count_sql(driver: Driver) -> String {
    format!(
        "SELECT count(*) FROM (
             SELECT 1 FROM unnest($1::bigint[], $2::text[]) AS s(project, value)
             CROSS JOIN LATERAL (SELECT 1 {} LIMIT $7::bigint) AS one
             LIMIT $7::bigint) AS few",
        of_span(driver)
    )
}

/// The next rows of each stream: those that are wanted, and the last of so many.
fn chunks_sql(driver: Driver, direction: Direction) -> String {
    format!(
        "SELECT s.place, one.created_at, one.id, one.is_wanted, one.is_last
         FROM unnest($1::bigint[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[],
             $6::bigint[], $7::bigint[]) WITH ORDINALITY
             AS s(project, value, low_at, low_id, high_at, high_id, size, place)
         CROSS JOIN LATERAL (
             SELECT l.created_at, l.id, {CONDITIONS} AS is_wanted,
                 row_number() OVER (ORDER BY {}) = s.size AS is_last
             {} LIMIT s.size) AS one
         WHERE one.is_wanted OR one.is_last",
        order(driver, direction),
        of_stream(driver, "s.low_at, s.low_id", "s.high_at, s.high_id", direction)
    )
}

fn sums_among_sql() -> String {
    format!("{} GROUP BY l.currency", among_sql(&format!("l.currency, {SUMS}")))
}

fn rows_sql() -> String {
    format!("{} WHERE id = ANY($1::bigint[])", ListingRow::sql().select)
}

const WITH_TEXT: &str = "
    SELECT id, strpos(text, $3::text) > 0 FROM listing_texts WHERE text LIKE $1::text
    LIMIT $2::bigint";

/// How many of the newest texts have this in them.
const AMONG_NEWEST: &str = "
    SELECT count(*) FROM (
        SELECT strpos(text, $1::text) > 0 AS is_found FROM listing_texts
        WHERE id < 9223372036854775807 ORDER BY id DESC LIMIT $2::bigint) AS newest
    WHERE is_found";

/// How many texts there are, as the server last counted; less than zero before it did.
const TEXTS: &str = "
    SELECT reltuples::bigint FROM pg_class WHERE oid = 'listing_texts'::regclass";

/// How many of the newest texts tell what share of all has something.
const NEWEST: i64 = 2_000;

const WITH_AMOUNT: &str = "
    SELECT one.id FROM unnest($1::bigint[]) AS s(project)
    CROSS JOIN LATERAL (
        SELECT l.id FROM listing AS l
        WHERE l.project = s.project AND l.amount_minor BETWEEN $2::bigint AND $3::bigint
        ORDER BY l.amount_minor LIMIT $4::bigint) AS one
    LIMIT $4::bigint";

/// Every statement, how many parameters it has, and the index it goes by.
#[cfg(test)]
pub(super) fn statements() -> Vec<(String, usize, &'static str)> {
    let drivers = Driver::COLUMNS.into_iter().chain([Driver::Project]);
    let mut all: Vec<_> = drivers
        .flat_map(|driver| {
            [
                (chunks_sql(driver, Direction::Down), 14, driver.index()),
                (chunks_sql(driver, Direction::Up), 14, driver.index()),
                (count_sql(driver), 7, driver.index()),
                (sums_sql(driver), 14, driver.index()),
            ]
        })
        .collect();
    all.extend([
        (WITH_TEXT.to_owned(), 3, "listing_texts_text"),
        (AMONG_NEWEST.to_owned(), 2, "listing_texts_pkey"),
        (WITH_AMOUNT.to_owned(), 4, "listing_amount"),
        (among_sql("l.created_at, l.id"), 14, "listing_pkey"),
        (sums_among_sql(), 14, "listing_pkey"),
        (rows_sql(), 1, "listing_pkey"),
    ]);
    all
}

fn limit(bound: usize) -> i64 {
    i64::try_from(bound).unwrap_or(i64::MAX)
}

/// A row of sums whose currency is in the column `first`.
fn total(row: &PgRow, first: usize) -> Result<CurrencyTotal, StoreError> {
    let get = |at: usize| row.try_get::<_, i64>(first + at).map_err(|error| database(&error));
    let code: &str = row.try_get(first).map_err(|error| database(&error))?;
    Ok(CurrencyTotal {
        currency: At::of::<ListingRow>(0, 0).currency(code)?,
        count: u64::try_from(get(1)?).unwrap_or(0),
        amount_minor: get(2)?,
        captured_minor: get(3)?,
        refunded_minor: get(4)?,
    })
}

fn get<'r, T: tokio_postgres::types::FromSql<'r>>(
    row: &'r PgRow,
    at: usize,
) -> Result<T, StoreError> {
    row.try_get(at).map_err(|error| database(&error))
}

impl List<'_> {
    /// A statement over payments by number, in every respect wanted.
    async fn among_rows(
        &self,
        sql: &str,
        ids: &[i64],
        wanted: &Wanted,
    ) -> Result<Vec<PgRow>, StoreError> {
        let (conditions, Span { low, high }) = (Conditions::of(wanted), wanted.span);
        let nothing: Option<i64> = None;
        let mut parameters: Vec<Parameter<'_>> =
            vec![&ids, &wanted.projects, &low.0, &low.1, &high.0, &high.1, &nothing];
        parameters.extend(conditions.parameters());
        self.0.rows(sql, &parameters).await
    }

    /// About how many texts have this in them: by the newest ones and the number of all. The index
    /// collects every text that may have it before it gives the first, whatever the limit.
    async fn texts_with(&self, key: &str) -> Result<usize, StoreError> {
        let read = |rows: Vec<PgRow>| rows.first().map_or(Ok(0_i64), |row| get(row, 0));
        let found = read(self.0.rows(AMONG_NEWEST, &[&key, &NEWEST]).await?)?;
        if found == 0 {
            return Ok(0);
        }
        let all = read(self.0.rows(TEXTS, &[]).await?)?;
        Ok(usize::try_from(found.saturating_mul(all / NEWEST)).unwrap_or(0))
    }
}

impl Source for List<'_> {
    type Error = StoreError;

    async fn count(
        &self,
        driver: Driver,
        streams: &[Stream<'_>],
        span: Span,
        bound: usize,
    ) -> Result<usize, StoreError> {
        let projects: Vec<i64> = streams.iter().map(|stream| stream.project).collect();
        let values: Vec<&str> = streams.iter().map(|stream| stream.value).collect();
        let (Span { low, high }, bound) = (span, limit(bound));
        let parameters: [Parameter<'_>; 7] =
            [&projects, &values, &low.0, &low.1, &high.0, &high.1, &bound];
        let rows = self.0.rows(&count_sql(driver), &parameters).await?;
        let count: i64 = rows.first().map_or(Ok(0), |row| get(row, 0))?;
        Ok(usize::try_from(count).unwrap_or(0))
    }

    async fn chunks(&self, walk: &Walk<'_>, asks: &[Ask<Spot>]) -> Result<Chunks, StoreError> {
        let conditions = Conditions::of(walk.wanted);
        let mut streams = Vec::with_capacity(asks.len());
        for ask in asks {
            if let Some(stream) = walk.streams.get(ask.stream) {
                streams.push((ask, stream, walk.span.after(ask.reached, walk.direction)));
            }
        }
        let projects: Vec<i64> = streams.iter().map(|(_, stream, _)| stream.project).collect();
        let values: Vec<&str> = streams.iter().map(|(_, stream, _)| stream.value).collect();
        let spans = |pick: fn(&Span) -> i64| -> Vec<i64> {
            streams.iter().map(|(_, _, span)| pick(span)).collect()
        };
        let (low_at, low_id) = (spans(|span| span.low.0), spans(|span| span.low.1));
        let (high_at, high_id) = (spans(|span| span.high.0), spans(|span| span.high.1));
        let sizes: Vec<i64> = streams.iter().map(|(ask, _, _)| limit(ask.size)).collect();
        let mut parameters: Vec<Parameter<'_>> =
            vec![&projects, &values, &low_at, &low_id, &high_at, &high_id, &sizes];
        parameters.extend(conditions.parameters());
        let rows = self.0.rows(&chunks_sql(walk.driver, walk.direction), &parameters).await?;
        let empty = || Chunk { found: Vec::new(), last: None, seen: 0 };
        let mut chunks: Chunks = streams.iter().map(|(ask, _, _)| (ask.stream, empty())).collect();
        for row in &rows {
            let place: i64 = get(row, 0)?;
            let place = usize::try_from(place - 1).unwrap_or(usize::MAX);
            let (Some((ask, _, _)), Some((_, chunk))) = (streams.get(place), chunks.get_mut(place))
            else {
                continue;
            };
            let spot = (get(row, 1)?, get(row, 2)?);
            chunk.seen += 1;
            if get::<Option<bool>>(row, 3)? == Some(true) {
                chunk.found.push(spot);
            }
            if get(row, 4)? {
                (chunk.last, chunk.seen) = (Some(spot), ask.size);
            }
        }
        Ok(chunks)
    }

    async fn with_text(&self, text: &str, bound: usize) -> Result<Option<Vec<i64>>, StoreError> {
        let most = limit(bound.saturating_add(1));
        for key in keys(text) {
            if self.texts_with(key).await? > bound {
                continue;
            }
            let rows = self.0.rows(WITH_TEXT, &[&pattern(key), &most, &text]).await?;
            if rows.len() > bound {
                continue;
            }
            let mut ids = Vec::with_capacity(rows.len());
            for row in &rows {
                ids.extend(get::<bool>(row, 1)?.then_some(get::<i64>(row, 0)?));
            }
            return Ok(Some(ids));
        }
        Ok(None)
    }

    async fn with_amount(
        &self,
        projects: &[i64],
        (least, most): (i64, i64),
        bound: usize,
    ) -> Result<Vec<i64>, StoreError> {
        let rows = self.0.rows(WITH_AMOUNT, &[&projects, &least, &most, &limit(bound)]).await?;
        rows.iter().map(|row| get(row, 0)).collect()
    }

    async fn among(&self, ids: &[i64], wanted: &Wanted) -> Result<Vec<Spot>, StoreError> {
        let rows = self.among_rows(&among_sql("l.created_at, l.id"), ids, wanted).await?;
        rows.iter().map(|row| Ok((get(row, 0)?, get(row, 1)?))).collect()
    }

    async fn sums_among(&self, ids: &[i64], wanted: &Wanted) -> Result<Sums, StoreError> {
        let rows = self.among_rows(&sums_among_sql(), ids, wanted).await?;
        let totals = rows.iter().map(|row| total(row, 0)).collect::<Result<_, _>>()?;
        Ok(Sums { totals, seen: 0 })
    }

    async fn sums(
        &self,
        driver: Driver,
        wanted: &Wanted,
        bound: Option<u64>,
    ) -> Result<Sums, StoreError> {
        let conditions = Conditions::of(wanted);
        let streams = wanted.streams(driver);
        let projects: Vec<i64> = streams.iter().map(|stream| stream.project).collect();
        let values: Vec<&str> = streams.iter().map(|stream| stream.value).collect();
        let Span { low, high } = wanted.span;
        let bound = bound.map(|bound| i64::try_from(bound).unwrap_or(i64::MAX));
        let mut parameters: Vec<Parameter<'_>> =
            vec![&projects, &values, &low.0, &low.1, &high.0, &high.1, &bound];
        parameters.extend(conditions.parameters());
        let mut sums = Sums::default();
        for row in self.0.rows(&sums_sql(driver), &parameters).await? {
            let part = total(&row, 1)?;
            sums.seen += part.count;
            let is_wanted: Option<bool> = get(&row, 0)?;
            sums.totals.extend((is_wanted == Some(true)).then_some(part));
        }
        Ok(sums)
    }

    async fn rows(&self, ids: &[i64]) -> Result<Vec<ListingRow>, StoreError> {
        read_all(&self.0.rows(&rows_sql(), &[&ids]).await?)
    }
}

/// What texts with this in them are like.
fn pattern(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len() + 8);
    pattern.push('%');
    for letter in text.chars() {
        if matches!(letter, '\\' | '%' | '_') {
            pattern.push('\\');
        }
        pattern.push(letter);
    }
    pattern.push('%');
    pattern
}

/// What to ask the index of the texts for, one after the other while there is too much. Without
/// three letters or digits in a row, or a whole word, it would be read from end to end.
fn keys(text: &str) -> impl Iterator<Item = &str> {
    let key = key(text);
    let all = (key.is_some() || is_whole(text)).then_some(text);
    key.filter(|key| key.len() < text.len()).into_iter().chain(all)
}

/// Whether the index of the texts can go by a text without three letters or digits in a row. It
/// knows words, letters and digits with signs before and after, so it can where a word is whole.
fn is_whole(text: &str) -> bool {
    let is_sign = |letter: Option<char>| letter.is_some_and(|letter| !letter.is_alphanumeric());
    let is_bounded = is_sign(text.chars().next()) && is_sign(text.chars().next_back());
    is_bounded && text.chars().any(char::is_alphanumeric)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_of_patterns_are_taken_literally() {
        assert_eq!(pattern(r"a%b_c\d"), r"%a\%b\_c\\d%");
    }

    #[test]
    fn short_texts_that_the_index_can_find() {
        for (text, expected) in
            [("\n7\n", true), ("\n№1\n", true), ("a@b", false), ("**1", false), ("***", false)]
        {
            assert_eq!(is_whole(text), expected, "{text}");
        }
    }
}
