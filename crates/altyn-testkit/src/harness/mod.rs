//! The black box: the real binary as a process, and everything around it on loopback sockets.
//!
//! - [`Database`]: where a node keeps its things, removed afterwards;
//! - [`Setup`]: a folder with a configuration; runs subcommands, adds projects;
//! - [`Node`]: a running `altyn serve`: killed, restarted, stopped, frozen, several on one database;
//! - [`Shop`]: receives callbacks, verifies each, answers as it is told to;
//! - [`Merchant`]: signs bodies with a signer of its own and posts them; [`bodies`] and
//!   [`cards`] build them;
//! - [`http`]: a blocking client that can also send broken requests;
//! - [`eventually`]: waits for a condition that only another process can bring about.
//!
//! Guaranteed: no process, thread or file outlives its owner; a wait ends at [`PATIENCE`] with a
//! panic that says what was awaited and what was there instead. The binary's path is handed in, so
//! this crate does not know the server's. Everything blocks: tests are plain functions.
//!
//! ```text
//! let setup = Setup::new(env!("CARGO_BIN_EXE_altyn"), Database::sqlite(), &sandbox_url);
//! setup.add_project(&ProjectSpec::test(1, "secret", &shop.url("/callbacks")));
//! let node = Node::start(&setup);
//! let merchant = Merchant::new(1, "secret");
//! let answer = merchant.post(&node, ALFA_SALE, &bodies::alfa_sale("order-1", 10_000));
//! let redirect = shop.wait_for("the redirect", |told| told.status() == "awaiting redirect result");
//! node.stop();
//! setup.check();
//! ```

pub mod bodies;
pub mod cards;
mod database;
pub mod http;
mod merchant;
mod node;
mod setup;
mod shop;
mod sign;
mod wait;

pub use database::Database;
pub use merchant::Merchant;
pub use node::Node;
pub use setup::{Output, ProjectSpec, Setup, accounts};
pub use shop::{Callback, Reply, Shop};
pub use sign::{sign, signed_text};
pub use wait::{PATIENCE, Patience, eventually, eventually_within, monotonic};
