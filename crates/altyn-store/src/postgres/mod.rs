//! The PostgreSQL engine: any number of nodes on one database, group commit on each.
//!
//! - [`PostgresStore`] is the handle: it queues changesets and reads on a few connections;
//! - [`PostgresWriter`] writes everything that waits in one transaction for each step; two of them
//!   share the queue, so that one gathers while the other waits for the disk.
//!
//! Nothing here loops: `step` is called by somebody else. Reads and writes go by key, each plan is
//! made once ([`connection`]). A server that goes away fails what is under way and is found again
//! by what comes later. There is no TLS.

mod acceptance;
mod access;
mod audit;
mod batch;
mod check;
mod connection;
mod exports;
mod gather;
mod jobs;
mod listing;
mod nodes;
mod open;
mod pipeline;
mod projects;
mod reads;
mod sessions;
mod statements;
mod store;
mod users;
mod verdict;
mod writer;

use std::path::Path;
use std::sync::Arc;

use altyn_app::ports::StoreError;
use tokio::sync::{Mutex, mpsc};

use crate::migrate::Schema;
use crate::seal::KeyRing;
use connection::{Line, Pool, Server};
use listing::feed::Feeder;
use writer::Waiting;

pub use writer::{PostgresWriter, StepReport};

/// How to open a database.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// What to do with an older database.
    pub schema: Schema,
    /// Changesets that may wait for the writers; past it new work is refused at once, and what was
    /// promised has a quarter more.
    pub queue: usize,
    /// Connections for reads and claims.
    pub readers: usize,
    /// Connections that write, each with a [`PostgresWriter`].
    pub writers: usize,
}

impl Default for Options {
    /// Refuses an older database. 4,096 waiting changesets are about a quarter of a second of work
    /// at full load; more would only be waiting longer.
    fn default() -> Self {
        Self { schema: Schema::AsItIs, queue: 4_096, readers: 4, writers: 2 }
    }
}

/// A handle on a PostgreSQL database; cheap to clone.
#[derive(Clone)]
pub struct PostgresStore {
    queue: mpsc::Sender<Waiting>,
    queue_max: usize,
    pool: Arc<Pool>,
    /// For transactions of several statements that read: nobody else's may come between.
    reader: Arc<Mutex<Line>>,
    feeder: Arc<Mutex<Feeder>>,
    keys: Arc<KeyRing>,
}

impl PostgresStore {
    /// Opens the database at `postgres://user:password@host:port/name`: PostgreSQL 15 or later,
    /// in UTF-8. The writers must be stepped for anything to be written.
    pub async fn open(
        url: &str,
        keys: KeyRing,
        options: Options,
    ) -> Result<(Self, Vec<PostgresWriter>), StoreError> {
        let server = Arc::new(Server::parse(url)?);
        open::prepare(&server, options.schema).await?;
        let queue_max = options.queue.max(1);
        let (sender, receiver) = mpsc::channel(queue_max + queue_max.div_ceil(4));
        let receiver = Arc::new(Mutex::new(receiver));
        let writers = (0..options.writers.max(1))
            .map(|_| PostgresWriter::new(&server, Arc::clone(&receiver)))
            .collect();
        let store = Self {
            queue: sender,
            queue_max,
            pool: Arc::new(Pool::new(&server, options.readers)),
            reader: Arc::new(Mutex::new(Line::new(&server))),
            feeder: Arc::new(Mutex::new(Feeder::new(&server))),
            keys: Arc::new(keys),
        };
        Ok((store, writers))
    }

    /// Always refused: a PostgreSQL database is backed up by its own tools.
    pub fn backup(&self, _to: &Path) -> Result<(), StoreError> {
        let text = "a PostgreSQL database is not backed up by altyn: use pg_dump, or pg_basebackup \
                    with archived logs to lose nothing";
        Err(StoreError::Database(text.to_owned()))
    }

    /// How many changesets wait for the writers.
    pub fn waiting(&self) -> usize {
        self.queue.max_capacity() - self.queue.capacity()
    }
}
