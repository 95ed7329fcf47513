//! A node's life: the use cases over the real store, from its start to its death.

use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

use altyn_app::cabinet::Cabinet;
use altyn_app::context::Context;
use altyn_app::ids::{IdSource, RESERVE_SECONDS};
use altyn_app::jobs::{Claim, FROM_THE_FIRST, JobKind, LEASE_MS, run_job};
use altyn_app::ports::store::NodeLease;
use altyn_app::ports::{Clock, PasswordError, Passwords, Provider, Randomness};
use altyn_app::projects::{ProjectEntry, Projects};
use altyn_app::secret::Secret;
use altyn_domain::id::ProjectId;
use altyn_domain::time::{SECOND_MS, Timestamp};
use altyn_store::sqlite::SqliteStore;
use async_trait::async_trait;

use crate::shop::{NoPages, PlainWords, Shop};
use crate::store::UnsureStore;
use crate::world::{Owner, World, locked};

/// How long a node's number is leased for.
pub const NUMBER_LEASE_MS: i64 = 15 * SECOND_MS;
/// After how long the lease is renewed.
pub const RENEW_MS: i64 = 4 * SECOND_MS;

/// A node between its start and its death.
pub struct Node {
    /// The number of this life; tasks die with it.
    pub life: u64,
    /// The use cases.
    pub context: Context,
    /// The cabinet over them.
    pub cabinet: Cabinet,
    /// Its clock.
    pub clock: Arc<NodeClock>,
    /// Its number among the nodes.
    pub lease: Mutex<NodeLease>,
    /// Kinds of jobs that are being claimed right now.
    claiming: Mutex<BTreeSet<i64>>,
    world: Arc<World>,
}

/// The virtual time, and how far this node is off it.
pub struct NodeClock {
    world: Arc<World>,
    off_ms: AtomicI64,
}

impl NodeClock {
    /// A clock that is right.
    pub fn new(world: &Arc<World>) -> Arc<Self> {
        Arc::new(Self { world: Arc::clone(world), off_ms: AtomicI64::new(0) })
    }

    /// How far it is off.
    pub fn off_ms(&self) -> i64 {
        self.off_ms.load(Ordering::Relaxed)
    }

    /// Somebody sets it.
    pub fn set_off(&self, ms: i64) {
        self.off_ms.store(ms, Ordering::Relaxed);
    }
}

impl Clock for NodeClock {
    fn now(&self) -> Timestamp {
        self.world.now().plus_millis(self.off_ms())
    }
}

/// What a node is made of.
pub struct Parts<'p> {
    /// The world.
    pub world: &'p Arc<World>,
    /// The open database.
    pub database: &'p SqliteStore,
    /// The bank's accounts.
    pub providers: &'p HashMap<String, Arc<dyn Provider>>,
    /// The shop.
    pub shop: &'p Arc<Shop>,
}

impl Node {
    /// A node under a number it has leased; it knows no projects yet.
    pub fn new(parts: &Parts<'_>, clock: Arc<NodeClock>, lease: NodeLease, used: i64) -> Self {
        let world = Arc::clone(parts.world);
        let ids = IdSource::new();
        ids.begin(lease.node, used, lease.high_second);
        let context = Context {
            store: Arc::new(UnsureStore::new(Arc::clone(&world), parts.database.clone())),
            projects: Arc::new(Projects::default()),
            providers: Arc::new(parts.providers.clone()),
            sender: Arc::clone(parts.shop) as _,
            dialect: Arc::new(PlainWords),
            pages: Arc::new(NoPages),
            clock: Arc::clone(&clock) as _,
            ids: Arc::new(ids),
            on_work: Arc::new(|_| {}),
            on_behalf: None,
        };
        let database = Arc::new(parts.database.clone());
        let cabinet = Cabinet {
            context: context.clone(),
            access: Arc::clone(&database) as _,
            listing: Arc::clone(&database) as _,
            exports: database,
            passwords: Arc::new(NoSignIn),
            randomness: Arc::new(NoSignIn),
            on_export: Arc::new(|| {}),
        };
        let life = world.serial();
        Self {
            life,
            context,
            cabinet,
            clock,
            lease: Mutex::new(lease),
            claiming: Mutex::default(),
            world,
        }
    }

    /// What is shared.
    pub const fn world(&self) -> &Arc<World> {
        &self.world
    }

    /// The project, as this node knows it.
    pub fn project(&self, number: ProjectId) -> Option<Arc<ProjectEntry>> {
        self.context.projects.get(number)
    }

    /// The lease as it would be renewed now.
    pub fn renewed(&self) -> NodeLease {
        let lease = locked(&self.lease).clone();
        let now = self.clock.now();
        let high_second = now.as_seconds().max(self.context.ids.second()) + RESERVE_SECONDS;
        NodeLease { until: now.plus_millis(NUMBER_LEASE_MS), high_second, ..lease }
    }

    /// Whether the lease should be renewed before anything else is done.
    pub fn must_renew(&self) -> bool {
        let until = locked(&self.lease).until.as_millis();
        self.clock.now().as_millis() > until - NUMBER_LEASE_MS + RENEW_MS
    }

    /// Whether it is free to claim jobs of this kind.
    pub fn may_claim(&self, kind: JobKind) -> bool {
        !locked(&self.claiming).contains(&kind.number())
    }

    /// Claims some due jobs of a kind and works them side by side.
    pub fn claim(self: &Arc<Self>, kind: JobKind) {
        locked(&self.claiming).insert(kind.number());
        let node = Arc::clone(self);
        let limit = self.world.chance(|by| by.between(1, 8));
        self.world.spawn(Owner::Node(self.life), async move {
            let now = node.clock.now();
            let claim = Claim {
                kind,
                owner: locked(&node.lease).owner.clone(),
                now,
                until: now.plus_millis(LEASE_MS),
                limit: u32::try_from(limit).unwrap_or(1),
                busy_lanes: Vec::new(),
                since: FROM_THE_FIRST,
            };
            match node.context.store.claim_jobs(claim).await {
                Ok(jobs) => {
                    for job in jobs {
                        node.world.count("jobs worked");
                        let context = node.context.clone();
                        node.world.spawn(Owner::Node(node.life), async move {
                            run_job(&context, job).await;
                        });
                    }
                }
                Err(_) => node.world.pause(1_000).await,
            }
            locked(&node.claiming).remove(&kind.number());
        });
    }
}

/// Nobody signs in here: operators are at work already.
struct NoSignIn;

#[async_trait]
impl Passwords for NoSignIn {
    async fn hash(&self, _: &Secret) -> Result<Secret, PasswordError> {
        Err(PasswordError("nobody signs in".to_owned()))
    }

    async fn matches(&self, _: &Secret, _: Option<&Secret>) -> Result<bool, PasswordError> {
        Err(PasswordError("nobody signs in".to_owned()))
    }
}

impl Randomness for NoSignIn {
    fn fill(&self, _: &mut [u8]) -> Result<(), PasswordError> {
        Err(PasswordError("nobody signs in".to_owned()))
    }
}
