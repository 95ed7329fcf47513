//! `altyn project`: add, change, list. A running server sees the change within a second.

use std::path::PathBuf;

use altyn_app::access::audit::Action as Audited;
use altyn_app::cabinet::changes;
use altyn_app::projects::StoredProject;
use altyn_app::secret::Secret;
use altyn_domain::callback::{CallbackDialect, RetryPlan};
use altyn_domain::id::ProjectId;
use altyn_domain::method::{Method, MethodSetting, Scenario};
use altyn_domain::money::BasisPoints;
use altyn_domain::payment::ReturnUrls;
use altyn_domain::project::{CAPTURE_AFTER_MS, Project};
use altyn_domain::time::DAY_MS;
use anyhow::{Context as _, Result, anyhow, bail};
use clap::{Args, Subcommand, ValueEnum};
use serde_json::json;

use super::{database, log, say};
use crate::config::{Config, Provider};
use crate::node::Database;

/// Bytes of randomness in a secret that is made here.
const SECRET_BYTES: usize = 32;

/// What to do.
#[derive(Args)]
pub struct Arguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Add a project. Its secret is read, or made and shown once.
    Add(AddArguments),
    /// Change what is named; the rest stays.
    Set(Settings),
    /// List projects, without their secrets.
    List {
        /// One JSON document instead of text.
        #[arg(long)]
        json: bool,
    },
}

#[derive(Args)]
struct AddArguments {
    #[command(flatten)]
    settings: Settings,
    /// The secret, from this environment variable.
    #[arg(long, conflicts_with = "secret_file")]
    secret_env: Option<String>,
    /// The secret, from this file.
    #[arg(long)]
    secret_file: Option<PathBuf>,
}

