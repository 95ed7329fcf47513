//! Everything together: sales are offered for a while, workers give them to the emulated provider,
//! its payers press by themselves, its notifications come in, callbacks go out. Then the backlog
//! drains, and the provider's register is compared with the books.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde::Deserialize;

use super::database::Engine;
use super::feed::Held;
use super::figures::{Figures, Of};
use super::load::{self, Arrivals, Load};
use super::processes::{free_address, get};
use super::sale::{Amount, Sales};
use super::sink::Sink;
use super::site::{Check, Site, must_hold, sandbox};
use super::{Bench, now, report, usage};

/// So many sales are offered at most, for each second: more than are finished in it, so that there
/// is a backlog, and not so many that it takes minutes to drain.
const OFFERED_PER_SECOND: usize = 3_000;
/// The currency of the sales.
const CURRENCY: &str = "RUB";

/// The provider's register, in sums (`/sandbox/totals`).
#[derive(Deserialize)]
struct Totals {
    rbs: BTreeMap<String, Sums>,
}

#[derive(Default, Deserialize)]
pub struct Sums {
    orders: u64,
    paid: u64,
    charges: u64,
    net_minor: i64,
}

/// The books, in sums.
pub struct Books {
    payments: i64,
    paid: i64,
    receivable_minor: i64,
    payable_minor: i64,
}

/// One round on one database, new for it.
pub async fn measure(bench: &Bench, engine: Engine, figures: &mut Figures) -> Result<()> {
    report::note(&format!("  {}: end to end", engine.title()));
    let sink = Sink::start()?;
    let provider = free_address()?;
    let site = Site::make(bench, engine, Some(provider), Some(&sink.url())).await?;
    let emulator = sandbox(bench, provider, &format!("http://{}", site.address)).await?;
    let server = site.start(true).await?;
    let before = site.used(&server).await?;
    let began = now();
    let outcome = load::run(offered(bench, &site), Arc::new(sales(bench, &site)?)).await?;
    let name = engine.title();
    figures.errors_of(&format!("{name} end to end"), &outcome);
    ensure!(outcome.answered > 0, "no sale was accepted: {}", server.said());
    let loaded = began + outcome.took;
    let heard = sink.wait(|heard| heard.ended >= outcome.answered).await;
    let used = site.used(&server).await?;
    let of = Of::Platform(engine);
    let last = heard.last_end.unwrap_or(loaded);
    let whole = last.saturating_duration_since(began).as_secs_f64();
    let taken = outcome.took.as_secs_f64();
    figures.add(of, "sustained_accepted_per_s", outcome.answered as f64 / taken);
    figures.add(of, "sustained_finished_per_s", heard.succeeded as f64 / whole);
    figures.add(of, "drain_s", last.saturating_duration_since(loaded).as_secs_f64());
    let each = used.each(before, heard.ended);
    figures.add(of, "sustained_server_us", each.server_us);
    if let Some(database_us) = each.database_us {
        figures.add(of, "sustained_database_us", database_us);
    }
    let emulator_us = usage::cpu(emulator.id())?.total() as f64 / heard.ended.max(1) as f64;
    figures.add(of, "sustained_emulator_us", emulator_us);
    figures.add(of, "sustained_callbacks_repeated", heard.repeated as f64);
    figures.lost += outcome.answered.saturating_sub(heard.ended);
    if heard.ended != heard.succeeded || heard.ended_twice > 0 || heard.unreadable > 0 {
        figures
            .faults
            .push(format!("{name} end to end: not every sale ended in one success: {heard:?}"));
    }
    server.stop().await.with_context(|| format!("{name} end to end"))?;
    let totals = totals(provider)?;
    drop(emulator);
    let check = site.check().await?;
    must_hold(&check)?;
    compare(engine, &totals, &books(&site).await?, &check, figures);
    site.remove().await
}

