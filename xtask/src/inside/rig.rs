//! A context with one project, over a database made for it.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use altyn_app::context::Context;
use altyn_app::ids::IdSource;
use altyn_app::ports::{Clock, Store};
use altyn_app::projects::{ProjectEntry, Projects, StoredProject};
use altyn_app::secret::Secret;
use altyn_connect::{AddressPolicy, Channels, HttpCallbackSender};
use altyn_domain::callback::{CallbackDialect, RetryPlan};
use altyn_domain::id::ProjectId;
use altyn_domain::method::{Method, MethodSetting, Scenario};
use altyn_domain::money::BasisPoints;
use altyn_domain::payment::ReturnUrls;
use altyn_domain::project::{CAPTURE_AFTER_MS, Project};
use altyn_domain::time::Timestamp;
use altyn_store::postgres::{self, PostgresStore, PostgresWriter};
use altyn_store::sqlite::{self, SqliteStore, SqliteWriter};
use altyn_store::{KeyRing, Schema};
use altyn_web::payment_page::refusal_code::RefusalCodes;
use altyn_web::payment_page::token::PageTokens;
use altyn_web::wording::Wordings;
use anyhow::{Context as _, Result};

use crate::bench::sale::{PROJECT, SECRET};

/// A key that seals nothing but the secret of a project that only this process has.
const KEYS: &str = "1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
/// Where nobody ever goes.
const PUBLIC_URL: &str = "http://127.0.0.1";
/// The number ids are made under; nobody else writes to the database.
const NODE: u8 = 30;
/// Ids are reserved for so many seconds: longer than any measurement.
const RESERVED_SECONDS: i64 = 86_400;

/// The time, for ids and rows.
#[derive(Clone, Copy, Debug)]
pub enum Time {
    /// The machine's.
    Real,
    /// One moment, so that every run is the same.
    Still(Timestamp),
}

impl Clock for Time {
    fn now(&self) -> Timestamp {
        match self {
            Self::Real => Timestamp::from_millis(jiff::Timestamp::now().as_millisecond()),
            Self::Still(at) => *at,
        }
    }
}

/// The key ring of every database made here.
pub fn keys() -> Result<KeyRing> {
    KeyRing::parse(KEYS).context("the key ring")
}

/// A SQLite database, new or made here before.
pub fn sqlite(path: &Path) -> Result<(SqliteStore, SqliteWriter)> {
    let options = sqlite::Options { schema: Schema::Migrate, ..sqlite::Options::default() };
    SqliteStore::open(path, keys()?, options)
        .with_context(|| format!("cannot open {}", path.display()))
}

/// A PostgreSQL database, empty or made here before.
pub async fn postgres(
    url: &str,
    options: postgres::Options,
) -> Result<(PostgresStore, Vec<PostgresWriter>)> {
    let options = postgres::Options { schema: Schema::Migrate, ..options };
    PostgresStore::open(url, keys()?, options).await.context("cannot open the database")
}

/// The use cases over a store whose writer is already being stepped. The project is added unless it
/// is there.
pub async fn context(store: Arc<dyn Store>, ids: Arc<IdSource>, time: Time) -> Result<Context> {
    let projects = Projects::default();
    projects.refresh(store.as_ref()).await.context("cannot read the projects")?;
    if projects.all().is_empty() {
        store.put_project(project()?, None).await.context("the project was not added")?;
        projects.refresh(store.as_ref()).await.context("cannot read the projects")?;
    }
    let policy = AddressPolicy::default();
    Ok(Context {
        store,
        projects: Arc::new(projects),
        providers: Arc::new(HashMap::new()),
        sender: Arc::new(Channels {
            http: HttpCallbackSender::new(policy).context("no sender")?,
            mail: None,
        }),
        dialect: Arc::new(Wordings::new(PUBLIC_URL)),
        pages: Arc::new(page_tokens()?),
        clock: Arc::new(time),
        ids,
        on_work: Arc::new(|_| {}),
        on_behalf: None,
    })
}

/// A source of ids that begins now.
pub fn ids(time: Time) -> Arc<IdSource> {
    let (ids, second) = (IdSource::new(), time.now().as_seconds());
    ids.begin(NODE, second - 1, second + RESERVED_SECONDS);
    Arc::new(ids)
}

/// The project that sells.
pub fn seller(context: &Context) -> Result<Arc<ProjectEntry>> {
    context.projects.all().into_iter().next().context("there is no project")
}

/// Makes the addresses of payments' pages.
pub fn page_tokens() -> Result<PageTokens> {
    PageTokens::new(PUBLIC_URL, &keys()?.derived("payment pages")).context("no key")
}

/// Seals the codes of refused links.
pub fn refusal_codes() -> Result<RefusalCodes> {
    RefusalCodes::new(&keys()?.derived("refused links")).context("no key")
}

fn project() -> Result<StoredProject> {
    let project = Project {
        id: ProjectId::new(PROJECT).context("a project's number is not zero")?,
        name: "Bench".to_owned(),
        test: true,
        callback_url: None,
        return_urls: ReturnUrls::default(),
        methods: vec![MethodSetting {
            method: Method::AlfaClick,
            account: "bank".to_owned(),
            scenario: Scenario::Redirect,
            fee: BasisPoints::new(0).context("a fee")?,
        }],
        allowed_hosts: Vec::new(),
        support: None,
        two_stage: false,
        dialect: CallbackDialect::Ecommpay,
        notify_email: None,
        capture_after_ms: CAPTURE_AFTER_MS,
        retry_plan: RetryPlan::Documented,
        clock_offset_ms: 0,
    };
    Ok(StoredProject { project, secret: Secret::new(SECRET), previous: None, version: 0 })
}
