//! Getting in and out, and who may manage whom, over the real store and the test's clock.

mod accounts;
mod second_factor;
mod sessions;
mod throttle;

use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use altyn_app::access::accounts::{UserChange, change_user};
use altyn_app::access::audit::{Action, AuditEntry, AuditFilter, AuditResult, StoredAudit};
use altyn_app::access::roster;
use altyn_app::access::sign_in::{Opened, SignInError, Visitor, sign_in, who};
use altyn_app::access::user::{Membership, Role, SessionStage, User};
use altyn_app::access::{Actor, sign_in as door};
use altyn_app::cabinet::Cabinet;
use altyn_app::check::check_audit;
use altyn_app::ports::{AccessStore as _, Clock as _, PasswordError, Passwords, Randomness, Store};
use altyn_app::secret::Secret;
use altyn_domain::id::ProjectId;
use altyn_testkit::build;
use async_trait::async_trait;

use crate::world::World;

/// A world whose cabinet people sign in to.
pub struct House {
    pub world: World,
    pub cabinet: Cabinet,
    /// How many passwords were looked at.
    pub looked_at: Arc<AtomicUsize>,
}

/// Keeps passwords as they are, and counts comparisons.
struct PlainPasswords(Arc<AtomicUsize>);

#[async_trait]
impl Passwords for PlainPasswords {
    async fn hash(&self, password: &Secret) -> Result<Secret, PasswordError> {
        Ok(Secret::new(format!("plain:{}", password.expose())))
    }

    async fn matches(
        &self,
        password: &Secret,
        hash: Option<&Secret>,
    ) -> Result<bool, PasswordError> {
        self.0.fetch_add(1, Ordering::SeqCst);
        Ok(hash.is_some_and(|hash| hash.expose() == format!("plain:{}", password.expose())))
    }
}

type Act = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Something that happens while a password is worked on, which takes its time: once.
pub struct Meanwhile {
    passwords: Arc<dyn Passwords>,
    act: Mutex<Option<Act>>,
}

impl Meanwhile {
    async fn happen(&self) {
        let act = self.act.lock().unwrap().take();
        if let Some(act) = act {
            act.await;
        }
    }
}

#[async_trait]
impl Passwords for Meanwhile {
    async fn hash(&self, password: &Secret) -> Result<Secret, PasswordError> {
        self.happen().await;
        self.passwords.hash(password).await
    }

    async fn matches(
        &self,
        password: &Secret,
        hash: Option<&Secret>,
    ) -> Result<bool, PasswordError> {
        let same = self.passwords.matches(password, hash).await;
        self.happen().await;
        same
    }
}

/// Counts, so that no two draws are alike and every run is.
#[derive(Default)]
struct Counting(AtomicUsize);

impl Randomness for Counting {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), PasswordError> {
        for byte in bytes {
            let turn = self.0.fetch_add(1, Ordering::SeqCst);
            *byte = u8::try_from((turn * 167 + turn / 256) % 256).unwrap();
        }
        Ok(())
    }
}

impl House {
    pub async fn new() -> Self {
        let world = World::new().await;
        world.store.put_project(build::project(8), None).await.unwrap();
        world.context.projects.refresh(&world.store).await.unwrap();
        let store = Arc::new(world.store.clone());
        let looked_at = Arc::<AtomicUsize>::default();
        let cabinet = Cabinet {
            context: world.context.clone(),
            access: Arc::clone(&store) as _,
            listing: Arc::clone(&store) as _,
            exports: store,
            passwords: Arc::new(PlainPasswords(Arc::clone(&looked_at))),
            randomness: Arc::new(Counting::default()),
            on_export: Arc::new(|| {}),
        };
        Self { world, cabinet, looked_at }
    }

    /// The cabinet in which this happens while the next password is worked on.
    pub fn meanwhile(&self, act: impl Future<Output = ()> + Send + 'static) -> Cabinet {
        let passwords = Arc::clone(&self.cabinet.passwords);
        let act = Mutex::new(Some(Box::pin(act) as Act));
        Cabinet { passwords: Arc::new(Meanwhile { passwords, act }), ..self.cabinet.clone() }
    }

    /// Adds a user as the command line does and gives his first password.
    pub async fn add(&self, login: &str, memberships: &[Membership]) -> Secret {
        let entry = self.command();
        let added = roster::add(&self.cabinet, login, memberships.to_vec(), entry).await;
        added.unwrap().1
    }

