//! Projects, payments and changesets for tests, made by the domain's own decisions.
//!
//! Nothing here invents a state: a paid payment is a sale that was accepted, sent and approved,
//! each step committed. Numbers are unique within the process.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use altyn_app::access::audit::{Action, AuditEntry, AuditResult};
use altyn_app::access::user::{Membership, Role, SecondFactor, User};
use altyn_app::callback::{Callback, CallbackProgress, CallbackState, callback_url};
use altyn_app::changeset::{Changeset, PaymentWrite};
use altyn_app::context::delivery_job;
use altyn_app::jobs::{Job, JobKind, Lease, NewJob};
use altyn_app::ports::Store;
use altyn_app::projects::StoredProject;
use altyn_app::secret::Secret;
use altyn_domain::callback::{CallbackDialect, RetryPlan};
use altyn_domain::card::{CardBrand, CardFacts, Expiry};
use altyn_domain::id::{CallbackId, OperationId, PaymentId, ProjectId};
use altyn_domain::method::{Method, MethodSetting, Scenario};
use altyn_domain::money::{Amount, BasisPoints, Currency};
use altyn_domain::payment::decide::{
    Applied, CaptureRequest, Change, Happening, Moment, PaymentRequest, RefundRequest, VoidRequest,
    accept_capture, accept_payment, accept_refund, accept_void, apply,
};
use altyn_domain::payment::{
    Authentication, AuthenticationStep, CallbackWishes, Customer, Details, OperationKind,
    OperationState, PageWishes, PaymentRef, ProviderFacts, Record, RequestEcho, ReturnUrls,
};
use altyn_domain::project::{CAPTURE_AFTER_MS, Project};
use altyn_domain::time::Timestamp;

use crate::clock::START;

/// The signing secret of every project made here.
pub const SECRET: &str = "тайна-of-the-project";
/// The second factor of every user made here.
pub const FACTOR: &str = "JBSWY3DPEHPK3PXP";
/// The lane of every provider job made here.
pub const LANE: i64 = 77;

static NUMBERS: AtomicI64 = AtomicI64::new(1_000_000_000_000);

/// A number no one else in this process has.
pub fn number() -> i64 {
    NUMBERS.fetch_add(1, Ordering::Relaxed)
}

/// A project's number.
pub fn project_id(number: u32) -> ProjectId {
    ProjectId::new(number).expect("a project's number is not zero")
}

/// Roubles, in minor units.
pub fn rub(minor: i64) -> Amount {
    Amount::new(minor, Currency::RUB).expect("an amount in range")
}

/// The same moment on both clocks.
pub fn moment(at: Timestamp) -> Moment {
    Moment { project: at, real: at }
}

/// A live project with every method.
pub fn project(number: u32) -> StoredProject {
    let setting = |method, account: &str, fee| MethodSetting {
        method,
        account: account.to_owned(),
        scenario: Scenario::Redirect,
        fee: BasisPoints::new(fee).expect("a fee below the whole"),
    };
    let project = Project {
        id: project_id(number),
        name: format!("Магазин № {number} 🛒"),
        test: false,
        callback_url: Some(CALLBACK_URL.to_owned()),
        return_urls: ReturnUrls {
            success: Some("https://shop.example/ok".to_owned()),
            decline: Some("https://shop.example/no".to_owned()),
            back: Some("https://shop.example/".to_owned()),
        },
        methods: vec![
            setting(Method::AlfaClick, "alfa", 250),
            setting(Method::CardPartner, "partner", 390),
            setting(Method::Card, "acquirer", 180),
        ],
        allowed_hosts: Vec::new(),
        support: None,
        two_stage: false,
        dialect: CallbackDialect::Ecommpay,
        notify_email: None,
        capture_after_ms: CAPTURE_AFTER_MS,
        retry_plan: RetryPlan::Documented,
        clock_offset_ms: 0,
    };
    StoredProject { project, secret: Secret::new(SECRET), previous: None, version: 0 }
}

