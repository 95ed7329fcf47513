//! The store without HTTP, in a process of its own: as the platform writes, many changesets in a
//! transaction, and one transaction for each sale (F4).

use std::time::Duration;

use anyhow::{Context as _, Result};

use super::database::{Database, Engine};
use super::figures::{Figures, Of};
use super::processes::Running;
use super::{Bench, report};
use crate::inside::store_loop::Told;

/// How long it may take beyond what it was told.
const PATIENCE: Duration = Duration::from_secs(120);

/// One round on one database, new for each way.
pub async fn measure(bench: &Bench, engine: Engine, figures: &mut Figures) -> Result<()> {
    report::note(&format!("  {}: the store alone", engine.title()));
    let of = Of::Platform(engine);
    let single = sold(bench, engine, &["--one-by-one"], figures).await?;
    let grouped = sold(bench, engine, &[], figures).await?;
    figures.add(of, "store_single_per_s", single);
    figures.add(of, "store_per_s", grouped);
    figures.add(of, "store_by_single", grouped / single);
    if engine == Engine::Postgres
        && let Some(inserts) = figures.last(Of::Floor, "inserts_tps")
    {
        figures.add(of, "store_by_inserts", grouped / inserts);
    }
    Ok(())
}

async fn sold(bench: &Bench, engine: Engine, way: &[&str], figures: &mut Figures) -> Result<f64> {
    let dir = bench.dir.path().join("store");
    std::fs::create_dir(&dir).context("no folder for the store")?;
    let server = bench.postgres.as_deref();
    let database = Database::make(engine, &dir, server, "altyn_bench_store").await?;
    let (clients, length) = (bench.fewest().to_string(), bench.length.as_millis().to_string());
    let mut command = bench.this(&["bench-store", "--clients", &clients]);
    command.args(["--milliseconds", &length, "--database", &database.url()]).args(way);
    let running = Running::start(&mut command, &bench.dir.path().join("store.log"))?;
    let said = running.finish(bench.length + PATIENCE).await.context("the store alone")?;
    let line = said.lines().rev().find(|line| line.starts_with('{'));
    let told: Told = serde_json::from_str(line.context("the store told nothing")?)?;
    figures.errors += told.refused;
    database.remove().await?;
    std::fs::remove_dir_all(&dir).context("the folder of the store")?;
    Ok(told.per_second)
}
