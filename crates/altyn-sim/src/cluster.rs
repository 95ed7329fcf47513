//! Two nodes over one database, and what becomes of both when something dies.
//!
//! A node's death drops its tasks wherever they were; what it had queued at the store may still be
//! written, as a statement sent to a database server may. The death of everything drops the queue
//! too and opens the file anew, as a killed process's successor does.

use std::collections::HashMap;
use std::future::Future;
use std::path::PathBuf;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;
use std::time::Duration;

use altyn_app::ports::store::NodeLease;
use altyn_app::ports::{Clock as _, Listing as _, Provider, Store as _, StoreError};
use altyn_store::sqlite::{Options, SqliteStore, SqliteWriter};
use altyn_store::{KeyRing, Schema};
use anyhow::{Context as _, Result, bail};

use crate::node::{NUMBER_LEASE_MS, Node, NodeClock, Parts};
use crate::shop::Shop;
use crate::world::{World, locked};

/// How many nodes there are.
pub const NODES: usize = 2;

/// A call to the store is looked at so often while another thread answers it, unless it is woken.
const LOOK_EVERY: Duration = Duration::from_millis(2);
/// Looks after which the store is taken for dead.
const LOOKS_MAX: u32 = 100_000;

/// Wakes the thread that waits for a call to the store.
struct Sleeper(Thread);

impl Wake for Sleeper {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// The nodes and their database.
pub struct Cluster {
    world: Arc<World>,
    path: PathBuf,
    keys: KeyRing,
    providers: HashMap<String, Arc<dyn Provider>>,
    shop: Arc<Shop>,
    database: Mutex<Option<Database>>,
    seats: Mutex<Vec<Seat>>,
    wrote: AtomicBool,
}

struct Database {
    store: SqliteStore,
    writer: SqliteWriter,
}

/// A place for a node.
#[derive(Clone, Default)]
struct Seat {
    node: Option<Arc<Node>>,
    /// When the next one comes, if it is empty.
    back_at: i64,
}

impl Cluster {
    /// Nodes that have not started, over the database at `path`.
    pub fn new(
        world: &Arc<World>,
        (path, keys): (PathBuf, KeyRing),
        providers: HashMap<String, Arc<dyn Provider>>,
        shop: &Arc<Shop>,
    ) -> Result<Self> {
        let cluster = Self {
            world: Arc::clone(world),
            path,
            keys,
            providers,
            shop: Arc::clone(shop),
            database: Mutex::default(),
            seats: Mutex::new(vec![Seat::default(); NODES]),
            wrote: AtomicBool::new(false),
        };
        cluster.open()?;
        Ok(cluster)
    }

    fn open(&self) -> Result<()> {
        let options = Options { schema: Schema::AsItIs, queue: 64, readers: 1 };
        let (store, writer) = SqliteStore::open(&self.path, self.keys.clone(), options)?;
        *locked(&self.database) = Some(Database { store, writer });
        Ok(())
    }

    /// The store itself, for whoever looks from outside.
    pub fn store(&self) -> Result<SqliteStore> {
        let database = locked(&self.database);
        Ok(database.as_ref().context("the database is closed")?.store.clone())
    }

    /// Nodes that are alive.
    pub fn alive(&self) -> Vec<Arc<Node>> {
        locked(&self.seats).iter().filter_map(|seat| seat.node.clone()).collect()
    }

    /// A node that is alive, any.
    pub fn any(&self) -> Option<Arc<Node>> {
        let alive = self.alive();
        let at = self.world.chance(|by| by.place(alive.len().max(1)));
        alive.get(at).cloned()
    }

    /// How many writes wait at the store.
    pub fn writes_waiting(&self) -> usize {
        locked(&self.database).as_ref().map_or(0, |database| database.store.waiting())
    }

    /// The store writes what waits, as one batch.
    pub fn write(&self) {
        if let Some(database) = locked(&self.database).as_mut() {
            let written = database.writer.step();
            self.wrote.fetch_or(written.commands > 0, Ordering::Relaxed);
        }
    }

    /// Whether anything was written since this was asked last.
    pub fn has_written(&self) -> bool {
        self.wrote.swap(false, Ordering::Relaxed)
    }

    /// Carries a call to the store to its end while everything else stands still.
    pub fn drive<T>(&self, call: impl Future<Output = T>) -> Result<T> {
        let mut call = pin!(call);
        let waker = Waker::from(Arc::new(Sleeper(std::thread::current())));
        let mut context = Context::from_waker(&waker);
        // What another thread does for the store takes a while; it is waited for here, and what waited
        // before is written first, so that nothing depends on how long.
        self.write();
        for _ in 0..LOOKS_MAX {
            if let Poll::Ready(done) = call.as_mut().poll(&mut context) {
                return Ok(done);
            }
            if self.writes_waiting() > 0 {
                self.write();
            } else {
                std::thread::park_timeout(LOOK_EVERY);
            }
        }
        bail!("the store does not answer")
    }

