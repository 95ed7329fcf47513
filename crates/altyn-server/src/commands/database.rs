//! `altyn migrate` and `altyn backup`.

use std::path::PathBuf;
use std::sync::Arc;

use altyn_store::Schema;
use altyn_web::metrics::Metrics;
use anyhow::Result;
use clap::Args;

use super::say;
use crate::config::Config;
use crate::node::Database;

/// What to copy to.
#[derive(Args)]
pub struct BackupArguments {
    /// The new file; it must not exist yet.
    to: PathBuf,
}

/// Opens the database for a command beside a running server: no migration, no metrics.
pub async fn open(config: &Config) -> Result<Database> {
    Database::open_as(config, Schema::AsItIs, Arc::new(Metrics::new(0))).await
}

/// Brings the schema up to date.
pub async fn migrate(config: &Config) -> Result<()> {
    let metrics = Arc::new(Metrics::new(0));
    let database = Database::open_as(config, Schema::Migrate, metrics).await?;
    say(format!("the {} database is up to date", database.kind()));
    database.close().await;
    Ok(())
}

/// Copies the embedded database.
pub async fn backup(config: &Config, arguments: &BackupArguments) -> Result<()> {
    let database = open(config).await?;
    tokio::task::block_in_place(|| database.backup(&arguments.to))?;
    say(format!("copied to {}", arguments.to.display()));
    say("keep the key ring apart from it: without the key, secrets do not open");
    database.close().await;
    Ok(())
}
