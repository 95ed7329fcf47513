//! A merchant's receiver of callbacks.

use std::collections::{HashMap, VecDeque};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::{Patience, monotonic, sign};

/// What to answer to a callback.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// This status at once.
    Status(u16),
    /// This status after so long.
    Late(Duration, u16),
    /// Nothing until the sender gives up or the shop closes.
    Hang,
    /// The connection is closed without an answer.
    Drop,
    /// 302 to this address.
    Redirect(String),
    /// 200 and a body that does not end.
    Endless,
}

/// A request as it came.
#[derive(Clone, Debug)]
pub struct Callback {
    /// The number among all that came, from 0.
    pub number: usize,
    /// The path with its query.
    pub path: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// The bytes.
    pub bytes: Vec<u8>,
    /// The same parsed; null when they are no JSON.
    pub body: Value,
    /// When the last byte came.
    pub at: Instant,
    /// What was answered.
    pub reply: Reply,
}

impl Callback {
    /// `payment.id`.
    pub fn payment_id(&self) -> &str {
        self.body["payment"]["id"].as_str().unwrap_or_default()
    }

    /// `payment.status`.
    pub fn status(&self) -> &str {
        self.body["payment"]["status"].as_str().unwrap_or_default()
    }

    /// `operation.type` and `operation.status`.
    pub fn operation(&self) -> (&str, &str) {
        let operation = &self.body["operation"];
        let text = |name: &str| operation[name].as_str().unwrap_or_default();
        (text("type"), text("status"))
    }

    /// `operation.code`.
    pub fn code(&self) -> &str {
        self.body["operation"]["code"].as_str().unwrap_or_default()
    }

    /// A header by its name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    /// Whether it tells of this payment in this status.
    pub fn tells(&self, payment_id: &str, status: &str) -> bool {
        self.payment_id() == payment_id && self.status() == status
    }
}

/// Listens on a port of its own until dropped.
///
/// Every callback of a project named to [`Shop::trust`] is verified as it comes; a wrong signature
/// fails the next wait.
#[derive(Debug)]
pub struct Shop {
    address: SocketAddr,
    shared: Arc<Shared>,
    listening: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    came: Condvar,
}

