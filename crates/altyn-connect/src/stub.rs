//! Tests only: a server on port 0 that answers with raw bytes, or not at all, and keeps what it
//! was sent.

pub(crate) mod tls;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What the server does with one request.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    /// Sends these bytes and waits for the next request.
    Send(String),
    /// Reads the request and closes.
    Drop,
    /// Closes before reading.
    DropUnread,
    /// Reads, and never answers.
    Silence,
    /// Sends these bytes and nothing more, and keeps the connection.
    Stall(String),
    /// Sends these bytes and resets the connection.
    Reset(String),
    /// Sends the head of an endless body and fills it, a piece at each pause.
    Endless { piece: usize, pause: Duration },
    /// Sends `first`, then `piece` again and again, at each pause.
    Repeat { first: &'static str, piece: &'static str, pause: Duration },
}

/// `HTTP 200` with a JSON label.
pub(crate) fn ok(body: &str) -> Act {
    answer("200 OK", "application/json", body)
}

/// Any status and label.
pub(crate) fn answer(status: &str, label: &str, body: &str) -> Act {
    let length = body.len();
    Act::Send(format!(
        "HTTP/1.1 {status}\r\ncontent-type: {label}\r\ncontent-length: {length}\r\n\r\n{body}"
    ))
}

/// A request as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    /// Method, path and query.
    pub(crate) line: String,
    /// The head without the request line.
    pub(crate) head: String,
    /// The body.
    pub(crate) body: String,
}

impl Seen {
    /// Parameters of the body, or of the query.
    pub(crate) fn parameters(&self) -> Vec<(String, String)> {
        let query = self.line.split_once('?').map_or("", |(_, query)| query);
        let text = if self.body.is_empty() { query } else { &self.body };
        url::form_urlencoded::parse(text.as_bytes()).into_owned().collect()
    }

    /// One parameter.
    pub(crate) fn parameter(&self, name: &str) -> Option<String> {
        self.parameters().into_iter().find(|(field, _)| field == name).map(|(_, value)| value)
    }
}

/// The server. It plays its acts in order and repeats the last one.
pub(crate) struct Stub {
    /// `http://127.0.0.1:<port>`.
    pub(crate) url: String,
    seen: Arc<Mutex<Vec<Seen>>>,
    connections: Arc<Mutex<usize>>,
    /// One more than there are connections that have not ended.
    open: Arc<()>,
}

impl Stub {
    pub(crate) async fn start(acts: Vec<Act>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let stub =
            Self { url, seen: Arc::default(), connections: Arc::default(), open: Arc::default() };
        let (seen, connections) = (stub.seen.clone(), stub.connections.clone());
        let open = Arc::downgrade(&stub.open);
        let acts = Arc::new(acts);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                *connections.lock().unwrap() += 1;
                let (open, acts, seen) = (open.upgrade(), acts.clone(), seen.clone());
                tokio::spawn(async move {
                    serve(stream, acts, seen).await;
                    drop(open);
                });
            }
        });
        stub
    }

    /// What came, in order.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// The last part of each path that was asked for.
    pub(crate) fn methods(&self) -> Vec<String> {
        let last = |seen: &Seen| {
            let path = seen.line.split(' ').nth(1).unwrap().split('?').next().unwrap().to_owned();
            path.trim_end_matches('/').rsplit('/').next().unwrap().to_owned()
        };
        self.seen().iter().map(last).collect()
    }

    /// Waits until the other side has let go of every connection that a hostile act held.
    pub(crate) async fn left(&self) {
        while Arc::strong_count(&self.open) > 1 {
            tokio::task::yield_now().await;
        }
    }

    /// How many connections were made.
    pub(crate) fn connections(&self) -> usize {
        *self.connections.lock().unwrap()
    }
}

/// An address on which nobody listens.
pub(crate) async fn nobody() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

async fn serve(mut stream: TcpStream, acts: Arc<Vec<Act>>, seen: Arc<Mutex<Vec<Seen>>>) {
    loop {
        let next = acts.get(seen.lock().unwrap().len()).or(acts.last()).unwrap().clone();
        if let Act::DropUnread = next {
            return;
        }
        let Some(request) = read_request(&mut stream).await else { return };
        let act = {
            let mut seen = seen.lock().unwrap();
            let act = acts.get(seen.len()).or(acts.last()).unwrap().clone();
            seen.push(request);
            act
        };
        match act {
            Act::Send(bytes) => {
                if stream.write_all(bytes.as_bytes()).await.is_err() {
                    return;
                }
            }
            Act::Drop | Act::DropUnread => return,
            Act::Silence => return hold(&mut stream, "").await,
            Act::Stall(bytes) => return hold(&mut stream, &bytes).await,
            Act::Reset(bytes) => {
                let _ = stream.write_all(bytes.as_bytes()).await;
                // Closing then sends RST instead of FIN.
                return stream.set_zero_linger().unwrap();
            }
            Act::Endless { piece, pause } => {
                let head = b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n";
                return repeat(&mut stream, head, &vec![b'x'; piece], pause).await;
            }
            Act::Repeat { first, piece, pause } => {
                return repeat(&mut stream, first.as_bytes(), piece.as_bytes(), pause).await;
            }
        }
    }
}

/// Sends this, and holds the connection until the other side has gone.
async fn hold(stream: &mut TcpStream, bytes: &str) {
    let _ = stream.write_all(bytes.as_bytes()).await;
    let _ = stream.read_u8().await;
}

/// Sends `first`, then `piece` again and again until the other side has gone.
async fn repeat(stream: &mut TcpStream, first: &[u8], piece: &[u8], pause: Duration) {
    let mut sent = stream.write_all(first).await;
    while sent.is_ok() {
        sent = stream.write_all(piece).await;
        if !pause.is_zero() {
            tokio::time::sleep(pause).await;
        }
    }
}

async fn read_request(stream: &mut TcpStream) -> Option<Seen> {
    let mut bytes = Vec::new();
    let head_end = loop {
        if let Some(at) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break at;
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8(bytes[..head_end].to_vec()).unwrap();
    let length = head
        .lines()
        .find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok())
        .unwrap_or(0_usize);
    let mut body = bytes[head_end + 4..].to_vec();
    while body.len() < length {
        if stream.read_buf(&mut body).await.ok()? == 0 {
            return None;
        }
    }
    let (line, head) = head.split_once("\r\n").unwrap_or((&head, ""));
    Some(Seen {
        line: line.to_owned(),
        head: head.to_owned(),
        body: String::from_utf8(body).unwrap(),
    })
}
