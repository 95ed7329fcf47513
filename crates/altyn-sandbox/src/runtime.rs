//! The life of a sandbox: making it, its clock, its timers, the sending of notifications.

use std::collections::VecDeque;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{Duration, Instant};

use axum::body::Bytes;
use axum::serve::ListenerExt;
use http_body_util::{BodyExt, Empty};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tokio::net::TcpListener;
use tokio::sync::{Notify, Semaphore};

use crate::config::{Config, IpayVendor, RbsMerchant, SandboxError};
use crate::ids::Ids;
use crate::outbox::{Accepted, Notification};
use crate::state::{Press, State, Timer};
use crate::web::{Register, Seen};
use crate::{bank, control, index, ipay, pages, persist, rbs};

/// Notifications on their way at one time; the rest wait in the queue.
const IN_FLIGHT: usize = 256;
/// How long a receiver may take to answer a notification.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);
/// Real time between the answer of `paymentotherway.do` and the press of `auto_press`.
const PRESS_AFTER: Duration = Duration::from_millis(10);
/// Pace of [`Sandbox::run`].
const PACE: Duration = Duration::from_millis(50);

/// Both emulators with their state; cheap to clone.
///
/// Serve [`Sandbox::router`] and call [`Sandbox::tick`] yourself, or let [`Sandbox::run`] do both.
#[derive(Clone)]
pub struct Sandbox(Arc<Inner>);

struct Inner {
    config: Config,
    public_url: RwLock<String>,
    clock: Arc<dyn Fn() -> i64 + Send + Sync>,
    ids: Ids,
    state: Mutex<State>,
    seen: Mutex<Register>,
    to_press: Mutex<VecDeque<(Instant, usize)>>,
    client: Client<HttpConnector, Empty<Bytes>>,
    flights: Arc<Semaphore>,
    wake: Notify,
    /// When the state file may be written next; held while it is written.
    saved: Arc<tokio::sync::Mutex<Instant>>,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Real time that has passed, not what o'clock it is: the sandbox clock may stand still in a test
/// while an answer still has to leave first.
#[expect(clippy::disallowed_methods, reason = "a measurement of real time, see above")]
fn monotonic() -> Instant {
    Instant::now()
}

fn unique<'a>(names: impl Iterator<Item = &'a str>) -> Result<(), SandboxError> {
    let mut seen = std::collections::HashSet::new();
    for name in names {
        if !seen.insert(name) {
            return Err(SandboxError::DuplicateName(name.to_owned()));
        }
    }
    Ok(())
}

impl Sandbox {
    /// Makes a sandbox; `clock` gives Unix milliseconds.
    ///
    /// # Errors
    /// The state file exists but cannot be read or understood, two merchants or vendors share a
    /// name, or the system gives no random bytes.
    pub fn new(
        config: Config,
        clock: Arc<dyn Fn() -> i64 + Send + Sync>,
    ) -> Result<Self, SandboxError> {
        unique(config.rbs_merchants.iter().map(|m| m.name.as_str()))?;
        unique(config.ipay_vendors.iter().map(|v| v.vid.as_str()))?;
        let mut state = match &config.state_file {
            Some(path) => persist::load(path)?,
            None => State::default(),
        };
        state.after_load(clock() + state.offset_ms);
        let mut to_press = VecDeque::new();
        if config.auto_press {
            to_press.extend(state.rbs.handed_over().map(|at| (monotonic(), at)));
        }
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(Duration::from_secs(20))
            .build(connector);
        let public_url = RwLock::new(config.public_url.trim_end_matches('/').to_owned());
        Ok(Self(Arc::new(Inner {
            public_url,
            clock,
            ids: Ids::new()?,
            state: Mutex::new(state),
            seen: Mutex::default(),
            to_press: Mutex::new(to_press),
            client,
            flights: Arc::new(Semaphore::new(IN_FLIGHT)),
            wake: Notify::new(),
            saved: Arc::new(tokio::sync::Mutex::new(monotonic())),
            config,
        })))
    }

    /// All addresses: both providers, the bank, the pages and the control interface.
    pub fn router(&self) -> axum::Router {
        rbs::routes()
            .merge(ipay::routes())
            .merge(bank::routes())
            .merge(control::routes())
            .merge(index::routes())
            .merge(pages::routes())
            .with_state(self.clone())
    }

