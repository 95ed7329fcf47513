//! The list of payments, as far as both engines share it.
//!
//! - [`feed`]: what a commit leaves behind for the list, and what a payment looks like in it;
//! - [`filter`]: a filter in the words of the rows, and the streams of rows it can be read from;
//! - [`merge`]: many sorted streams read as one, a bounded number of rows of each at a time;
//! - [`find`]: how a page or a total is found, whatever the filter;
//! - [`deliveries`]: the same for callbacks.
//!
//! An engine runs the statements ([`find::Source`], [`deliveries::Source`]); nothing here knows SQL.

pub(crate) mod deliveries;
pub(crate) mod feed;
pub(crate) mod filter;
pub(crate) mod find;
pub(crate) mod merge;
