//! Everything a use case needs, under the test's control.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use altyn_app::changeset::Changeset;
use altyn_app::check::check;
use altyn_app::context::Context;
use altyn_app::ids::IdSource;
use altyn_app::jobs::{Claim, JobKind, LEASE_MS, run_job};
use altyn_app::payment::accept_sale;
use altyn_app::ports::provider::{
    Capabilities, NotificationError, NotificationSubject, ProviderAccount,
};
use altyn_app::ports::store::Store;
use altyn_app::ports::{
    CallbackSender, Clock, Dialect, Provider, ProviderCall, ProviderOutcome, SendReport,
};
use altyn_app::projects::{ProjectEntry, Projects};
use altyn_domain::id::OperationId;
use altyn_domain::method::{Method, MethodSetting, Scenario};
use altyn_domain::money::BasisPoints;
use altyn_domain::payment::decide::SaleRequest;
use altyn_domain::payment::{
    Operation, PaymentState, ProviderFacts, Record, Redirect, RedirectMethod,
};
use altyn_store::sqlite::{Options, SqliteStore};
use altyn_store::{KeyRing, Schema};
use altyn_testkit::build;
use altyn_testkit::clock::FakeClock;
use async_trait::async_trait;

pub struct World {
    pub context: Context,
    pub clock: Arc<FakeClock>,
    pub bank: Arc<ScriptedProvider>,
    pub shop: Arc<ScriptedShop>,
    pub project: Arc<ProjectEntry>,
    pub store: SqliteStore,
    _dir: tempfile::TempDir,
}

/// Answers calls from a script; a call without a line in the script ends the test.
#[derive(Default)]
pub struct ScriptedProvider {
    script: Mutex<VecDeque<ProviderOutcome>>,
    pub calls: Mutex<Vec<(&'static str, ProviderCall)>>,
    /// The next call never ends.
    pub hangs: AtomicBool,
}

impl ScriptedProvider {
    pub fn will(&self, outcomes: impl IntoIterator<Item = ProviderOutcome>) {
        self.script.lock().unwrap().extend(outcomes);
    }

    pub fn called(&self) -> Vec<&'static str> {
        self.calls.lock().unwrap().iter().map(|(word, _)| *word).collect()
    }

    /// One fact of every call made so far.
    pub fn each<T>(&self, fact: impl Fn(&ProviderCall) -> T) -> Vec<T> {
        self.calls.lock().unwrap().iter().map(|(_, call)| fact(call)).collect()
    }

    async fn next(&self, word: &'static str, call: &ProviderCall) -> ProviderOutcome {
        self.calls.lock().unwrap().push((word, call.clone()));
        if self.hangs.swap(false, Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
        let next = self.script.lock().unwrap().pop_front();
        next.unwrap_or_else(|| panic!("nothing in the script for {word} of {call:?}"))
    }
}

/// One account for each method, over one script.
pub struct Account(pub ProviderAccount, pub Method, pub Arc<ScriptedProvider>);

#[async_trait]
impl Provider for Account {
    fn account(&self) -> &ProviderAccount {
        &self.0
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities { method: self.1, partial_refunds: true, refund_query: true }
    }

    async fn submit_sale(&self, call: &ProviderCall) -> ProviderOutcome {
        self.2.next("submit_sale", call).await
    }

    async fn ask_sale(&self, call: &ProviderCall) -> ProviderOutcome {
        self.2.next("ask_sale", call).await
    }

    async fn submit_refund(&self, call: &ProviderCall) -> ProviderOutcome {
        self.2.next("submit_refund", call).await
    }

    async fn ask_refund(&self, call: &ProviderCall) -> ProviderOutcome {
        self.2.next("ask_refund", call).await
    }

    fn read_notification(
        &self,
        parameters: &[(String, String)],
    ) -> Result<NotificationSubject, NotificationError> {
        let order = parameters.iter().find(|(name, _)| name == "order");
        let (_, order) = order.ok_or(NotificationError::BadParameter("order"))?;
        Ok(NotificationSubject { order_number: Some(order.clone()), refunded_transaction: None })
    }
}

/// Answers callbacks with a status each, 200 when the script is over.
#[derive(Default)]
pub struct ScriptedShop {
    script: Mutex<VecDeque<u16>>,
    pub received: Mutex<Vec<(String, Vec<u8>)>>,
}

impl ScriptedShop {
    pub fn will(&self, statuses: impl IntoIterator<Item = u16>) {
        self.script.lock().unwrap().extend(statuses);
    }