/// A user with every field filled, what hangs on him in the order it is read back.
pub fn user(id: i64, login: &str) -> User {
    let membership = |project, role| Membership { project, role };
    User {
        id,
        login: login.to_owned(),
        password_hash: Secret::new("$argon2id$v=19$m=19456,t=2,p=1$c29sdA$aGFzaA"),
        memberships: vec![
            membership(None, Role::Support),
            membership(Some(project_id(1)), Role::Finance),
            membership(Some(project_id(u32::MAX)), Role::Administrator),
        ],
        disabled: true,
        must_change: true,
        second_factor: Some(SecondFactor {
            secret: Secret::new(FACTOR),
            last_step: 57_000_000,
            recovery: vec!["00ab".to_owned(), "ff01".to_owned()],
        }),
        created_at: START,
        version: 0,
    }
}

/// An entry of the log, about nothing in particular.
pub fn entry(action: Action) -> AuditEntry {
    AuditEntry {
        at: START,
        user: Some(7),
        login: "анна".to_owned(),
        address: "2001:db8::1".to_owned(),
        project: None,
        payment: None,
        operation: None,
        action,
        result: AuditResult::Done,
        detail: String::new(),
    }
}

/// A payer of whom everything is known.
pub fn customer() -> Customer {
    let some = |text: &str| Some(text.to_owned());
    Customer {
        id: some("клиент-1"),
        ip_address: some("2001:db8::1"),
        account_id: some("ivanov"),
        phone: some("79161234567"),
        email: some("иван@пример.рф"),
        country: some("RU"),
        first_name: some("Иван «🦊»"),
        last_name: some("O'Neil \\ \" % _ ;"),
        language: some("ru"),
    }
}

/// Details with every field filled.
pub fn details() -> Details {
    let some = |text: &str| Some(text.to_owned());
    Details {
        customer: customer(),
        description: "Заказ № 5, 🍕 ×2\nи доставка".to_owned(),
        return_urls: ReturnUrls {
            success: some("https://shop.example/ok?q=1&r=%20"),
            decline: some("https://shop.example/no"),
            back: some("https://магазин.рф/"),
        },
        callback: CallbackWishes {
            url: some("http://127.0.0.1:9/any"),
            success_url: some("http://127.0.0.1:9/ok"),
            decline_url: some("http://127.0.0.1:9/no"),
            delay_ms: 1_500,
            disabled: false,
        },
        page: Some(PageWishes {
            language: some("en"),
            forced: Some(Method::Card),
            hidden: vec![Method::CardPartner, Method::AlfaClick],
            two_stage: true,
            expires_at: Some(START.plus_millis(1_800_000)),
            auto_success: true,
            auto_decline: true,
        }),
    }
}

/// A sale of 100.00 RUB by Alfa-Click under the merchant's id `reference`.
pub fn sale_request(reference: &str) -> PaymentRequest {
    PaymentRequest {
        reference: PaymentRef::new(reference).expect("a usable reference"),
        kind: OperationKind::Sale,
        card: None,
        method: Method::AlfaClick,
        amount: rub(10_000),
        details: Details { page: None, ..details() },
        request: RequestEcho::new(vec![
            ("general:payment_id".to_owned(), reference.to_owned()),
            ("payment:amount".to_owned(), "10000".to_owned()),
        ]),
    }
}

/// A hold of 100.00 RUB on a card, begun on the Payment Page, under the merchant's id `reference`.
pub fn hold_request(reference: &str) -> PaymentRequest {
    PaymentRequest {
        kind: OperationKind::Authorization,
        method: Method::Card,
        card: Some(card()),
        details: details(),
        ..sale_request(reference)
    }
}

/// What is kept of a card.
pub fn card() -> CardFacts {
    CardFacts {
        mask: "431422******0056".to_owned(),
        brand: Some(CardBrand::Visa),
        expiry: Expiry::new(12, 2030).expect("a month"),
        holder: Some("IVAN «🦊» O'NEIL".to_owned()),
    }
}

/// A step of 3-D Secure with everything in it.
pub fn authentication(step: AuthenticationStep) -> Authentication {
    Authentication {
        step,
        url: "https://acs.банк.example/3ds?a=1&b=\"2\"".to_owned(),
        fields: vec![
            ("creq".to_owned(), "eyJ=+/\"'".to_owned()),
            ("пустое".to_owned(), String::new()),
        ],
        transaction: Some("d0b4c9c2-…".to_owned()),
    }
}

