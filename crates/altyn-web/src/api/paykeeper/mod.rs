//! The PayKeeper face: how a merchant who speaks it is told that he was paid.
//!
//! Source: paykeeper.md §7. Guaranteed: the key is made of the very texts that are sent; only the
//! answer that proves the secret counts, because a page that says `OK` by itself says it to
//! everybody.

pub mod notification;
mod sign;
