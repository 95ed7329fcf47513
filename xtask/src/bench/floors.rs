//! What nothing on this machine can be faster than: the disk, a server that says hello, and
//! PostgreSQL's own benchmark. The numbers are those of the performance notes: F1, F2, F5.

use std::fs::File;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};

use super::figures::{Figures, Of};
use super::load::{self, Arrivals, Load, Same};
use super::processes::{Running, free_address};
use super::sale::WARM_UP;
use super::{Bench, database, now, report};

/// One page, as a database appends it.
const PAGE: [u8; 4_096] = [0x5a; 4_096];
/// How long the disk is measured.
const DISK: Duration = Duration::from_secs(1);
/// `pgbench`'s clients.
pub const CLIENTS: [usize; 2] = [16, 64];
/// `pgbench`'s scale.
pub const SCALE: usize = 20;
/// Its database; one that was left behind is replaced.
const FLOOR: &str = "altyn_bench_floor";
/// How long `pgbench` may take beyond what it was told.
const PATIENCE: Duration = Duration::from_secs(120);

/// Fills the tables of `pgbench`.
pub async fn prepare(bench: &Bench) -> Result<()> {
    let Some(server) = &bench.postgres else { return Ok(()) };
    report::note(&format!("pgbench: filling scale {SCALE}"));
    database::make_on(server, FLOOR).await?;
    let scale = SCALE.to_string();
    pgbench(bench, server, &["-i", "-q", "-s", &scale]).await.map(drop)
}

/// Removes them.
pub async fn clear(bench: &Bench) -> Result<()> {
    match &bench.postgres {
        Some(server) => database::drop_on(server, FLOOR).await,
        None => Ok(()),
    }
}

/// One round.
pub async fn measure(bench: &Bench, figures: &mut Figures) -> Result<()> {
    report::note("  floors");
    figures.add(Of::Floor, "fsync_per_s", disk(bench)?);
    hello(bench, figures).await?;
    if let Some(server) = &bench.postgres {
        let mut best: f64 = 0.0;
        for clients in CLIENTS {
            let (clients, seconds) = (clients.to_string(), bench.length.as_secs().to_string());
            let said =
                pgbench(bench, server, &["-n", "-c", &clients, "-j", "2", "-T", &seconds]).await?;
            let tps = tps(&said).with_context(|| format!("pgbench said no tps: {said}"))?;
            figures.add(Of::Floor, format!("pgbench_tps_{clients}"), tps);
            best = best.max(tps);
        }
        figures.add(Of::Floor, "pgbench_tps", best);
    }
    Ok(())
}

/// F1: pages appended and made durable, one after another.
fn disk(bench: &Bench) -> Result<f64> {
    let path = bench.dir.path().join("disk");
    let mut file = File::create(&path).context("no file for the disk's floor")?;
    let began = now();
    let mut pages = 0_u32;
    while began.elapsed() < DISK {
        file.write_all(&PAGE).and_then(|()| file.sync_data()).context("the disk's floor")?;
        pages += 1;
    }
    let seconds = began.elapsed().as_secs_f64();
    std::fs::remove_file(path).context("the disk's floor")?;
    Ok(f64::from(pages) / seconds)
}

/// F2: the same server library, the same generator, no work.
async fn hello(bench: &Bench, figures: &mut Figures) -> Result<()> {
    let address = free_address()?;
    let this = std::env::current_exe().context("this program's own path is not known")?;
    let mut command = Command::new(this);
    command.args(["bench-hello", "--listen", &address.to_string()]);
    let mut running = Running::start(&mut command, &bench.dir.path().join("hello.log"))?;
    running.ready(address, "/").await?;
    let request = format!("GET / HTTP/1.1\r\nhost: {address}\r\n\r\n").into_bytes();
    for connections in &bench.connections {
        let load = Load {
            address,
            connections: *connections,
            arrivals: Arrivals::AtOnce,
            warm_up: WARM_UP,
            length: bench.length,
        };
        let outcome = load::run(load, Arc::new(Same(request.clone()))).await?;
        figures.errors_of("hello", &outcome);
        figures.add(Of::Floor, format!("hello_per_s_{connections}"), outcome.per_second);
        figures.add(Of::Floor, format!("hello_p99_ms_{connections}"), outcome.p99_ms);
    }
    Ok(())
}

/// F5: runs `pgbench` on its own database of the server.
async fn pgbench(bench: &Bench, server: &str, arguments: &[&str]) -> Result<String> {
    let url = database::with_name(server, FLOOR)?;
    let mut command = Command::new(program());
    command.args(arguments).arg(url);
    let running = Running::start(&mut command, &bench.dir.path().join("pgbench.log"))?;
    running.finish(bench.length + PATIENCE).await.context("pgbench")
}

/// The newest `pgbench` of the system's packages, else whatever is in the path.
fn program() -> PathBuf {
    let folders = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    folders
        .filter_map(|folder| {
            let version: u32 = folder.file_name().to_str()?.parse().ok()?;
            let path = folder.path().join("bin/pgbench");
            path.is_file().then_some((version, path))
        })
        .max()
        .map_or_else(|| PathBuf::from("pgbench"), |(_, path)| path)
}

fn tps(said: &str) -> Option<f64> {
    let line = said.lines().find_map(|line| line.strip_prefix("tps = "))?;
    line.split(' ').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::tps;

    #[test]
    fn transactions_a_second_are_found() {
        let said = "number of failed transactions: 0\nlatency average = 3.5 ms\n\
                    tps = 4567.891234 (without initial connection time)\n";
        assert_eq!(tps(said), Some(4_567.891_234));
        assert_eq!(tps("pgbench: error"), None);
    }
}
