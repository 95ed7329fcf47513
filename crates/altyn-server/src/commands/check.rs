//! `altyn check`: proves the invariants over the database.

use std::process::ExitCode;

use altyn_app::check::{check, check_audit};
use anyhow::{Context as _, Result};
use clap::Args;
use serde_json::json;

use super::{database, say};
use crate::config::Config;

/// The exit code when an invariant is broken.
const BREACH: u8 = 3;

/// How to tell.
#[derive(Args)]
pub struct Arguments {
    /// One JSON document instead of text.
    #[arg(long)]
    json: bool,
}

/// Looks at everything; tells what is broken, with the rows.
pub async fn run(config: &Config, arguments: Arguments) -> Result<ExitCode> {
    let database = database::open(config).await?;
    let projects = database.store().projects().await.context("cannot read the projects")?;
    let report = check(database.check_reads().as_ref(), &projects).await.context("cannot read")?;
    let audit = check_audit(database.access().as_ref()).await.context("cannot read")?;
    database.close().await;
    let found: Vec<_> = report.breaches.iter().chain(&audit.breaches).collect();
    let breaches: Vec<_> = found
        .iter()
        .map(|breach| {
            json!({"rule": breach.rule, "subject": breach.subject, "detail": breach.detail})
        })
        .collect();
    if arguments.json {
        say(json!({
            "payments": report.payments,
            "operations": report.operations,
            "entries": report.entries,
            "unknown": report.unknown,
            "callbacks_owed": report.callbacks_owed,
            "audit": {"position": audit.position, "hash": audit.hash},
            "breaches": breaches,
        }));
    } else {
        for breach in &found {
            say(format!("{} {}: {}", breach.rule, breach.subject, breach.detail));
        }
        say(format!(
            "{} payments, {} operations, {} entries; {} outcomes unknown, {} callbacks owed; {} \
             breaches",
            report.payments,
            report.operations,
            report.entries,
            report.unknown,
            report.callbacks_owed,
            found.len(),
        ));
        say(format!("audit log: {} entries sealed, head {}", audit.position, audit.hash));
    }
    Ok(if found.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(BREACH) })
}
