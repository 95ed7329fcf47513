//! What people do in the cabinet, over the real store: rights, rules, and the log of it all.

mod deliveries;
mod hasty;
mod holds;
mod offers;
mod outcomes;
mod refunds;
mod registers;
mod settings;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use altyn_app::access::Actor;
use altyn_app::access::audit::{Action, AuditFilter, AuditResult, StoredAudit};
use altyn_app::access::user::{Membership, Role, User};
use altyn_app::cabinet::Cabinet;
use altyn_app::payment::accept_payment;
use altyn_app::ports::{AccessStore, Clock, PasswordError, Passwords, Randomness, Store};
use altyn_app::projects::ProjectEntry;
use altyn_app::secret::Secret;
use altyn_domain::id::{OperationId, PaymentId, ProjectId};
use altyn_domain::money::Amount;
use altyn_domain::payment::OperationKind;
use altyn_domain::payment::decide::PaymentRequest;
use altyn_domain::project::Project;
use altyn_testkit::build;
use async_trait::async_trait;

use crate::world::{World, approved, sale_request};

/// A world with a cabinet.
pub struct Office {
    pub world: World,
    pub cabinet: Cabinet,
    /// How often a maker of registers was woken.
    pub woken: Arc<AtomicUsize>,
}

/// Nobody signs in here.
struct NoPasswords;

#[async_trait]
impl Passwords for NoPasswords {
    async fn hash(&self, _: &Secret) -> Result<Secret, PasswordError> {
        Err(PasswordError("not here".to_owned()))
    }

    async fn matches(&self, _: &Secret, _: Option<&Secret>) -> Result<bool, PasswordError> {
        Err(PasswordError("not here".to_owned()))
    }
}

/// Counts, so that no two draws are alike.
#[derive(Default)]
struct Counting(AtomicUsize);

impl Randomness for Counting {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), PasswordError> {
        let turn = self.0.fetch_add(1, Ordering::SeqCst) + 1;
        bytes.fill(u8::try_from(turn).unwrap());
        Ok(())
    }
}

impl Office {
    pub async fn new() -> Self {
        Self::with(|_| {}).await
    }

    /// With other settings of its project.
    pub async fn with(change: impl FnOnce(&mut Project)) -> Self {
        let world = World::with(change).await;
        let woken = Arc::new(AtomicUsize::new(0));
        let store = Arc::new(world.store.clone());
        let cabinet = Cabinet {
            context: world.context.clone(),
            access: Arc::clone(&store) as _,
            listing: Arc::clone(&store) as _,
            exports: store,
            passwords: Arc::new(NoPasswords),
            randomness: Arc::new(Counting::default()),
            on_export: Arc::new({
                let woken = Arc::clone(&woken);
                move || {
                    woken.fetch_add(1, Ordering::SeqCst);
                }
            }),
        };
        Self { world, cabinet, woken }
    }

    pub fn project(&self) -> ProjectId {
        self.world.project.project.id
    }

    /// Somebody with this role in the project.
    pub fn with_role(&self, role: Role) -> Actor {
        actor(role.as_str(), &[(Some(self.project()), role)])
    }

    pub fn operator(&self) -> Actor {
        self.with_role(Role::Operator)
    }

    pub fn administrator(&self) -> Actor {
        self.with_role(Role::Administrator)
    }

    /// An administrator of another project.
    pub fn stranger(&self) -> Actor {
        actor("stranger", &[(ProjectId::new(8), Role::Administrator)])
    }

    /// Another project beside it.
    pub async fn other_project(&self) -> Arc<ProjectEntry> {
        let mut entry = build::project(8);
        entry.project.methods.clone_from(&self.world.project.project.methods);
        entry.project.retry_plan.clone_from(&self.world.project.project.retry_plan);
        self.world.store.put_project(entry.clone(), None).await.unwrap();
        self.world.context.projects.refresh(&self.world.store).await.unwrap();
        self.world.context.projects.get(entry.project.id).unwrap()
    }

    pub async fn id(&self, reference: &str) -> (ProjectId, PaymentId) {
        (self.project(), self.world.record(reference).await.payment.id)
    }

    /// A payment that is paid, and told as the shop answers.
    pub async fn paid(&self, request: PaymentRequest) -> (ProjectId, PaymentId) {
        let project = Arc::clone(&self.world.project);
        self.paid_in(&project, request).await
    }

    pub async fn paid_in(
        &self,
        project: &Arc<ProjectEntry>,
        request: PaymentRequest,
    ) -> (ProjectId, PaymentId) {
        let accepted = accept_payment(&self.world.context, project, request).await.unwrap();
        self.world.bank.will([approved()]);
        self.world.work().await;
        (project.project.id, accepted.payment)
    }

    /// 1,000 roubles, paid and told.
    pub async fn sold(&self, reference: &str) -> (ProjectId, PaymentId) {
        let request = PaymentRequest { amount: build::rub(100_000), ..sale_request(reference) };
        self.paid(request).await
    }

    /// The operations of a kind, oldest first.
    pub async fn of_kind(&self, reference: &str, kind: OperationKind) -> Vec<OperationId> {
        let record = self.world.record(reference).await;
        record.operations.iter().filter(|one| one.kind == kind).map(|one| one.id).collect()
    }

    /// The log, oldest first.
    pub async fn log(&self) -> Vec<StoredAudit> {
        let filter = AuditFilter { limit: 1_000, ..AuditFilter::default() };
        let mut entries = self.world.store.audit_entries(&filter).await.unwrap();
        entries.reverse();
        entries
    }

    /// The log in short: what was tried and whether it was done.
    pub async fn tried(&self) -> Vec<(Action, AuditResult)> {
        let log = self.log().await;
        log.into_iter().map(|stored| (stored.entry.action, stored.entry.result)).collect()
    }

    pub fn now(&self) -> altyn_domain::time::Timestamp {
        self.world.clock.now()
    }
}

pub const DONE: AuditResult = AuditResult::Done;
pub const REFUSED: AuditResult = AuditResult::Refused;

/// Somebody at a browser.
pub fn actor(login: &str, memberships: &[(Option<ProjectId>, Role)]) -> Actor {
    let memberships =
        memberships.iter().map(|(project, role)| Membership { project: *project, role: *role });
    let user = User {
        id: i64::try_from(login.len()).unwrap(),
        login: login.to_owned(),
        password_hash: Secret::new("none"),
        memberships: memberships.collect(),
        disabled: false,
        must_change: false,
        second_factor: None,
        created_at: altyn_domain::time::Timestamp::default(),
        version: 0,
    };
    Actor { user, session: "session".to_owned(), address: "192.0.2.7".to_owned() }
}

pub fn rub(minor: i64) -> Amount {
    build::rub(minor)
}
