//! Everything that runs in a demo, and its stop in the right order: the platform first, so that
//! what it still has to tell reaches the shop.

use std::sync::Arc;

use altyn_app::access::audit::Action;
use altyn_app::access::user::{Membership, Role, User};
use altyn_app::ports::{Clock as _, Passwords as _};
use altyn_app::projects::StoredProject;
use altyn_domain::callback::{CallbackDialect, RetryPlan};
use altyn_domain::id::ProjectId;
use altyn_domain::method::{Method, MethodSetting, Scenario};
use altyn_domain::money::BasisPoints;
use altyn_domain::payment::ReturnUrls;
use altyn_domain::project::{CAPTURE_AFTER_MS, Project};
use altyn_store::Schema;
use altyn_web::api::ecommpay::sign::SigningKey;
use altyn_web::metrics::Metrics;
use anyhow::{Context as _, Result, bail};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use super::Ports;
use super::bodies::{BILLS_PROJECT_ID, Merchant, PROJECT_ID};
use super::browser::Browser;
use super::http::{Http, PATIENCE};
use super::many;
use super::place::{LOGIN, Place};
use super::shop::{self, Callback, Shop, Surroundings};
use crate::clock::SystemClock;
use crate::commands::{log, say};
use crate::config::Config;
use crate::node::{self, Database, Node};
use crate::people::Argon2Passwords;
use crate::sandbox::{self, quoted};
use crate::{http, logs};

/// Connections the shop takes at once.
const SHOP_CONNECTIONS: u32 = 256;
/// How often readiness is asked for.
const READY_EVERY: std::time::Duration = std::time::Duration::from_millis(50);

/// A platform, its emulated providers, and a shop.
pub struct Stage {
    /// The shop as a client of the platform.
    pub merchant: Merchant,
    /// A payer.
    pub browser: Browser,
    /// Where the emulators are.
    pub sandbox_url: String,
    /// Callbacks as the shop receives them.
    pub callbacks: mpsc::Receiver<Callback>,
    /// The platform.
    pub node: Node,
    stop: watch::Sender<bool>,
    others: Vec<JoinHandle<()>>,
}

struct Listeners {
    platform: TcpListener,
    sandbox: TcpListener,
    shop: TcpListener,
}

impl Stage {
    /// Starts everything and waits until the platform is ready.
    pub async fn set(place: &Place, ports: Ports) -> Result<Self> {
        let listeners = Listeners {
            platform: listen(place, "platform", ports.platform).await?,
            sandbox: listen(place, "sandbox", ports.sandbox).await?,
            shop: listen(place, "shop", ports.shop).await?,
        };
        let platform = url_of(&listeners.platform)?;
        let sandbox_url = url_of(&listeners.sandbox)?;
        let shop_url = url_of(&listeners.shop)?;
        place.keep_addresses(&platform, &sandbox_url, &shop_url)?;
        let text = configuration(place, &platform, &sandbox_url);
        place.write("altyn.toml", &text)?;
        let config = Config::read(&text, std::iter::empty())?;
        logs::begin(&config.log)?;
        seed(&config, place, &shop_url).await?;

        let (stop, stopped) = watch::channel(false);
        let merchant = Merchant {
            platform: platform.clone(),
            shop: shop_url,
            key: SigningKey::new(place.secret.expose()),
            http: Http::new(),
        };
        let (shop, callbacks) = Shop::open(Surroundings {
            merchant: merchant.clone(),
            sandbox_url: sandbox_url.clone(),
            stopped: stopped.clone(),
        });
        let others = vec![
            emulators(place, listeners.sandbox, (&sandbox_url, &platform), stopped.clone())?,
            tokio::spawn(http::serve(
                listeners.shop,
                shop.router(),
                SHOP_CONNECTIONS,
                until(stopped),
            )),
        ];
        let node = node::start(&config, listeners.platform).await?;
        let stage = Self {
            browser: Browser::new(merchant.http.clone()),
            merchant,
            sandbox_url,
            callbacks,
            node,
            stop,
            others,
        };
        match stage.ready().await {
            Ok(()) => Ok(stage),
            Err(error) => {
                stage.clear().await;
                Err(error)
            }
        }
    }

