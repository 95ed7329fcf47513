//! Providers over the network, and the senders of callbacks and letters.
//!
//! Guaranteed: nothing here retries by itself, follows a redirect, logs a secret or keeps state
//! between calls. `Approved` and `Declined` come only out of an explicit word of the provider; a
//! request that may have left is never reported as not sent. Attempted: keeping connections open,
//! so that thousands of calls a second are cheap.
//!
//! Start with [`http`] (what an error proves), then [`rbs`] and [`ipay`] (one folder per protocol:
//! `wire` is what is on the line, `map` is what it means), then [`guard`] and [`callback`], and
//! [`smtp`] beside it.
//! Source of the protocols: providers.md §1 and §2.

pub mod callback;
pub mod channels;
pub mod guard;
pub mod http;
pub mod ipay;
pub mod rbs;
mod sign;
pub mod smtp;

#[cfg(test)]
mod stub;

pub use callback::HttpCallbackSender;
pub use channels::Channels;
pub use guard::{AddressPolicy, AllowError, Refusal, Resolve, SystemResolver};
pub use http::{HttpClient, HttpError, SetupError};
pub use ipay::{Ipay, IpayConfig};
pub use rbs::{Rbs, RbsAuth, RbsConfig};
pub use smtp::{Mailer, SmtpConfig, SmtpSetupError, SmtpTls};
