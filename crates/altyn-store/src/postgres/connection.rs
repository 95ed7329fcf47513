//! Connections: made once, kept, made again with back-off when the server went away.
//!
//! A server may hang, or the network swallow what is sent, without any connection being closed. So
//! each connection is asked for a sign of life every few seconds, and given up when none comes in
//! longer than any statement may take: whoever waits on it is told, and the next one connects anew.
//!
//! An address may name several servers, a primary and its standbys: the one that takes writes is
//! used, wherever it is.
//!
//! There is no TLS yet: the server is expected on the same machine, a private network or behind a
//! tunnel. Statements are prepared once for each connection, and planned anew every few seconds: a
//! plan made while a table was empty takes any index, and would be kept until the server has counted
//! the rows.

use std::collections::HashMap;
use std::error::Error as _;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use altyn_app::ports::StoreError;
use tokio::task::AbortHandle;
use tokio::time::Instant;
use tokio_postgres::config::{Host, TargetSessionAttrs};
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Config, NoTls, Row, Statement};

/// How long plans are kept: on a new connection half a second, since its tables may be just being
/// filled, then twice as long each time. Making them all again costs a few milliseconds.
const PLANS_KEPT_FIRST: Duration = Duration::from_millis(500);
const PLANS_KEPT_MAX: Duration = Duration::from_secs(10);
/// How long one attempt to connect to one server may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a server may say nothing to what it is asked: longer than [`SETTINGS`] let a statement
/// take, so that a slow one is ended by the server and its outcome known.
const SILENCE_MAX: Duration = Duration::from_secs(15);
/// How often a connection is asked for a sign of life.
const LISTEN_EVERY: Duration = Duration::from_secs(2);
/// The first pause after a failed attempt; it doubles.
const PAUSE_FIRST: Duration = Duration::from_millis(100);
/// The longest pause between attempts.
const PAUSE_MAX: Duration = Duration::from_secs(5);

/// Every statement finds its rows by key, so one plan is good for all parameters, and a scan is
/// never better: while the tables are new and have no statistics the planner would think so, and
/// keep the plan as they grow. A commit is as durable as the server is set up to make it.
///
/// Nothing of ours is idle in a transaction for longer than a moment. Whose node is gone without a
/// word still holds locks, so the server ends it sooner than anybody gives up waiting for them.
const SETTINGS: &str = "
    SET plan_cache_mode = force_generic_plan;
    SET enable_seqscan = off;
    SET enable_hashjoin = off;
    SET enable_mergejoin = off;
    SET enable_incremental_sort = off;
    SET jit = off;
    SET default_transaction_isolation = 'read committed';
    SET statement_timeout = '10s';
    SET lock_timeout = '7s';
    SET idle_in_transaction_session_timeout = '5s';
    SET client_min_messages = warning;
";

