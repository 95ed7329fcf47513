//! What the repository checks and generates about itself.
//!
//! Every rule is a function from what was read (files, manifests, metadata) to the findings, so
//! that a unit test can feed it a bad sample; `tests/it.rs` applies all of them to this very
//! repository, and the command `tidy` prints the same findings. A rule is added as such a function
//! with such a test, and named in [`tidy::check`] or [`dependencies::check`].

pub mod bench;
pub mod dependencies;
pub mod docs;
pub mod finding;
pub mod gate;
pub mod inside;
pub mod mutants;
pub mod rust_source;
pub mod sim;
pub mod tidy;
pub mod tree;
