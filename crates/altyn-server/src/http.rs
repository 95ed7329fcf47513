//! The HTTP server: connections with limits, and a stop that lets requests end.
//!
//! A head must come within [`HEAD_TIMEOUT`]; there are at most so many connections; on shutdown no
//! new ones are taken, idle ones are closed and requests under way are answered; what has not ended
//! within [`DRAIN_TIMEOUT`] is cut off.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use altyn_web::peer::PeerAddress;
use axum::Router;
use axum::http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tower::ServiceExt as _;

/// How long a client may take over the head of a request; also ends idle connections.
const HEAD_TIMEOUT: Duration = Duration::from_secs(60);
/// How long requests under way may take to end on shutdown.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(30);
/// How long to wait after the system refused a connection (too many open files).
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Serves until `shutdown` resolves, then drains.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    connections_max: usize,
    shutdown: impl Future<Output = ()>,
) {
    let slots = Arc::new(Semaphore::new(connections_max));
    let graceful = GracefulShutdown::new();
    let (cut_off, _) = watch::channel(false);
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        let accepted = tokio::select! {
            () = &mut shutdown => break,
            accepted = accept(&listener, &slots) => accepted,
        };
        let Some((stream, peer, slot)) = accepted else { continue };
        let with_peer = router.clone().map_request(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(PeerAddress(peer));
            request
        });
        let service = TowerToHyperService::new(with_peer);
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_TIMEOUT)
            .serve_connection(TokioIo::new(stream), service);
        let watched = graceful.watch(connection);
        let mut cut = cut_off.subscribe();
        tokio::spawn(async move {
            tokio::select! {
                // A broken connection is the client's affair; what it asked for is in the log.
                _ = watched => {}
                _ = cut.wait_for(|cut| *cut) => {}
            }
            drop(slot);
        });
    }
    drop(listener);
    if tokio::time::timeout(DRAIN_TIMEOUT, graceful.shutdown()).await.is_err() {
        tracing::warn!("requests were still under way when the time to stop was over");
        cut_off.send_replace(true);
    }
}

async fn accept(
    listener: &TcpListener,
    slots: &Arc<Semaphore>,
) -> Option<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    let slot = Arc::clone(slots).acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((stream, peer)) => {
            // Small answers must not wait for more to send.
            let _ = stream.set_nodelay(true);
            Some((stream, peer, slot))
        }
        Err(error) => {
            tracing::warn!(%error, "a connection could not be accepted");
            tokio::time::sleep(ACCEPT_PAUSE).await;
            None
        }
    }
}
