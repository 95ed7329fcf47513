//! Sales accepted while every commit waits for a standby on the same machine, beside sales without
//! one. PostgreSQL only.

use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};

use super::database::{Engine, connect, run};
use super::figures::{Figures, Of};
use super::processes::{Running, free_address};
use super::sale::{Amount, Offer};
use super::site::Site;
use super::{Bench, now, report, sale};

/// How long a copy of the server may take, and the standby to catch up.
const PATIENCE: Duration = Duration::from_secs(120);

/// One round.
pub async fn measure(bench: &Bench, figures: &mut Figures) -> Result<()> {
    let server = bench.postgres.as_deref().context("no PostgreSQL server is known")?;
    if !server.contains("@127.0.0.1:") && !server.contains("@localhost:") {
        report::note("  PostgreSQL: no standby of a server on another machine");
        return Ok(());
    }
    report::note("  PostgreSQL: with a synchronous standby");
    let of = Of::Platform(Engine::Postgres);
    let alone = sold(bench, figures).await?;
    let port = free_address()?.port().to_string();
    let mut command = Command::new(bench.root.join("scripts/standby.sh"));
    command.args([server, &port]);
    let standby = Running::start(&mut command, &bench.dir.path().join("standby.log"))?;
    let waited = beside(bench, server, &standby, figures).await;
    // Whatever came of it, nobody waits for a standby that goes.
    run(server, "ALTER SYSTEM RESET synchronous_standby_names").await?;
    run(server, "SELECT pg_reload_conf()").await?;
    standby.stop().await.context("the standby")?;
    let waited = waited?;
    figures.add(of, "standby_sales_per_s", waited);
    figures.add(of, "no_standby_sales_per_s", alone);
    figures.add(of, "standby_by_none", waited / alone);
    Ok(())
}

async fn beside(
    bench: &Bench,
    server: &str,
    standby: &Running,
    figures: &mut Figures,
) -> Result<f64> {
    until(server, standby, "state = 'streaming'").await?;
    run(server, "ALTER SYSTEM SET synchronous_standby_names = '*'").await?;
    run(server, "SELECT pg_reload_conf()").await?;
    until(server, standby, "sync_state = 'sync'").await?;
    sold(bench, figures).await
}

/// Waits until the server has a standby of which this holds.
async fn until(server: &str, standby: &Running, holds: &str) -> Result<()> {
    let client = connect(server).await?;
    let sql = format!("SELECT count(*) FROM pg_stat_replication WHERE {holds}");
    let give_up = now() + PATIENCE;
    while client.query_one(&sql, &[]).await?.try_get::<_, i64>(0)? == 0 {
        ensure!(now() < give_up, "no standby: {}", standby.said());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}

async fn sold(bench: &Bench, figures: &mut Figures) -> Result<f64> {
    let site = Site::make(bench, Engine::Postgres, None, None).await?;
    let server = site.start(false).await?;
    let offer = Offer { amount: Amount::Paid, first: 0, connections: bench.fewest() };
    let outcome = sale::offered(bench, &site, &server, offer, figures).await?;
    server.stop().await?;
    site.remove().await?;
    Ok(outcome.per_second)
}
