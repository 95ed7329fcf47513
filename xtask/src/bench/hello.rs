//! The floor under every request: a server of the same libraries, served by the same loop as
//! `altyn serve`, that says hello. It runs as a process of its own, as the platform does.

use std::net::SocketAddr;

use anyhow::Result;
use axum::Router;
use axum::routing::get;
use clap::Args;

use crate::inside;

/// Where to serve.
#[derive(Args)]
pub struct Options {
    #[arg(long)]
    listen: SocketAddr,
}

/// Serves until it is killed.
pub fn run(options: &Options) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let router = Router::new().route("/", get(|| async { "hello\n" }));
    runtime.block_on(inside::serve(options.listen, router))
}
