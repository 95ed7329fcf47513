//! `altyn clock`: show or move the clock of a test project, so that what takes half an hour or a week
//! can be tried now.

use altyn_app::access::audit::Action as Audited;
use altyn_app::clock::advance_clock;
use altyn_app::context::Context;
use altyn_app::ports::AccessStore;
use altyn_domain::id::ProjectId;
use altyn_domain::time::{DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS, Timestamp};
use anyhow::{Context as _, Result, anyhow, bail};
use clap::Args;

use super::{database, log, say};
use crate::config::Config;
use crate::node;
use crate::sandbox;

/// What to do.
#[derive(Args)]
pub struct Arguments {
    /// The test project.
    #[arg(long)]
    project: u32,
    /// How far forward: 90s, 31m, 2h, 7d, or 7d12h. Without it the clock is shown.
    #[arg(long, value_parser = span_ms)]
    forward: Option<i64>,
    /// Move the emulated providers at this address as well: the bank's half hour and the hold's
    /// week are theirs.
    #[arg(long, requires = "forward")]
    sandbox: Option<String>,
}

/// Does it.
pub async fn run(config: &Config, arguments: Arguments) -> Result<()> {
    let id = ProjectId::new(arguments.project)
        .ok_or_else(|| anyhow!("a project's number is at least 1"))?;
    let database = database::open(config).await?;
    let context = node::for_command(config, &database).await?;
    let now = match arguments.forward {
        Some(by_ms) => forward(&context, database.access().as_ref(), id, by_ms).await,
        None => context
            .projects
            .get(id)
            .map(|entry| entry.project.now(context.clock.now()))
            .with_context(|| format!("there is no project {id}")),
    };
    drop(context);
    database.close().await;
    let now = now.with_context(|| format!("the clock of project {id}"))?;
    if let (Some(url), Some(by_ms)) = (&arguments.sandbox, arguments.forward) {
        sandbox::forward_clock(url, by_ms).await?;
    }
    say(format!("{} in project {id}", written(now)));
    Ok(())
}

async fn forward(
    context: &Context,
    access: &dyn AccessStore,
    id: ProjectId,
    by_ms: i64,
) -> Result<Timestamp> {
    let now = advance_clock(context, id, by_ms).await?;
    let entry = log::entry(Audited::MoveClock, &format!("{} s forward", by_ms / SECOND_MS));
    access.audit(entry.in_project(id)).await.context("the audit log was not written")?;
    Ok(now)
}

fn written(at: Timestamp) -> String {
    let moment = jiff::Timestamp::from_millisecond(at.as_millis()).unwrap_or_default();
    moment.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// `7d12h` in milliseconds.
fn span_ms(text: &str) -> Result<i64> {
    let mut total = 0_i64;
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit()).filter(|end| *end > 0);
        let (number, after) = end.and_then(|end| rest.split_at_checked(end)).unzip();
        let mut letters = after.unwrap_or_default().chars();
        let unit = match letters.next() {
            Some('s') => SECOND_MS,
            Some('m') => MINUTE_MS,
            Some('h') => HOUR_MS,
            Some('d') => DAY_MS,
            Some(_) | None => bail!("{text:?}: write 90s, 31m, 2h, 7d or 7d12h"),
        };
        let number: i64 = number.unwrap_or_default().parse().context("too long")?;
        let span = number.checked_mul(unit).and_then(|span| total.checked_add(span));
        total = span.context("too long")?;
        rest = letters.as_str();
    }
    if total == 0 {
        bail!("{text:?} moves nothing");
    }
    Ok(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_read_as_people_write_them() {
        for (text, read) in [
            ("90s", Some(90 * SECOND_MS)),
            ("31m", Some(31 * MINUTE_MS)),
            ("7d12h", Some(7 * DAY_MS + 12 * HOUR_MS)),
            ("", None),
            ("0s", None),
            ("5", None),
            ("m", None),
            ("-5m", None),
            ("5 m", None),
            ("9223372036854775807d", None),
        ] {
            assert_eq!(span_ms(text).ok(), read, "{text:?}");
        }
    }
}
