//! Over loopback sockets: who holds a connection harms himself only. Times are short where one must
//! run out and an hour where none may.

use std::convert::Infallible;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::pin::Pin;
use std::sync::{Arc, mpsc};
use std::task::{Context, Poll};

use altyn_testkit::harness::{PATIENCE, eventually};
use axum::body::{Body, Bytes};
use axum::routing::get;
use hyper::body::Frame;
use tokio::runtime::Runtime;
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinHandle;

use super::*;

const HOUR: Duration = Duration::from_secs(3_600);
const SOON: Duration = Duration::from_millis(20);
const PATIENT: Times = Times { head: HOUR, stall: HOUR, leave: SOON, drain: HOUR };
const ASKS: &[u8] = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n";
const ASKS_ONCE: &[u8] = b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
const WAITS: &[u8] = b"GET /waits HTTP/1.1\r\nhost: x\r\n\r\n";

struct Server {
    runtime: Runtime,
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    served: JoinHandle<()>,
    /// Lets one request to `/waits` end.
    go_on: Arc<Notify>,
    /// Told when a request to `/waits` has begun.
    begun: mpsc::Receiver<()>,
}

impl Server {
    fn start(times: Times, connections_max: u32) -> Self {
        let (begins, begun) = mpsc::channel();
        let go_on = Arc::new(Notify::new());
        let held = Arc::clone(&go_on);
        let waits = move || {
            let (begins, held) = (begins.clone(), Arc::clone(&held));
            async move {
                begins.send(()).unwrap();
                held.notified().await;
                "waited"
            }
        };
        let router =
            Router::new().route("/", get(|| async { "hello" })).route("/waits", get(waits));
        Self::with(router, times, connections_max, (go_on, begun))
    }

    fn with(
        router: Router,
        times: Times,
        connections_max: u32,
        (go_on, begun): (Arc<Notify>, mpsc::Receiver<()>),
    ) -> Self {
        let runtime = Runtime::new().unwrap();
        let listener = runtime.block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))).unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let stopped = async move { drop(stopped.await) };
        let served = runtime.spawn(serve_within(times, listener, router, connections_max, stopped));
        Self { runtime, address, stop, served, go_on, begun }
    }

    fn connect(&self, bytes: &[u8]) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.write_all(bytes).unwrap();
        stream
    }

    /// Everything up to the end of an answer with this body.
    fn answered(&self, stream: &mut TcpStream, body: &str) {
        let mut read = Vec::new();
        let mut byte = [0];
        while !read.ends_with(body.as_bytes()) {
            assert_eq!(stream.read(&mut byte).unwrap(), 1, "{}", String::from_utf8_lossy(&read));
            read.extend(byte);
        }
        assert!(read.starts_with(b"HTTP/1.1 200 OK\r\n"));
    }

    fn stop(self) {
        self.stop.send(()).unwrap();
        self.runtime.block_on(self.served).unwrap();
    }
}

/// Whether the other side has closed, whatever it said before.
fn is_closed(stream: &mut TcpStream) -> bool {
    stream.set_nonblocking(true).unwrap();
    let closed = match std::io::copy(stream, &mut std::io::sink()) {
        Ok(_) => true,
        Err(error) => error.kind() != std::io::ErrorKind::WouldBlock,
    };
    stream.set_nonblocking(false).unwrap();
    closed
}

/// Whatever those who hold connections have said so far, newcomers are served, and whoever waits
/// for his answer gets it.
#[test]
fn idle_connections_give_way() {
    for said in [b"".as_slice(), b"\r\n", b"GET / HTTP/1.1\r\nx: ", ASKS] {
        let server = Server::start(PATIENT, 32);
        let mut early = server.connect(WAITS);
        server.begun.recv_timeout(PATIENCE).unwrap();
        let mut held: Vec<_> = (0..200).map(|_| server.connect(said)).collect();
        // Whoever comes while so many are leaving may be told to come again.
        eventually("a newcomer is served", || {
            let mut told = String::new();
            let _ = server.connect(ASKS_ONCE).read_to_string(&mut told);
            told.ends_with("hello").then_some(())
        });
        eventually("no more are left than there are places", || {
            let left = held.iter_mut().filter_map(|held| (!is_closed(held)).then_some(())).count();
            (left <= 32).then_some(())
        });
        server.go_on.notify_one();
        server.answered(&mut early, "waited");
        server.stop();
    }
}