/// Parameters of a statement.
pub(super) type Parameters<'a> = &'a [&'a (dyn ToSql + Sync)];

/// Where the database is: one server, or several of which one takes writes.
pub(super) struct Server {
    hosts: Vec<Config>,
    /// The one that was connected to last.
    current: AtomicUsize,
}

impl Server {
    /// Reads `postgres://user:password@host:port/database`; hosts with their ports may be several,
    /// with commas between.
    pub(super) fn parse(url: &str) -> Result<Self, StoreError> {
        // The error may quote the address, which may carry a password.
        let config: Config = url.parse().map_err(|_| {
            StoreError::Database("the address of the PostgreSQL server cannot be read".to_owned())
        })?;
        Ok(Self { hosts: one_by_one(&config), current: AtomicUsize::new(0) })
    }

    /// A new connection. Of several servers each is tried, the last one that was good first: one
    /// that does not answer must not keep us from the others.
    pub(super) async fn connect(&self) -> Result<Link, StoreError> {
        let first = self.current.load(Ordering::Relaxed);
        let mut failed = StoreError::Database("no server is configured".to_owned());
        for step in 0..self.hosts.len() {
            let at = (first + step) % self.hosts.len();
            let Some(host) = self.hosts.get(at) else { continue };
            match tokio::time::timeout(CONNECT_TIMEOUT, connect_to(host)).await {
                Ok(Ok(link)) => {
                    self.current.store(at, Ordering::Relaxed);
                    return Ok(link);
                }
                Ok(Err(error)) => failed = database(&error),
                Err(_) => failed = silent(),
            }
        }
        Err(failed)
    }
}

/// A configuration for each server that an address names.
fn one_by_one(config: &Config) -> Vec<Config> {
    let (hosts, addresses) = (config.get_hosts(), config.get_hostaddrs());
    let count = hosts.len().max(addresses.len()).max(1);
    let one = |at: usize| {
        let mut one = Config::new();
        if let Some(host) = hosts.get(at) {
            match host {
                Host::Tcp(name) => one.host(name),
                Host::Unix(path) => one.host_path(path),
            };
        }
        if let Some(address) = addresses.get(at) {
            one.hostaddr(*address);
        }
        // A single port is everyone's.
        let ports = config.get_ports();
        if let Some(port) = ports.get(at).or(ports.first()) {
            one.port(*port);
        }
        if let Some(user) = config.get_user() {
            one.user(user);
        }
        if let Some(password) = config.get_password() {
            one.password(password);
        }
        if let Some(name) = config.get_dbname() {
            one.dbname(name);
        }
        if let Some(options) = config.get_options() {
            one.options(options);
        }
        // A standby takes no writes, so it is of no use before it is promoted.
        let wanted = if count > 1 {
            TargetSessionAttrs::ReadWrite
        } else {
            config.get_target_session_attrs()
        };
        one.ssl_mode(config.get_ssl_mode())
            .channel_binding(config.get_channel_binding())
            .target_session_attrs(wanted)
            .application_name("altyn")
            .connect_timeout(CONNECT_TIMEOUT)
            .keepalives_idle(Duration::from_secs(30));
        one
    };
    (0..count).map(one).collect()
}

async fn connect_to(host: &Config) -> Result<Link, tokio_postgres::Error> {
    let (client, connection) = host.connect(NoTls).await?;
    let connection = tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::warn!(error = %text_of(&error), "a connection to the database ended");
        }
    });
    let plans = Plans { made_at: Instant::now(), kept: PLANS_KEPT_FIRST };
    let link = Link {
        client,
        connection: connection.abort_handle(),
        statements: Mutex::default(),
        plans: Mutex::new(plans),
    };
    link.client.batch_execute(SETTINGS).await?;
    Ok(link)
}

fn silent() -> StoreError {
    StoreError::Database("the server did not answer in time".to_owned())
}

/// Waits for the end of something on a connection of its own, as long as a server may be silent.
pub(super) async fn in_time<T>(
    work: impl Future<Output = Result<T, tokio_postgres::Error>>,
) -> Result<T, StoreError> {
    let done = tokio::time::timeout(SILENCE_MAX, work).await;
    done.map_err(|_| silent())?.map_err(|error| database(&error))
}

/// Asks a connection for signs of life until it is dropped, and gives it up when none comes.
async fn listen(link: Weak<Link>) {
    loop {
        tokio::time::sleep(LISTEN_EVERY).await;
        let Some(link) = link.upgrade() else { return };
        // Behind whatever is under way; the answer to nothing is nothing.
        let heard = tokio::time::timeout(SILENCE_MAX, link.client.batch_execute("")).await;
        if heard.is_err() {
            tracing::warn!("the database says nothing: its connection is given up");
            link.connection.abort();
        }
        if link.client.is_closed() {
            return;
        }
    }
}

/// One connection and the statements prepared on it.
pub(super) struct Link {
    pub(super) client: Client,
    /// What carries the bytes.
    connection: AbortHandle,
    statements: Mutex<HashMap<String, Statement>>,
    plans: Mutex<Plans>,
}

/// Since when the plans stand, and for how long.
struct Plans {
    made_at: Instant,
    kept: Duration,
}

