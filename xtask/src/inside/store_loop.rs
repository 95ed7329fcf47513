//! The store without HTTP: clients in this process decide a sale and commit it, again and again,
//! either all together or one transaction for each.
//!
//! One by one means that a store is only asked when it has answered: nothing ever gathers. A SQLite
//! file has one writer, a PostgreSQL server as many connections as a common pool has.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use altyn_app::context::Context;
use altyn_app::payment::accept_payment;
use altyn_app::ports::Store;
use altyn_domain::method::Method;
use altyn_domain::money::{Amount, Currency};
use altyn_domain::payment::decide::PaymentRequest;
use altyn_domain::payment::{
    Customer, Details, OperationKind, PaymentRef, RequestEcho, ReturnUrls,
};
use altyn_store::Engine;
use altyn_store::postgres::{self, PostgresWriter};
use altyn_store::sqlite::{SqliteCheckpointer, SqliteWriter};
use anyhow::{Context as _, Result, ensure};
use clap::Args;
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;

use super::rig::{self, Time};
use crate::bench::sale::{self, DESCRIPTION, WARM_UP};

/// Connections of a common pool: more gave nothing in the first measurements.
const POOL: usize = 16;
/// As the platform's own.
const CHECKPOINT_EVERY: Duration = Duration::from_millis(200);

/// What to measure.
#[derive(Args)]
pub struct Options {
    /// An address as the platform takes it; the database must be empty.
    #[arg(long)]
    database: String,
    #[arg(long)]
    clients: usize,
    #[arg(long)]
    milliseconds: u64,
    /// One transaction for each sale.
    #[arg(long)]
    one_by_one: bool,
}

/// What it told.
#[derive(Debug, Deserialize, Serialize)]
pub struct Told {
    /// Sales kept a second.
    pub per_second: f64,
    /// Sales that were not kept, which must not be.
    pub refused: u64,
}

/// A store behind a door through which one goes at a time, or all.
struct Door {
    context: Context,
    one_by_one: Option<Mutex<()>>,
}

/// Measures, and prints one line.
#[expect(clippy::print_stdout, reason = "the benchmark reads it")]
pub fn run(options: &Options) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let told = runtime.block_on(measure(options))?;
    println!("{}", serde_json::to_string(&told)?);
    // Writers wait for commands as long as a store is there: they end with the process.
    runtime.shutdown_background();
    Ok(())
}

async fn measure(options: &Options) -> Result<Told> {
    let doors = doors(options).await?;
    ensure!(!doors.is_empty(), "no store");
    let (kept, refused) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let stop = Arc::new(AtomicBool::new(false));
    let clients: Vec<_> = (0..options.clients)
        .zip(doors.iter().cycle())
        .map(|(client, door)| {
            let (door, stop) = (Arc::clone(door), Arc::clone(&stop));
            let (kept, refused) = (Arc::clone(&kept), Arc::clone(&refused));
            tokio::spawn(async move {
                let mut number = (client as u64) << 32;
                while !stop.load(Ordering::Relaxed) {
                    let counts = if sell(&door, number).await.is_ok() { &kept } else { &refused };
                    counts.fetch_add(1, Ordering::Relaxed);
                    number += 1;
                }
            })
        })
        .collect();
    tokio::time::sleep(WARM_UP).await;
    let (before, began) = (kept.load(Ordering::Relaxed), crate::bench::now());
    tokio::time::sleep(Duration::from_millis(options.milliseconds)).await;
    let (after, took) = (kept.load(Ordering::Relaxed), began.elapsed());
    stop.store(true, Ordering::Relaxed);
    for client in clients {
        client.await.context("a client ended early")?;
    }
    let per_second = after.saturating_sub(before) as f64 / took.as_secs_f64();
    Ok(Told { per_second, refused: refused.load(Ordering::Relaxed) })
}

async fn sell(door: &Door, number: u64) -> Result<()> {
    let request = request(number)?;
    let project = rig::seller(&door.context)?;
    let _turn = match &door.one_by_one {
        Some(turn) => Some(turn.lock().await),
        None => None,
    };
    accept_payment(&door.context, &project, request).await?;
    Ok(())
}

