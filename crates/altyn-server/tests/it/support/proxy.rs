//! A TCP proxy in front of a database: what passes between it and a node can be cut, refused, held
//! back and let go again.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

/// What it does with bytes and new connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    /// Passes everything.
    Open,
    /// Takes new connections and closes them.
    Refuse,
    /// Passes nothing and closes nothing; new connections are taken and nobody answers.
    Hang,
    /// Passes what is asked and holds the answers back.
    Mute,
}

/// Which way bytes go.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Asked,
    Answered,
}

impl Mode {
    fn holds(self, way: Way) -> bool {
        match self {
            Self::Open | Self::Refuse => false,
            Self::Hang => true,
            Self::Mute => way == Way::Answered,
        }
    }
}

/// A running proxy; ended when it is dropped.
pub struct Proxy {
    address: SocketAddr,
    inner: Arc<Inner>,
    listener: Option<JoinHandle<()>>,
}

struct Inner {
    target: SocketAddr,
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    mode: Mode,
    /// Both ends of each connection.
    open: BTreeMap<u64, Vec<TcpStream>>,
    number: u64,
    is_over: bool,
}

impl Proxy {
    /// Begins to pass everything to `target`.
    pub fn start(target: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let state = State { mode: Mode::Open, open: BTreeMap::new(), number: 0, is_over: false };
        let inner = Arc::new(Inner { target, state: Mutex::new(state), changed: Condvar::new() });
        let listening = Arc::clone(&inner);
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(stream) = stream else { continue };
                match listening.take(stream) {
                    Some((number, stream)) => {
                        let inner = Arc::clone(&listening);
                        drop(std::thread::spawn(move || inner.pass(number, stream)));
                    }
                    None if listening.state().is_over => return,
                    None => {}
                }
            }
        });
        Self { address, inner, listener: Some(thread) }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Another way to the same.
    pub fn another(&self) -> Self {
        Self::start(self.inner.target)
    }

    /// Closes all connections in the middle of whatever they are doing; says how many they were.
    pub fn cut(&self) -> usize {
        let mut state = self.inner.state();
        let cut = std::mem::take(&mut state.open);
        for end in cut.values().flatten() {
            let _ = end.shutdown(Shutdown::Both);
        }
        self.inner.changed.notify_all();
        cut.len()
    }

    /// Cuts, and closes whatever comes from now on.
    pub fn refuse(&self) {
        self.set(Mode::Refuse);
        self.cut();
    }

    /// Lets nothing pass any more, in either way, and closes nothing.
    pub fn hang(&self) {
        self.set(Mode::Hang);
    }

    /// Lets requests pass and holds their answers back.
    pub fn mute(&self) {
        self.set(Mode::Mute);
    }

    /// Passes everything again; what was held back first.
    pub fn restore(&self) {
        self.set(Mode::Open);
    }

    fn set(&self, mode: Mode) {
        self.inner.state().mode = mode;
        self.inner.changed.notify_all();
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.inner.state().is_over = true;
        self.cut();
        // The listener looks when somebody comes.
        let _ = TcpStream::connect(self.address);
        if let Some(thread) = self.listener.take() {
            let _ = thread.join();
        }
    }
}

impl Inner {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Enters a new connection, unless it is refused.
    fn take(&self, stream: TcpStream) -> Option<(u64, TcpStream)> {
        let mut state = self.state();
        if state.is_over || state.mode == Mode::Refuse {
            return None;
        }
        state.number += 1;
        let number = state.number;
        let end = stream.try_clone().ok()?;
        state.open.insert(number, vec![end]);
        Some((number, stream))
    }

    /// Waits until bytes of this connection may pass this way; `false` when it was cut.
    fn may_pass(&self, number: u64, way: Way) -> bool {
        let mut state = self.state();
        while state.mode.holds(way) && state.open.contains_key(&number) {
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.open.contains_key(&number)
    }

    /// Connects it to the target and passes what comes, until either end closes.
    fn pass(self: Arc<Self>, number: u64, asking: TcpStream) {
        if self.may_pass(number, Way::Asked)
            && let Ok(answering) = TcpStream::connect(self.target)
        {
            self.join(number, &asking, &answering);
        }
        let _ = asking.shutdown(Shutdown::Both);
        self.state().open.remove(&number);
    }

    fn join(&self, number: u64, asking: &TcpStream, answering: &TcpStream) {
        for end in [asking, answering] {
            let _ = end.set_nodelay(true);
        }
        match (self.state().open.get_mut(&number), answering.try_clone()) {
            (Some(ends), Ok(end)) => ends.push(end),
            _ => return,
        }
        std::thread::scope(|scope| {
            scope.spawn(|| self.pump(number, Way::Answered, answering, asking));
            self.pump(number, Way::Asked, asking, answering);
        });
    }

    /// Passes bytes one way.
    fn pump(&self, number: u64, way: Way, mut from: &TcpStream, mut to: &TcpStream) {
        let mut bytes = vec![0; 64 * 1_024];
        loop {
            let read = from.read(&mut bytes).unwrap_or(0);
            if read == 0 || !self.may_pass(number, way) || to.write_all(&bytes[..read]).is_err() {
                break;
            }
        }
        let _ = from.shutdown(Shutdown::Both);
        let _ = to.shutdown(Shutdown::Both);
    }
}