/// The rate at which payments end, with the list's feed or while it is held.
pub async fn sustained(
    bench: &Bench,
    engine: Engine,
    is_held: bool,
    figures: &mut Figures,
) -> Result<f64> {
    let (sink, provider) = (Sink::start()?, free_address()?);
    let site = Site::make(bench, engine, Some(provider), Some(&sink.url())).await?;
    let _emulator = sandbox(bench, provider, &format!("http://{}", site.address)).await?;
    let server = site.start(true).await?;
    let held = if is_held { Some(Held::take(&site.database).await?) } else { None };
    let began = now();
    let outcome = load::run(offered(bench, &site), Arc::new(sales(bench, &site)?)).await?;
    figures.errors_of(&format!("{} sustained", engine.title()), &outcome);
    let heard = sink.wait(|heard| heard.ended >= outcome.answered).await;
    figures.lost += outcome.answered.saturating_sub(heard.ended);
    let last = heard.last_end.context("no payment ended")?;
    if let Some(held) = held {
        held.prove(&site.database).await?;
    }
    server.stop().await?;
    site.remove().await?;
    Ok(heard.succeeded as f64 / last.saturating_duration_since(began).as_secs_f64())
}

/// A load of sales, more than are finished in its time.
pub fn offered(bench: &Bench, site: &Site) -> Load {
    Load {
        address: site.address,
        connections: bench.fewest(),
        arrivals: Arrivals::AtOnce,
        warm_up: Duration::ZERO,
        length: bench.length,
    }
}

/// The sales of it.
pub fn sales(bench: &Bench, site: &Site) -> Result<Sales> {
    let seconds = bench.length.as_secs_f64().ceil() as usize;
    Sales::sign(&site.address.to_string(), Amount::Paid, 0, seconds * OFFERED_PER_SECOND)
}

/// The provider's register, of the currency of the sales.
pub fn totals(provider: SocketAddr) -> Result<Sums> {
    let text = get(provider, "/sandbox/totals")?;
    let mut totals: Totals = serde_json::from_str(&text).context("/sandbox/totals")?;
    Ok(totals.rbs.remove(CURRENCY).unwrap_or_default())
}

/// The books, as they stand in the database.
pub async fn books(site: &Site) -> Result<Books> {
    let balance = |account: &str, side: &str, other: &str| {
        format!(
            "SELECT CAST(coalesce(sum({side}_minor - {other}_minor), 0) AS BIGINT) FROM balances \
             WHERE account = '{account}' AND currency = '{CURRENCY}'"
        )
    };
    let database = &site.database;
    Ok(Books {
        payments: database.number("SELECT count(*) FROM payments").await?,
        paid: database.number("SELECT count(*) FROM payments WHERE state = 'paid'").await?,
        receivable_minor: database
            .number(&balance("provider_receivable", "debit", "credit"))
            .await?,
        payable_minor: database.number(&balance("merchant_payable", "credit", "debit")).await?,
    })
}

/// Says what differs, and that nothing does.
pub fn compare(engine: Engine, sums: &Sums, books: &Books, check: &Check, figures: &mut Figures) {
    figures.doubled += sums.charges.saturating_sub(sums.paid);
    let count = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    let pairs = [
        ("payments in the books", count(check.payments), books.payments),
        ("orders at the provider, payments", count(sums.orders), books.payments),
        ("paid at the provider, paid in the books", count(sums.paid), books.paid),
        ("charged at the provider, receivable", sums.net_minor, books.receivable_minor),
        ("receivable, payable and no fee", books.receivable_minor, books.payable_minor),
        ("outcomes unknown, none", count(check.unknown), 0),
        ("callbacks owed, none", count(check.callbacks_owed), 0),
    ];
    let mut differences = 0;
    for (what, one, other) in pairs {
        if one != other {
            differences += 1;
            figures.faults.push(format!("{}: {what}: {one} and {other}", engine.title()));
        }
    }
    let of = Of::Platform(engine);
    figures.add(of, "register_and_books_differences", f64::from(differences));
    figures.add(of, "register_net_minor", sums.net_minor as f64);
    figures.add(of, "books_receivable_minor", books.receivable_minor as f64);
}
