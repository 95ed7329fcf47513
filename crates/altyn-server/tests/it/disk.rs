//! Disks that fail, fill up and lose power under load, on the embedded database: what was answered
//! is there afterwards, once (I4, I13).
//!
//! - A flush that fails ends the process at once, and the next one starts from what is proven to be
//!   on the disk; a power cut after any of it loses nothing ([`shim`]).
//! - A full disk and one that takes no writes refuse requests with a 503, and go on by themselves
//!   ([`room`] makes a small one).

mod room;
mod shim;

use std::time::Duration;

use altyn_testkit::harness::bodies::{ALFA_SALE, alfa_sale};
use altyn_testkit::harness::{Database, Node, eventually, monotonic};

use crate::crash::AFTER_A_STOP;
use crate::crash::load::Load;
use crate::crash::reckoning::reckon;
use crate::crash::stage::{Random, Stage, quiet_at_once, seed};
use crate::support::sql;
use room::in_a_room;
use shim::Disk;

/// Files of the database, as the harness names them.
const DATABASE: &str = "altyn.db";
const LOG: &str = "altyn.db-wal";
const LIST: &str = "altyn.db.listing";
const LIST_LOG: &str = "altyn.db.listing-wal";
/// What the log of a node says when it ends for its disk.
const ENDS: &str = "the disk did not keep what was written";

/// A stage with a disk of its own under its database.
fn on_a_disk() -> (Stage, Disk, Node) {
    let stage = Stage::new(Database::sqlite());
    let disk = Disk::under(stage.setup.database().folder().unwrap());
    let environment = disk.environment();
    let environment: Vec<_> =
        environment.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let node = Node::start_with(&stage.setup, &environment);
    (stage, disk, node)
}

/// The power is cut once more; then everything takes its end.
fn come_to_rest(stage: &Stage, disk: &Disk, mut node: Node, load: Load) {
    node.kill9();
    disk.cut_power();
    end(stage, node, load);
}

/// The node is away for the minute that what it held is leased. Then everything takes its end, and
/// all accounts of it are compared.
fn end(stage: &Stage, mut node: Node, load: Load) {
    node.kill9();
    sql(
        &stage.setup,
        "UPDATE jobs SET due_at = due_at - 60000 WHERE owner IS NOT NULL OR kind = 1;
         UPDATE operations SET updated_at = updated_at - 60000
             WHERE state IN ('accepted', 'sending')",
    );
    node.restart();
    load.go_on(Duration::from_millis(300));
    let book = load.stop();
    quiet_at_once(stage, &node, AFTER_A_STOP);
    let payments = i64::try_from(book.sales.len()).unwrap();
    eventually(&format!("the list has all {payments} payments"), || {
        let waiting = node.metric("altyn_listing_waiting");
        (waiting == Some(0.0) && listed(stage) == payments).then_some(())
    });
    reckon(stage, vec![node], &book);
}

/// Payments in the list.
fn listed(stage: &Stage) -> i64 {
    let path = stage.setup.database().folder().unwrap().join(LIST);
    let list = rusqlite::Connection::open(path).unwrap();
    list.query_row("SELECT count(*) FROM listing", [], |row| row.get(0)).unwrap()
}

/// A flush fails once, as it does on Linux: what was to be flushed is lost and counts as flushed.
/// The node acknowledges nothing more. It starts again at once, works, and then the power fails,
/// sooner or later, and with or without another failure in between.
#[test]
fn a_flush_that_fails_loses_nothing_that_was_answered() {
    let (seed, began) = (seed(), monotonic());
    let (stage, disk, mut node) = on_a_disk();
    let mut random = Random::new(seed, 0);
    let load = Load::start("sale", &stage, &[&node], seed);
    let (mut ends, mut cuts) = (0, 0);
    for file in [LOG, DATABASE, LOG, DATABASE, LOG, LOG, DATABASE, LOG] {
        load.go_on(random.pause(100, 500));
        disk.fail_once(file);
        let status = eventually("the node ends", || node.exited());
        assert_eq!(status.code(), Some(1), "{status}: {}", node.log());
        ends += 1;
        assert_eq!(node.log().matches(ENDS).count(), ends, "{}", node.log());
        node.restart();
        if random.one_in(4) {
            continue;
        }
        load.go_on(random.pause(20, 400));
        node.kill9();
        disk.cut_power();
        cuts += 1;
        node.restart();
    }
    come_to_rest(&stage, &disk, node, load);
    println!("  {ends} flushes failed, {cuts} power cuts; lost: 0; {:.0?} in all", began.elapsed());
}

/// Only power cuts: what is written and not flushed never counts, also where the process that wrote
/// it was killed and the next one reads it.
#[test]
fn a_power_cut_loses_nothing_that_was_answered() {
    const CUTS: u32 = 8;
    let (seed, began) = (seed(), monotonic());
    let (stage, disk, mut node) = on_a_disk();
    let mut random = Random::new(seed, 0);
    let load = Load::start("sale", &stage, &[&node], seed);
    for _ in 0..CUTS {
        load.go_on(random.pause(50, 400));
        node.kill9();
        if random.one_in(2) {
            // What it left in the system's cache is taken on by another first.
            node.restart();
            load.go_on(random.pause(0, 50));
            node.kill9();
        }
        disk.cut_power();
        node.restart();
    }
    come_to_rest(&stage, &disk, node, load);
    println!("  {CUTS} power cuts; lost: 0; {:.0?} in all", began.elapsed());
}

