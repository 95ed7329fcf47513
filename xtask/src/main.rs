//! The repository's own commands: `cargo run -p xtask -- help`.
#![expect(clippy::print_stdout, reason = "a program for people prints to them")]

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};
use xtask::finding::listing;
use xtask::{bench, dependencies, docs, gate, inside, mutants, sim, tidy, tree};

/// The product's: what is measured in this process must not differ by it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[derive(Parser)]
#[command(about = "What the repository checks, measures and generates about itself")]
struct Arguments {
    #[command(subcommand)]
    command: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Check the rules about files, dependencies and licences.
    Tidy {
        /// First lower the known long files and functions to what is true now.
        #[arg(long)]
        tighten: bool,
    },
    /// Write the generated documents again.
    Docs,
    /// Measure what the platform accepts and sustains, beside the floors of this machine.
    Bench(bench::Options),
    /// Run the whole core under a virtual clock, seed by seed, with everything going wrong.
    Sim(sim::Options),
    /// Put deliberate bugs into a copy of the code, one by one: a test must notice each.
    Mutants(mutants::Options),
    /// Measure «create a payment» beside other open programs.
    BenchRivals(bench::rivals::Options),
    /// Count the instructions of a sale and compare them with the baseline.
    Gate(gate::Options),
    /// What `gate` counts.
    #[command(hide = true)]
    GateHarness(gate::harness::Options),
    /// The server that `bench` compares with.
    #[command(hide = true)]
    BenchHello(bench::hello::Options),
    /// The platform without a database.
    #[command(hide = true)]
    BenchVerified(inside::verified::Options),
    /// The store without HTTP.
    #[command(hide = true)]
    BenchStore(inside::store_loop::Options),
    /// The sender of callbacks without the store.
    #[command(hide = true)]
    BenchSender(inside::told::Options),
}

fn main() -> Result<ExitCode> {
    let root = tree::root();
    match Arguments::parse().command {
        Task::Tidy { tighten } => {
            if tighten {
                let changed = tidy::ratchet::tighten(&root)?;
                println!("{changed} entries lowered or removed");
            }
            let mut findings = tidy::check(&root)?;
            findings.extend(dependencies::check(&root)?);
            findings.extend(docs::check(&root));
            findings.extend(mutants::list::check(&root)?);
            print!("{}", listing(&findings));
            if findings.is_empty() {
                println!("tidy: nothing found");
                return Ok(ExitCode::SUCCESS);
            }
            println!("tidy: {} found", findings.len());
            Ok(ExitCode::FAILURE)
        }
        Task::Docs => {
            docs::write(&root)?;
            Ok(ExitCode::SUCCESS)
        }
        Task::Sim(options) => sim::run(&options),
        Task::Mutants(options) => mutants::run(&root, &options),
        Task::Bench(options) => bench::run(&root, &options),
        Task::BenchRivals(options) => bench::rivals::run(&root, &options),
        Task::Gate(options) => gate::run(&root, &options),
        Task::GateHarness(options) => done(gate::harness::run(&options)),
        Task::BenchHello(options) => done(bench::hello::run(&options)),
        Task::BenchVerified(options) => done(inside::verified::run(&options)),
        Task::BenchStore(options) => done(inside::store_loop::run(&options)),
        Task::BenchSender(options) => done(inside::told::run(&options)),
    }
}

fn done(outcome: Result<()>) -> Result<ExitCode> {
    outcome.map(|()| ExitCode::SUCCESS)
}