impl Drop for Link {
    /// A server that hangs would be waited for by what carries the bytes, for ever.
    fn drop(&mut self) {
        self.connection.abort();
    }
}

impl Link {
    /// Lets go of plans that are old. To be called between transactions; a server that refuses says
    /// so at the next statement.
    pub(super) async fn plan_anew(&self) {
        let now = Instant::now();
        {
            let mut plans = self.plans.lock().unwrap_or_else(PoisonError::into_inner);
            if now.duration_since(plans.made_at) < plans.kept {
                return;
            }
            *plans = Plans { made_at: now, kept: (plans.kept * 2).min(PLANS_KEPT_MAX) };
        }
        let _ = self.client.batch_execute("DISCARD PLANS").await;
    }

    /// The statement, prepared now if it was not before.
    pub(super) async fn statement(&self, sql: &str) -> Result<Statement, tokio_postgres::Error> {
        let known =
            self.statements.lock().unwrap_or_else(PoisonError::into_inner).get(sql).cloned();
        if let Some(statement) = known {
            return Ok(statement);
        }
        let statement = self.client.prepare(sql).await?;
        let mut statements = self.statements.lock().unwrap_or_else(PoisonError::into_inner);
        statements.insert(sql.to_owned(), statement.clone());
        Ok(statement)
    }

    async fn rows(
        &self,
        sql: &str,
        parameters: Parameters<'_>,
    ) -> Result<Vec<Row>, tokio_postgres::Error> {
        let statement = self.statement(sql).await?;
        self.client.query(&statement, parameters).await
    }
}

/// A connection that comes back.
pub(super) struct Line {
    server: Arc<Server>,
    state: tokio::sync::Mutex<State>,
}

#[derive(Default)]
struct State {
    link: Option<Arc<Link>>,
    failures: u32,
    not_before: Option<Instant>,
}

impl Line {
    /// Connects at the first use.
    pub(super) fn new(server: &Arc<Server>) -> Self {
        Self { server: Arc::clone(server), state: tokio::sync::Mutex::default() }
    }

    /// The connection, made anew if it was lost. While the server is away most calls fail at once:
    /// only one in each pause tries it.
    pub(super) async fn link(&self) -> Result<Arc<Link>, StoreError> {
        let mut state = self.state.lock().await;
        if let Some(link) = state.link.as_ref().filter(|link| !link.client.is_closed()) {
            let link = Arc::clone(link);
            drop(state);
            link.plan_anew().await;
            return Ok(link);
        }
        state.link = None;
        if state.not_before.is_some_and(|until| Instant::now() < until) {
            return Err(StoreError::Database("the server cannot be reached".to_owned()));
        }
        match self.server.connect().await {
            Ok(link) => {
                let link = Arc::new(link);
                tokio::spawn(listen(Arc::downgrade(&link)));
                *state = State { link: Some(Arc::clone(&link)), ..State::default() };
                Ok(link)
            }
            Err(error) => {
                let pause = PAUSE_FIRST.saturating_mul(1 << state.failures.min(10)).min(PAUSE_MAX);
                state.failures = state.failures.saturating_add(1);
                state.not_before = Some(Instant::now() + pause);
                Err(error)
            }
        }
    }

    /// Gives the connection up: its session may be in the middle of something.
    pub(super) async fn drop_link(&self) {
        self.state.lock().await.link = None;
    }
}

/// A fixed set of connections, used in turn. Statements of many callers travel on one connection
/// at the same time; the server does them one after another.
pub(super) struct Pool {
    server: Arc<Server>,
    lines: Vec<Line>,
    next: AtomicUsize,
}

impl Pool {
    /// `size` connections, at least one.
    pub(super) fn new(server: &Arc<Server>, size: usize) -> Self {
        let lines = (0..size.max(1)).map(|_| Line::new(server)).collect();
        Self { server: Arc::clone(server), lines, next: AtomicUsize::new(0) }
    }

    /// A connection beside the set, closed when it is dropped: for a rare transaction of several
    /// statements that writes.
    pub(super) async fn own_link(&self) -> Result<Link, StoreError> {
        self.server.connect().await
    }

