//! A running node: the store and its writers, the lease of its number, projects in memory, the
//! workers and the HTTP server; and their stop in the right order.
//!
//! Stop: no new connections; requests and jobs under way end; leases are given back; the writer
//! ends when nobody can write any more.

mod crowding;
mod database;
mod files;
mod lease;
mod providers;
mod sender;
mod upkeep;

use std::sync::Arc;

use altyn_app::cabinet::Cabinet;
use altyn_app::context::Context;
use altyn_app::ids::IdSource;
use altyn_app::jobs::JobKind;
use altyn_app::ports::{Clock, Store};
use altyn_app::projects::Projects;
use altyn_web::admission::Admission;
use altyn_web::metrics::Metrics;
use altyn_web::payment_page::refusal_code::RefusalCodes;
use altyn_web::payment_page::token::PageTokens;
use altyn_web::payment_page::{self, Room};
use altyn_web::state::{Calls, Faces, Web, WebSettings};
use altyn_web::wording::Wordings;
use anyhow::{Context as _, Result};
use tokio::net::TcpListener;
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;

use crate::clock::SystemClock;
use crate::config::Config;
use crate::people::{Argon2Passwords, SystemRandomness};
use crate::registers::Maker;
use crate::workers::{Limits, Wakes, Worker};

pub use database::{Database, key_ring};

/// Calls to providers under way at once, in all and to one account.
const CALLS: Limits = Limits { in_flight: 256, per_lane: 128 };
/// Questions to providers under way at once, in all and to one account.
const QUESTIONS: Limits = Limits { in_flight: 256, per_lane: 128 };
/// Timers worked at once.
const TIMERS: Limits = Limits { in_flight: 16, per_lane: 16 };

/// A node that serves.
pub struct Node {
    /// The database under it.
    pub database: Database,
    stop: watch::Sender<bool>,
    server: JoinHandle<()>,
    workers: Vec<JoinHandle<()>>,
    upkeep: Vec<JoinHandle<()>>,
    context: Context,
    calls: Calls,
    streams: Room,
    owner: String,
}

/// Opens everything and begins to serve on `listener`.
pub async fn start(config: &Config, listener: TcpListener) -> Result<Node> {
    let address = listener.local_addr().context("the listener has no address")?;
    let metrics = Arc::new(Metrics::new(random_u64()?));
    let database = Database::open(config, Arc::clone(&metrics)).await?;
    let store = database.store();
    let owner = format!("{}-{:016x}", std::process::id(), random_u64()?);
    let ids = Arc::new(IdSource::new());
    let lease = lease::take(store.as_ref(), &owner, &ids).await?;
    let wakes = Wakes::new();
    let pages = Arc::new(page_tokens(config)?);
    let ports = (Arc::clone(&store), Arc::clone(&ids), Arc::clone(&pages));
    let context = context(config, ports, wakes.clone())?;
    context.projects.refresh(store.as_ref()).await.context("cannot read the projects")?;
    let (stop, stopped) = watch::channel(false);
    let asked = Arc::new(Notify::new());
    let cabinet = Cabinet { on_export: ring(&asked), ..cabinet(&context, &database) };
    let mut upkeep = vec![
        tokio::spawn(lease::keep(Arc::clone(&store), lease, ids, stopped.clone())),
        tokio::spawn(upkeep::refresh(Arc::clone(&context.projects), store, stopped.clone())),
    ];
    upkeep.extend(start_upkeep(config, &cabinet, &stopped));
    let mut workers = start_workers(config, &context, &owner, &wakes, (&metrics, &stopped));
    if config.server.workers {
        let maker = Maker::new(&cabinet, &config.registers.dir, &owner);
        workers.push(tokio::spawn(maker.run(asked, stopped.clone())));
    }
    let (calls, streams) = (Calls::default(), payment_page::room_for_news());
    let faces = Faces {
        context: context.clone(),
        settings: Arc::new(WebSettings {
            developer_errors: config.web.developer_errors,
            behind_proxy: config.web.behind_proxy,
            registers_dir: config.registers.dir.clone(),
            secure_cookies: config.public_url().starts_with("https:"),
        }),
        metrics,
        admission: Admission::new(config.server.requests_max),
        calls: calls.clone(),
        pages,
        codes: Arc::new(refusal_codes(config)?),
        streams: streams.clone(),
        cabinet,
        questions: payment_page::room_for_questions(),
    };
    let server = tokio::spawn(crate::http::serve(
        listener,
        altyn_web::router(Web::new(faces)),
        files::connections(config.server.connections_max),
        until(stopped),
    ));
    tracing::info!(%address, database = database.kind(), owner, "serving");
    Ok(Node { database, stop, server, workers, upkeep, context, calls, streams, owner })
}

