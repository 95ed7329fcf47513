//! What is counted: sales accepted one after another on one thread, by the product's own router,
//! use case and SQLite writer.
//!
//! Nothing runs beside it: the writer takes its step whenever the request has nothing more to do.
//! The clock stands still and every body is the same but for its id, so that a run differs from
//! another by a hair (the seeds of hash tables).

use std::future::poll_fn;
use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use altyn_domain::time::Timestamp;
use altyn_store::sqlite::SqliteWriter;
use anyhow::{Context as _, Result, ensure};
use axum::Router;
use axum::body::Body;
use axum::http::Request;
use clap::Args;
use http_body_util::BodyExt as _;
use hyper::service::Service as _;
use hyper_util::service::TowerToHyperService;
use tokio::runtime::Runtime;

use crate::bench::load::Requests as _;
use crate::bench::sale::{Amount, Sales};
use crate::inside::rig::{self, Time};
use crate::inside::verified;

/// What time it is: 2026-11-22.
const NOW: Timestamp = Timestamp::from_millis(1_795_305_600_000);
/// Where the benchmark's sales go.
const PATH: &str = "/v2/payment/online-banking/alfa-click/sale";

/// How many sales.
#[derive(Args)]
pub struct Options {
    #[arg(long)]
    sales: usize,
    /// An empty folder for the database.
    #[arg(long)]
    dir: PathBuf,
}

/// One thread with everything on it.
struct Stage {
    runtime: Runtime,
    writer: SqliteWriter,
}

impl Stage {
    /// Runs a future to its end; the writer steps whenever it waits.
    fn drive<T>(&mut self, future: impl Future<Output = T>) -> T {
        let Self { runtime, writer } = self;
        let mut future = pin!(future);
        runtime.block_on(poll_fn(|context| match future.as_mut().poll(context) {
            Poll::Ready(value) => Poll::Ready(value),
            Poll::Pending => {
                writer.step();
                context.waker().wake_by_ref();
                Poll::Pending
            }
        }))
    }
}

/// Accepts them.
pub fn run(options: &Options) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (store, writer) = rig::sqlite(&options.dir.join("altyn.db"))?;
    let mut stage = Stage { runtime, writer };
    let time = Time::Still(NOW);
    let context = stage.drive(rig::context(Arc::new(store.clone()), rig::ids(time), time))?;
    let router = verified::router(context, &store)?;
    let sales = Sales::sign("gate", Amount::Paid, 0, options.sales)?;
    accept_all(&mut stage, &router, &sales, options.sales)
}

/// All that is counted as a sale is below this function: the counter looks for it by name.
#[inline(never)]
fn accept_all(stage: &mut Stage, router: &Router, sales: &Sales, count: usize) -> Result<()> {
    let service = TowerToHyperService::new(router.clone());
    let mut buffer = Vec::new();
    for _ in 0..count {
        ensure!(sales.next(&mut buffer), "too few sales were signed");
        let body = buffer.windows(4).position(|window| window == b"\r\n\r\n");
        let body = buffer.get(body.context("no body")? + 4..).unwrap_or_default();
        let request = Request::post(PATH)
            .header("content-type", "application/json")
            .body(Body::from(body.to_vec()))?;
        let answer = stage.drive(async {
            let response = service.call(request).await?;
            let status = response.status();
            let body = response.into_body().collect().await?.to_bytes();
            anyhow::Ok((status, body))
        })?;
        ensure!(answer.0.is_success(), "{}: {}", answer.0, String::from_utf8_lossy(&answer.1));
    }
    Ok(())
}