/// A capture of `minor`.
pub fn capture_request(minor: i64) -> CaptureRequest {
    CaptureRequest {
        amount: Some(rub(minor)),
        callback: Some(CallbackWishes { delay_ms: 20, ..CallbackWishes::default() }),
        request: RequestEcho::new(vec![("payment:amount".to_owned(), minor.to_string())]),
    }
}

/// A refund of `minor`, under the merchant's own id if it has one.
pub fn refund_request(minor: i64, merchant_refund_id: Option<&str>) -> RefundRequest {
    RefundRequest {
        amount: Some(rub(minor)),
        merchant_refund_id: merchant_refund_id.map(str::to_owned),
        callback: Some(CallbackWishes { delay_ms: 10, ..CallbackWishes::default() }),
        request: RequestEcho::new(vec![("payment:amount".to_owned(), minor.to_string())]),
    }
}

/// What the provider told, all of it.
pub fn facts() -> ProviderFacts {
    ProviderFacts {
        payment_id: Some(format!("прв-{}", number())),
        auth_code: Some("123456".to_owned()),
        rrn: Some("001234567890".to_owned()),
        eci: Some("05".to_owned()),
        at: Some(START.plus_millis(12_345)),
    }
}

/// Where the callbacks of projects made here go.
pub const CALLBACK_URL: &str = "http://127.0.0.1:9/callback";

/// The rows of a decision, as [`altyn_app::context::Context::changeset`] makes them, but for the
/// callback's body, which no dialect words here.
pub fn changeset(record: &Record, change: Change, now: Timestamp) -> Changeset {
    let operations = |ids: &[OperationId]| {
        let known = |id| record.operation(id).expect("the record has what changed").clone();
        ids.iter().copied().map(known).collect()
    };
    let payment = Box::new(record.payment.clone());
    let mut jobs: Vec<NewJob> = change
        .work
        .iter()
        .map(|owed| NewJob {
            kind: JobKind::from(owed.work),
            subject: owed.operation.get(),
            project: record.payment.project,
            payment: record.payment.id,
            lane: LANE,
            due_at: now.plus_millis(owed.after_ms),
        })
        .collect();
    let new_callback = change.callback.and_then(|operation| owed_callback(record, operation));
    jobs.extend(new_callback.as_ref().map(|callback| delivery_job(callback, now)));
    Changeset {
        payment: Some(match change.expected_version {
            None => PaymentWrite::New(payment),
            Some(expected_version) => PaymentWrite::Changed { payment, expected_version },
        }),
        new_operations: operations(&change.new_operations),
        changed_operations: operations(&change.changed_operations),
        events: change.events,
        postings: change.postings,
        new_callback,
        jobs,
        ..Changeset::default()
    }
}

fn owed_callback(record: &Record, operation: OperationId) -> Option<Callback> {
    let told = record.operation(operation)?.state;
    let url = callback_url(&record.payment.details.callback, Some(CALLBACK_URL), told)?;
    Some(Callback { operation, told, url: url.to_owned(), ..callback(record) })
}

/// A payment of `request` in the project and everything that accepting it writes.
pub fn payment_of(project: &Project, request: PaymentRequest) -> (Record, Changeset) {
    let ids = (PaymentId::new(number()), OperationId::new(number()));
    let (record, change) = accept_payment(project, ids, moment(START), request);
    let changes = changeset(&record, change, START);
    (record, changes)
}

/// A callback about the operation that opened the record's order, owed.
pub fn callback(record: &Record) -> Callback {
    let opening = record.opening().expect("a payment has an opening operation");
    Callback {
        id: CallbackId::new(number()),
        project: record.payment.project,
        payment: record.payment.id,
        operation: opening.id,
        told: OperationState::Approved,
        url: "http://127.0.0.1:9/callback?ключ=значение".to_owned(),
        body: b"{\"body\":\"\xff\x00 not even text\"}".to_vec(),
        created_at: START,
        progress: CallbackProgress { state: CallbackState::Owed, attempts: 0, ended_at: None },
    }
}

/// A store with two projects in it, and ways to make payments there.
#[derive(Clone)]
pub struct Shop {
    /// The store.
    pub store: Arc<dyn Store>,
    /// The project payments are made in.
    pub project: Project,
    /// Another one.
    pub other: Project,
}

