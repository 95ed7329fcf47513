//! Everything a use case needs, under the test's control.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use altyn_app::callback::Callback;
use altyn_app::card::{CardData, CardEntry};
use altyn_app::changeset::Changeset;
use altyn_app::check::check;
use altyn_app::context::Context;
use altyn_app::ids::IdSource;
use altyn_app::jobs::{Claim, JobKind, LEASE_MS, run_job};
use altyn_app::payment::{Accepted, accept_payment, pay_by_card};
use altyn_app::ports::provider::{
    AuthenticationAnswer, Browser, Capabilities, CardPayment, NotificationError,
    NotificationSubject, ProviderAccount,
};
use altyn_app::ports::store::Store;
use altyn_app::ports::{
    CallbackSender, Clock, Dialect, PageLinks, Provider, ProviderCall, ProviderOutcome, SendReport,
};
use altyn_app::projects::{ProjectEntry, Projects};
use altyn_domain::id::{OperationId, PaymentId, ProjectId};
use altyn_domain::method::{Method, MethodSetting, Scenario};
use altyn_domain::money::BasisPoints;
use altyn_domain::payment::decide::PaymentRequest;
use altyn_domain::payment::{
    Authentication, AuthenticationStep, Operation, OperationKind, PaymentState, ProviderFacts,
    Record, Redirect, RedirectMethod,
};
use altyn_domain::project::Project;
use altyn_domain::reason::Reason;
use altyn_domain::time::Timestamp;
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
    /// Numbers of cards in order of arrival.
    pub cards: Mutex<Vec<String>>,
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
pub struct Account(pub ProviderAccount, pub &'static [Method], pub Arc<ScriptedProvider>);

#[async_trait]
impl Provider for Account {
    fn account(&self) -> &ProviderAccount {
        &self.0
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities {
            methods: self.1,
            partial_refunds: true,
            closes_orders: true,
            refund_query: true,
        }
    }

    async fn submit(&self, call: &ProviderCall) -> ProviderOutcome {
        self.2.next("submit", call).await
    }

    async fn ask(&self, call: &ProviderCall) -> ProviderOutcome {
        self.2.next("ask", call).await
    }

    async fn submit_card(&self, call: &ProviderCall, payment: &CardPayment) -> ProviderOutcome {
        self.2.cards.lock().unwrap().push(payment.card.expose_number().to_owned());
        self.2.next("submit_card", call).await
    }

    async fn authenticate(&self, call: &ProviderCall, _: &AuthenticationAnswer) -> ProviderOutcome {
        self.2.next("authenticate", call).await
    }

    async fn close(&self, call: &ProviderCall) -> ProviderOutcome {
        self.2.next("close", call).await
    }

    fn read_notification(
        &self,
        parameters: &[(String, String)],
    ) -> Result<NotificationSubject, NotificationError> {
        let order = parameters.iter().find(|(name, _)| name == "order");
        let (_, order) = order.ok_or(NotificationError::BadParameter("order"))?;
        Ok(NotificationSubject {
            order_number: Some(order.clone()),
            refunded_transaction: None,
            authentic: true,
        })
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
    async fn send(&self, callback: &Callback) -> SendReport {
        self.received.lock().unwrap().push((callback.url.clone(), callback.body.clone()));
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

    fn letter(&self, _: &ProjectEntry, record: &Record, _: OperationId) -> Vec<u8> {
        format!("letter about {}", record.payment.reference.as_str()).into_bytes()
    }

    fn accepts(&self, _: &ProjectEntry, _: &Callback, report: &SendReport, _: Timestamp) -> bool {
        report.status == Some(200)
    }
}

struct PlainPages;

impl PageLinks for PlainPages {
    fn url_of(&self, project: ProjectId, payment: PaymentId) -> String {
        format!("https://pay.example/payment/{}-{}", project.get(), payment.get())
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
        clock.set(Timestamp::from_millis(NOW * 1_000));
        let ids = IdSource::new();
        ids.begin(0, NOW - 1, NOW + 1_000_000_000);
        let mut entry = build::project(7);
        entry.project.methods = methods();
        store.put_project(entry.clone(), None).await.unwrap();
        let (bank, shop) = (Arc::<ScriptedProvider>::default(), Arc::<ScriptedShop>::default());
        let context = Context {
            store: Arc::new(store.clone()),
            projects: Arc::new(Projects::default()),
            providers: Arc::new(ACCOUNTS.iter().map(|entry| account(entry, &bank)).collect()),
            sender: Arc::clone(&shop) as Arc<dyn CallbackSender>,
            dialect: Arc::new(PlainDialect),
            pages: Arc::new(PlainPages),
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            ids: Arc::new(ids),
            on_work: Arc::new(|_| {}),
            on_behalf: None,
        };
        context.projects.refresh(&store).await.unwrap();
        let project = context.projects.get(entry.project.id).unwrap();
        Self { context, clock, bank, shop, project, store, _dir: dir }
    }

    /// The same with other settings of its project.
    pub async fn with(change: impl FnOnce(&mut Project)) -> Self {
        let mut world = Self::new().await;
        let mut entry = ProjectEntry::clone(&world.project);
        change(&mut entry.project);
        let id = entry.project.id;
        world.store.put_project(entry, None).await.unwrap();
        world.context.projects.refresh(&world.store).await.unwrap();
        world.project = world.context.projects.get(id).unwrap();
        world
    }

    pub async fn accept(&self, request: PaymentRequest) -> OperationId {
        accept_payment(&self.context, &self.project, request).await.unwrap().operation
    }

    /// Accepts a payment by card and has the card in hand.
    pub async fn accept_card(&self, request: PaymentRequest) -> (Accepted, CardPayment) {
        let card = card_payment(self.clock.now());
        let request = PaymentRequest { card: Some(card.card.facts()), ..request };
        let accepted = accept_payment(&self.context, &self.project, request).await.unwrap();
        (accepted, card)
    }

    /// A card in hand.
    pub fn card(&self) -> CardPayment {
        card_payment(self.clock.now())
    }

    /// Takes the card to the acquirer.
    pub async fn pay(&self, (accepted, card): (Accepted, CardPayment)) {
        let about = (accepted.payment, accepted.operation);
        pay_by_card(&self.context, &self.project, about, card).await.unwrap();
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
            since: altyn_app::jobs::FROM_THE_FIRST,
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

type Configured = (&'static str, &'static [Method]);

const ACCOUNTS: &[Configured] =
    &[("bank", &[Method::AlfaClick, Method::Card]), ("partner", &[Method::CardPartner])];

fn account(
    (name, methods): &Configured,
    bank: &Arc<ScriptedProvider>,
) -> (String, Arc<dyn Provider>) {
    let account = ProviderAccount {
        name: (*name).to_owned(),
        wire_id: 1,
        endpoint_id: None,
        payment_system: 127,
    };
    ((*name).to_owned(), Arc::new(Account(account, methods, Arc::clone(bank))))
}

fn methods() -> Vec<MethodSetting> {
    let carried = ACCOUNTS.iter().flat_map(|(name, methods)| {
        methods.iter().map(move |method| (*method, (*name).to_owned()))
    });
    carried
        .map(|(method, account)| MethodSetting {
            method,
            account,
            scenario: Scenario::Redirect,
            fee: BasisPoints::new(250).unwrap(),
        })
        .collect()
}

pub const CARD_NUMBER: &str = "4314220000000056";

fn card_payment(now: Timestamp) -> CardPayment {
    let entry =
        CardEntry { number: CARD_NUMBER, month: 12, year: 2040, code: Some("123"), holder: None };
    let Ok(card) = CardData::read(&entry, now) else { panic!("the card of the tests is right") };
    CardPayment { card, authentication_return: None, browser: Browser::default() }
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
pub fn sale_request(reference: &str) -> PaymentRequest {
    let mut request = build::sale_request(reference);
    request.details.callback = altyn_domain::payment::CallbackWishes::default();
    request
}

/// A sale by card whose callbacks go to the project's address at once.
pub fn card_request(reference: &str) -> PaymentRequest {
    PaymentRequest { method: Method::Card, ..sale_request(reference) }
}

/// The same in two stages.
pub fn hold_request(reference: &str) -> PaymentRequest {
    PaymentRequest { kind: OperationKind::Authorization, ..card_request(reference) }
}

pub fn authenticate(step: AuthenticationStep) -> ProviderOutcome {
    let authentication = Authentication {
        step,
        url: "https://acs.example/".to_owned(),
        fields: vec![("MD".to_owned(), "md-1".to_owned())],
        transaction: Some("transaction-1".to_owned()),
    };
    ProviderOutcome::Authenticate(authentication, facts("order-1"))
}

pub fn declined(reason: Reason) -> ProviderOutcome {
    ProviderOutcome::Declined(reason, facts("order-1"))
}
