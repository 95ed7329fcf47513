//! The rules of the platform, without effects.
//!
//! Nothing here does I/O, reads a clock, draws a random number or knows a database, HTTP or JSON:
//! time and ids are parameters, decisions are returned as data. Start with [`payment::table`]
//! (which state follows which event), then [`payment::decide`] (what a request or an outcome
//! changes) and [`ledger`] (what it does to the books).

pub mod callback;
pub mod card;
pub mod id;
pub mod ledger;
pub mod mask;
pub mod method;
pub mod money;
pub mod payment;
pub mod project;
pub mod reason;
pub mod status;
pub mod time;