    async fn link(&self) -> Result<Arc<Link>, StoreError> {
        let turn = self.next.fetch_add(1, Ordering::Relaxed);
        let line = self.lines.get(turn % self.lines.len().max(1));
        let none = || StoreError::Database("no connection is configured".to_owned());
        line.ok_or_else(none)?.link().await
    }

    /// Rows of a statement that may be done twice: after a broken connection it is tried once more.
    pub(super) async fn rows(
        &self,
        sql: &str,
        parameters: Parameters<'_>,
    ) -> Result<Vec<Row>, StoreError> {
        match self.link().await?.rows(sql, parameters).await {
            Err(error) if is_lost(&error) => self.rows_once(sql, parameters).await,
            done => done.map_err(|error| database(&error)),
        }
    }

    /// Rows of a statement that must not be done twice.
    pub(super) async fn rows_once(
        &self,
        sql: &str,
        parameters: Parameters<'_>,
    ) -> Result<Vec<Row>, StoreError> {
        let rows = self.link().await?.rows(sql, parameters).await;
        rows.map_err(|error| database(&error))
    }
}

/// The connection is gone, as opposed to: the server refused a statement.
pub(super) fn is_lost(error: &tokio_postgres::Error) -> bool {
    use tokio_postgres::error::SqlState;
    match error.code() {
        // A server that shuts down says so first.
        Some(code) => [
            &SqlState::ADMIN_SHUTDOWN,
            &SqlState::CRASH_SHUTDOWN,
            &SqlState::CANNOT_CONNECT_NOW,
            &SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT,
            // It was a primary when we connected; the primary is another one now.
            &SqlState::READ_ONLY_SQL_TRANSACTION,
        ]
        .contains(&code),
        None => {
            error.is_closed() || error.source().is_some_and(|source| source.is::<std::io::Error>())
        }
    }
}

/// An error for operators.
pub(super) fn database(error: &tokio_postgres::Error) -> StoreError {
    StoreError::Database(text_of(error))
}

/// What the server said, without its detail, which quotes rows.
fn text_of(error: &tokio_postgres::Error) -> String {
    match error.as_db_error() {
        Some(told) => {
            let constraint = told.constraint().map(|name| format!(", constraint {name}"));
            let constraint = constraint.unwrap_or_default();
            format!("{} ({}{constraint})", told.message(), told.code().code())
        }
        None => match error.source() {
            Some(source) => format!("{error}: {source}"),
            None => error.to_string(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bad_address_is_refused_without_quoting_it() {
        let error = Server::parse("postgres://user:hunter2@host:port/x").err().unwrap();
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }

    /// Host and port of each server, and what is asked of it.
    fn servers(url: &str) -> Vec<(Vec<Host>, Vec<u16>, TargetSessionAttrs)> {
        let server = Server::parse(url).unwrap();
        let one = |one: &Config| {
            assert_eq!((one.get_user(), one.get_password()), (Some("u"), Some(b"p".as_slice())));
            assert_eq!(one.get_dbname(), Some("d"));
            (one.get_hosts().to_vec(), one.get_ports().to_vec(), one.get_target_session_attrs())
        };
        server.hosts.iter().map(one).collect()
    }

    #[test]
    fn an_address_of_several_servers() {
        let host = |name: &str| vec![Host::Tcp(name.to_owned())];
        let (any, writes) = (TargetSessionAttrs::Any, TargetSessionAttrs::ReadWrite);
        assert_eq!(servers("postgres://u:p@a/d"), [(host("a"), vec![5432], any)]);
        let both = [(host("a"), vec![1], writes), (host("b"), vec![2], writes)];
        assert_eq!(servers("postgres://u:p@a:1,b:2/d"), both);
        assert_eq!(servers("postgres://u:p@/d?host=a&host=b&port=1,2"), both);
        let both = [(host("a"), vec![7], writes), (host("b"), vec![7], writes)];
        assert_eq!(servers("postgres://u:p@/d?host=a&host=b&port=7"), both);
    }
}
