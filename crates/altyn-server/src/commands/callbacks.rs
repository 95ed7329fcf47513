//! `altyn callbacks`: what was sent where, and sending it again.

use altyn_app::access::audit::Action as Audited;
use altyn_app::callback::{Callback, CallbackFilter, CallbackState, Wording};
use altyn_app::changeset::Changeset;
use altyn_app::jobs;
use altyn_app::ports::{Clock, Store};
use altyn_domain::id::{CallbackId, ProjectId};
use altyn_domain::payment::PaymentRef;
use altyn_domain::time::Timestamp;
use anyhow::{Context as _, Result, bail};
use clap::{Args, Subcommand, ValueEnum};
use serde_json::json;

use super::{database, log, say};
use crate::config::Config;
use crate::node::clock;

/// Callbacks looked at in one page when many are resent.
const PAGE: u32 = 500;

/// What to do.
#[derive(Args)]
pub struct Arguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// List callbacks, newest first.
    List(ListArguments),
    /// Show one with its body and every try.
    Show {
        /// Its number.
        id: i64,
    },
    /// Send again, at once, with the same bytes; the plan of tries begins anew.
    Resend(ResendArguments),
}

#[derive(Args)]
struct ListArguments {
    #[command(flatten)]
    filter: Filter,
    /// Older than this number: the next page.
    #[arg(long)]
    before: Option<i64>,
    /// At most so many.
    #[arg(long, default_value_t = 50)]
    limit: u32,
    /// One JSON document instead of text.
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
struct Filter {
    /// Of this project.
    #[arg(long)]
    project: Option<u32>,
    /// Of this payment, by the merchant's id; needs --project.
    #[arg(long, requires = "project")]
    payment: Option<String>,
    /// In this state.
    #[arg(long)]
    state: Option<State>,
}

#[derive(Args)]
struct ResendArguments {
    /// Numbers of callbacks.
    ids: Vec<i64>,
    /// Instead of numbers: all that were given up, or that the filter names.
    #[command(flatten)]
    filter: Filter,
}

#[derive(Clone, Copy, ValueEnum)]
enum State {
    Owed,
    Delivered,
    GivenUp,
}

impl From<State> for CallbackState {
    fn from(state: State) -> Self {
        match state {
            State::Owed => Self::Owed,
            State::Delivered => Self::Delivered,
            State::GivenUp => Self::GivenUp,
        }
    }
}

/// Does it.
pub async fn run(config: &Config, arguments: Arguments) -> Result<()> {
    let database = database::open(config).await?;
    let store = database.store();
    let done = match arguments.action {
        Action::List(arguments) => list(store.as_ref(), arguments).await,
        Action::Show { id } => show(store.as_ref(), CallbackId::new(id)).await,
        Action::Resend(arguments) => resend(store.as_ref(), arguments).await,
    };
    drop(store);
    database.close().await;
    done
}

async fn filter(store: &dyn Store, filter: &Filter) -> Result<CallbackFilter> {
    let project = match filter.project {
        Some(number) => Some(ProjectId::new(number).context("a project's number is at least 1")?),
        None => None,
    };
    let payment = match (project, &filter.payment) {
        (Some(project), Some(text)) => {
            let reference = PaymentRef::new(text.clone()).context("this is no payment id")?;
            let record = store.payment_by_key(project, &reference.key()).await?;
            Some(record.context("the project has no such payment")?.payment.id)
        }
        (_, _) => None,
    };
    Ok(CallbackFilter {
        project,
        payment,
        state: filter.state.map(Into::into),
        before: None,
        limit: PAGE,
    })
}

async fn list(store: &dyn Store, arguments: ListArguments) -> Result<()> {
    let mut filter = filter(store, &arguments.filter).await?;
    filter.before = arguments.before.map(CallbackId::new);
    filter.limit = arguments.limit;
    let callbacks = store.callbacks(filter).await.context("cannot read the callbacks")?;
    if arguments.json {
        let rows: Vec<_> = callbacks.iter().map(described).collect();
        say(json!(rows));
        return Ok(());
    }
    if callbacks.is_empty() {
        say("no callbacks; one is owed with each change that a merchant is told of");
    }
    for callback in &callbacks {
        say(format!(
            "{}\tproject {}\tpayment {}\t{}\t{}\t{} tries\t{}",
            callback.id,
            callback.project,
            callback.payment,
            callback.told,
            callback.progress.state.as_str(),
            callback.progress.attempts,
            callback.url,
        ));
    }
    Ok(())
}

async fn show(store: &dyn Store, id: CallbackId) -> Result<()> {
    let callback = store.callback(id).await?.with_context(|| format!("no callback {id}"))?;
    let attempts = store.callback_attempts(id).await.context("cannot read its tries")?;
    say(json!(described(&callback)));
    say(String::from_utf8_lossy(&callback.body));
    let protocol = match callback.wording() {
        Wording::Json | Wording::Form => "HTTP",
        Wording::Letter(_) => "SMTP",
    };
    for attempt in attempts {
        let outcome = match (attempt.status, attempt.error) {
            (Some(status), None) => format!("{protocol} {status}"),
            (Some(status), Some(error)) => format!("{protocol} {status}, {error}"),
            (None, error) => error.unwrap_or_default(),
        };
        let answer = String::from_utf8_lossy(&attempt.answer).into_owned();
        say(format!("{}\t{} ms\t{outcome}\t{answer}", time(attempt.at), attempt.duration_ms));
    }
    Ok(())
}

async fn resend(store: &dyn Store, arguments: ResendArguments) -> Result<()> {
    let mut callbacks = Vec::new();
    for id in &arguments.ids {
        let found = store.callback(CallbackId::new(*id)).await?;
        callbacks.push(found.with_context(|| format!("no callback {id}"))?);
    }
    if arguments.ids.is_empty() {
        let mut filter = filter(store, &arguments.filter).await?;
        if filter == (CallbackFilter { limit: PAGE, ..CallbackFilter::default() }) {
            bail!("name callbacks, or give --project, --payment or --state");
        }
        loop {
            let page = store.callbacks(filter.clone()).await.context("cannot read")?;
            let Some(last) = page.last() else { break };
            filter.before = Some(last.id);
            callbacks.extend(page);
        }
    }
    let now = clock().now();
    for some in callbacks.chunks(PAGE as usize) {
        let numbers: Vec<String> = some.iter().map(|callback| callback.id.to_string()).collect();
        let detail = format!("{} callbacks: {}", some.len(), numbers.join(", "));
        let entry = log::entry(Audited::Resend, &detail);
        let changeset = Changeset { audit: Some(entry), ..jobs::resend(some, now) };
        store.commit(changeset).await.context("not all could be begun anew")?;
    }
    say(format!("{} callbacks will be sent again at once", callbacks.len()));
    Ok(())
}

fn described(callback: &Callback) -> serde_json::Value {
    json!({
        "id": callback.id.get(),
        "project": callback.project.get(),
        "payment": callback.payment.get(),
        "operation": callback.operation.get(),
        "told": callback.told.as_str(),
        "state": callback.progress.state.as_str(),
        "attempts": callback.progress.attempts,
        "url": callback.url,
        "created_at": time(callback.created_at),
        "ended_at": callback.progress.ended_at.map(time),
    })
}

fn time(at: Timestamp) -> String {
    jiff::Timestamp::from_millisecond(at.as_millis()).unwrap_or_default().to_string()
}
