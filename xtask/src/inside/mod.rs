//! The platform's own crates wired in this process, for what the shipped binary cannot show alone:
//! a sale verified without a database, the store without HTTP, the sender without the store, and
//! instructions of one sale.
//!
//! Guaranteed: the code that is measured is the product's, from the router to the writer; only the
//! wiring is here. Nothing of it is part of the product.

pub mod kept;
pub mod rig;
pub mod store_loop;
pub mod told;
pub mod verified;

use std::net::SocketAddr;

use anyhow::{Context as _, Result};
use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;

/// As the platform's own.
const HEAD_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(60);

/// Serves a router by the same loop as `altyn serve`, until the process is killed.
pub async fn serve(address: SocketAddr, router: Router) -> Result<()> {
    let listener =
        TcpListener::bind(address).await.with_context(|| format!("cannot listen on {address}"))?;
    loop {
        let (stream, _) = listener.accept().await.context("a connection was not accepted")?;
        stream.set_nodelay(true).context("no TCP_NODELAY")?;
        let service = TowerToHyperService::new(router.clone());
        tokio::spawn(async move {
            let served = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(HEAD_TIMEOUT)
                .serve_connection(TokioIo::new(stream), service);
            // A client that went away is no news.
            let _ = served.await;
        });
    }
}
