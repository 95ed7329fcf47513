//! The database behind the store port, whichever engine it is, with its writers running.

use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use altyn_app::check::CheckReads;
use altyn_app::ports::{AccessStore, ExportStore, Listing, Store, StoreError};
use altyn_store::postgres::{self, PostgresStore};
use altyn_store::sqlite::{self, SqliteStore};
use altyn_store::{Engine, KeyRing, Schema};
use altyn_web::metrics::Metrics;
use anyhow::{Context as _, Result, bail};
use tokio::task::JoinHandle;

use super::upkeep::Outage;
use crate::config::Config;

/// How often written pages are moved from SQLite's log into its file.
const CHECKPOINT_EVERY: Duration = Duration::from_millis(200);

/// An open database.
pub struct Database {
    opened: Opened,
    /// The threads and tasks that write; they end when the last handle on the store is gone.
    writers: Vec<JoinHandle<()>>,
    checkpoints: Option<Checkpoints>,
}

/// The task that moves SQLite's log into its file, and how it is told to end.
struct Checkpoints {
    task: JoinHandle<()>,
    end: Arc<AtomicBool>,
}

#[derive(Clone)]
enum Opened {
    Sqlite(SqliteStore),
    Postgres(PostgresStore),
}

impl Database {
    /// Opens what the configuration names and starts its writers.
    pub async fn open(config: &Config, metrics: Arc<Metrics>) -> Result<Self> {
        let schema = if config.store.migrate_on_start { Schema::Migrate } else { Schema::AsItIs };
        Self::open_as(config, schema, metrics).await
    }

    /// Opens it and deals with an older schema as told.
    pub async fn open_as(config: &Config, schema: Schema, metrics: Arc<Metrics>) -> Result<Self> {
        let keys = key_ring(config)?;
        match Engine::parse(config.store.url.expose()).context("store.url")? {
            Engine::Sqlite(path) => {
                let queue = config.store.queue_max;
                let options = sqlite::Options { schema, queue, ..sqlite::Options::default() };
                open_sqlite(&path, keys, options, metrics)
            }
            Engine::Postgres(url) => {
                let queue = config.store.queue_max;
                let options = postgres::Options { schema, queue, ..postgres::Options::default() };
                let (store, writers) = PostgresStore::open(url.expose(), keys, options)
                    .await
                    .context("cannot open the database")?;
                let writers = writers
                    .into_iter()
                    .map(|writer| tokio::spawn(write_postgres(writer, Arc::clone(&metrics))))
                    .collect();
                Ok(Self { opened: Opened::Postgres(store), writers, checkpoints: None })
            }
        }
    }

    /// The store port.
    pub fn store(&self) -> Arc<dyn Store> {
        match &self.opened {
            Opened::Sqlite(store) => Arc::new(store.clone()),
            Opened::Postgres(store) => Arc::new(store.clone()),
        }
    }

    /// Users, sessions, the audit log.
    pub fn access(&self) -> Arc<dyn AccessStore> {
        match &self.opened {
            Opened::Sqlite(store) => Arc::new(store.clone()),
            Opened::Postgres(store) => Arc::new(store.clone()),
        }
    }

    /// The list of payments.
    pub fn listing(&self) -> Arc<dyn Listing> {
        match &self.opened {
            Opened::Sqlite(store) => Arc::new(store.clone()),
            Opened::Postgres(store) => Arc::new(store.clone()),
        }
    }

    /// Registers.
    pub fn exports(&self) -> Arc<dyn ExportStore> {
        match &self.opened {
            Opened::Sqlite(store) => Arc::new(store.clone()),
            Opened::Postgres(store) => Arc::new(store.clone()),
        }
    }

    /// Reads for the check.
    pub fn check_reads(&self) -> Arc<dyn CheckReads> {
        match &self.opened {
            Opened::Sqlite(store) => Arc::new(store.clone()),
            Opened::Postgres(store) => Arc::new(store.clone()),
        }
    }

