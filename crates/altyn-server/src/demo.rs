//! `altyn demo`: the main job on one machine. A platform with an embedded database, the emulated
//! providers, and a small shop that takes payments through it, all in this process.
//!
//! By hand it stops at the payer's press and then shows every callback that comes. With `--auto`
//! it presses by itself, goes through sales, a decline and refunds, compares what the shop was
//! told with what was expected and the books with the emulators' own count, and exits 1 when
//! anything differs. Everything goes over real HTTP on loopback.
//!
//! Read next: [`stage`] for what is started, [`by_hand`] and [`auto`] for what happens on it.

mod audit;
mod auto;
mod bodies;
mod browser;
mod by_hand;
mod forms;
pub(crate) mod http;
mod many;
mod place;
mod report;
mod shop;
mod show;
mod stage;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::Args;

use crate::commands::{say, stop_signal};
use place::Place;
use stage::Stage;

/// How to show it.
#[derive(Args)]
pub struct Arguments {
    /// Press for the payer, go through the whole scenario, compare, and exit.
    #[arg(long)]
    auto: bool,
    /// Continue with the data of the last run; without it the run starts clean.
    #[arg(long)]
    keep: bool,
    /// Make so many payments of the year past, and end; more of them in the place of others after
    /// `--keep`.
    #[arg(long, conflicts_with = "auto")]
    payments: Option<u64>,
    /// Make them in this database instead of the demo's own.
    #[arg(long, requires = "payments")]
    database: Option<String>,
    /// Where the database, the keys and the configuration of the demo are.
    #[arg(long, default_value = ".local/demo")]
    dir: PathBuf,
    /// Port of the platform; a free one unless given.
    #[arg(long)]
    port: Option<u16>,
    /// Port of the emulated providers; a free one unless given.
    #[arg(long)]
    sandbox_port: Option<u16>,
    /// Port of the shop; a free one unless given.
    #[arg(long)]
    shop_port: Option<u16>,
}

/// The ports that were asked for.
#[derive(Clone, Copy, Default)]
pub(crate) struct Ports {
    /// The platform's.
    platform: Option<u16>,
    /// The emulators'.
    sandbox: Option<u16>,
    /// The shop's.
    shop: Option<u16>,
}

/// Sets the stage, plays, and clears it away whatever happened.
pub async fn run(arguments: Arguments) -> Result<ExitCode> {
    let ports = Ports {
        platform: arguments.port,
        sandbox: arguments.sandbox_port,
        shop: arguments.shop_port,
    };
    let place = Place::open(&arguments.dir, arguments.keep)?;
    if let Some(count) = arguments.payments {
        stage::fill(&place, arguments.database.as_deref(), count).await?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut stage = Stage::set(&place, ports).await?;
    show::introduce(&stage, &place);
    let stopped = stop_signal()?;
    let played = tokio::select! {
        played = play(&mut stage, &place, arguments.auto) => played,
        () = stopped => Ok(interrupted(arguments.auto)),
    };
    stage.clear().await;
    played
}

async fn play(stage: &mut Stage, place: &Place, auto: bool) -> Result<ExitCode> {
    if auto { auto::run(stage).await } else { by_hand::run(stage, place).await }
}

/// By hand that is how it ends; on its own it had not finished.
fn interrupted(auto: bool) -> ExitCode {
    say("");
    say("останавливаемся (stopping)");
    if auto { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}