    /// Changes the base address given to browsers, once the listener's port is known.
    pub fn set_public_url(&self, url: String) {
        let url = url.trim_end_matches('/').to_owned();
        *self.0.public_url.write().unwrap_or_else(PoisonError::into_inner) = url;
    }

    /// Ends what has run out, presses for the payer where asked to, sends what is due and waits
    /// for the answers, writes the state file if its time has come.
    pub async fn tick(&self) {
        self.expire();
        self.press_waiting();
        let due = self.with_state(|s, now| s.outbox.take_due(now, usize::MAX));
        let mut flights = tokio::task::JoinSet::new();
        for (ticket, notification) in due {
            let sandbox = self.clone();
            flights.spawn(async move { sandbox.deliver(ticket, notification).await });
        }
        while flights.join_next().await.is_some() {}
        self.save_if_due(false).await;
    }

    /// Serves and ticks until `shutdown`; then gives open requests two seconds and writes the
    /// state file.
    ///
    /// # Errors
    /// The server's own, as `std::io::Error`; a state file that cannot be written is logged.
    pub async fn run(
        self,
        listener: TcpListener,
        shutdown: impl Future<Output = ()> + Send + 'static,
    ) -> std::io::Result<()> {
        let listener = listener.tap_io(|stream| {
            if let Err(error) = stream.set_nodelay(true) {
                tracing::debug!(%error, "no TCP_NODELAY");
            }
        });
        let (stop, stopped) = tokio::sync::watch::channel(false);
        let asked = stopped.clone();
        let server = axum::serve(listener, self.router()).with_graceful_shutdown(async move {
            shutdown.await;
            stop.send_replace(true);
        });
        let mut late = stopped;
        let patience = async move {
            let _ = late.wait_for(|s| *s).await;
            tokio::time::sleep(Duration::from_secs(2)).await;
        };
        let ticking = self.clone();
        let ticks = tokio::spawn(async move { ticking.pace(asked).await });
        let result = tokio::select! {
            result = server.into_future() => result,
            () = patience => Ok(()),
        };
        if let Err(error) = ticks.await {
            tracing::error!(%error, "the sandbox stopped ticking");
        }
        self.save_if_due(true).await;
        result
    }

    /// Like [`Sandbox::tick`] for ever, but never waiting for a slow receiver.
    async fn pace(&self, mut stopped: tokio::sync::watch::Receiver<bool>) {
        while !*stopped.borrow_and_update() {
            self.expire();
            self.press_waiting();
            self.send_due();
            self.save_if_due(false).await;
            tokio::select! {
                () = tokio::time::sleep(PACE) => {}
                () = self.0.wake.notified() => {}
                changed = stopped.changed() => {
                    if changed.is_err() {
                        return;
                    }
                }
            }
        }
    }

    fn send_due(&self) {
        let room = self.0.flights.available_permits();
        let due = self.with_state(|s, now| s.outbox.take_due(now, room));
        for (ticket, notification) in due {
            let Ok(permit) = Arc::clone(&self.0.flights).try_acquire_owned() else {
                // Another taker was quicker; the notification waits for the next round.
                self.with_state(|s, now| s.outbox.put_back(ticket, now));
                continue;
            };
            let sandbox = self.clone();
            tokio::spawn(async move {
                sandbox.deliver(ticket, notification).await;
                drop(permit);
                sandbox.0.wake.notify_one();
            });
        }
    }

    async fn deliver(&self, ticket: u64, notification: Notification) {
        let delivered = match self.get(&notification.url).await {
            Ok(status) => match notification.accepted {
                Accepted::Only200 => status == 200,
                Accepted::AnySuccess => (200..400).contains(&status),
            },
            Err(error) => {
                tracing::debug!(%error, "notification not delivered");
                false
            }
        };
        self.with_state(|s, now| {
            s.outbox.report(ticket, delivered, now);
            s.dirty = true;
        });
    }

