//! The HTTP server: connections with limits, and a stop that lets requests end.
//!
//! A head must come in time and have at most [`BUFFER_MAX_BYTES`]; an answer must be read
//! ([`reader`]); there are at most so many connections, idle ones give way to new ones ([`seats`]),
//! and whoever finds all of them busy is told 503. On shutdown no new ones are taken, idle ones are
//! closed and requests under way are answered; what has not ended in time is cut off.

mod reader;
mod seats;
#[cfg(test)]
mod tests;

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use altyn_web::peer::PeerAddress;
use axum::Router;
use axum::http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tower::ServiceExt as _;

use self::reader::Reader;
use self::seats::{Seat, Seats};

/// How long things may take.
#[derive(Clone, Copy, Debug)]
struct Times {
    /// The head of a request; also ends idle connections.
    head: Duration,
    /// A client that takes nothing of an answer: a telephone out of reach comes back sooner.
    stall: Duration,
    /// Writing what was answered, when the connection must end.
    leave: Duration,
    /// Requests under way, on shutdown.
    drain: Duration,
}

const TIMES: Times = Times {
    head: Duration::from_secs(60),
    stall: Duration::from_secs(30),
    leave: Duration::from_secs(2),
    drain: Duration::from_secs(30),
};
/// What a connection may make us keep of a head. The longest link to the Payment Page, every
/// character of it escaped, has 48 KiB.
const BUFFER_MAX_BYTES: usize = 64 * 1024;
/// Connections that wait for a place, or are being turned away; more wait in the system's queue.
const STANDING_MAX: usize = 256;
/// How long a connection waits for a place while all are busy.
const STAND: Duration = Duration::from_millis(100);
/// What is said to a connection beyond the limit. Which face was meant is not known before a request
/// is read, and none is.
const NO_ROOM: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\nconnection: close\r\n\
    content-type: text/plain\r\ncontent-length: 33\r\n\r\ntoo many connections, come again\n";
/// How long to wait after the system refused a connection (too many open files).
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// How a connection is told to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    Serving,
    /// What is under way is finished.
    Draining,
    /// Nothing is waited for.
    Over,
}

/// Serves until `shutdown` resolves, then drains.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    connections_max: u32,
    shutdown: impl Future<Output = ()>,
) {
    serve_within(TIMES, listener, router, connections_max, shutdown).await;
}

async fn serve_within(
    times: Times,
    listener: TcpListener,
    router: Router,
    connections_max: u32,
    shutdown: impl Future<Output = ()>,
) {
    let seats = Seats::new(connections_max);
    let standing = Arc::new(Semaphore::new(STANDING_MAX));
    let (stage, _) = watch::channel(Stage::Serving);
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        let accepted = tokio::select! {
            () = &mut shutdown => break,
            accepted = accept(&listener, &seats, &standing) => accepted,
        };
        let Some((stream, peer, place)) = accepted else { continue };
        let (router, stage, seats) = (router.clone(), stage.subscribe(), seats.clone());
        tokio::spawn(async move {
            match place.seat(&seats).await {
                Ok(seat) => talk(times, router, (stream, peer), seat, stage).await,
                Err(standing) => turn_away(stream, times.leave, standing).await,
            }
        });
    }
    drop(listener);
    stage.send_replace(Stage::Draining);
    if tokio::time::timeout(times.drain, seats.empty()).await.is_err() {
        tracing::warn!("requests were still under way when the time to stop was over");
        stage.send_replace(Stage::Over);
    }
}

/// One connection, from its first request to its end.
async fn talk(
    times: Times,
    router: Router,
    (stream, peer): (TcpStream, SocketAddr),
    seat: Seat,
    mut stage: watch::Receiver<Stage>,
) {
    let service = service_fn(|mut request: Request<Incoming>| {
        request.extensions_mut().insert(PeerAddress(peer));
        let under_way = seat.request();
        let answer = router.clone().oneshot(request);
        async move { answer.await.map(|answer| answer.map(|body| under_way.with(body))) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(times.head)
        .max_buf_size(BUFFER_MAX_BYTES)
        .serve_connection(TokioIo::new(Reader::new(stream, times.stall)), service);
    let mut connection = std::pin::pin!(connection);
    tokio::select! {
        // A broken connection is the client's affair; what it asked for is in the log.
        _ = connection.as_mut() => return,
        () = seat.wanted() => {}
        _ = stage.wait_for(|stage| *stage > Stage::Serving) => {}
    }
    if !seat.has_asked() {
        return;
    }
    connection.as_mut().graceful_shutdown();
    tokio::select! {
        _ = connection.as_mut() => {}
        () = seat.idle_after(times.leave) => {}
        _ = stage.wait_for(|stage| *stage == Stage::Over) => {}
    }
}

/// What a connection is given when it comes; it is given back when the connection has ended.
enum Place {
    Seat(Seat),
    Standing(OwnedSemaphorePermit),
}

impl Place {
    /// A seat, if there is one before long: whoever is idle may be leaving.
    async fn seat(self, seats: &Seats) -> Result<Seat, OwnedSemaphorePermit> {
        match self {
            Self::Seat(seat) => Ok(seat),
            Self::Standing(standing) => match tokio::time::timeout(STAND, seats.take()).await {
                Ok(Some(seat)) => Ok(seat),
                Ok(None) | Err(_) => Err(standing),
            },
        }
    }
}

/// Says that there is no room, and waits for the client to have read it: closing at once, with what
/// he sent unread, would throw the answer away.
async fn turn_away(mut stream: TcpStream, limit: Duration, standing: OwnedSemaphorePermit) {
    let told = async {
        stream.write_all(NO_ROOM).await?;
        stream.shutdown().await?;
        let mut unread = [0; 4096];
        while stream.read(&mut unread).await? > 0 {}
        std::io::Result::Ok(())
    };
    // A client that has gone, or does not go, is cut off.
    let _ = tokio::time::timeout(limit, told).await;
    drop(standing);
}

async fn accept(
    listener: &TcpListener,
    seats: &Seats,
    standing: &Arc<Semaphore>,
) -> Option<(TcpStream, SocketAddr, Place)> {
    match listener.accept().await {
        Ok((stream, peer)) => {
            // Small answers must not wait for more to send.
            let _ = stream.set_nodelay(true);
            // Only now: while nobody came, seats may have come free.
            let place = tokio::select! {
                biased;
                seat = seats.take() => seat.map(Place::Seat),
                standing = Arc::clone(standing).acquire_owned() => standing.ok().map(Place::Standing),
            };
            Some((stream, peer, place?))
        }
        Err(error) => {
            tracing::warn!(%error, "a connection could not be accepted");
            tokio::time::sleep(ACCEPT_PAUSE).await;
            None
        }
    }
}
