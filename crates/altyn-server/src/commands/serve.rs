//! `altyn serve`.

use std::pin::pin;

use anyhow::{Context as _, Result};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use crate::config::Config;
use crate::node;

/// Serves until SIGTERM or SIGINT, then stops in order; told so while it starts, it ends without serving.
pub async fn run(config: &Config) -> Result<()> {
    let mut stopped = pin!(stop_signal()?);
    let listener = TcpListener::bind(config.server.listen)
        .await
        .with_context(|| format!("cannot listen on {}", config.server.listen))?;
    let node = tokio::select! {
        node = node::start(config, listener) => node?,
        () = &mut stopped => return Ok(()),
    };
    stopped.await;
    node.stop().await;
    Ok(())
}

/// Listens from now on; resolves when the process is told to stop.
pub fn stop_signal() -> Result<impl Future<Output = ()>> {
    let mut terminate = signal(SignalKind::terminate()).context("cannot listen for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot listen for SIGINT")?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}
