//! `altyn explain`: what the code under a refused link to the Payment Page says.

use altyn_web::lang::Lang;
use anyhow::{Context as _, Result};
use clap::Args;

use super::say;
use crate::config::Config;
use crate::node;

/// What to do.
#[derive(Args)]
pub struct Arguments {
    /// The code as it was copied; spaces, capitals and missing dashes do not matter.
    #[arg(required = true)]
    code: Vec<String>,
    /// In English; Russian is the default.
    #[arg(long)]
    english: bool,
}

/// Does it.
pub fn run(config: &Config, arguments: &Arguments) -> Result<()> {
    let codes = node::refusal_codes(config)?;
    let explained = codes.open(&arguments.code.concat()).context("the code does not open")?;
    let lang = if arguments.english { Lang::English } else { Lang::Russian };
    say(explained.sentences(lang));
    Ok(())
}
