//! Dev only: clocks, builders, and the contract suites that every adapter must pass.
//!
//! - [`clock`]: a clock that stands still until it is moved;
//! - [`build`]: projects, payments and changesets as the domain makes them;
//! - [`harness`]: the real binary as a process, and everything around it;
//! - [`random`]: numbers that follow from a seed;
//! - [`store_contract`]: what a store guarantees, one test per property, for each engine.
#![expect(clippy::expect_used, clippy::panic, reason = "test support: a failure is a failed test")]

pub mod build;
pub mod clock;
pub mod harness;
pub mod random;
pub mod store_contract;