async fn doors(options: &Options) -> Result<Vec<Arc<Door>>> {
    let mut stores: Vec<Arc<dyn Store>> = Vec::new();
    match Engine::parse(&options.database).context("the database's address")? {
        Engine::Sqlite(path) => stores.push(sqlite(&path)?),
        Engine::Postgres(url) if options.one_by_one => {
            let one = postgres::Options { writers: 1, readers: 1, ..postgres::Options::default() };
            for _ in 0..POOL.min(options.clients) {
                stores.push(postgres(url.expose(), one).await?);
            }
        }
        Engine::Postgres(url) => {
            stores.push(postgres(url.expose(), postgres::Options::default()).await?);
        }
    }
    let ids = rig::ids(Time::Real);
    let mut doors = Vec::new();
    for store in stores {
        let context = rig::context(store, Arc::clone(&ids), Time::Real).await?;
        let one_by_one = options.one_by_one.then(|| Mutex::new(()));
        doors.push(Arc::new(Door { context, one_by_one }));
    }
    Ok(doors)
}

fn sqlite(path: &Path) -> Result<Arc<dyn Store>> {
    let (store, writer) = rig::sqlite(path)?;
    let checkpointer = store.checkpointer().context("cannot open the database again")?;
    tokio::task::spawn_blocking(move || write(writer));
    tokio::spawn(checkpoint(checkpointer));
    Ok(Arc::new(store))
}

/// Writes for as long as there is a store.
pub fn write(mut writer: SqliteWriter) {
    while writer.step_blocking().is_some() {}
}

async fn checkpoint(mut checkpointer: SqliteCheckpointer) {
    loop {
        tokio::time::sleep(CHECKPOINT_EVERY).await;
        let stepped = tokio::task::spawn_blocking(move || {
            // What was not moved now is moved next time.
            let _ = checkpointer.step();
            checkpointer
        });
        let Ok(same) = stepped.await else { return };
        checkpointer = same;
    }
}

async fn postgres(url: &str, options: postgres::Options) -> Result<Arc<dyn Store>> {
    let (store, writers) = rig::postgres(url, options).await?;
    for writer in writers {
        tokio::spawn(write_postgres(writer));
    }
    Ok(Arc::new(store))
}

async fn write_postgres(mut writer: PostgresWriter) {
    while !writer.step().await.closed {}
}

/// What the Gate makes of the benchmark's sale.
fn request(number: u64) -> Result<PaymentRequest> {
    const MINOR: i64 = 150_000;
    let id = String::from_utf8(sale::id(number).to_vec()).context("an id is text")?;
    let text = sale::signed_text(MINOR, &id);
    let lines = text.split(';').filter_map(|line| {
        let (path, value) = line.splitn(3, ':').fold((String::new(), ""), |(path, last), part| {
            let path = if path.is_empty() { last.to_owned() } else { format!("{path}:{last}") };
            (path, part)
        });
        (!path.is_empty()).then_some((path, value))
    });
    let some = |text: &str| Some(text.to_owned());
    Ok(PaymentRequest {
        request: RequestEcho::new(lines),
        reference: PaymentRef::new(id.as_str()).context("an id is a reference")?,
        kind: OperationKind::Sale,
        method: Method::AlfaClick,
        amount: Amount::new(MINOR, Currency::RUB).context("an amount")?,
        details: Details {
            customer: Customer {
                id: some("customer-1042"),
                ip_address: some("198.51.100.47"),
                account_id: some("account_1"),
                phone: some("79161234567"),
                email: some("payer@example.com"),
                country: some("RU"),
                first_name: some("Ivan"),
                last_name: some("Petrov"),
                language: None,
            },
            description: DESCRIPTION.to_owned(),
            return_urls: ReturnUrls {
                success: some("https://shop.example/paid"),
                decline: some("https://shop.example/declined"),
                back: some("https://shop.example/basket"),
            },
            ..Details::default()
        },
        card: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_echo_has_the_lines_of_the_signed_request() {
        let request = request(7).unwrap();
        let echo = request.request;
        assert_eq!(echo.lines().len(), 16);
        assert_eq!(echo.value("customer:email"), Some("payer@example.com"), "{echo:?}");
        assert_eq!(echo.value("return_url:success"), Some("https://shop.example/paid"), "{echo:?}");
        assert_eq!(echo.value("general:payment_id"), Some(request.reference.as_str()), "{echo:?}");
    }
}
