//! How a page or a total is found, whatever the filter.
//!
//! | the filter has | it is answered by |
//! |---|---|
//! | no column of [`Driver::COLUMNS`] | the streams of the projects |
//! | one | its streams |
//! | several | the streams of the rarest, counted to a bound; rows that the others refuse are passed over |
//! | a range of amounts or a text that few rows have | those rows, from its index, checked and sorted |
//! | one that many have | the streams, and passing over |
//!
//! Whatever the data, a page looks at a bounded number of rows and says so when it had to stop.

use altyn_app::listing::{CurrencyTotal, ListingFilter, Page, Part, PaymentRow, Totals};
use altyn_app::ports::StoreError;
use altyn_domain::money::Currency;

use super::feed::payment_row;
use super::filter::{Driver, Span, Spot, Stream, Wanted, place};
use super::merge::{Ask, Chunk, Direction, Found, Merge};
use crate::rows::ListingRow;

/// Rows that a page may look at, and rows whose texts it may look at, which takes longer: about a
/// twentieth of a second.
const BUDGET: usize = 40_000;
const BUDGET_OF_TEXTS: usize = 12_000;
/// Rows that are looked at for a text or an amount before its index is asked, which takes long for what
/// very many rows have.
const FIRST_LOOK: usize = 2_000;
/// So many of them make a filter frequent: one of a hundred.
const FREQUENT: u64 = 20;
/// A filter that lets so few rows through is rare: these are checked one by one.
const RARE: usize = 10_000;
/// A stream so short that walking it is better than asking any other index.
const SHORT: usize = 1_000;
/// Streams in which a filter's rows are counted to find the rarest.
const STREAMS_COUNTED: usize = 300;
/// Streams that are read as one.
const STREAMS_MAX: usize = 4_000;
/// The same for a total that may stop.
const TOTAL_BUDGET: u64 = 20_000;
const TOTAL_BUDGET_OF_TEXTS: u64 = 12_000;
/// Rows checked in one statement.
const AMONG: usize = 10_000;

/// Sums of some rows.
#[derive(Debug, Default)]
pub(crate) struct Sums {
    pub(crate) totals: Vec<CurrencyTotal>,
    /// Rows that were looked at for it.
    pub(crate) seen: u64,
}

/// What an engine can be asked.
pub(crate) trait Source {
    type Error: From<StoreError>;

