//! The floor under every request: a server of the same libraries, served by the same loop as
//! `altyn serve`, that says hello. It runs as a process of its own, as the platform does.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context as _, Result};
use axum::Router;
use axum::routing::get;
use clap::Args;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;

/// As the platform's own.
const HEAD_TIMEOUT: Duration = Duration::from_secs(60);

/// Where to serve.
#[derive(Args)]
pub struct Options {
    #[arg(long)]
    listen: SocketAddr,
}

/// Serves until it is killed.
pub fn run(options: &Options) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(serve(options.listen))
}

async fn serve(address: SocketAddr) -> Result<()> {
    let listener =
        TcpListener::bind(address).await.with_context(|| format!("cannot listen on {address}"))?;
    let router: Router = Router::new().route("/", get(|| async { "hello\n" }));
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
