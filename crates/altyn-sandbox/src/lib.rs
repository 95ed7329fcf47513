//! Emulators of the two providers, speaking their protocols over real HTTP: the RBS/BPC acquiring
//! gateway with the Alfa-Click bank and the cards' issuers behind it, and iPay Africa.
//!
//! Guarantees: nothing is shared with the connectors, so one misreading of a protocol cannot
//! satisfy both sides; a payer is charged at most once per order; each press, hold, capture,
//! time-out and refund is told by exactly one notification unless a fault asks otherwise; of a card
//! only the mask is kept. Attempts only: delivery of notifications (six tries) and the state file
//! (written about once a second, not per request).
//!
//! Read next: [`Sandbox`] for the lifetime, `rbs/` and `ipay/` for a provider each, `control.rs`
//! for what tests and the demo may ask, `faults.rs` for what can be made to go wrong.

mod bank;
mod config;
mod control;
mod faults;
mod ids;
mod index;
mod ipay;
mod money;
mod outbox;
mod pages;
mod persist;
mod rbs;
mod runtime;
mod sign;
mod state;
mod web;

pub use config::{Config, IpayVendor, RbsMerchant, SandboxError};
pub use runtime::Sandbox;