    /// Bodies in order of arrival.
    pub fn told(&self) -> Vec<String> {
        let received = self.received.lock().unwrap();
        received.iter().map(|(_, body)| String::from_utf8(body.clone()).unwrap()).collect()
    }
}

#[async_trait]
impl CallbackSender for ScriptedShop {
    async fn send(&self, url: &str, body: &[u8]) -> SendReport {
        self.received.lock().unwrap().push((url.to_owned(), body.to_vec()));
        let status = self.script.lock().unwrap().pop_front().unwrap_or(200);
        SendReport { status: Some(status), duration_ms: 1, answer: Vec::new(), error: None }
    }
}

/// `kind state reason` is all that these tests need to see.
struct PlainDialect;

impl Dialect for PlainDialect {
    fn callback_body(
        &self,
        _: &ProjectEntry,
        record: &Record,
        operation: OperationId,
        _: Option<&ProviderAccount>,
    ) -> Vec<u8> {
        let operation = record.operation(operation).unwrap();
        let reason = operation.reason.map_or("", |reason| reason.as_str());
        let (kind, payment) = (operation.kind.as_str(), record.payment.state.as_str());
        format!("{kind} {} {reason} / {payment}", operation.state).into_bytes()
    }
}

const NOW: i64 = 1_800_000_000;

impl World {
    pub async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let keys = KeyRing::parse(&KeyRing::generate_line(1).unwrap()).unwrap();
        let options = Options { schema: Schema::Migrate, ..Options::default() };
        let path = dir.path().join("altyn.db");
        let (store, mut writer) = SqliteStore::open(&path, keys, options).unwrap();
        std::thread::spawn(move || while writer.step_blocking().is_some() {});
        let clock = Arc::new(FakeClock::default());
        clock.set(altyn_domain::time::Timestamp::from_millis(NOW * 1_000));
        let ids = IdSource::new();
        ids.begin(0, NOW - 1, NOW + 1_000_000_000);
        let mut entry = build::project(7);
        entry.project.methods = methods();
        store.put_project(entry.clone()).await.unwrap();
        let (bank, shop) = (Arc::<ScriptedProvider>::default(), Arc::<ScriptedShop>::default());
        let context = Context {
            store: Arc::new(store.clone()),
            projects: Arc::new(Projects::default()),
            providers: Arc::new(Method::ALL.iter().map(|method| account(*method, &bank)).collect()),
            sender: Arc::clone(&shop) as Arc<dyn CallbackSender>,
            dialect: Arc::new(PlainDialect),
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            ids: Arc::new(ids),
            on_work: Arc::new(|_| {}),
        };
        context.projects.refresh(&store).await.unwrap();
        let project = context.projects.get(entry.project.id).unwrap();
        Self { context, clock, bank, shop, project, store, _dir: dir }
    }

    pub async fn accept(&self, request: SaleRequest) -> OperationId {
        accept_sale(&self.context, &self.project, request).await.unwrap()
    }

    /// Works everything that is due now, and what becomes due by it; says what was worked.
    pub async fn work(&self) -> Vec<&'static str> {
        let mut outcomes = Vec::new();
        loop {
            let mut claimed = 0;
            for kind in JobKind::ALL {
                for job in self.claim(*kind).await {
                    claimed += 1;
                    outcomes.push(run_job(&self.context, job).await.outcome);
                }
            }
            if claimed == 0 {
                return outcomes;
            }
        }
    }

    pub async fn claim(&self, kind: JobKind) -> Vec<altyn_app::jobs::Job> {
        let now = self.clock.now();
        let claim = Claim {
            kind,
            owner: "test".to_owned(),
            now,
            until: now.plus_millis(LEASE_MS),
            limit: 100,
            busy_lanes: Vec::new(),
        };
        self.store.claim_jobs(claim).await.unwrap()
    }

    pub async fn record(&self, reference: &str) -> Record {
        let key = reference.to_lowercase();
        let id = self.project.project.id;
        self.store.payment_by_key(id, &key).await.unwrap().unwrap()
    }

    pub async fn state(&self, reference: &str) -> PaymentState {
        self.record(reference).await.payment.state
    }

    pub async fn operation(&self, reference: &str, id: OperationId) -> Operation {
        self.record(reference).await.operation(id).unwrap().clone()
    }

    /// The books and everything else, after each test.
    pub async fn check(&self) {
        let projects = self.store.projects().await.unwrap();
        let report = check(&self.store, &projects).await.unwrap();
        assert_eq!(report.breaches, []);
    }

    /// Loses every lease, as a killed process does, and comes back later.
    pub fn die_and_come_back(&self) {
        self.clock.advance(LEASE_MS + 1);
    }

    pub async fn commit(&self, changeset: Changeset) {
        self.store.commit(changeset).await.unwrap();
    }
}

fn name(method: Method) -> &'static str {
    match method {
        Method::AlfaClick => "bank",
        Method::CardPartner => "partner",
    }
}

fn account(method: Method, bank: &Arc<ScriptedProvider>) -> (String, Arc<dyn Provider>) {
    let name = name(method).to_owned();
    let account = ProviderAccount { name: name.clone(), wire_id: 1, endpoint_id: None };
    (name, Arc::new(Account(account, method, Arc::clone(bank))))
}

fn methods() -> Vec<MethodSetting> {
    [(Method::AlfaClick, Scenario::Redirect), (Method::CardPartner, Scenario::Redirect)]
        .into_iter()
        .map(|(method, scenario)| MethodSetting {
            method,
            account: name(method).to_owned(),
            scenario,
            fee: BasisPoints::new(250).unwrap(),
        })
        .collect()
}

pub fn facts(payment_id: &str) -> ProviderFacts {
    ProviderFacts { payment_id: Some(payment_id.to_owned()), ..ProviderFacts::default() }
}

pub fn redirect() -> ProviderOutcome {
    let redirect = Redirect {
        method: RedirectMethod::Get,
        url: "https://bank.example/pay".to_owned(),
        body: Vec::new(),
    };
    ProviderOutcome::Redirect(redirect, facts("order-1"))
}

pub fn approved() -> ProviderOutcome {
    ProviderOutcome::Approved(facts("order-1"))
}

pub fn pending() -> ProviderOutcome {
    ProviderOutcome::Pending(ProviderFacts::default())
}

pub fn unknown() -> ProviderOutcome {
    ProviderOutcome::Unknown("no answer".to_owned())
}

pub fn not_sent() -> ProviderOutcome {
    ProviderOutcome::NotSent("refused".to_owned())
}

/// A sale whose callbacks go to the project's address at once.
pub fn sale_request(reference: &str) -> SaleRequest {
    let mut request = build::sale_request(reference);
    request.details.callback = altyn_domain::payment::CallbackWishes::default();
    request
}
