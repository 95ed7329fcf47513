//! The one binary: `altyn serve`, and everything an operator does beside it.
//!
//! [`config`] is read once; [`node`] opens the store, wires the ports and runs the loops;
//! [`commands`] are the subcommands. Only this crate knows every other one.

mod clock;
mod commands;
mod config;
mod demo;
mod http;
mod logs;
mod node;
mod people;
mod registers;
mod sandbox;
mod workers;

use std::process::ExitCode;

/// Many small allocations across threads: the system's allocator costs a tenth of the throughput.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    commands::run()
}
