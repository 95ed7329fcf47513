//! What the cabinet's list costs the payments: the same load with its feed and without.
//!
//! The feed is held from outside, by its own lock: the benchmark takes it and nobody else can feed.
//! Acceptance is measured on a node that works, by sales below the method's least amount: they leave
//! it no job, so the feed is all that differs.

use anyhow::{Context as _, Result, ensure};
use rusqlite::{Connection, ErrorCode};

use super::database::{Database, Engine, connect};
use super::figures::{Figures, Of};
use super::sale::{Amount, Offer};
use super::site::Site;
use super::{Bench, end_to_end, now, report, sale};

/// The lock of PostgreSQL's feed (`altyn-store`, `postgres/listing/feed.rs`).
const LOCK: i64 = 0x616c_7479_6e5f_6c73;
/// How long the feed's file and its lock may be waited for.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(30);

/// The feed, held for as long as this lives.
pub struct Held {
    _sqlite: Option<Connection>,
    _postgres: Option<tokio_postgres::Client>,
}

impl Held {
    /// Takes the lock from a server that is running, over an empty database.
    pub async fn take(database: &Database) -> Result<Self> {
        match database {
            Database::Sqlite(path) => {
                let list = format!("{}.listing", path.display());
                let held = wait_for(|| hold(&list)).await.context("the list's file")?;
                Ok(Self { _sqlite: Some(held), _postgres: None })
            }
            Database::Postgres { url, .. } => {
                let client = connect(url).await?;
                client.execute("SELECT pg_advisory_lock($1)", &[&LOCK]).await?;
                Ok(Self { _sqlite: None, _postgres: Some(client) })
            }
        }
    }

    /// Fails if payments are in the list all the same.
    pub async fn prove(&self, database: &Database) -> Result<()> {
        let sql = "SELECT count(*) FROM listing";
        let listed = match &self._sqlite {
            Some(list) => list.query_row(sql, [], |row| row.get::<_, i64>(0))?,
            None => database.number(sql).await?,
        };
        ensure!(listed == 0, "the feed was not held: {listed} payments are listed");
        Ok(())
    }
}

/// The write lock of a file of SQLite; nothing while it is not there or somebody else's.
fn hold(path: &str) -> Result<Option<Connection>> {
    if !std::path::Path::new(path).exists() {
        return Ok(None);
    }
    let list = Connection::open(path)?;
    let listing = "SELECT count(*) FROM sqlite_schema WHERE name = 'listing'";
    match list.execute_batch("BEGIN IMMEDIATE") {
        Ok(()) => {
            let made: i64 = list.query_row(listing, [], |row| row.get(0))?;
            Ok((made > 0).then_some(list))
        }
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

async fn wait_for<T>(mut look: impl FnMut() -> Result<Option<T>>) -> Result<T> {
    let give_up = now() + PATIENCE;
    loop {
        if let Some(found) = look()? {
            return Ok(found);
        }
        ensure!(now() < give_up, "it took too long");
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
}

/// One round on one database, new for each measurement.
pub async fn measure(bench: &Bench, engine: Engine, figures: &mut Figures) -> Result<()> {
    report::note(&format!("  {}: with the list's feed and without", engine.title()));
    let of = Of::Platform(engine);
    let without = accepted(bench, engine, true, figures).await?;
    let with = accepted(bench, engine, false, figures).await?;
    figures.add(of, "fed_sales_per_s", with);
    figures.add(of, "unfed_sales_per_s", without);
    figures.add(of, "fed_by_unfed_sales", with / without);
    let without = end_to_end::sustained(bench, engine, true, figures).await?;
    let with = end_to_end::sustained(bench, engine, false, figures).await?;
    figures.add(of, "fed_sustained_per_s", with);
    figures.add(of, "unfed_sustained_per_s", without);
    figures.add(of, "fed_by_unfed_sustained", with / without);
    Ok(())
}

async fn accepted(
    bench: &Bench,
    engine: Engine,
    is_held: bool,
    figures: &mut Figures,
) -> Result<f64> {
    let site = Site::make(bench, engine, None, None).await?;
    let server = site.start(true).await?;
    let held = if is_held { Some(Held::take(&site.database).await?) } else { None };
    let offer = Offer { amount: Amount::Rejected, first: 0, connections: bench.fewest() };
    let outcome = sale::offered(bench, &site, &server, offer, figures).await?;
    if let Some(held) = held {
        held.prove(&site.database).await?;
    }
    server.stop().await?;
    site.remove().await?;
    Ok(outcome.per_second)
}
