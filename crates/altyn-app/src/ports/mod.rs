//! What the use cases need from outside: a clock, a store, providers, a sender of callbacks and a
//! dialect that words them. Adapters implement these traits; tests hand in their own.

pub mod access;
pub mod clock;
pub mod delivery;
pub mod export;
pub mod listing;
pub mod page;
pub mod provider;
pub mod store;

pub use access::{AccessStore, PasswordError, Passwords, Randomness};
pub use clock::Clock;
pub use delivery::{CallbackSender, Dialect, SendReport};
pub use export::ExportStore;
pub use listing::Listing;
pub use page::PageLinks;
pub use provider::{Provider, ProviderAccount, ProviderCall, ProviderOutcome};
pub use store::{CommitError, Conflict, Store, StoreError};
