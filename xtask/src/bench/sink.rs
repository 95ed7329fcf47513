//! The merchant's end of callbacks: takes every one, answers 200, and remembers what it was told.

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde::Deserialize;

use super::now;

/// How often it is looked at by whoever waits for something.
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// When nothing new has come for so long, nothing will.
const SILENCE: Duration = Duration::from_secs(20);

/// A sink that listens until the benchmark ends.
pub struct Sink {
    addresses: Vec<SocketAddr>,
    told: Arc<Mutex<Told>>,
}

/// What it was told.
#[derive(Default)]
struct Told {
    /// Hashes of bodies: a callback sent again has the same bytes.
    bodies: HashSet<u64>,
    repeated: u64,
    unreadable: u64,
    /// Payments by the last final status told, and how many such callbacks there were.
    ended: HashMap<String, Ended>,
    first: Option<Instant>,
    last: Option<Instant>,
    last_end: Option<Instant>,
}

#[derive(Clone, Copy)]
struct Ended {
    success: bool,
    times: u32,
}

/// What it was told, in numbers.
#[derive(Clone, Copy, Debug)]
pub struct Heard {
    /// Different callbacks.
    pub distinct: u64,
    /// Callbacks that had come before.
    pub repeated: u64,
    /// What was no callback.
    pub unreadable: u64,
    /// Payments of which an end was told.
    pub ended: u64,
    /// Those that ended in success.
    pub succeeded: u64,
    /// Payments of which an end was told by two different callbacks.
    pub ended_twice: u64,
    /// The first callback, the last new one, and the last that told an end.
    pub first: Option<Instant>,
    pub last: Option<Instant>,
    pub last_end: Option<Instant>,
}

#[derive(Deserialize)]
struct Callback {
    payment: Payment,
}

#[derive(Deserialize)]
struct Payment {
    id: String,
    status: String,
}

impl Sink {
    /// Begins to listen, on a thread of its own.
    pub fn start() -> Result<Self> {
        Self::start_with(1)
    }

    /// The same, as so many hosts.
    pub fn start_with(hosts: usize) -> Result<Self> {
        let listen = |_| {
            let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
            listener.set_nonblocking(true)?;
            Ok((listener.local_addr()?, listener))
        };
        let bound: std::io::Result<Vec<_>> = (0..hosts).map(listen).collect();
        let (addresses, listeners): (Vec<_>, Vec<_>) =
            bound.context("no port for the sink")?.into_iter().unzip();
        let told = Arc::new(Mutex::new(Told::default()));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let own = Arc::clone(&told);
        std::thread::Builder::new()
            .name("sink".to_owned())
            .spawn(move || runtime.block_on(listen_all(listeners, own)))
            .context("the sink's thread could not be started")?;
        Ok(Self { addresses, told })
    }

    /// Where callbacks are to be sent; the first host's of several.
    pub fn url(&self) -> String {
        self.addresses.first().map(|address| url(*address)).unwrap_or_default()
    }

    /// Where they are to be sent, host by host.
    pub fn urls(&self) -> Vec<String> {
        self.addresses.iter().map(|address| url(*address)).collect()
    }

    /// What it was told so far.
    pub fn heard(&self) -> Heard {
        locked(&self.told).heard()
    }

    /// Forgets everything.
    pub fn forget(&self) {
        *locked(&self.told) = Told::default();
    }

    /// Waits until `enough`, or until nothing new comes any more.
    pub async fn wait(&self, enough: impl Fn(&Heard) -> bool) -> Heard {
        self.wait_through(SILENCE, enough).await
    }

    /// The same, where nothing new may come for so long.
    pub async fn wait_through(&self, silence: Duration, enough: impl Fn(&Heard) -> bool) -> Heard {
        let began = now();
        loop {
            let heard = self.heard();
            let last = heard.last.unwrap_or(began).max(began);
            if enough(&heard) || now().saturating_duration_since(last) > silence {
                return heard;
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }
}

impl Told {
    fn take(&mut self, body: &[u8]) {
        let at = now();
        let mut hasher = DefaultHasher::new();
        body.hash(&mut hasher);
        if !self.bodies.insert(hasher.finish()) {
            self.repeated += 1;
            return;
        }
        self.first.get_or_insert(at);
        self.last = Some(at);
        let Ok(Callback { payment }) = serde_json::from_slice(body) else {
            self.unreadable += 1;
            return;
        };
        if matches!(payment.status.as_str(), "success" | "decline" | "error") {
            self.last_end = Some(at);
            let success = payment.status == "success";
            self.ended
                .entry(payment.id)
                .and_modify(|ended| *ended = Ended { success, times: ended.times + 1 })
                .or_insert(Ended { success, times: 1 });
        }
    }

    fn heard(&self) -> Heard {
        let count = |which: fn(&Ended) -> bool| self.ended.values().filter(|e| which(e)).count();
        Heard {
            distinct: self.bodies.len() as u64,
            repeated: self.repeated,
            unreadable: self.unreadable,
            ended: self.ended.len() as u64,
            succeeded: count(|ended| ended.success) as u64,
            ended_twice: count(|ended| ended.times > 1) as u64,
            first: self.first,
            last: self.last,
            last_end: self.last_end,
        }
    }
}

fn url(address: SocketAddr) -> String {
    format!("http://{address}/callback")
}

fn locked(told: &Mutex<Told>) -> MutexGuard<'_, Told> {
    told.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn listen_all(listeners: Vec<std::net::TcpListener>, told: Arc<Mutex<Told>>) {
    let listen = |listener| tokio::spawn(listen(listener, Arc::clone(&told)));
    let all: Vec<_> = listeners.into_iter().map(listen).collect();
    for one in all {
        // None of them ever ends.
        let _ = one.await;
    }
}

async fn listen(listener: std::net::TcpListener, told: Arc<Mutex<Told>>) {
    let Ok(listener) = tokio::net::TcpListener::from_std(listener) else { return };
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        // Without it an answer waits for more to send; nothing is wrong but the latency.
        let _ = stream.set_nodelay(true);
        let told = Arc::clone(&told);
        tokio::spawn(async move {
            let answer = service_fn(move |request| answer(request, Arc::clone(&told)));
            // The platform closes connections as it likes.
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), answer).await;
        });
    }
}

async fn answer(
    request: Request<Incoming>,
    told: Arc<Mutex<Told>>,
) -> Result<Response<Full<Bytes>>, hyper::Error> {
    let body = request.into_body().collect().await?.to_bytes();
    locked(&told).take(&body);
    let mut response = Response::new(Full::new(Bytes::from_static(b"OK")));
    *response.status_mut() = StatusCode::OK;
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::Told;

    #[test]
    fn a_callback_is_new_repeated_or_unreadable() {
        let mut told = Told::default();
        let body = |id: &str, status: &str, operation: u8| {
            format!(
                "{{\"payment\":{{\"id\":\"{id}\",\"status\":\"{status}\"}},\"operation\":{operation}}}"
            )
        };
        for body in [
            body("a", "awaiting redirect result", 1),
            body("a", "success", 1),
            body("a", "success", 1),
            body("b", "decline", 2),
            body("b", "success", 2),
            "{}".to_owned(),
        ] {
            told.take(body.as_bytes());
        }
        let heard = told.heard();
        assert_eq!((heard.distinct, heard.repeated, heard.unreadable), (5, 1, 1));
        assert_eq!((heard.ended, heard.succeeded, heard.ended_twice), (2, 2, 1));
    }
}
