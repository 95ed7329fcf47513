//! Dev only: the whole core under a virtual clock, with one seed deciding everything that can go
//! wrong.
//!
//! Two nodes run the real use cases and jobs over the real SQLite store. The seed decides who goes
//! on next, which messages are lost, late or doubled, what the bank does and says, when the shop
//! answers, what operators do, when a node or everything dies, and how clocks jump. When nothing is
//! left to do, the platform's books are compared with those of the bank and of the shop
//! ([`oracle`]).
//!
//! Guaranteed: the same seed under the same code gives the same history, line by line. Not tried
//! here: the wire (connectors are tried against emulators), the disk (real
//! processes are killed for that), PostgreSQL (the store's contract holds for both).
//!
//! Read next: [`run`] for the order of things, [`desk`] for who asks, [`bank`] and [`network`] for
//! what goes wrong.

pub mod bank;
pub mod books;
pub mod cluster;
pub mod desk;
pub mod network;
pub mod node;
pub mod oracle;
pub mod people;
pub mod run;
pub mod shop;
pub mod site;
pub mod soak;
pub mod store;
pub mod weather;
pub mod world;