    async fn ready(&self) -> Result<()> {
        let url = format!("{}/readyz", self.merchant.platform);
        let asking = async {
            while self.merchant.http.get(&url).await?.status != 200 {
                tokio::time::sleep(READY_EVERY).await;
            }
            anyhow::Ok(())
        };
        match tokio::time::timeout(PATIENCE, asking).await {
            Ok(ready) => ready,
            Err(_) => bail!("{url} did not become ready within {} s", PATIENCE.as_secs()),
        }
    }

    /// Stops everything.
    pub async fn clear(self) {
        let Self { merchant, browser, callbacks, node, stop, others, .. } = self;
        // Nobody looks at callbacks any more, and idle connections would be waited for.
        drop((merchant, browser, callbacks));
        node.stop().await;
        stop.send_replace(true);
        for task in others {
            let _ = task.await;
        }
    }
}

async fn listen(place: &Place, who: &str, asked: Option<u16>) -> Result<TcpListener> {
    let open = |port| TcpListener::bind(("127.0.0.1", port));
    if let Some(port) = asked {
        return open(port).await.with_context(|| format!("port {port} for the {who} is taken"));
    }
    if let Some(port) = place.last_port(who)
        && let Ok(listener) = open(port).await
    {
        return Ok(listener);
    }
    open(0).await.with_context(|| format!("no free port for the {who}"))
}

fn url_of(listener: &TcpListener) -> Result<String> {
    let address = listener.local_addr().context("the listener has no address")?;
    Ok(format!("http://{address}"))
}

/// The configuration of the platform, which `altyn serve --config` can use afterwards.
fn configuration(place: &Place, platform: &str, sandbox_url: &str) -> String {
    let file = |name: &str| place.file(name).display().to_string();
    let listen = platform.trim_start_matches("http://");
    let lines = [
        "# Written by `altyn demo` at each start.".to_owned(),
        "[server]".to_owned(),
        format!("listen = {}", quoted(listen)),
        format!("public_url = {}", quoted(platform)),
        "[store]".to_owned(),
        format!("url = {}", quoted(&format!("sqlite:{}", file("altyn.db")))),
        "[keys]".to_owned(),
        format!("file = {}", quoted(&file("altyn.keys"))),
        "[registers]".to_owned(),
        format!("dir = {}", quoted(&file("registers"))),
        "[web]".to_owned(),
        "developer_errors = true".to_owned(),
        "[callbacks]".to_owned(),
        "allow = [\"127.0.0.0/8\"]".to_owned(),
        "[log]".to_owned(),
        "format = \"text\"".to_owned(),
        // That a key ring was made is no warning in a demo.
        "level = \"warn,altyn::node::database=error\"".to_owned(),
        String::new(),
        sandbox::Accounts::default().providers_toml(sandbox_url),
        String::new(),
    ];
    lines.join("\n")
}

fn emulators(
    place: &Place,
    listener: TcpListener,
    (own, platform): (&str, &str),
    stopped: watch::Receiver<bool>,
) -> Result<JoinHandle<()>> {
    let config = altyn_sandbox::Config {
        state_file: Some(place.file("sandbox.json")),
        ..sandbox::Accounts::default().emulated(own, platform)
    };
    let sandbox = sandbox::emulators(config)?;
    Ok(tokio::spawn(async move {
        if let Err(error) = sandbox.run(listener, until(stopped)).await {
            tracing::error!(%error, "the emulators ended");
        }
    }))
}

async fn until(mut stopped: watch::Receiver<bool>) {
    let _ = stopped.wait_for(|stop| *stop).await;
}

