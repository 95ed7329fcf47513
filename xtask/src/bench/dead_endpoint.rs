//! One dead endpoint among a hundred: what merchants whose servers answer notice of one whose server
//! takes connections and never says a word.
//!
//! The same sales at the same pace, each owing a callback to the next of a hundred hosts, with all of
//! them alive and with one dead that hundreds of callbacks are owed to already. Measured is the time
//! from when a callback was owed until it was taken, by the store's own records, to milliseconds.

use std::net::{Ipv4Addr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};

use super::database::Engine;
use super::figures::{Figures, Of};
use super::load::{self, Arrivals, Load, Requests};
use super::sale::{Amount, Sales, WARM_UP};
use super::sink::Sink;
use super::site::{Server, Site, must_hold};
use super::{Bench, report};

/// Hosts that callbacks go to.
const HOSTS: usize = 100;
/// Sales a second: far below what is delivered, so that nobody waits but for the dead.
const PER_SECOND: u32 = 250;
/// Callbacks owed to the first host before: many times what is sent to one host at once.
const OWED_BEFORE: usize = 500;
/// How much longer than anything else this is measured: a hundredth must be many.
const LONGER: u32 = 2;

/// One round on one database, new for each half.
pub async fn measure(bench: &Bench, engine: Engine, figures: &mut Figures) -> Result<()> {
    report::note(&format!("  {}: a dead endpoint", engine.title()));
    let of = Of::Platform(engine);
    let alive = half(bench, engine, None, figures).await?;
    // Its backlog takes connections in, and nobody ever reads from them.
    let silent = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no port for the dead")?;
    let dead = format!("http://{}/callback", silent.local_addr()?);
    let beside_dead = half(bench, engine, Some(&dead), figures).await?;
    for (name, (p50, p99)) in [("alive", alive), ("beside_dead", beside_dead)] {
        figures.add(of, format!("endpoints_{name}_p50_ms"), p50);
        figures.add(of, format!("endpoints_{name}_p99_ms"), p99);
    }
    figures.add(of, "endpoints_p99_growth", beside_dead.1 / alive.1 - 1.0);
    Ok(())
}

/// The median and the ninety-ninth hundredth of the delays of all hosts but the first, ms.
async fn half(
    bench: &Bench,
    engine: Engine,
    dead: Option<&str>,
    figures: &mut Figures,
) -> Result<(f64, f64)> {
    let sink = Sink::start_with(HOSTS)?;
    let mut hosts = sink.urls();
    if let (Some(dead), Some(first)) = (dead, hosts.first_mut()) {
        dead.clone_into(first);
    }
    let first = hosts.first().context("no host")?.clone();
    let site = Site::make(bench, engine, None, None).await?;
    let server = site.start(true).await?;

    let before = Turns::sign(&site, std::slice::from_ref(&first), 0, OWED_BEFORE)?;
    let load = Load {
        address: site.address,
        connections: bench.fewest(),
        arrivals: Arrivals::AtOnce,
        warm_up: Duration::ZERO,
        length: bench.length,
    };
    let owed = load::run(load, Arc::new(before)).await?;
    figures.errors_of(&format!("{} backlog of one host", engine.title()), &owed);
    if dead.is_none() {
        sink.wait(|heard| heard.distinct >= owed.answered).await;
    }

    let length = bench.length * LONGER;
    let count = (length + WARM_UP).as_secs_f64().ceil() as usize * PER_SECOND as usize;
    let sales = Turns::sign(&site, &hosts, OWED_BEFORE as u64, count)?;
    let arrivals = Arrivals::PerSecond(PER_SECOND);
    let load = Load { arrivals, warm_up: WARM_UP, length, ..load };
    let outcome = load::run(load, Arc::new(sales)).await?;
    figures.errors_of(&format!("{} sales for many hosts", engine.title()), &outcome);
    let delays = delays(&site, &server, &first).await?;
    server.kill().await?;
    must_hold(&site.check().await?)?;
    site.remove().await?;
    Ok(delays)
}

/// From the store, when everything owed to the others has been taken.
async fn delays(site: &Site, server: &Server, first: &str) -> Result<(f64, f64)> {
    let others = format!("FROM callbacks WHERE url <> '{first}'");
    let owed = site.database.number(&format!("SELECT count(*) {others}")).await?;
    ensure!(owed > 0, "nothing was owed: {}", server.said());
    let waiting = format!("SELECT count(*) {others} AND state = 'owed'");
    let began = super::now();
    while site.database.number(&waiting).await? > 0 {
        ensure!(began.elapsed() < load::PATIENCE, "callbacks are still owed: {}", server.said());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let at = async |hundredths: i64| {
        let sql = format!(
            "SELECT a.at + a.duration_ms - c.created_at
             FROM callbacks AS c JOIN callback_attempts AS a ON a.callback = c.id
             WHERE c.url <> '{first}' AND a.number = c.attempts
             ORDER BY 1 LIMIT 1 OFFSET {}",
            owed * hundredths / 100
        );
        // A delay of no millisecond at all is one that is not told apart.
        anyhow::Ok(site.database.number(&sql).await?.max(1) as f64)
    };
    Ok((at(50).await?, at(99).await?))
}

/// Sales for several hosts by turns.
struct Turns {
    hosts: Vec<Sales>,
    next: AtomicUsize,
}

impl Turns {
    /// At least `count` of them, the numbers of whose ids begin at `first`.
    fn sign(site: &Site, hosts: &[String], first: u64, count: usize) -> Result<Self> {
        let (host, each) = (site.address.to_string(), count.div_ceil(hosts.len().max(1)));
        let begins = (0..).map(|turn| first + turn * each as u64);
        let sign = |(url, first): (&String, u64)| {
            Sales::sign_told_at(&host, Amount::Rejected, Some(url), first, each)
        };
        let hosts = hosts.iter().zip(begins).map(sign).collect::<Result<_>>()?;
        Ok(Self { hosts, next: AtomicUsize::new(0) })
    }
}

impl Requests for Turns {
    fn next(&self, buffer: &mut Vec<u8>) -> bool {
        // Each host's template is its own.
        buffer.clear();
        let turn = self.next.fetch_add(1, Ordering::Relaxed) % self.hosts.len().max(1);
        self.hosts.get(turn).is_some_and(|sales| sales.next(buffer))
    }
}
