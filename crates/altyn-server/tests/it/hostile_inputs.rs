//! Input that is made to do harm: whatever a contract allows and does not, connections that are
//! held or broken on purpose, storms of wrong passwords and signatures.
//!
//! Each scenario ends with the node answering as ever, its log without a panic, and its memory, as
//! the kernel counted the most of it, below a bound that stands beside the scenario.

mod connections;
mod heads;
mod schemathesis;
mod storms;

use altyn_testkit::harness::bodies::{ALFA_SALE, alfa_sale};
use altyn_testkit::harness::{Node, http};

use crate::support::World;

const MIB: u64 = 1024 * 1024;

/// The most memory that the node ever had.
fn peak_bytes(node: &Node) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", node.pid())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    let kib: u64 = line.trim().trim_end_matches(" kB").parse().unwrap();
    kib * 1024
}

/// The node is as well as ever, and never took more memory than this.
fn unmoved(world: &World, what: &str, most_bytes: u64) {
    let peak = peak_bytes(&world.node);
    println!("{what}: at most {} MiB of {} MiB", peak / MIB, most_bytes / MIB);
    assert!(peak < most_bytes, "{what}: {} MiB", peak / MIB);
    world.merchant.accepted(&world.node, ALFA_SALE, &alfa_sale(what, 10_000));
    world.shop.wait_status(what, "awaiting redirect result");
    assert!(world.node.is_ready());
    let log = world.node.log();
    assert!(!log.contains("panicked"), "{log}");
}

/// `127.0.0.1:8080` of the node.
fn authority(world: &World) -> String {
    http::split(&world.node.url("/")).0
}