    /// One GET; the status, or in words why there is none. Plain http only: receivers of an
    /// emulator stand beside it.
    async fn get(&self, address: &str) -> Result<u16, String> {
        let uri = address.parse().map_err(|e| format!("address: {e}"))?;
        let exchange = async {
            let response = self.0.client.get(uri).await.map_err(|e| e.to_string())?;
            let status = response.status().as_u16();
            // The body is read to its end so that the connection can be used again.
            response.into_body().collect().await.map_err(|e| e.to_string())?;
            Ok(status)
        };
        match tokio::time::timeout(ANSWER_WITHIN, exchange).await {
            Ok(result) => result,
            Err(_) => Err("no answer in 5 s".to_owned()),
        }
    }

    fn expire(&self) {
        self.with_state(|s, now| {
            while let Some(timer) = s.pop_timer(now) {
                match timer {
                    Timer::Rbs(at) => rbs::expire(self, s, at, now),
                    Timer::Ipay(at) => ipay::expire(self, s, at, now),
                }
            }
        });
    }

    fn press_waiting(&self) {
        let mut ready = Vec::new();
        {
            let mut queue = locked(&self.0.to_press);
            while queue.front().is_some_and(|(since, _)| since.elapsed() >= PRESS_AFTER) {
                ready.extend(queue.pop_front().map(|(_, at)| at));
            }
        }
        for at in ready {
            self.with_state(|s, now| rbs::press(self, s, at, Press::Pay, now));
        }
    }

    /// Writes the state file when something changed. The larger the state, the longer the pause
    /// until the next time; one writer at a time, and it is never left half-way by a caller that
    /// goes away.
    async fn save_if_due(&self, at_once: bool) {
        let Some(path) = self.0.config.state_file.clone() else { return };
        let saved = Arc::clone(&self.0.saved);
        let mut saved = match (at_once, saved.try_lock_owned()) {
            (_, Ok(guard)) => guard,
            (true, Err(_)) => Arc::clone(&self.0.saved).lock_owned().await,
            (false, Err(_)) => return,
        };
        let started = monotonic();
        if !at_once && *saved > started {
            return;
        }
        let changed = self.with_state(|s, _| {
            let changed = std::mem::take(&mut s.dirty);
            changed.then(|| serde_json::to_vec(s))
        });
        let Some(bytes) = changed else { return };
        let write = move || {
            let result = bytes.map_err(std::io::Error::from).and_then(|b| persist::save(&path, &b));
            *saved = monotonic() + Duration::from_millis(800) + started.elapsed() * 10;
            result
        };
        let error = match tokio::task::spawn_blocking(write).await {
            Ok(Ok(())) => return,
            Ok(Err(error)) => error.to_string(),
            Err(error) => error.to_string(),
        };
        tracing::error!(%error, "the sandbox state file was not written");
        self.with_state(|s, _| s.dirty = true);
    }

    /// Runs `f` on the state with the present time, milliseconds.
    pub(crate) fn with_state<T>(&self, f: impl FnOnce(&mut State, i64) -> T) -> T {
        let mut state = locked(&self.0.state);
        let now = (self.0.clock)() + state.offset_ms;
        f(&mut state, now)
    }

    /// The sandbox clock, milliseconds.
    pub(crate) fn now(&self) -> i64 {
        self.with_state(|_, now| now)
    }

    /// Notifications were queued: the loop need not wait for its pace.
    pub(crate) fn wake(&self) {
        self.0.wake.notify_one();
    }

    /// Notes that the payer of this order presses by itself, when so configured.
    pub(crate) fn press_soon(&self, at: usize) {
        if self.0.config.auto_press {
            locked(&self.0.to_press).push_back((monotonic(), at));
        }
    }

    /// Makes the identifiers.
    pub(crate) fn ids(&self) -> &Ids {
        &self.0.ids
    }

    /// Base address for browsers.
    pub(crate) fn public_url(&self) -> String {
        self.0.public_url.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The merchants of the gateway.
    pub(crate) fn merchants(&self) -> &[RbsMerchant] {
        &self.0.config.rbs_merchants
    }

    /// The vendors of the partner.
    pub(crate) fn vendors(&self) -> &[IpayVendor] {
        &self.0.config.ipay_vendors
    }

    /// Adds a request to the register.
    pub(crate) fn register(&self, seen: Seen) {
        locked(&self.0.seen).add(seen);
    }

    /// The last requests, newest first.
    pub(crate) fn last_requests(&self, limit: usize) -> Vec<Seen> {
        locked(&self.0.seen).newest(limit)
    }
}