#[derive(Args)]
struct Settings {
    /// The project's number, 1 to 4294967295.
    #[arg(long)]
    id: u32,
    /// Its name, shown to payers and operators.
    #[arg(long)]
    name: Option<String>,
    /// A test project: RUB only for alfa-click, a clock that can be moved, explained errors.
    #[arg(long)]
    test: Option<bool>,
    /// Where callbacks go when a request names no address.
    #[arg(long)]
    callback_url: Option<String>,
    /// How callbacks are worded and answered.
    #[arg(long)]
    dialect: Option<Dialect>,
    /// Who is told by e-mail of what was paid, when no address for callbacks is known; empty for
    /// nobody.
    #[arg(long)]
    notify_email: Option<String>,
    /// The Payment Page holds money first, where the method can and the link does not say
    /// otherwise.
    #[arg(long)]
    two_stage: Option<bool>,
    /// Where payers return after success, when a request names nothing.
    #[arg(long)]
    return_success: Option<String>,
    /// Where payers return after a decline.
    #[arg(long)]
    return_decline: Option<String>,
    /// Where payers return otherwise.
    #[arg(long)]
    return_back: Option<String>,
    /// A method as CODE=ACCOUNT[:redirect|instruction][:FEE in basis points]; repeat for more.
    /// Replaces all methods.
    #[arg(long = "method", value_name = "METHOD")]
    methods: Vec<String>,
    /// Pauses between tries of a callback, seconds, instead of the documented plan; `documented`
    /// goes back to it.
    #[arg(long, value_delimiter = ',')]
    retry_pauses: Vec<String>,
    /// A host that payers may be sent back to and that may frame the Payment Page; repeat for
    /// more. Replaces all hosts; `any` allows whatever a signed link names.
    #[arg(long = "allow-host", value_name = "HOST")]
    allowed_hosts: Vec<String>,
    /// Whom a payer turns to when a payment fails: an e-mail address, a number or a sentence.
    #[arg(long)]
    support: Option<String>,
    /// Days after which a hold is captured if nobody captured or released it; banks hold for
    /// about seven.
    #[arg(long, value_parser = clap::value_parser!(u8).range(1..=30))]
    capture_after_days: Option<u8>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Dialect {
    Ecommpay,
    Paykeeper,
}

impl From<Dialect> for CallbackDialect {
    fn from(dialect: Dialect) -> Self {
        match dialect {
            Dialect::Ecommpay => Self::Ecommpay,
            Dialect::Paykeeper => Self::Paykeeper,
        }
    }
}

/// Does it.
pub async fn run(config: &Config, arguments: Arguments) -> Result<()> {
    let database = database::open(config).await?;
    let done = match arguments.action {
        Action::Add(arguments) => add(config, &database, arguments).await,
        Action::Set(settings) => set(config, &database, settings).await,
        Action::List { json } => list(&database, json).await,
    };
    database.close().await;
    done
}

async fn add(config: &Config, database: &Database, arguments: AddArguments) -> Result<()> {
    let id = number(arguments.settings.id)?;
    if find(database, id).await?.is_some() {
        bail!("project {id} exists; change it with `altyn project set`");
    }
    let given = match (&arguments.secret_env, &arguments.secret_file) {
        (Some(name), _) => {
            Some(std::env::var(name).with_context(|| format!("no environment variable {name}"))?)
        }
        (None, Some(path)) => Some(
            std::fs::read_to_string(path)
                .with_context(|| format!("cannot read {}", path.display()))?,
        ),
        (None, None) => None,
    };
    let made = given.is_none();
    let secret = match given {
        Some(text) => Secret::new(text.trim_end_matches(['\r', '\n'])),
        None => random_secret()?,
    };
    if secret.expose().is_empty() {
        bail!("the secret is empty");
    }
    let mut project = Project {
        id,
        name: format!("Project {id}"),
        test: false,
        callback_url: None,
        return_urls: ReturnUrls::default(),
        methods: Vec::new(),
        allowed_hosts: Vec::new(),
        support: None,
        two_stage: false,
        dialect: CallbackDialect::Ecommpay,
        notify_email: None,
        capture_after_ms: CAPTURE_AFTER_MS,
        retry_plan: RetryPlan::Documented,
        clock_offset_ms: 0,
    };
    change(config, &mut project, arguments.settings)?;
    let shown = secret.clone();
    let did = format!("added: {}", project.name);
    put(database, StoredProject { project, secret, previous: None, version: 0 }, did).await?;
    say(format!("project {id} was added"));
    if made {
        say(format!("its secret, shown this once: {}", shown.expose()));
    }
    Ok(())
}

async fn set(config: &Config, database: &Database, settings: Settings) -> Result<()> {
    let id = number(settings.id)?;
    let found = find(database, id).await?;
    let mut stored = found.with_context(|| format!("there is no project {id}"))?;
    let before = stored.project.clone();
    change(config, &mut stored.project, settings)?;
    let did = changes(&before, &stored.project);
    put(database, stored, did).await?;
    say(format!("project {id} was changed"));
    Ok(())
}

fn change(config: &Config, project: &mut Project, settings: Settings) -> Result<()> {
    if let Some(name) = settings.name {
        project.name = name;
    }
    if let Some(test) = settings.test {
        project.test = test;
    }
    let urls = [
        (settings.callback_url, &mut project.callback_url),
        (settings.return_success, &mut project.return_urls.success),
        (settings.return_decline, &mut project.return_urls.decline),
        (settings.return_back, &mut project.return_urls.back),
    ];
    for (given, own) in urls {
        if let Some(text) = given {
            *own = if text.is_empty() { None } else { Some(web_address(text)?) };
        }
    }
    if let Some(dialect) = settings.dialect {
        project.dialect = dialect.into();
    }
    if let Some(address) = settings.notify_email {
        project.notify_email = e_mail(address)?;
    }
    if let Some(two_stage) = settings.two_stage {
        project.two_stage = two_stage;
    }
    if !settings.methods.is_empty() {
        let methods = settings.methods.iter().map(|text| method(config, text));
        project.methods = methods.collect::<Result<_>>()?;
    }
    if let Some(plan) = retry_plan(&settings.retry_pauses)? {
        project.retry_plan = plan;
    }
    if let Some(hosts) = allowed_hosts(settings.allowed_hosts)? {
        project.allowed_hosts = hosts;
    }
    if let Some(support) = settings.support {
        project.support = Some(support).filter(|text| !text.is_empty());
    }
    if let Some(days) = settings.capture_after_days {
        project.capture_after_ms = i64::from(days) * DAY_MS;
    }
    Ok(())
}

async fn list(database: &Database, as_json: bool) -> Result<()> {
    let projects = database.store().projects().await.context("cannot read the projects")?;
    if as_json {
        let rows: Vec<_> = projects.iter().map(|stored| described(&stored.project)).collect();
        say(json!(rows));
        return Ok(());
    }
    if projects.is_empty() {
        say("no projects yet; add one with `altyn project add --id 1 --name Shop …`");
    }
    for stored in &projects {
        let project = &stored.project;
        let mode = if project.test { "test" } else { "live" };
        let methods: Vec<&str> =
            project.methods.iter().map(|setting| setting.method.code()).collect();
        let callbacks = project.callback_url.as_deref().unwrap_or("no callback address");
        let (id, name, methods) = (project.id, &project.name, methods.join(", "));
        say(format!("{id}\t{mode}\t{name}\t{methods}\t{callbacks}"));
    }
    Ok(())
}

fn described(project: &Project) -> serde_json::Value {
    let methods: Vec<_> = project
        .methods
        .iter()
        .map(|setting| {
            json!({
                "method": setting.method.code(),
                "account": setting.account,
                "instruction": setting.scenario == Scenario::Instruction,
                "fee_bps": setting.fee.get(),
            })
        })
        .collect();
    json!({
        "id": project.id.get(),
        "name": project.name,
        "test": project.test,
        "callback_url": project.callback_url,
        "dialect": project.dialect.as_str(),
        "notify_email": project.notify_email,
        "two_stage": project.two_stage,
        "methods": methods,
        "allowed_hosts": project.allowed_hosts,
        "support": project.support,
        "capture_after_days": project.capture_after_ms / DAY_MS,
        "clock_ahead_ms": project.clock_offset_ms,
    })
}

fn number(id: u32) -> Result<ProjectId> {
    ProjectId::new(id).ok_or_else(|| anyhow!("a project's number is at least 1"))
}

async fn find(database: &Database, id: ProjectId) -> Result<Option<StoredProject>> {
    let projects = database.store().projects().await.context("cannot read the projects")?;
    Ok(projects.into_iter().find(|stored| stored.project.id == id))
}

async fn put(database: &Database, stored: StoredProject, did: String) -> Result<()> {
    let entry = log::entry(Audited::ChangeProject, &did).in_project(stored.project.id);
    let put = database.store().put_project(stored, Some(entry)).await;
    put.context("the project was not written")
}

fn random_secret() -> Result<Secret> {
    let mut bytes = [0_u8; SECRET_BYTES];
    getrandom::fill(&mut bytes).context("the system gives no randomness")?;
    Ok(Secret::new(data_encoding::HEXLOWER.encode(&bytes)))
}

fn web_address(text: String) -> Result<String> {
    let url = url::Url::parse(&text).with_context(|| format!("{text:?} is not an address"))?;
    if !matches!(url.scheme(), "http" | "https") {
        bail!("{text:?} must be an http or https address");
    }
    Ok(text)
}

/// An address for letters; none when the text is empty.
fn e_mail(text: String) -> Result<Option<String>> {
    if !text.is_empty() && !altyn_connect::smtp::is_address(&text) {
        bail!("{text:?} is not an e-mail address");
    }
    Ok(Some(text).filter(|text| !text.is_empty()))
}

/// Host names alone, or `any`.
fn allowed_hosts(given: Vec<String>) -> Result<Option<Vec<String>>> {
    if given.is_empty() {
        return Ok(None);
    }
    if given.iter().any(|host| host == "any") {
        return Ok(Some(Vec::new()));
    }
    for host in &given {
        url::Host::parse(host).with_context(|| {
            format!("{host:?} is not the name of a host: write shop.example, without https://")
        })?;
    }
    Ok(Some(given))
}

/// `alfa-click=alfabank:instruction:250`.
fn method(config: &Config, text: &str) -> Result<MethodSetting> {
    let (code, rest) = text
        .split_once('=')
        .with_context(|| format!("{text:?}: write CODE=ACCOUNT[:SCENARIO][:FEE]"))?;
    let method = Method::from_code(code).with_context(|| format!("no method named {code:?}"))?;
    let mut parts = rest.split(':');
    let account = parts.next().unwrap_or_default().to_owned();
    let carries: &[Method] = match config.providers.get(&account) {
        Some(Provider::Rbs(_)) => &[Method::AlfaClick, Method::Card],
        Some(Provider::Ipay(_)) => &[Method::CardPartner],
        None => bail!("the configuration has no [providers.{account}]"),
    };
    if !carries.contains(&method) {
        let codes: Vec<&str> = carries.iter().map(|method| method.code()).collect();
        bail!("[providers.{account}] carries {}, not {code}", codes.join(" and "));
    }
    let (mut scenario, mut fee) = (Scenario::Redirect, BasisPoints::default());
    for part in parts {
        match part {
            "redirect" => scenario = Scenario::Redirect,
            "instruction" => scenario = Scenario::Instruction,
            number => {
                let bps = number.parse().ok().and_then(BasisPoints::new);
                fee = bps.with_context(|| format!("{number:?} is no fee (0 to 10000)"))?;
            }
        }
    }
    if !method.rules().scenarios.contains(&scenario) {
        bail!("{code} has no such scenario");
    }
    Ok(MethodSetting { method, account, scenario, fee })
}

fn retry_plan(pauses: &[String]) -> Result<Option<RetryPlan>> {
    match pauses {
        [] => Ok(None),
        [word] if word == "documented" => Ok(Some(RetryPlan::Documented)),
        seconds => seconds
            .iter()
            .map(|text| {
                let seconds: i64 = text
                    .parse()
                    .ok()
                    .filter(|seconds| (0..=7 * 24 * 3_600).contains(seconds))
                    .with_context(|| format!("{text:?} is no pause in seconds"))?;
                Ok(seconds * 1_000)
            })
            .collect::<Result<_>>()
            .map(|pauses| Some(RetryPlan::Pauses(pauses))),
    }
}