    /// Adds a user who has chosen his password, [`CHOSEN`].
    pub async fn settle(&self, login: &str, memberships: &[Membership]) -> Opened {
        let first = self.add(login, memberships).await;
        let opened = self.knock(login, first.expose()).await.unwrap();
        let (session, actor) = self.at(&opened).await.unwrap();
        let who = (&session, &actor);
        door::change_password(&self.cabinet, &visitor(), who, &first, &Secret::new(CHOSEN))
            .await
            .unwrap()
    }

    pub async fn knock(&self, login: &str, password: &str) -> Result<Opened, SignInError> {
        self.knock_from("192.0.2.1", login, password).await
    }

    pub async fn knock_from(
        &self,
        address: &str,
        login: &str,
        password: &str,
    ) -> Result<Opened, SignInError> {
        let visitor = Visitor { address: address.to_owned(), ..visitor() };
        sign_in(&self.cabinet, &visitor, login, &Secret::new(password)).await
    }

    /// Who holds the cookie now.
    pub async fn at(&self, opened: &Opened) -> Option<(altyn_app::access::user::Session, Actor)> {
        who(&self.cabinet, &visitor(), opened.cookie.expose()).await.unwrap()
    }

    pub async fn stage(&self, opened: &Opened) -> Option<SessionStage> {
        self.at(opened).await.map(|(session, _)| session.stage)
    }

    pub async fn user(&self, login: &str) -> User {
        self.world.store.user_by_login(login).await.unwrap().unwrap()
    }

    /// The user as somebody who acts, wherever he signed in.
    pub async fn actor(&self, login: &str) -> Actor {
        let user = self.user(login).await;
        Actor { user, session: "no session".to_owned(), address: "192.0.2.1".to_owned() }
    }

    pub async fn disable(&self, login: &str) {
        let (chief, user) = (self.actor("chief").await, self.user(login).await);
        change_user(&self.cabinet, &chief, user.id, UserChange::Disabled(true)).await.unwrap();
    }

    pub fn wait_ms(&self, span_ms: i64) {
        self.world.clock.advance(span_ms);
    }

    pub fn comparisons(&self) -> usize {
        self.looked_at.load(Ordering::SeqCst)
    }

    pub fn command(&self) -> AuditEntry {
        AuditEntry {
            at: self.world.clock.now(),
            user: None,
            login: "command line".to_owned(),
            address: String::new(),
            project: None,
            payment: None,
            operation: None,
            action: Action::ChangeUser,
            result: AuditResult::Done,
            detail: String::new(),
        }
    }

    /// The log, oldest first.
    pub async fn log(&self) -> Vec<AuditEntry> {
        let filter = AuditFilter { limit: 1_000, ..AuditFilter::default() };
        let stored = self.world.store.audit_entries(&filter).await.unwrap();
        stored.into_iter().rev().map(|StoredAudit { entry, .. }| entry).collect()
    }

    /// The newest entry: action, result, login, detail.
    pub async fn noted(&self) -> (Action, AuditResult, String, String) {
        let entry = self.log().await.pop().unwrap();
        (entry.action, entry.result, entry.login, entry.detail)
    }

    /// The chain of the log, sealed up to its end, has no breach.
    pub async fn check_log(&self) {
        while self.world.store.seal_audit(7).await.unwrap() > 0 {}
        let report = check_audit(&self.world.store).await.unwrap();
        assert_eq!(report.breaches, []);
        assert_eq!(report.position, i64::try_from(self.log().await.len()).unwrap());
    }
}

/// What users of these tests choose.
pub const CHOSEN: &str = "верная лошадь";

pub fn visitor() -> Visitor {
    Visitor { address: "192.0.2.1".to_owned(), agent: "Firefox".to_owned() }
}

pub fn in_project(number: u32, role: Role) -> Membership {
    Membership { project: Some(ProjectId::new(number).unwrap()), role }
}

pub const fn everywhere(role: Role) -> Membership {
    Membership { project: None, role }
}

/// One word for how a try ended.
pub fn told(result: &Result<Opened, SignInError>) -> String {
    match result {
        Ok(opened) => opened.session.stage.as_str().to_owned(),
        Err(SignInError::Wait { wait_ms }) => format!("wait {wait_ms}"),
        Err(error) => error.to_string(),
    }
}