    /// How many rows the streams have in the span, counting to `bound`.
    async fn count(
        &self,
        driver: Driver,
        streams: &[Stream<'_>],
        span: Span,
        bound: usize,
    ) -> Result<usize, Self::Error>;

    /// The next rows of streams: the stream's place in `streams`, and its chunk. Every stream that
    /// is asked for is answered.
    async fn chunks(&self, walk: &Walk<'_>, asks: &[Ask<Spot>]) -> Result<Chunks, Self::Error>;

    /// Payments with this in their text; `None` when no index can tell, or when it would have to
    /// look at more than `bound` texts. It does not look at many more to find that out.
    async fn with_text(&self, text: &str, bound: usize) -> Result<Option<Vec<i64>>, Self::Error>;

    /// Payments of the projects with amounts from the first to the second, at most `bound`.
    async fn with_amount(
        &self,
        projects: &[i64],
        amount: (i64, i64),
        bound: usize,
    ) -> Result<Vec<i64>, Self::Error>;

    /// Which of these payments are wanted in every respect.
    async fn among(&self, ids: &[i64], wanted: &Wanted) -> Result<Vec<Spot>, Self::Error>;

    /// Sums of those of them that are wanted in every respect.
    async fn sums_among(&self, ids: &[i64], wanted: &Wanted) -> Result<Sums, Self::Error>;

    /// Sums of the wanted rows of streams, of which it looks at no more than `bound`.
    async fn sums(
        &self,
        driver: Driver,
        wanted: &Wanted,
        bound: Option<u64>,
    ) -> Result<Sums, Self::Error>;

    /// Rows by number, in any order.
    async fn rows(&self, ids: &[i64]) -> Result<Vec<ListingRow>, Self::Error>;
}

/// Streams' places and chunks.
pub(crate) type Chunks = Vec<(usize, Chunk<Spot>)>;

/// What is walked.
pub(crate) struct Walk<'a> {
    pub(crate) wanted: &'a Wanted,
    pub(crate) driver: Driver,
    pub(crate) streams: Vec<Stream<'a>>,
    pub(crate) span: Span,
    pub(crate) direction: Direction,
}

/// A page of the list.
pub(crate) async fn page<S: Source>(
    source: &S,
    filter: &ListingFilter,
    part: Part,
    limit: u32,
) -> Result<Page, S::Error> {
    let wanted = Wanted::of(filter);
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let (span, direction) = wanted.part(part);
    let found = if wanted.projects.is_empty() || span.low >= span.high {
        Found { keys: Vec::new(), stopped_at: None }
    } else {
        find(source, &wanted, span, direction, limit + 1).await?
    };
    let has_more = found.keys.len() > limit;
    let mut spots = found.keys;
    spots.truncate(limit);
    let rows = rows_at(source, &spots).await?;
    // Where the walk goes on, if it does.
    let onward = match (has_more, found.stopped_at) {
        (true, _) => spots.last().copied(),
        (false, stopped_at) => stopped_at,
    };
    let stopped_early = !has_more && found.stopped_at.is_some();
    Ok(into_page(part, rows, onward.map(place), stopped_early))
}

fn into_page(
    part: Part,
    mut rows: Vec<PaymentRow>,
    onward: Option<altyn_app::listing::Place>,
    stopped_early: bool,
) -> Page {
    let (older, newer) = match part {
        Part::Newest => (onward, None),
        Part::OlderThan(from) => {
            // Without a row of its own the way back begins at the row this part followed.
            let (created_at, id) = (from.created_at.as_millis(), from.id.get());
            let back =
                rows.first().map_or(place((created_at, id.saturating_sub(1))), PaymentRow::place);
            (onward, Some(back))
        }
        Part::NewerThan(from) => {
            let (created_at, id) = (from.created_at.as_millis(), from.id.get());
            let back =
                rows.first().map_or(place((created_at, id.saturating_add(1))), PaymentRow::place);
            rows.reverse();
            (Some(back), onward)
        }
    };
    Page { rows, older, newer, stopped_early }
}

/// Finds the first `need` rows of a walk.
async fn find<S: Source>(
    source: &S,
    wanted: &Wanted,
    span: Span,
    direction: Direction,
    need: usize,
) -> Result<Found<Spot>, S::Error> {
    let (driver, count) = rarest(source, wanted, span).await?;
    let walk = Walk { wanted, driver, streams: wanted.streams(driver), span, direction };
    let share = need.saturating_mul(2).div_ceil(walk.streams.len().max(1));
    let first = if wanted.is_only(driver) { share.clamp(2, need.max(2)) } else { share.max(8) };
    let mut merge = Merge::new(walk.streams.len(), direction, need, first);
    if wanted.text.is_some() || wanted.amount.is_some() {
        // What is frequent is among the first; an index takes long to tell that it is.
        run(source, &walk, &mut merge, FIRST_LOOK).await?;
        if !merge.is_stopped() {
            return Ok(merge.finish());
        }
    }
    if let Some(amount) = wanted.amount.filter(|_| count > SHORT) {
        let ids = source.with_amount(&wanted.projects, amount, RARE + 1).await?;
        if ids.len() <= RARE && ids.len() < count {
            return among(source, &ids, wanted, span, direction, need).await;
        }
    }
    if let Some(text) = wanted.text.as_ref().filter(|_| count > SHORT)
        && let Some(ids) = source.with_text(text, RARE).await?
    {
        return among(source, &ids, wanted, span, direction, need).await;
    }
    let budget = if wanted.text.is_some() { BUDGET_OF_TEXTS } else { BUDGET };
    run(source, &walk, &mut merge, budget).await?;
    Ok(merge.finish())
}

/// The driver whose streams have the fewest rows in the span, and how many, as far as was counted.
async fn rarest<S: Source>(
    source: &S,
    wanted: &Wanted,
    span: Span,
) -> Result<(Driver, usize), S::Error> {
    let mut best: Option<(Driver, usize)> = None;
    let usable = |driver: &Driver| {
        let values = wanted.values(*driver).len();
        values > 0 && values * wanted.projects.len() <= STREAMS_MAX
    };
    let usable: Vec<Driver> = Driver::COLUMNS.into_iter().filter(usable).collect();
    for driver in usable {
        let streams = wanted.streams(driver);
        // Counting is of no use where there is nothing to choose.
        let count = if streams.len() > STREAMS_COUNTED || wanted.is_only(driver) {
            RARE + 1
        } else {
            source.count(driver, &streams, span, RARE + 1).await?
        };
        if best.is_none_or(|(_, least)| count < least) {
            best = Some((driver, count));
        }
    }
    Ok(best.unwrap_or((Driver::Project, RARE + 1)))
}

async fn run<S: Source>(
    source: &S,
    walk: &Walk<'_>,
    merge: &mut Merge<Spot>,
    budget: usize,
) -> Result<(), S::Error> {
    merge.allow(budget);
    loop {
        let asks = merge.asks();
        if asks.is_empty() {
            return Ok(());
        }
        for (stream, chunk) in source.chunks(walk, &asks).await? {
            merge.take(stream, chunk);
        }
    }
}

/// The first `need` of these payments that are wanted and in the span.
async fn among<S: Source>(
    source: &S,
    ids: &[i64],
    wanted: &Wanted,
    span: Span,
    direction: Direction,
    need: usize,
) -> Result<Found<Spot>, S::Error> {
    let mut keys = source.among(ids, wanted).await?;
    keys.retain(|spot| span.contains(*spot));
    direction.sort(&mut keys);
    keys.truncate(need);
    Ok(Found { keys, stopped_at: None })
}

/// The rows at these places, in their order. One that was changed meanwhile is as it is now.
async fn rows_at<S: Source>(source: &S, spots: &[Spot]) -> Result<Vec<PaymentRow>, S::Error> {
    if spots.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<i64> = spots.iter().map(|(_, id)| *id).collect();
    let mut rows = source.rows(&ids).await?;
    rows.sort_unstable_by_key(|row| (row.created_at, row.id));
    let at = |spot: &Spot| rows.binary_search_by_key(spot, |row| (row.created_at, row.id)).ok();
    let in_order = spots.iter().filter_map(|spot| at(spot).and_then(|at| rows.get(at)).cloned());
    Ok(in_order.map(payment_row).collect::<Result<_, _>>()?)
}

/// What the filter's rows come to.
pub(crate) async fn totals<S: Source>(
    source: &S,
    filter: &ListingFilter,
    bound: Option<u64>,
) -> Result<Totals, S::Error> {
    let wanted = Wanted::of(filter);
    if wanted.projects.is_empty() || wanted.span.low >= wanted.span.high {
        return Ok(Totals { complete: true, ..Totals::default() });
    }
    let rare = bound.map_or(usize::MAX, |_| RARE);
    let (driver, count) = rarest(source, &wanted, wanted.span).await?;
    if let Some(text) = wanted.text.as_ref().filter(|_| count > SHORT)
        && let Some(ids) = source.with_text(text, rare).await?
    {
        return sums_among(source, &ids, &wanted).await;
    }
    if let Some(amount) = wanted.amount.filter(|_| count > SHORT && bound.is_some())
        && !is_frequent(source, driver, &wanted).await?
    {
        let ids = source.with_amount(&wanted.projects, amount, RARE + 1).await?;
        if ids.len() <= RARE && ids.len() < count {
            return sums_among(source, &ids, &wanted).await;
        }
    }
    // Where every row counts, the next one after the bound is enough to see.
    let only = wanted.is_only(driver);
    let budget = match (only, &wanted.text) {
        (true, _) => 0,
        (false, None) => TOTAL_BUDGET,
        (false, Some(_)) => TOTAL_BUDGET_OF_TEXTS,
    };
    let look = bound.map(|bound| budget.max(bound + 1));
    let sums = source.sums(driver, &wanted, look).await?;
    let complete = look.is_none_or(|look| sums.seen < look);
    Ok(into_totals(sums.totals, complete))
}

/// Whether so many of the first rows are wanted that an index would be asked in vain.
async fn is_frequent<S: Source>(
    source: &S,
    driver: Driver,
    wanted: &Wanted,
) -> Result<bool, S::Error> {
    let first = source.sums(driver, wanted, Some(FIRST_LOOK as u64)).await?;
    let found: u64 = first.totals.iter().map(|total| total.count).sum();
    Ok(found >= FREQUENT)
}

async fn sums_among<S: Source>(
    source: &S,
    ids: &[i64],
    wanted: &Wanted,
) -> Result<Totals, S::Error> {
    let mut totals = Vec::new();
    for some in ids.chunks(AMONG) {
        totals.extend(source.sums_among(some, wanted).await?.totals);
    }
    Ok(into_totals(totals, true))
}

/// Adds up parts, by currency code.
fn into_totals(parts: Vec<CurrencyTotal>, complete: bool) -> Totals {
    let mut sums: Vec<CurrencyTotal> = Vec::new();
    for part in parts.into_iter().filter(|part| part.count > 0) {
        match sums.iter_mut().find(|sum| sum.currency == part.currency) {
            None => sums.push(part),
            Some(sum) => {
                sum.count += part.count;
                sum.amount_minor = sum.amount_minor.saturating_add(part.amount_minor);
                sum.captured_minor = sum.captured_minor.saturating_add(part.captured_minor);
                sum.refunded_minor = sum.refunded_minor.saturating_add(part.refunded_minor);
            }
        }
    }
    sums.sort_unstable_by_key(|sum| Currency::code(sum.currency));
    Totals { count: sums.iter().map(|sum| sum.count).sum(), sums, complete }
}
