//! What the platform does: use cases, the ports they need, and the jobs that must happen.
//!
//! There is no runtime here: nothing spawns, sleeps or reads a clock by itself. Whoever runs it
//! hands in the ports ([`ports`]) and drives the steps; the loops live in the server. Every write
//! is one [`changeset::Changeset`], committed whole or not at all, and no network call can happen
//! inside a transaction because there is none to hold.

pub mod access;
pub mod cabinet;
pub mod callback;
pub mod card;
pub mod changeset;
pub mod check;
pub mod clock;
pub mod context;
pub mod export;
pub mod ids;
pub mod inbound;
pub mod jobs;
pub mod listing;
pub mod payment;
pub mod ports;
pub mod projects;
pub mod secret;