/// A disk that fails for good: the node ends, and does not start before it is mended.
#[test]
fn a_disk_that_flushes_nothing_is_not_served_from() {
    let (stage, disk, mut node) = on_a_disk();
    let load = Load::start("sale", &stage, &[&node], seed());
    load.until(20);
    for file in [LOG, DATABASE] {
        disk.fail(file);
        eventually("the node ends", || node.exited());
        for _ in 0..3 {
            node.launch();
            let status = eventually("the node does not start", || node.exited());
            assert_eq!(status.code(), Some(1), "{status}");
        }
        let log = node.log();
        assert!(log.contains("what was written may not be on the disk"), "{log}");
        disk.mend();
        node.restart();
        load.go_on(Duration::from_millis(200));
    }
    come_to_rest(&stage, &disk, node, load);
}

/// The list of payments is thrown away when its file may not be whole, and built anew; payments go
/// on meanwhile.
#[test]
fn a_list_that_is_not_flushed_is_built_anew() {
    let (stage, disk, mut node) = on_a_disk();
    let load = Load::start("sale", &stage, &[&node], seed());
    load.until(20);
    disk.fail_once(LIST_LOG);
    eventually("the list is thrown away", || {
        node.log().contains("the list of payments is thrown away").then_some(())
    });
    load.go_on(Duration::from_millis(200));
    assert_eq!(node.exited(), None);
    come_to_rest(&stage, &disk, node, load);
}

/// The file system takes no writes for a while (Linux remounts one with errors so). Nothing that was
/// not written is answered, what was is still told, and afterwards the node goes on by itself.
#[test]
fn a_read_only_disk_is_waited_for() {
    let (stage, disk, mut node) = on_a_disk();
    let load = Load::start("sale", &stage, &[&node], seed());
    load.until(20);
    let mut refused = 0;
    for _ in 0..3 {
        disk.refuse_writes();
        let before = refusals(&node);
        eventually("requests are refused", || (refusals(&node) > before + 20).then_some(()));
        let status = stage.merchant.status(&node, "no-such-payment");
        assert_eq!(status["errors"][0]["code"], "3061", "reads go on: {status}");
        disk.mend();
        refused += refusals(&node) - before;
        load.go_on(Duration::from_millis(300));
        assert_eq!(node.exited(), None, "{}", node.log());
    }
    come_to_rest(&stage, &disk, node, load);
    println!("  read-only three times, {refused} requests refused; lost: 0");
}

/// Requests that this process has put off with a 503.
fn refusals(node: &Node) -> u64 {
    let text = node.metrics();
    let lines = text.lines().filter(|line| line.starts_with("altyn_requests_total{"));
    let lines = lines.filter(|line| line.contains("status=\"503\""));
    lines.map(|line| line.rsplit(' ').next().unwrap().parse::<u64>().unwrap()).sum()
}

/// The disk is full for a while, the list's and all. Nothing that was not written is answered, what
/// was is still told, and afterwards the node goes on by itself; so does one that was killed
/// meanwhile, or started.
#[test]
fn a_full_disk_is_waited_for() {
    in_a_room("disk::a_full_disk_is_waited_for", || {
        // More than the log grows to by itself (64 MiB), with the file it is moved into.
        let (database, disk) = room::database(256 * 1_024);
        let stage = Stage::new(database);
        let mut node = Node::start(&stage.setup);
        let load = Load::start("sale", &stage, &[&node], seed());
        load.until(20);
        let mut refused = 0;
        for round in 0..4 {
            let before = refusals(&node);
            disk.fill();
            eventually("requests are refused", || (refusals(&node) > before + 20).then_some(()));
            let status = stage.merchant.status(&node, "no-such-payment");
            assert_eq!(status["errors"][0]["code"], "3061", "reads go on: {status}");
            refused += refusals(&node) - before;
            if round == 3 {
                node.launch();
                let status = eventually("the node does not start", || node.exited());
                assert_eq!(status.code(), Some(1), "{status}");
                assert!(node.log().contains("database or disk is full"), "{}", node.log());
            } else {
                assert_eq!(node.exited(), None, "{}", node.log());
            }
            disk.free();
            if round == 3 {
                node.restart();
            }
            load.go_on(Duration::from_millis(300));
        }
        end(&stage, node, load);
        println!("  full four times, {refused} requests refused; lost: 0");
    });
}

/// A server is not started over a disk that takes no writes, and says why.
#[test]
fn a_read_only_disk_is_not_served_from() {
    in_a_room("disk::a_read_only_disk_is_not_served_from", || {
        let (database, disk) = room::database(24 * 1_024);
        let stage = Stage::new(database);
        disk.is_writable(false);
        let refused = stage.setup.cli(&["serve"]);
        assert_eq!(refused.code, Some(1), "{refused:?}");
        assert!(refused.stderr.contains("can be read, not written"), "{refused:?}");
        disk.is_writable(true);
        let node = Node::start(&stage.setup);
        stage.merchant.accepted(&node, ALFA_SALE, &alfa_sale("after", 10_000));
        stage.shop.wait_status("after", "success");
        node.stop();
        stage.setup.check();
    });
}
