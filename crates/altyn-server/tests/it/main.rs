//! The binary as a black box: real processes, real sockets, both databases, emulated providers.
//!
//! [`support`] makes a world for each test: a node, the providers, a shop, merchants. A scenario is
//! written once and run on both databases by [`on_both_databases`].
#![cfg(test)]

#[macro_use]
mod support;

mod bad_input;
mod cabinet;
mod cli;
mod clients;
mod clock_steps;
mod crash;
mod disk;
mod drills;
mod faults;
mod gate;
mod hostile_endpoints;
mod hostile_inputs;
mod nodes;
mod overload;
mod page;
mod told;
