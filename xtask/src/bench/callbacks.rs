//! Callbacks from a backlog: sales below the method's least amount are accepted while no worker
//! runs, each owes a callback at once, and then a node is started that delivers them.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};

use super::database::Engine;
use super::figures::{Figures, Of};
use super::load::{self, Arrivals, Load};
use super::processes::Running;
use super::sale::{Amount, Sales};
use super::sink::{Heard, Sink};
use super::site::{Site, must_hold};
use super::{Bench, report};

/// Callbacks owed, for each second of measuring.
const OWED_PER_SECOND: usize = 2_500;
/// As many as the platform sends to one host at once when nothing is configured.
const IN_FLIGHT: u32 = 64;
/// How long the backlog may take to make.
const BACKLOG_WITHIN: Duration = Duration::from_secs(300);

/// One round on one database, new for it.
pub async fn measure(bench: &Bench, engine: Engine, figures: &mut Figures) -> Result<()> {
    report::note(&format!("  {}: callbacks", engine.title()));
    let sink = Sink::start()?;
    let site = Site::make(bench, engine, None, Some(&sink.url())).await?;
    let owed = bench.length.as_secs_f64().ceil() as usize * OWED_PER_SECOND;
    let accepted = owe(bench, &site, owed, figures).await?;
    sink.forget();
    let server = site.start(true).await?;
    let before = site.used(&server).await?;
    let heard = sink.wait(|heard| heard.distinct >= accepted).await;
    let used = site.used(&server).await?;
    server.stop().await?;
    let check = site.check().await?;
    must_hold(&check)?;
    let of = Of::Platform(engine);
    if let Some(rate) = rate(&heard) {
        figures.add(of, "callbacks_per_s", rate);
    }
    let each = used.each(before, heard.distinct);
    figures.add(of, "callbacks_server_us", each.server_us);
    if let Some(database_us) = each.database_us {
        figures.add(of, "callbacks_database_us", database_us);
    }
    alone(bench, &sink, engine, accepted, figures).await?;
    figures.add(of, "callbacks_repeated", heard.repeated as f64);
    figures.lost += accepted.saturating_sub(heard.ended);
    if check.callbacks_owed > 0 || heard.unreadable > 0 {
        figures.faults.push(format!(
            "{}: {} callbacks still owed, {} unreadable",
            engine.title(),
            check.callbacks_owed,
            heard.unreadable
        ));
    }
    site.remove().await
}

/// The sender without the store, over as many, and how much of its rate claims and marks leave.
async fn alone(
    bench: &Bench,
    sink: &Sink,
    engine: Engine,
    count: u64,
    figures: &mut Figures,
) -> Result<()> {
    sink.forget();
    let (count, url) = (count.to_string(), sink.url());
    let mut command = bench.this(&["bench-sender", "--count", &count, "--url", &url]);
    command.args(["--in-flight", &IN_FLIGHT.to_string()]);
    let running = Running::start(&mut command, &bench.dir.path().join("sender.log"))?;
    running.finish(BACKLOG_WITHIN).await.context("the sender alone")?;
    let of = Of::Platform(engine);
    if let Some(alone) = rate(&sink.heard()) {
        figures.add(of, "sender_per_s", alone);
        if let Some(marked) = figures.last(of, "callbacks_per_s") {
            figures.add(of, "callbacks_by_sender", marked / alone);
        }
    }
    Ok(())
}

/// Makes the backlog and says how large it is.
async fn owe(bench: &Bench, site: &Site, owed: usize, figures: &mut Figures) -> Result<u64> {
    let server = site.start(false).await?;
    let sales = Sales::sign(&site.address.to_string(), Amount::Rejected, 0, owed)?;
    let load = Load {
        address: site.address,
        connections: bench.fewest(),
        arrivals: Arrivals::AtOnce,
        warm_up: Duration::ZERO,
        length: BACKLOG_WITHIN,
    };
    let outcome = load::run(load, Arc::new(sales)).await?;
    figures.errors_of(&format!("{} backlog of callbacks", site.engine.title()), &outcome);
    ensure!(outcome.answered > 0, "no sale was accepted: {}", server.said());
    server.stop().await?;
    Ok(outcome.answered)
}

fn rate(heard: &Heard) -> Option<f64> {
    let seconds = heard.last?.saturating_duration_since(heard.first?).as_secs_f64();
    (seconds > 0.0).then(|| heard.distinct.saturating_sub(1) as f64 / seconds)
}
