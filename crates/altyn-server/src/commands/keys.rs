//! `altyn keys`: rotation of the key that seals merchants' secrets.
//!
//! Add a key, let every node restart with the longer ring, then seal anew; after that the older
//! keys may leave the ring, but for backups made before.

use std::io::Write as _;

use altyn_store::KeyRing;
use anyhow::{Context as _, Result, bail};
use clap::{Args, Subcommand};

use super::{database, say};
use crate::config::Config;
use crate::node::key_ring;

/// What to do.
#[derive(Args)]
pub struct Arguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Append a new key to the ring's file; it seals from the next start on.
    Add,
    /// Seal every secret in the database anew with the newest key.
    Rotate,
}

/// Does it.
pub async fn run(config: &Config, arguments: Arguments) -> Result<()> {
    match arguments.action {
        Action::Add => add(config),
        Action::Rotate => {
            let database = database::open(config).await?;
            let resealed = database.rotate_keys().await?;
            database.close().await;
            say(format!("{resealed} secrets were sealed anew"));
            Ok(())
        }
    }
}

fn add(config: &Config) -> Result<()> {
    if config.keys.inline.is_some() {
        bail!("the key ring is given inline; append a line to it where it is kept");
    }
    let number = key_ring(config)?.next_number().context("the ring has all 255 keys")?;
    let line = KeyRing::generate_line(number).context("cannot make a key")?;
    let path = &config.keys.file;
    let mut file = std::fs::OpenOptions::new()
        .append(true)
        .open(path)
        .with_context(|| format!("cannot append to {}", path.display()))?;
    writeln!(file, "{}", line.as_str())
        .and_then(|()| file.sync_all())
        .with_context(|| format!("cannot write {}", path.display()))?;
    say(format!("key {number} was added to {}", path.display()));
    say("restart every node, then run `altyn keys rotate`");
    Ok(())
}
