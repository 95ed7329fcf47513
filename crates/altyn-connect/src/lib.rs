//! Providers over the network, and the sender of callbacks.
//!
//! Guaranteed: nothing here retries by itself, follows a redirect, logs a secret or keeps state
//! between calls. `Approved` and `Declined` come only out of an explicit word of the provider; a
//! request that may have left is never reported as not sent. Attempted: keeping connections open,
//! so that thousands of calls a second are cheap.
//!
//! Start with [`http`] (what an error proves), then [`rbs`] and [`ipay`] (one folder per protocol:
//! `wire` is what is on the line, `map` is what it means), then [`guard`] and [`callback`].
//! Source of the protocols: providers.md §1 and §2.

pub mod callback;
pub mod guard;
pub mod http;
pub mod ipay;
pub mod rbs;
mod sign;

#[cfg(test)]
mod stub;

pub use callback::HttpCallbackSender;
pub use guard::{AddressPolicy, AllowError, Refusal, Resolve, SystemResolver};
pub use http::{HttpClient, HttpError, SetupError};
pub use ipay::{Ipay, IpayConfig};
pub use rbs::{Rbs, RbsAuth, RbsConfig};