#[test]
fn the_longest_idle_goes_first() {
    let server = Server::start(PATIENT, 4);
    let mut idle: Vec<_> = (0..3)
        .map(|_| {
            let mut stream = server.connect(ASKS);
            server.answered(&mut stream, "hello");
            stream
        })
        .collect();
    // The first has just been heard of: the second is now the longest idle.
    idle[0].write_all(ASKS).unwrap();
    server.answered(&mut idle[0], "hello");
    let mut newcomer = server.connect(ASKS);
    server.answered(&mut newcomer, "hello");
    eventually("the second is closed", || is_closed(&mut idle[1]).then_some(()));
    assert!(!is_closed(&mut idle[0]) && !is_closed(&mut idle[2]));
    server.stop();
}

#[test]
fn where_nobody_is_idle_the_next_to_be_answered_makes_room() {
    let server = Server::start(PATIENT, 2);
    let mut busy = [(); 2].map(|()| {
        let stream = server.connect(WAITS);
        server.begun.recv_timeout(PATIENCE).unwrap();
        stream
    });
    let mut late = server.connect(ASKS);
    assert!(!is_closed(&mut late), "it waits");
    server.go_on.notify_one();
    server.answered(&mut late, "hello");
    server.go_on.notify_one();
    for busy in &mut busy {
        server.answered(busy, "waited");
    }
    server.stop();
}

#[test]
fn a_head_that_does_not_end_is_not_waited_for() {
    let times = Times { head: SOON, ..PATIENT };
    for said in [b"".as_slice(), b"GET / HT", b"GET / HTTP/1.1\r\nx: y\r\n", ASKS] {
        let server = Server::start(times, 8);
        let mut all = Vec::new();
        server.connect(said).read_to_end(&mut all).unwrap();
        assert_eq!(!all.is_empty() && all.starts_with(b"HTTP/1.1 200"), said == ASKS);
        server.stop();
    }
}

/// A body without an end, which says when it is no longer kept.
struct Endless(mpsc::Sender<()>);

impl hyper::body::Body for Endless {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(&[0; 64 * 1024])))))
    }
}

impl Drop for Endless {
    fn drop(&mut self) {
        self.0.send(()).unwrap();
    }
}

#[test]
fn an_answer_that_nobody_reads_is_let_go() {
    let (lets_go, let_go) = mpsc::channel();
    let endless = move || {
        let endless = Endless(lets_go.clone());
        async move { Body::new(endless) }
    };
    let times = Times { stall: SOON, ..PATIENT };
    let nothing = (Arc::new(Notify::new()), mpsc::channel().1);
    let server = Server::with(Router::new().route("/", get(endless)), times, 8, nothing);
    let silent = server.connect(ASKS);
    let_go.recv_timeout(PATIENCE).unwrap();
    drop(silent);
    server.stop();
}

/// A head that is longer than may be kept is refused, not waited for.
#[test]
fn a_head_is_kept_up_to_a_limit() {
    let server = Server::start(PATIENT, 8);
    let long =
        format!("GET / HTTP/1.1\r\nhost: x\r\nx: {}\r\n\r\n", "y".repeat(4 * BUFFER_MAX_BYTES));
    let mut stream = server.connect(b"");
    // It may close before everything is sent.
    let _ = stream.write_all(long.as_bytes());
    let mut told = [0; 12];
    if stream.read_exact(&mut told).is_ok() {
        assert_eq!(&told, b"HTTP/1.1 431");
    }
    let link = format!("GET /?{} HTTP/1.1\r\nhost: x\r\n\r\n", "y".repeat(49 * 1024));
    server.answered(&mut server.connect(link.as_bytes()), "hello");
    server.stop();
}

/// Whoever is idle or has sent half a head does not hold the stop up; a request under way does.
#[test]
fn a_stop_waits_for_requests_only() {
    let server = Server::start(PATIENT, 8);
    let mut said = [b"".as_slice(), b"GET / HTTP/1.1\r\nx", ASKS].map(|said| server.connect(said));
    server.answered(&mut said[2], "hello");
    let mut waits = server.connect(WAITS);
    server.begun.recv_timeout(PATIENCE).unwrap();
    let go_on = Arc::clone(&server.go_on);
    let stopping = std::thread::spawn(move || server.stop());
    for said in &mut said {
        eventually("who asks for nothing is closed", || is_closed(said).then_some(()));
    }
    assert!(!stopping.is_finished());
    go_on.notify_one();
    let mut answer = Vec::new();
    waits.read_to_end(&mut answer).unwrap();
    assert!(answer.ends_with(b"waited"));
    stopping.join().unwrap();
}