impl Node {
    /// Stops in order; what cannot end in time is left to the leases.
    pub async fn stop(self) {
        let Self { database, stop, server, workers, upkeep, context, calls, streams, owner } = self;
        tracing::info!("stopping: requests and jobs under way are finished first");
        stop.send_replace(true);
        streams.close();
        for task in std::iter::once(server).chain(workers) {
            let _ = task.await;
        }
        calls.finished().await;
        let now = context.clock.now();
        match context.store.release_jobs(&owner, now).await {
            Ok(released) => tracing::info!(released, "leases were given back"),
            Err(error) => tracing::warn!(%error, "leases run out by themselves"),
        }
        for task in upkeep {
            let _ = task.await;
        }
        drop(context);
        database.close().await;
        tracing::info!("stopped");
    }
}

/// The use cases for one command beside a running server: ids under a number of its own, which
/// frees itself. Work it leaves due is done by the servers.
pub async fn for_command(config: &Config, database: &Database) -> Result<Context> {
    let store = database.store();
    let ids = Arc::new(IdSource::new());
    let owner = format!("command-{:016x}", random_u64()?);
    lease::take(store.as_ref(), &owner, &ids).await?;
    let pages = Arc::new(page_tokens(config)?);
    let context = context(config, (Arc::clone(&store), ids, pages), Wakes::new())?;
    context.projects.refresh(store.as_ref()).await.context("cannot read the projects")?;
    Ok(context)
}

/// Resolves when the watch says stop.
async fn until(mut stopped: watch::Receiver<bool>) {
    let _ = stopped.wait_for(|stop| *stop).await;
}

fn ring(bell: &Arc<Notify>) -> Arc<dyn Fn() + Send + Sync> {
    let bell = Arc::clone(bell);
    Arc::new(move || bell.notify_one())
}

/// What the cabinet's use cases are given.
pub fn cabinet(context: &Context, database: &Database) -> Cabinet {
    Cabinet {
        context: context.clone(),
        access: database.access(),
        listing: database.listing(),
        exports: database.exports(),
        passwords: Arc::new(Argon2Passwords::new()),
        randomness: Arc::new(SystemRandomness),
        on_export: Arc::new(|| {}),
    }
}

fn context(
    config: &Config,
    (store, ids, pages): (Arc<dyn Store>, Arc<IdSource>, Arc<PageTokens>),
    wakes: Wakes,
) -> Result<Context> {
    Ok(Context {
        store,
        projects: Arc::new(Projects::default()),
        providers: Arc::new(providers::open(config)?),
        sender: Arc::new(sender::open(config)?),
        dialect: Arc::new(Wordings::new(config.public_url())),
        pages,
        clock: Arc::new(SystemClock),
        ids,
        on_work: Arc::new(move |kind| wakes.ring(kind)),
        on_behalf: None,
    })
}

/// Makes and reads the addresses of payments' pages, by keys made of the ring.
fn page_tokens(config: &Config) -> Result<PageTokens> {
    let keys = key_ring(config)?.derived("payment pages");
    PageTokens::new(config.public_url(), &keys).context("the key ring is empty")
}

/// Seals and opens the codes of refused links, by keys made of the ring.
pub fn refusal_codes(config: &Config) -> Result<RefusalCodes> {
    let keys = key_ring(config)?.derived("refused links");
    RefusalCodes::new(&keys).context("the key ring is empty")
}

fn start_workers(
    config: &Config,
    context: &Context,
    owner: &str,
    wakes: &Wakes,
    (metrics, stopped): (&Arc<Metrics>, &watch::Receiver<bool>),
) -> Vec<JoinHandle<()>> {
    if !config.server.workers {
        return Vec::new();
    }
    let deliveries = Limits {
        in_flight: config.callbacks.in_flight_max,
        per_lane: config.callbacks.in_flight_per_host_max,
    };
    JobKind::ALL
        .iter()
        .map(|kind| {
            let limits = match kind {
                JobKind::CallProvider => CALLS,
                JobKind::AskOutcome => QUESTIONS,
                JobKind::DeliverCallback => deliveries,
                JobKind::ExpireClarification | JobKind::CaptureHold => TIMERS,
            };
            let worker = Worker {
                context: context.clone(),
                kind: *kind,
                owner: owner.to_owned(),
                limits,
                wakes: wakes.clone(),
                metrics: Arc::clone(metrics),
            };
            tokio::spawn(worker.run(stopped.clone()))
        })
        .collect()
}

/// The loops of the cabinet, on nodes that work.
fn start_upkeep(
    config: &Config,
    cabinet: &Cabinet,
    stopped: &watch::Receiver<bool>,
) -> Vec<JoinHandle<()>> {
    if !config.server.workers {
        return Vec::new();
    }
    let access = || Arc::clone(&cabinet.access);
    vec![
        tokio::spawn(upkeep::keep_listing(Arc::clone(&cabinet.listing), stopped.clone())),
        tokio::spawn(upkeep::keep_sealing(access(), stopped.clone())),
        tokio::spawn(upkeep::keep_swept(access(), stopped.clone())),
    ]
}

fn random_u64() -> Result<u64> {
    getrandom::u64().context("the system gives no randomness")
}

/// The clock of this process, for commands.
pub fn clock() -> impl Clock {
    SystemClock
}