    /// `sqlite` or `postgres`.
    pub fn kind(&self) -> &'static str {
        match self.opened {
            Opened::Sqlite(_) => "sqlite",
            Opened::Postgres(_) => "postgres",
        }
    }

    /// Seals every secret anew with the newest key.
    pub async fn rotate_keys(&self) -> Result<u64> {
        let resealed = match &self.opened {
            Opened::Sqlite(store) => store.rotate_keys().await,
            Opened::Postgres(store) => store.rotate_keys().await,
        };
        resealed.context("secrets could not be sealed anew")
    }

    /// Copies an embedded database to a new file while it is used.
    pub fn backup(&self, to: &Path) -> Result<()> {
        let copied = match &self.opened {
            Opened::Sqlite(store) => store.backup(to),
            Opened::Postgres(store) => store.backup(to),
        };
        copied.context("the copy was not made")
    }

    /// Waits until everything queued is written and the files are left whole.
    pub async fn close(self) {
        let Self { opened, writers, checkpoints } = self;
        drop(opened);
        for writer in writers {
            let _ = writer.await;
        }
        // Last, so that its connection is the last to close and leaves no log behind.
        if let Some(checkpoints) = checkpoints {
            checkpoints.end.store(true, Ordering::Relaxed);
            let _ = checkpoints.task.await;
        }
    }
}

fn open_sqlite(
    path: &Path,
    keys: KeyRing,
    options: sqlite::Options,
    metrics: Arc<Metrics>,
) -> Result<Database> {
    let schema = options.schema;
    if schema == Schema::Migrate && !path.exists() {
        // SQLite makes its other files like the first: none of them is for others to read.
        write_private(path, "")?;
    }
    if schema == Schema::AsItIs && !path.exists() {
        bail!("there is no database {} yet: run `altyn migrate`", path.display());
    }
    let (store, mut writer) = SqliteStore::open(path, keys, options)
        .with_context(|| format!("cannot open the database {}", path.display()))?;
    let mut checkpointer = store.checkpointer().context("cannot open the database again")?;
    let writing = tokio::task::spawn_blocking(move || {
        while let Some(report) = writer.step_blocking() {
            metrics.commit(report.commands, report.waiting);
            if report.not_flushed {
                end_at_once();
            }
        }
    });
    let end = Arc::new(AtomicBool::new(false));
    let ended = Arc::clone(&end);
    let task = tokio::spawn(async move {
        let mut outage = Outage::of("SQLite's log cannot be moved into its file");
        while !ended.load(Ordering::Relaxed) {
            tokio::time::sleep(CHECKPOINT_EVERY).await;
            let stepped = tokio::task::spawn_blocking(move || {
                let report = checkpointer.step();
                (checkpointer, report)
            });
            let Ok((same, report)) = stepped.await else { return };
            checkpointer = same;
            let is_not_flushed = matches!(report, Err(StoreError::NotFlushed(_)));
            outage.note(report);
            if is_not_flushed {
                end_at_once();
            }
        }
    });
    Ok(Database {
        opened: Opened::Sqlite(store),
        writers: vec![writing],
        checkpoints: Some(Checkpoints { task, end }),
    })
}

/// Ends the process where it stands, as a crash would: closing the database would move its log, and
/// drop it, as if the file had what was moved before. The next start writes all of it anew.
fn end_at_once() -> ! {
    tracing::error!(
        "the disk did not keep what was written: this process ends at once, and what was answered \
         is in the log; look at the disk, then start again"
    );
    std::process::exit(1)
}

async fn write_postgres(mut writer: postgres::PostgresWriter, metrics: Arc<Metrics>) {
    loop {
        let report = writer.step().await;
        if report.closed {
            return;
        }
        metrics.commit(report.changesets, report.waiting);
    }
}

/// The key ring: from the configuration, else from its file, which is made when it is not there.
pub fn key_ring(config: &Config) -> Result<KeyRing> {
    if let Some(inline) = &config.keys.inline {
        return KeyRing::parse(inline.expose()).context("keys.inline");
    }
    let path = &config.keys.file;
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let line = KeyRing::generate_line(1).context("cannot make a key")?;
            let text = format!("{}\n", line.as_str());
            write_private(path, &text)?;
            tracing::warn!(path = %path.display(), "a key ring was made; keep a copy of it");
            text
        }
        Err(error) => {
            return Err(error)
                .with_context(|| format!("cannot read the key ring {}", path.display()));
        }
    };
    KeyRing::parse(&text).with_context(|| format!("the key ring {}", path.display()))
}

/// Writes a file that only its owner may read, and never over another.
pub fn write_private(path: &Path, text: &str) -> Result<()> {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;

    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true).mode(0o600);
    let mut file =
        options.open(path).with_context(|| format!("cannot make the file {}", path.display()))?;
    file.write_all(text.as_bytes())
        .and_then(|()| file.sync_all())
        .with_context(|| format!("cannot write the file {}", path.display()))
}
