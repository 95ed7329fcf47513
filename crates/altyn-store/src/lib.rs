//! SQLite and PostgreSQL behind one write path.
//!
//! Both engines implement [`altyn_app::ports::Store`] over the same rows ([`rows`]), conversions and
//! migrations. A store is a handle that is cheap to clone; what writes is a separate value with a
//! `step`, which somebody else loops over. Many changesets go into one transaction, each is refused
//! or applied by itself, and nobody is answered before the transaction is durable.
//!
//! - [`sqlite`]: one writer, one file, readers beside it;
//! - [`postgres`]: any number of nodes on one database;
//! - [`seal`]: project secrets at rest.

pub(crate) mod convert;
mod engine;
mod listing;
pub(crate) mod migrate;
pub mod postgres;
pub mod rows;
pub mod seal;
pub mod sqlite;

pub use engine::{Engine, EngineError};
pub use migrate::Schema;
pub use seal::{KeyRing, SealError};
