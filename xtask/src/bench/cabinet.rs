//! The merchant cabinet over many payments of the year past: its list by each filter, by several
//! together, at any depth and by text, with the totals that stand on the same page; registers.
//!
//! Pages are opened one after another, as an operator does, each on a connection of its own; a time
//! is that of the whole page. Each page is opened five times; the first time much of it comes from the
//! disk, since a database of millions does not fit into the server's memory.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};

use super::database::Engine;
use super::figures::{Figures, Of, Spread};
use super::processes::get;
use super::site::{Server, Site};
use super::visitor::{Visitor, values};
use super::{Bench, now, page::escaped, report, usage};

/// How the list is looked at, and what the slowest of its pages may take at the median of its times.
pub const VIEWS: [(&str, &str, &str); 11] = [
    ("first", "list, newest first", "< 50"),
    ("deep", "  at 24 depths of the year", "< 50"),
    ("status", "  by status", "< 50"),
    ("system", "  by payment system", "< 50"),
    ("method", "  by method", "< 50"),
    ("currency", "  by currency", "< 50"),
    ("project", "  by project", "< 50"),
    ("dates", "  by dates", "< 50"),
    ("sum", "  by sum", "< 50"),
    ("together", "  by project, status and dates", "< 50"),
    ("search", "  by text", "< 150"),
];
/// The most rows of the larger register.
const REGISTER_ROWS: u64 = 1_000_000;
/// How often each page is opened.
const TIMES: usize = 5;
/// How many depths, and spans of dates, the year is divided into.
const PARTS: i64 = 24;
const DAY_MS: i64 = 86_400_000;
/// The payments reach back so far.
const YEAR_DAYS: i64 = 365;
/// How long the list may take to take millions in, and a register to be made.
const PATIENCE: Duration = Duration::from_secs(3_600);

const LIST: &str = "/cabinet/payments";
const REGISTERS: &str = "/cabinet/registers";

/// A database with its payments, new for it.
pub async fn fill(bench: &Bench, engine: Engine) -> Result<Site> {
    report::note(&format!("  {}: {} payments are made", engine.title(), bench.payments));
    Site::of_demo(bench, engine, bench.payments).await
}

/// Everything on one database; gives it back with the list built.
pub async fn measure(bench: &Bench, site: Site, figures: &mut Figures) -> Result<Site> {
    let engine = site.engine;
    let title = engine.title();
    let server = site.start(true).await?;
    report::note(&format!("  {title}: the list takes them in"));
    let began = now();
    until(|| {
        let metrics = get(site.address, "/metrics")?;
        Ok(metrics.contains("listing_building 0") && metrics.contains("listing_waiting 0"))
    })
    .await?;
    let of = Of::Platform(engine);
    let per_second = bench.payments as f64 / began.elapsed().as_secs_f64();
    figures.add(of, "cabinet_list_built_per_s", per_second);
    server.stop().await?;

    let server = site.start(true).await?;
    let visitor = Visitor::enter(site.address, "demo", site.read("password")?.trim())?;
    report::note(&format!("  {title}: the list is looked at"));
    look(&visitor, of, figures)?;
    report::note(&format!("  {title}: registers"));
    registers(bench, &visitor, (of, &server), figures).await?;
    figures.add(of, "cabinet_bytes", site.database.bytes().await? as f64 / bench.payments as f64);
    server.stop().await?;
    Ok(site)
}