#[derive(Debug, Default)]
struct State {
    callbacks: Vec<Callback>,
    plans: HashMap<String, VecDeque<Reply>>,
    always: HashMap<String, Reply>,
    secrets: HashMap<u64, String>,
    fault: Option<String>,
    closed: bool,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until the shop closes, or so long.
    fn idle(&self, at_most: Duration) {
        let until = monotonic() + at_most;
        let mut state = self.state();
        while !state.closed {
            let Some(left) = until.checked_duration_since(monotonic()) else { return };
            let waited = self.came.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

impl Shop {
    /// Begins to listen; every callback is answered 200 unless told otherwise.
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port on loopback");
        let address = listener.local_addr().expect("a bound socket has an address");
        let shared = Arc::new(Shared::default());
        let inside = Arc::clone(&shared);
        let listening = std::thread::spawn(move || {
            for stream in listener.incoming() {
                if inside.state().closed {
                    return;
                }
                let Ok(stream) = stream else { continue };
                let inside = Arc::clone(&inside);
                std::thread::spawn(move || receive(&inside, stream));
            }
        });
        Self { address, shared, listening: Some(listening) }
    }

    /// The address of a path here.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Verifies callbacks of this project from now on.
    pub fn trust(&self, project: u32, secret: &str) {
        self.shared.state().secrets.insert(project.into(), secret.to_owned());
    }

    /// Answers the next callbacks to `path` so, one reply each; later ones 200.
    pub fn plan(&self, path: &str, replies: impl IntoIterator<Item = Reply>) {
        let mut state = self.shared.state();
        state.plans.entry(path.to_owned()).or_default().extend(replies);
    }

    /// Answers every callback to `path` so that has no plan of its own; `None`: 200 again.
    pub fn always(&self, path: &str, reply: Option<Reply>) {
        let mut state = self.shared.state();
        match reply {
            Some(reply) => state.always.insert(path.to_owned(), reply),
            None => state.always.remove(path),
        };
    }

    /// Everything that came.
    pub fn callbacks(&self) -> Vec<Callback> {
        self.shared.state().callbacks.clone()
    }

    /// Reads everything that came where it is, for when it is too much to copy.
    pub fn read<T>(&self, read: impl FnOnce(&[Callback]) -> T) -> T {
        read(&self.shared.state().callbacks)
    }

    /// What came about a payment, in order.
    pub fn about(&self, payment_id: &str) -> Vec<Callback> {
        let state = self.shared.state();
        state.callbacks.iter().filter(|told| told.payment_id() == payment_id).cloned().collect()
    }

    /// Waits for the first callback, from the very first on, that fits.
    pub fn wait_for(&self, what: &str, fits: impl Fn(&Callback) -> bool) -> Callback {
        self.wait(what, |all| all.iter().find(|told| fits(told)).cloned())
    }

    /// Waits for a payment to be told in a status.
    pub fn wait_status(&self, payment_id: &str, status: &str) -> Callback {
        let what = format!("a callback that {payment_id} is {status:?}");
        self.wait_for(&what, |told| told.tells(payment_id, status))
    }

    /// Waits until `count` callbacks fit, and gives them.
    pub fn wait_count(
        &self,
        what: &str,
        count: usize,
        fits: impl Fn(&Callback) -> bool,
    ) -> Vec<Callback> {
        self.wait(what, |all| {
            let found: Vec<_> = all.iter().filter(|told| fits(told)).cloned().collect();
            (found.len() >= count).then_some(found)
        })
    }

    fn wait<T>(&self, what: &str, look: impl Fn(&[Callback]) -> Option<T>) -> T {
        let patience = Patience::new();
        let mut state = self.shared.state();
        loop {
            if let Some(fault) = &state.fault {
                panic!("{fault}");
            }
            if let Some(found) = look(&state.callbacks) {
                return found;
            }
            let Some(left) = patience.left() else {
                let told: Vec<String> = state.callbacks.iter().map(described).collect();
                drop(state);
                panic!("this did not come: {what}; these came:\n{}", told.join("\n"));
            };
            let waited = self.shared.came.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Ends what hangs, and listens no more.
    pub fn close(&mut self) {
        self.shared.state().closed = true;
        self.shared.came.notify_all();
        // Wakes the listener, which sees that it is over.
        let _ = TcpStream::connect(self.address);
        if let Some(listening) = self.listening.take() {
            let _ = listening.join();
        }
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        self.close();
    }
}

fn described(told: &Callback) -> String {
    format!(
        "{} payment {:?} {:?}, operation {:?} code {} to {}",
        told.number,
        told.payment_id(),
        told.status(),
        told.operation(),
        told.code(),
        told.path
    )
}

/// One request on one connection.
fn receive(shared: &Shared, mut stream: TcpStream) {
    let Some(mut told) = read(&stream) else { return };
    let reply = {
        let mut state = shared.state();
        let path = told.path.split('?').next().unwrap_or_default();
        let planned = state.plans.get_mut(path).and_then(VecDeque::pop_front);
        let reply = planned.or_else(|| state.always.get(path).cloned());
        let reply = reply.unwrap_or(Reply::Status(200));
        told.number = state.callbacks.len();
        told.reply = reply.clone();
        if let Some(fault) = fault_of(&told, &state.secrets) {
            state.fault.get_or_insert(fault);
        }
        state.callbacks.push(told);
        reply
    };
    shared.came.notify_all();
    // The sender may be gone by now; that is its affair.
    let _ = answer(shared, &mut stream, &reply);
}

fn fault_of(told: &Callback, secrets: &HashMap<u64, String>) -> Option<String> {
    let project = told.body["project_id"].as_u64()?;
    let secret = secrets.get(&project)?;
    let expected = sign(&told.body, secret);
    (told.body["signature"] != expected)
        .then(|| format!("a callback is signed wrongly, {expected} expected: {}", told.body))
}

fn read(stream: &TcpStream) -> Option<Callback> {
    stream.set_read_timeout(Some(super::PATIENCE)).ok()?;
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let path = line.split(' ').nth(1)?.to_owned();
    let mut headers = Vec::new();
    loop {
        line.clear();
        reader.read_line(&mut line).ok()?;
        match line.trim_end().split_once(':') {
            Some((name, value)) => {
                headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
            }
            None => break,
        }
    }
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let length: usize = length.and_then(|(_, value)| value.parse().ok()).unwrap_or(0);
    let mut bytes = vec![0; length];
    reader.read_exact(&mut bytes).ok()?;
    let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
    let (at, reply) = (monotonic(), Reply::Drop);
    Some(Callback { number: 0, path, headers, bytes, body, at, reply })
}

fn answer(shared: &Shared, stream: &mut TcpStream, reply: &Reply) -> std::io::Result<()> {
    let plain = |status: u16| {
        format!("HTTP/1.1 {status} X\r\nconnection: close\r\ncontent-length: 2\r\n\r\nOK")
    };
    match reply {
        Reply::Status(204) => stream.write_all(b"HTTP/1.1 204 X\r\nconnection: close\r\n\r\n"),
        Reply::Status(status) => stream.write_all(plain(*status).as_bytes()),
        Reply::Late(pause, status) => {
            shared.idle(*pause);
            stream.write_all(plain(*status).as_bytes())
        }
        Reply::Hang => {
            shared.idle(super::PATIENCE);
            Ok(())
        }
        Reply::Drop => Ok(()),
        Reply::Redirect(url) => {
            let head = format!(
                "HTTP/1.1 302 X\r\nlocation: {url}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
            );
            stream.write_all(head.as_bytes())
        }
        Reply::Endless => {
            stream.write_all(b"HTTP/1.1 200 X\r\nconnection: close\r\n\r\n")?;
            while !shared.state().closed {
                stream.write_all(&[b'x'; 4096])?;
            }
            Ok(())
        }
    }
}
