//! More than can be done: sales that each owe a callback, first as many as are taken, then three
//! times as many a second whether or not they are answered. What is put off must not be there, what
//! was taken must be, and callbacks go on meanwhile.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, ensure};

use super::database::Engine;
use super::figures::{Figures, Of};
use super::load::{self, Arrivals, Load, Outcome};
use super::sale::{Amount, SIGNED_PER_SECOND, Sales, WARM_UP};
use super::sink::Sink;
use super::site::{Server, Site, must_hold};
use super::{Bench, now, report, usage};

/// How much more comes than is taken.
const TIMES: u32 = 3;
/// Connections of the flood; each has one request under way.
const CONNECTIONS: usize = 1_500;
/// A sale that is taken within this is served as if nothing had been.
const RECOVERED_MS: f64 = 100.0;
/// How long that may take.
const RECOVERED_WITHIN: Duration = Duration::from_secs(60);

/// One round on one database, new for it.
pub async fn measure(bench: &Bench, engine: Engine, figures: &mut Figures) -> Result<()> {
    report::note(&format!("  {}: overload", engine.title()));
    let of = Of::Platform(engine);
    let sink = Sink::start()?;
    let site = Site::make(bench, engine, None, Some(&sink.url())).await?;
    let server = site.start(true).await?;
    let mut flood = Flood { site: &site, next: 0, taken: 0 };

    let whole = flood.run((bench.fewest(), Arrivals::AtOnce), bench.length).await?;
    figures.errors_of(&format!("{} capacity", engine.title()), &whole);
    let capacity = whole.per_second;
    ensure!(capacity >= 1.0, "nothing was taken: {}", server.said());
    settle(&sink, flood.taken).await;

    usage::forget_peak(server.id())?;
    let told_before = sink.heard().distinct;
    let rate = (capacity * f64::from(TIMES)) as u32;
    let over = flood.run((CONNECTIONS, Arrivals::PerSecond(rate)), bench.length).await?;
    let seconds = over.took.as_secs_f64();
    let told = sink.heard().distinct.saturating_sub(told_before);
    let recovered = recover(&mut flood, &server).await?;
    let others = over.errors.saturating_sub(over.put_off);
    if others > 0 {
        figures.errors += others;
        let first = over.first_error.unwrap_or_default();
        figures.faults.push(format!("{} overload: {others} errors, {first}", engine.title()));
    }
    for (name, value) in [
        ("overload_capacity_per_s", capacity),
        ("overload_taken_per_s", over.per_second),
        ("overload_put_off_per_s", over.put_off as f64 / seconds),
        ("overload_p50_ms", over.p50_ms),
        ("overload_p99_ms", over.p99_ms),
        ("overload_callbacks_per_s", told as f64 / seconds),
        ("overload_peak_mb", usage::resident_peak_mb(server.id())?),
        ("overload_recovered_ms", recovered),
    ] {
        figures.add(of, name, value);
    }
    settle(&sink, flood.taken).await;
    let taken = flood.taken;
    server.stop().await?;
    let check = site.check().await?;
    must_hold(&check)?;
    figures.lost += taken.saturating_sub(sink.heard().distinct);
    if check.payments != taken {
        let there = check.payments;
        let text = format!("{}: {taken} sales were taken, {there} are there", engine.title());
        figures.faults.push(text);
    }
    site.remove().await
}

/// Sales one after another, no two alike.
struct Flood<'a> {
    site: &'a Site,
    next: u64,
    taken: u64,
}

impl Flood<'_> {
    async fn run(
        &mut self,
        (connections, arrivals): (usize, Arrivals),
        length: Duration,
    ) -> Result<Outcome> {
        let per_second = match arrivals {
            Arrivals::AtOnce => SIGNED_PER_SECOND,
            Arrivals::PerSecond(rate) => rate as usize,
        };
        let count = (per_second as f64 * (length + 2 * WARM_UP).as_secs_f64()).ceil() as usize;
        let host = self.site.address.to_string();
        let sales = Sales::sign(&host, Amount::Rejected, self.next, count)?;
        self.next += count as u64;
        let address = self.site.address;
        let load = Load { address, connections, arrivals, warm_up: WARM_UP, length };
        let outcome = load::run(load, Arc::new(sales)).await?;
        self.taken += outcome.answered;
        Ok(outcome)
    }
}

/// Waits until so many callbacks have been told, or no more come.
async fn settle(sink: &Sink, taken: u64) {
    sink.wait(|heard| heard.distinct >= taken).await;
}

/// How long it takes, from the end of the flood, until a sale is taken as if nothing had been, ms.
async fn recover(flood: &mut Flood<'_>, server: &Server) -> Result<f64> {
    let ended = now();
    loop {
        let one = (1, Arrivals::PerSecond(50));
        let outcome = flood.run(one, Duration::from_millis(100)).await?;
        let took = ended.elapsed();
        if outcome.errors == 0 && outcome.answered > 0 && outcome.p99_ms <= RECOVERED_MS {
            return Ok(took.as_secs_f64() * 1_000.0);
        }
        ensure!(took < RECOVERED_WITHIN, "it did not recover: {}", server.said());
    }
}
