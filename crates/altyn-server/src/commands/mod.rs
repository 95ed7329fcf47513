//! The subcommands. Human output on a terminal, `--json` for machines where there is data; errors
//! say what, where and what to try.
//!
//! Exit codes: 0 done; 1 failed; 2 the command line was wrong; 3 `altyn check` found a breach.

mod callbacks;
mod check;
mod clock;
mod database;
mod explain;
mod keys;
pub(crate) mod log;
mod operation;
mod project;
mod serve;
mod signing;
mod user;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

use crate::config::{ANNOTATED_DEFAULT, Config};
use crate::{demo, logs, sandbox};

pub use serve::stop_signal;

/// Altyn: a self-hosted payment platform in one binary.
#[derive(Parser)]
#[command(name = "altyn", version, about)]
struct Cli {
    /// The configuration file. Without it: ./altyn.toml if it is there, else the defaults.
    #[arg(long, short, global = true, env = "ALTYN_CONFIG")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve requests and work jobs until told to stop.
    Serve,
    /// Show the main job: a server, emulated providers and a small shop, on this machine.
    Demo(demo::Arguments),
    /// Serve the emulated providers alone.
    Sandbox(sandbox::Arguments),
    /// Bring the database's schema up to date.
    Migrate,
    /// Projects: add, change, list.
    Project(project::Arguments),
    /// Users of the cabinet: add, grant, revoke, reset, disable, list.
    User(user::Arguments),
    /// Callbacks: list, show, resend.
    Callbacks(callbacks::Arguments),
    /// Operations: settle by hand what no provider will tell.
    Operation(operation::Arguments),
    /// The clock of a test project: show it, move it forward.
    Clock(clock::Arguments),
    /// Explain the code under a refused link to the Payment Page.
    Explain(explain::Arguments),
    /// The key ring that seals secrets: add a key, seal everything anew.
    Keys(keys::Arguments),
    /// Prove the invariants over the database.
    Check(check::Arguments),
    /// Copy the embedded database to a file while it is used.
    Backup(database::BackupArguments),
    /// Sign a JSON body as a merchant would.
    Sign(signing::SignArguments),
    /// Verify a signed JSON body and show what was signed.
    Verify(signing::VerifyArguments),
    /// Print the annotated default configuration.
    Config,
}

/// Reads the command line and does what it says.
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    match begin(cli) {
        Ok(code) => code,
        Err(error) => {
            complain(&error);
            ExitCode::FAILURE
        }
    }
}

#[expect(clippy::print_stderr, reason = "the command line speaks to people")]
fn complain(error: &anyhow::Error) {
    eprintln!("altyn: {error:#}");
}

fn begin(cli: Cli) -> Result<ExitCode> {
    if matches!(cli.command, Command::Config) {
        say(ANNOTATED_DEFAULT.trim_end());
        return Ok(ExitCode::SUCCESS);
    }
    let path = cli.config.or_else(|| {
        let here = PathBuf::from("altyn.toml");
        here.exists().then_some(here)
    });
    let config = Config::load(path.as_deref())?;
    if !matches!(cli.command, Command::Demo(_)) {
        logs::begin(&config.log)?;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(dispatch(cli.command, config))
}

async fn dispatch(command: Command, config: Config) -> Result<ExitCode> {
    match command {
        Command::Serve => serve::run(&config).await?,
        Command::Demo(arguments) => return demo::run(arguments).await,
        Command::Sandbox(arguments) => sandbox::run(arguments).await?,
        Command::Migrate => database::migrate(&config).await?,
        Command::Project(arguments) => project::run(&config, arguments).await?,
        Command::User(arguments) => user::run(&config, arguments).await?,
        Command::Callbacks(arguments) => callbacks::run(&config, arguments).await?,
        Command::Operation(arguments) => operation::run(&config, arguments).await?,
        Command::Clock(arguments) => clock::run(&config, arguments).await?,
        Command::Explain(arguments) => explain::run(&config, &arguments)?,
        Command::Keys(arguments) => keys::run(&config, arguments).await?,
        Command::Check(arguments) => return check::run(&config, arguments).await,
        Command::Backup(arguments) => database::backup(&config, &arguments).await?,
        Command::Sign(arguments) => signing::sign(&arguments)?,
        Command::Verify(arguments) => return signing::verify(&arguments),
        Command::Config => {}
    }
    Ok(ExitCode::SUCCESS)
}

/// One line for people or machines, on standard output. When its reader has gone (`… | head`), the
/// line is lost and nothing else happens.
pub fn say(line: impl std::fmt::Display) {
    use std::io::Write as _;

    let _ = writeln!(std::io::stdout(), "{line}");
}
