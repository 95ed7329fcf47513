//! The HTTP server: connections with limits, and a stop that lets requests end.
//!
//! A head must come within [`HEAD_TIMEOUT`] and fit [`HEAD_MAX_BYTES`]; there are at most so many
//! connections, and who comes on top is told 503 at once; on shutdown no new ones are taken, idle ones
//! are closed and requests under way are answered; what has not ended within [`DRAIN_TIMEOUT`] is cut
//! off.

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
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tower::ServiceExt as _;

/// How long a client may take over the head of a request; also ends idle connections.
const HEAD_TIMEOUT: Duration = Duration::from_secs(60);
/// The longest head, a signed link to the Payment Page with everything in it included; also the most
/// that a connection reads ahead.
const HEAD_MAX_BYTES: usize = 64 * 1024;
/// Connections that are being turned away at once; more wait in the system's queue.
const TURNED_AWAY_MAX: usize = 256;
/// How long it may take to turn a connection away.
const TURN_AWAY_TIMEOUT: Duration = Duration::from_secs(2);
/// What is said to a connection beyond the limit. Which face was meant is not known before a request
/// is read, and none is.
const NO_ROOM: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\nconnection: close\r\n\
    content-type: text/plain\r\ncontent-length: 33\r\n\r\ntoo many connections, come again\n";
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
    let refusals = Arc::new(Semaphore::new(TURNED_AWAY_MAX));
    let graceful = GracefulShutdown::new();
    let (cut_off, _) = watch::channel(false);
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        let accepted = tokio::select! {
            () = &mut shutdown => break,
            accepted = accept(&listener, &slots, &refusals) => accepted,
        };
        let Some((stream, peer, slot)) = accepted else { continue };
        let Slot::Served(slot) = slot else {
            tokio::spawn(turn_away(stream, slot));
            continue;
        };
        let with_peer = router.clone().map_request(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(PeerAddress(peer));
            request
        });
        let service = TowerToHyperService::new(with_peer);
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_TIMEOUT)
            .max_buf_size(HEAD_MAX_BYTES)
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

/// What a connection is given; it is given back when the connection has ended.
enum Slot {
    Served(OwnedSemaphorePermit),
    TurnedAway(
        #[expect(dead_code, reason = "held until the connection ends")] OwnedSemaphorePermit,
    ),
}

/// A slot to be served in, else one to be turned away in, else the next of either.
async fn slot(slots: &Arc<Semaphore>, refusals: &Arc<Semaphore>) -> Option<Slot> {
    tokio::select! {
        biased;
        slot = Arc::clone(slots).acquire_owned() => slot.ok().map(Slot::Served),
        slot = Arc::clone(refusals).acquire_owned() => slot.ok().map(Slot::TurnedAway),
    }
}

/// Says that there is no room, and waits for the client to have read it: closing at once, with what
/// he sent unread, would throw the answer away.
async fn turn_away(mut stream: TcpStream, slot: Slot) {
    let told = async {
        stream.write_all(NO_ROOM).await?;
        stream.shutdown().await?;
        let mut unread = [0; 4096];
        while stream.read(&mut unread).await? > 0 {}
        std::io::Result::Ok(())
    };
    // A client that has gone, or does not go, is cut off.
    let _ = tokio::time::timeout(TURN_AWAY_TIMEOUT, told).await;
    drop(slot);
}

async fn accept(
    listener: &TcpListener,
    slots: &Arc<Semaphore>,
    refusals: &Arc<Semaphore>,
) -> Option<(TcpStream, SocketAddr, Slot)> {
    match listener.accept().await {
        Ok((stream, peer)) => {
            // Only now: while nobody came, slots may have come free.
            let slot = slot(slots, refusals).await?;
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
