//! `altyn operation`: settle by hand what no provider will tell.

use altyn_app::access::audit::{Action as Audited, AuditEntry};
use altyn_app::jobs::{SettledAs, settle};
use altyn_domain::id::OperationId;
use anyhow::{Context as _, Result};
use clap::{Args, Subcommand, ValueEnum};

use super::{database, log, say};
use crate::config::Config;
use crate::node;

/// What to do.
#[derive(Args)]
pub struct Arguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Write down the outcome of an operation that is unknown or pending, as the provider's
    /// statement shows it. The books and the merchant's callback follow; it cannot be taken back.
    Settle {
        /// The operation's number (`operation.id` in callbacks and logs).
        id: i64,
        /// What the statement shows.
        outcome: Outcome,
        /// Who says so and why, for the log.
        #[arg(long)]
        note: String,
    },
}

#[derive(Clone, Copy, ValueEnum)]
enum Outcome {
    Approved,
    Declined,
}

/// Does it.
pub async fn run(config: &Config, arguments: Arguments) -> Result<()> {
    let Action::Settle { id, outcome, note } = arguments.action;
    let (settled, word) = match outcome {
        Outcome::Approved => (SettledAs::Approved, "approved"),
        Outcome::Declined => (SettledAs::Declined, "declined"),
    };
    let database = database::open(config).await?;
    let context = node::for_command(config, &database).await?;
    let operation = Some(OperationId::new(id));
    let about = context.store.payment_of(OperationId::new(id)).await;
    let about = about.context("cannot read the operation")?;
    let (project, payment) = about.unzip();
    let entry = log::entry(Audited::Settle, &format!("{word}: {note}"));
    let entry = AuditEntry { project, payment, operation, ..entry };
    let context = context.on_behalf(entry);
    let done = settle(&context, OperationId::new(id), settled).await;
    drop(context);
    database.close().await;
    done.with_context(|| format!("operation {id}"))?;
    tracing::warn!(operation.id = id, outcome = word, note, "settled by hand");
    say(format!("operation {id} is {word}; its callback is owed"));
    Ok(())
}