/// Makes payments of the past, in the demo's database or another, and says how to look at them.
pub async fn fill(place: &Place, database: Option<&str>, count: u64) -> Result<()> {
    let listener = listen(place, "platform", None).await?;
    let platform = url_of(&listener)?;
    drop(listener);
    let mut text = configuration(place, &platform, "http://127.0.0.1:9");
    if let Some(url) = database {
        let own = quoted(&format!("sqlite:{}", place.file("altyn.db").display()));
        text = text.replace(&own, &quoted(url));
    }
    place.write("altyn.toml", &text)?;
    let config = Config::read(&text, std::iter::empty())?;
    logs::begin(&config.log)?;
    seed(&config, place, "https://shop.example").await?;
    let opened = Database::open_as(&config, Schema::Migrate, Arc::new(Metrics::new(0))).await?;
    let store = opened.store();
    let projects = store.projects().await.context("cannot read the projects");
    let made = match projects {
        Ok(projects) => many::make(&store, &projects, count).await,
        Err(error) => Err(error),
    };
    drop(store);
    opened.close().await;
    made?;
    say(format!("look at them: altyn serve --config {}", place.file("altyn.toml").display()));
    Ok(())
}

/// Puts the shop's projects into the database before the platform starts on it. They share the
/// secret: it is one shop.
async fn seed(config: &Config, place: &Place, shop_url: &str) -> Result<()> {
    let metrics = Arc::new(Metrics::new(0));
    let database = Database::open_as(config, Schema::Migrate, metrics).await?;
    let put = put_projects(&database, place, shop_url).await;
    let put = put.and(operator(&database, place).await);
    database.close().await;
    put
}

async fn put_projects(database: &Database, place: &Place, shop_url: &str) -> Result<()> {
    let store = database.store();
    let known = store.projects().await.context("cannot read the projects")?;
    for project in projects(shop_url)? {
        let before = known.iter().find(|before| before.project.id == project.id);
        let version = before.map_or(0, |before| before.version);
        let secret = place.secret.clone();
        let stored = StoredProject { project, secret, previous: None, version };
        let put = store.put_project(stored, None).await;
        put.context("the demo's projects were not written")?;
    }
    Ok(())
}

/// Who signs in to the cabinet, by the password of this place.
async fn operator(database: &Database, place: &Place) -> Result<()> {
    let access = database.access();
    let known = access.user_by_login(LOGIN).await.context("cannot read the users")?;
    let password_hash = Argon2Passwords::new().hash(&place.password).await?;
    let now = SystemClock.now();
    let (id, version) = known.map_or((1, 0), |known| (known.id, known.version));
    let user = User {
        id,
        login: LOGIN.to_owned(),
        password_hash,
        memberships: vec![Membership { project: None, role: Role::Administrator }],
        disabled: false,
        must_change: false,
        second_factor: None,
        created_at: now,
        version,
    };
    let entry = log::entry(Action::ChangeUser, "user demo of the demonstration");
    access.put_user(user, None, entry).await.context("the demo's user was not written")
}

fn projects(shop_url: &str) -> Result<[Project; 2]> {
    let fee = |bps| BasisPoints::new(bps).context("a fee above the whole");
    let page = |name: &str| Some(format!("{shop_url}/{name}"));
    let setting = |method, account: &str, fee| MethodSetting {
        method,
        account: account.to_owned(),
        scenario: Scenario::Redirect,
        fee,
    };
    let project = |number, methods| -> Result<Project> {
        Ok(Project {
            id: ProjectId::new(number).context("a project's number is at least 1")?,
            name: shop::NAME.to_owned(),
            test: true,
            callback_url: page("callback"),
            return_urls: ReturnUrls {
                success: page("thanks"),
                decline: page("sorry"),
                back: page("thanks"),
            },
            methods,
            allowed_hosts: Vec::new(),
            support: Some("help@demo-shop.example".to_owned()),
            two_stage: false,
            dialect: CallbackDialect::Ecommpay,
            notify_email: None,
            capture_after_ms: CAPTURE_AFTER_MS,
            retry_plan: RetryPlan::Documented,
            clock_offset_ms: 0,
        })
    };
    let alfa_click = setting(Method::AlfaClick, "alfabank", fee(250)?);
    let bills = MethodSetting { scenario: Scenario::Instruction, ..alfa_click.clone() };
    let redirects = vec![
        setting(Method::Card, "alfabank", fee(200)?),
        alfa_click,
        setting(Method::CardPartner, "partner", fee(300)?),
    ];
    Ok([project(PROJECT_ID, redirects)?, project(BILLS_PROJECT_ID, vec![bills])?])
}