    /// Starts whoever is due to come back. A node that cannot get a number tries again later.
    pub fn start_due(&self) -> Result<()> {
        for at in 0..NODES {
            let seat = locked(&self.seats).get(at).cloned().unwrap_or_default();
            if seat.node.is_some() || seat.back_at > self.world.now().as_millis() {
                continue;
            }
            match self.started(at)? {
                Some(node) => {
                    self.world.note("", format_args!("node {at} starts"));
                    self.seat(at, Seat { node: Some(node), back_at: 0 });
                }
                None => self.seat(
                    at,
                    Seat { node: None, back_at: self.world.now().as_millis() + NUMBER_LEASE_MS },
                ),
            }
        }
        Ok(())
    }

    fn seat(&self, at: usize, seat: Seat) {
        if let Some(place) = locked(&self.seats).get_mut(at) {
            *place = seat;
        }
    }

    fn started(&self, at: usize) -> Result<Option<Arc<Node>>> {
        let store = self.store()?;
        let clock = NodeClock::new(&self.world);
        let owner = format!("node-{at}-{}", self.world.serial());
        let now = clock.now();
        let leased =
            self.drive(store.lease_node(&owner, now, now.plus_millis(NUMBER_LEASE_MS)))??;
        let Some(lease) = leased else { return Ok(None) };
        let used = lease.high_second;
        let parts = Parts {
            world: &self.world,
            database: &store,
            providers: &self.providers,
            shop: &self.shop,
        };
        let node = Arc::new(Node::new(&parts, clock, lease, used));
        // It makes no ids before they are reserved.
        if !self.renew(&node)? {
            return Ok(None);
        }
        self.drive(node.context.projects.refresh(&store))??;
        Ok(Some(node))
    }

    /// Renews a node's number; `false` when it was lost.
    pub fn renew(&self, node: &Node) -> Result<bool> {
        let lease: NodeLease = node.renewed();
        let kept = self.drive(self.store()?.renew_node(&lease))??;
        if kept {
            node.context.ids.extend(lease.high_second);
            *locked(&node.lease) = lease;
        }
        Ok(kept)
    }

    /// When the next node comes back, if one is away.
    pub fn next_start(&self) -> Option<i64> {
        let seats = locked(&self.seats);
        seats.iter().filter(|seat| seat.node.is_none()).map(|seat| seat.back_at).min()
    }

    /// A node dies; gives the number of its life.
    pub fn kill(&self, life: u64) {
        let away = self.world.chance(|by| by.between(0, self.world.weather.away_max_ms));
        let back_at = self.world.now().as_millis().saturating_add_unsigned(away);
        let mut seats = locked(&self.seats);
        for (at, seat) in seats.iter_mut().enumerate() {
            if seat.node.as_ref().is_some_and(|node| node.life == life) {
                self.world.note("", format_args!("node {at} dies, for {away} ms"));
                self.world.count("kills of a node");
                *seat = Seat { node: None, back_at };
            }
        }
    }

    /// Everything dies, with what waited at the store, and the file is opened anew.
    pub fn kill_all(&self) -> Result<()> {
        let lives: Vec<u64> = self.alive().iter().map(|node| node.life).collect();
        for life in lives {
            self.kill(life);
        }
        *locked(&self.database) = None;
        self.world.note("", "the database is opened anew");
        self.world.count("kills of everything");
        self.open()
    }

    /// The cabinet's list takes over what has changed.
    pub fn catch_up(&self) -> Result<u64, StoreError> {
        let Ok(store) = self.store() else { return Ok(0) };
        let done = self.drive(store.catch_up());
        done.unwrap_or_else(|error| Err(StoreError::Database(error.to_string())))
    }

    /// A new database with the schema and nothing else in it.
    pub fn make_empty(
        path: &std::path::Path,
        keys: KeyRing,
    ) -> Result<(SqliteStore, SqliteWriter)> {
        let options = Options { schema: Schema::Migrate, queue: 64, readers: 1 };
        Ok(SqliteStore::open(path, keys, options)?)
    }

    /// Each node's clock, for whoever sets them.
    pub fn set_clock(&self, off_ms: i64) {
        if let Some(node) = self.any() {
            node.clock.set_off(off_ms);
            self.world.note("", format_args!("a clock is {off_ms} ms off"));
            self.world.count("clock steps");
        }
    }

    /// Every clock is right again.
    pub fn set_clocks_right(&self) {
        for node in self.alive() {
            node.clock.set_off(0);
        }
    }

    /// The time at which a node sees what is due at `due`, soonest over those alive.
    pub fn sees_at(&self, due: i64) -> Option<i64> {
        self.alive().iter().map(|node| due - node.clock.off_ms()).min()
    }
}