impl Shop {
    /// Puts the projects, whatever they are in the store.
    pub async fn open(store: Arc<dyn Store>) -> Self {
        let known = store.projects().await.expect("projects are read");
        let (one, two) = (project(42), project(4_294_967_295));
        for made in [&one, &two] {
            let before = known.iter().find(|before| before.project.id == made.project.id);
            let version = before.map_or(0, |before| before.version);
            let stored = StoredProject { version, ..made.clone() };
            store.put_project(stored, None).await.expect("a project is put");
        }
        Self { store, project: one.project, other: two.project }
    }

    /// A new sale, not committed.
    pub fn sale(&self, reference: &str) -> (Record, Changeset) {
        payment_of(&self.project, sale_request(reference))
    }

    /// A new sale, committed.
    pub async fn accepted(&self, reference: &str) -> Record {
        let (record, changes) = self.sale(reference);
        self.store.commit(changes).await.expect("a new sale is kept");
        record
    }

    /// A paid sale, each step committed.
    pub async fn paid(&self, reference: &str) -> Record {
        let mut record = self.accepted(reference).await;
        let sale = record.opening().expect("a payment has a sale").id;
        self.approve(&mut record, sale).await;
        record
    }

    /// Money held on a card, each step committed.
    pub async fn held(&self, reference: &str) -> Record {
        let (mut record, changes) = payment_of(&self.project, hold_request(reference));
        self.store.commit(changes).await.expect("a new hold is kept");
        let hold = record.opening().expect("a payment has an authorization").id;
        self.approve(&mut record, hold).await;
        record
    }

    /// Sends an operation and has it approved, each step committed.
    pub async fn approve(&self, record: &mut Record, operation: OperationId) {
        for happening in [Happening::Send, Happening::Approve(facts())] {
            let changes = self.happen(record, operation, happening);
            self.store.commit(changes).await.expect("a step is kept");
        }
    }

    /// What a happening writes; the record becomes what it will be.
    pub fn happen(
        &self,
        record: &mut Record,
        operation: OperationId,
        happening: Happening,
    ) -> Changeset {
        match apply(record, operation, happening, moment(START.plus_millis(1_000))) {
            Ok(Applied::Changed(change) | Applied::LateMoney(change)) => {
                changeset(record, change, START)
            }
            Ok(Applied::Nothing) => panic!("the happening changes nothing"),
            Err(error) => panic!("the happening is refused: {error}"),
        }
    }

    /// A refund, not committed.
    pub fn refund(&self, record: &Record, request: RefundRequest) -> (Record, Changeset) {
        let id = OperationId::new(number());
        let (record, change) = accept_refund(record.clone(), id, moment(START), request);
        let changes = changeset(&record, change, START);
        (record, changes)
    }

    /// A capture, not committed.
    pub fn capture(&self, record: &Record, request: CaptureRequest) -> (Record, Changeset) {
        let id = OperationId::new(number());
        let (record, change) = accept_capture(record.clone(), id, moment(START), request);
        let changes = changeset(&record, change, START);
        (record, changes)
    }

    /// The release of a hold, not committed.
    pub fn void(&self, record: &Record, request: VoidRequest) -> (Record, Changeset) {
        let id = OperationId::new(number());
        let (record, change) = accept_void(record.clone(), id, moment(START), request);
        let changes = changeset(&record, change, START);
        (record, changes)
    }

    /// The payment as the store has it.
    pub async fn read(&self, record: &Record) -> Record {
        let payment = &record.payment;
        let read = self.store.payment(payment.project, payment.id).await.expect("a read works");
        read.expect("the payment is there")
    }
}

/// The end of a job that nobody holds: promised, and refused because the lease is lost.
pub fn end_of_a_lost_job() -> Changeset {
    let job = Job {
        kind: JobKind::DeliverCallback,
        subject: 1,
        project: project_id(1),
        payment: PaymentId::new(1),
        lane: LANE,
        attempts: 0,
        lease: Lease { owner: "nobody".to_owned(), until: Timestamp::from_millis(1) },
        wakes: 0,
    };
    Changeset { job_end: Some(job.done()), ..Changeset::default() }
}