/// Waits until it holds.
async fn until(mut holds: impl FnMut() -> Result<bool>) -> Result<()> {
    let give_up = now() + PATIENCE;
    while !holds()? {
        ensure!(now() < give_up, "it took too long");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(())
}

/// Times of every view's pages.
fn look(visitor: &Visitor, of: Of, figures: &mut Figures) -> Result<()> {
    let page = visitor.open(LIST)?.0;
    let mut first = None;
    for (name, ..) in VIEWS {
        let queries = queries(name, &page)?;
        ensure!(!queries.is_empty(), "nothing to choose from: {name}");
        let mut times = vec![Vec::new(); queries.len()];
        for _ in 0..TIMES {
            for (query, times) in queries.iter().zip(&mut times) {
                let (_, took) = visitor.open(&format!("{LIST}?{query}"))?;
                times.push(took.as_secs_f64() * 1e3);
            }
        }
        let median = Spread::of(&times.concat()).context("no times")?.median;
        let spreads: Vec<Spread> = times.iter().filter_map(|times| Spread::of(times)).collect();
        let most = |of: fn(&Spread) -> f64| spreads.iter().map(of).fold(0.0, f64::max);
        figures.add(of, format!("cabinet_{name}_p50_ms"), median);
        figures.add(of, format!("cabinet_{name}_slowest_ms"), most(|spread| spread.median));
        figures.add(of, format!("cabinet_{name}_cold_ms"), most(|spread| spread.most));
        if name == "deep" {
            figures.add(of, "cabinet_deep_by_first", median / first.unwrap_or(median));
        }
        first = first.or(Some(median));
    }
    Ok(())
}

/// The queries of a view, by what the form on the page offers.
fn queries(view: &str, page: &str) -> Result<Vec<String>> {
    let choices = |name: &str| values(page, &format!("name=\"{name}\" value=\""), '"');
    let each = |name: &str| {
        choices(name).iter().map(|value| format!("{name}={}", escaped(value))).collect()
    };
    let now_ms = jiff::Timestamp::now().as_millisecond();
    let spans = || (1..=PARTS).map(move |part| now_ms - YEAR_DAYS * DAY_MS * part / (PARTS + 1));
    Ok(match view {
        "first" => vec![String::new()],
        "deep" => spans().map(|at| format!("before={at}.0")).collect(),
        "status" => each("status"),
        "system" => each("ps"),
        "method" => each("method"),
        "currency" => each("currency"),
        "project" => each("project"),
        "dates" => spans().map(|at| dates(at, 14)).collect::<Result<_>>()?,
        "sum" => ["min=1000", "max=150", "min=1000&max=1001", "min=2050", "min=777&max=777"]
            .map(str::to_owned)
            .to_vec(),
        "together" => choices("project")
            .iter()
            .flat_map(|project| {
                choices("status").into_iter().zip(spans()).map(move |(status, at)| {
                    Ok(format!("project={project}&status={status}&{}", dates(at, 30)?))
                })
            })
            .collect::<Result<_>>()?,
        "search" => [
            "order-0000777",
            "0000077",
            "client-42",
            "смирн",
            "ова",
            "post.example",
            "client1234@inbox.example",
            "79161234567",
            "1234567",
            "0077",
            "481516",
            "такого нет",
            "zzz",
        ]
        .map(|text| format!("q={}", escaped(text)))
        .to_vec(),
        _ => Vec::new(),
    })
}

/// So many days that end with the one of this moment.
fn dates(at_ms: i64, days: i64) -> Result<String> {
    Ok(format!("from={}&to={}", day(at_ms - days * DAY_MS)?, day(at_ms)?))
}

fn day(at_ms: i64) -> Result<String> {
    Ok(jiff::Timestamp::from_millisecond(at_ms)?
        .to_zoned(jiff::tz::TimeZone::UTC)
        .date()
        .to_string())
}

/// Registers of about a tenth of the rows and of all of them, in both formats that take any number.
async fn registers(
    bench: &Bench,
    visitor: &Visitor,
    (of, server): (Of, &Server),
    figures: &mut Figures,
) -> Result<()> {
    let most = i64::try_from(REGISTER_ROWS.min(bench.payments))?;
    let days = YEAR_DAYS * most / i64::try_from(bench.payments)?;
    for format in ["csv", "xlsx"] {
        usage::forget_peak(server.id())?;
        register(visitor, format, days / 10).await?;
        let tenth = usage::resident_peak_mb(server.id())?;
        usage::forget_peak(server.id())?;
        let (rows, took) = register(visitor, format, days).await?;
        let peak = usage::resident_peak_mb(server.id())?;
        figures.add(of, format!("cabinet_{format}_rows"), rows);
        figures.add(of, format!("cabinet_{format}_s"), took.as_secs_f64());
        figures.add(of, format!("cabinet_{format}_rows_per_s"), rows / took.as_secs_f64());
        figures.add(of, format!("cabinet_{format}_peak_mb"), peak);
        figures.add(of, format!("cabinet_{format}_peak_by_tenth"), peak / tenth);
    }
    Ok(())
}

/// A register of the last days: its rows, and from asking for it until it can be fetched.
async fn register(visitor: &Visitor, format: &str, days: i64) -> Result<(f64, Duration)> {
    let view = format!("from={}", day(jiff::Timestamp::now().as_millisecond() - days * DAY_MS)?);
    let began = now();
    visitor.submit(&format!("{REGISTERS}/new"), &[("view", &view), ("format", format)])?;
    let mut page = String::new();
    until(|| {
        page = visitor.open(REGISTERS)?.0;
        ensure!(!page.contains("Failed"), "the register failed");
        Ok(!page.contains("Being made"))
    })
    .await?;
    let took = began.elapsed();
    // The newest stands first.
    let cell = values(&page, "data-label=\"Rows\" class=\"num\">", '<').into_iter().next();
    let cell = cell.context("no register was made")?;
    let digits: String = cell.chars().filter(char::is_ascii_digit).collect();
    Ok((digits.parse().context("no rows are told")?, took))
}
