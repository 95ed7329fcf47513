//! What nothing on this machine can be faster than: the disk (F1), a server that says hello (F2), the
//! platform's own server without a database (F3), and PostgreSQL's own benchmark, by its own script
//! and by a sale's inserts one after another (F5). F4, one transaction a sale, is of each database:
//! [`super::store`].

use std::fs::File;
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use altyn_store::postgres::Options;
use anyhow::{Context as _, Result};

use super::figures::{Figures, Of};
use super::load::{self, Arrivals, Load, Same};
use super::processes::{Running, free_address};
use super::sale::{Amount, SIGNED_PER_SECOND, Sales, WARM_UP};
use super::{Bench, database, now, report};
use crate::inside::rig;

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
/// The database of a sale's inserts.
const INSERTS: &str = "altyn_bench_inserts";
/// A sale as seven statements: what the store writes of it, in rows of the same lengths and with
/// random references, by the way every common client goes.
const SALE: &str = include_str!("sale.pgbench.sql");
/// How long `pgbench` may take beyond what it was told.
const PATIENCE: Duration = Duration::from_secs(120);

/// Fills the tables of `pgbench`.
pub async fn prepare(bench: &Bench) -> Result<()> {
    let Some(server) = &bench.postgres else { return Ok(()) };
    report::note(&format!("pgbench: filling scale {SCALE}"));
    database::make_on(server, FLOOR).await?;
    let scale = SCALE.to_string();
    pgbench(bench, (server, FLOOR), &["-i", "-q", "-s", &scale]).await?;
    database::make_on(server, INSERTS).await?;
    // Opening it brings the schema in.
    rig::postgres(&database::with_name(server, INSERTS)?, Options::default()).await?;
    std::fs::write(script(bench), SALE).context("the script of pgbench")
}

fn script(bench: &Bench) -> PathBuf {
    bench.dir.path().join("sale.sql")
}

/// Removes them.
pub async fn clear(bench: &Bench) -> Result<()> {
    match &bench.postgres {
        Some(server) => {
            database::drop_on(server, INSERTS).await?;
            database::drop_on(server, FLOOR).await
        }
        None => Ok(()),
    }
}

/// One round.
pub async fn measure(bench: &Bench, figures: &mut Figures) -> Result<()> {
    report::note("  floors");
    figures.add(Of::Floor, "fsync_per_s", disk(bench)?);
    hello(bench, figures).await?;
    verified(bench, figures).await?;
    let Some(server) = &bench.postgres else { return Ok(()) };
    let script = script(bench).display().to_string();
    let own = ["-M", "prepared", "-D", "n=0", "-f", &script];
    for (name, database, more) in
        [("pgbench_tps", FLOOR, [].as_slice()), ("inserts_tps", INSERTS, own.as_slice())]
    {
        let mut best: f64 = 0.0;
        for clients in CLIENTS {
            if database == INSERTS {
                let sql = "TRUNCATE payments, operations, events, jobs, changes";
                database::run(&database::with_name(server, INSERTS)?, sql).await?;
            }
            let (clients, seconds) = (clients.to_string(), bench.length.as_secs().to_string());
            let common = ["-n", "-c", &clients, "-j", "2", "-T", &seconds];
            let said = pgbench(bench, (server, database), &[&common, more].concat()).await?;
            let tps = tps(&said).with_context(|| format!("pgbench said no tps: {said}"))?;
            figures.add(Of::Floor, format!("{name}_{clients}"), tps);
            best = best.max(tps);
        }
        figures.add(Of::Floor, name, best);
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
    let mut command = bench.this(&["bench-hello", "--listen", &address.to_string()]);
    let mut running = Running::start(&mut command, &bench.dir.path().join("hello.log"))?;
    running.ready(address, "/").await?;
    let request = format!("GET / HTTP/1.1\r\nhost: {address}\r\n\r\n").into_bytes();
    for connections in &bench.connections {
        let load = at_once(bench, address, *connections);
        let outcome = load::run(load, Arc::new(Same(request.clone()))).await?;
        figures.errors_of("hello", &outcome);
        figures.add(Of::Floor, format!("hello_per_s_{connections}"), outcome.per_second);
        figures.add(Of::Floor, format!("hello_p99_ms_{connections}"), outcome.p99_ms);
    }
    Ok(())
}

/// F3: the platform's own router, everything of a sale but the database.
async fn verified(bench: &Bench, figures: &mut Figures) -> Result<()> {
    let (address, folder) = (free_address()?, bench.dir.path().join("verified"));
    std::fs::create_dir(&folder).context("no folder for the floor without a database")?;
    let mut command = bench.this(&["bench-verified", "--listen", &address.to_string(), "--file"]);
    command.arg(folder.join("altyn.db"));
    let mut running = Running::start(&mut command, &bench.dir.path().join("verified.log"))?;
    running.ready(address, "/healthz").await?;
    for (run, connections) in (0..).zip(&bench.connections) {
        let seconds = (bench.length + WARM_UP).as_secs_f64().ceil() as usize;
        let count = seconds * SIGNED_PER_SECOND * 2;
        let sales = Sales::sign(&address.to_string(), Amount::Paid, run << 32, count)?;
        let load = at_once(bench, address, *connections);
        let outcome = load::run(load, Arc::new(sales)).await?;
        figures.errors_of("verified without a database", &outcome);
        figures.add(Of::Floor, format!("verified_per_s_{connections}"), outcome.per_second);
    }
    drop(running);
    std::fs::remove_dir_all(folder).context("the floor without a database")
}

fn at_once(bench: &Bench, address: SocketAddr, connections: usize) -> Load {
    Load {
        address,
        connections,
        arrivals: Arrivals::AtOnce,
        warm_up: WARM_UP,
        length: bench.length,
    }
}

/// F5: runs `pgbench` on a database of the server.
async fn pgbench(bench: &Bench, at: (&str, &str), arguments: &[&str]) -> Result<String> {
    let url = database::with_name(at.0, at.1)?;
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
