//! Connections that are opened and held: thousands of idle ones, heads and bodies that do not end.

use std::io::{Read, Write};
use std::net::TcpStream;

use altyn_testkit::harness::bodies::ALFA_SALE;
use altyn_testkit::harness::{eventually, http};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::{MIB, authority, unmoved};
use crate::support::{Engine, World, run};

/// Connections that are held, where the system lets this process open so many.
const HELD: usize = 10_000;
/// Files of this process that are none of those.
const OTHER_FILES: u64 = 1_000;
/// Bodies that are begun and never ended, each a little less than the longest there may be.
const BODIES: usize = 1_000;
const BODY_BYTES: usize = 256 * 1024 - 1;

/// As many connections as the system lets this process open.
fn allowed() -> usize {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }).unwrap();
    let files = maximum.map_or(u64::MAX, |files| files.saturating_sub(OTHER_FILES));
    // The node has the same limit, and gives connections three of four files.
    usize::try_from(files / 4 * 3).unwrap_or(usize::MAX)
}

fn held(world: &World, count: usize, said: &[u8]) -> Vec<TcpStream> {
    let authority = authority(world);
    let hold = |_| {
        let mut stream = http::open(&authority).unwrap();
        // The other side may have closed already.
        let _ = stream.write_all(said);
        stream
    };
    (0..count).map(hold).collect()
}

#[test]
fn thousands_of_idle_connections_keep_nobody_out() {
    run(Engine::Sqlite, |world| {
        let count = HELD.min(allowed());
        println!("{count} connections are held");
        let half_a_head = b"GET /healthz HTTP/1.1\r\nhost: x\r\nx: ";
        let idle = held(world, count / 2, b"");
        let heads = held(world, count / 2, half_a_head);
        unmoved(world, "idle connections", 512 * MIB);
        drop((idle, heads));
    });
}

#[test]
fn where_there_is_no_more_room_the_idle_give_way() {
    let Some(database) = Engine::Sqlite.database() else { return };
    let most = [("ALTYN_SERVER__CONNECTIONS_MAX", "200")];
    let world = World::start_with(database, &most);
    let keeps = b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n";
    for said in [b"".as_slice(), b"GET /healthz HTTP/1.1\r\nx: y", keeps] {
        let idle = held(&world, 1_000, said);
        // Whoever comes while many are leaving is told to come again.
        eventually("somebody is served", || {
            let answer = http::get(&world.node.url("/healthz")).ok()?;
            (answer.status == 200).then_some(())
        });
        drop(idle);
    }
    eventually("there is room", || world.node.is_ready().then_some(()));
    unmoved(&world, "no more room", 160 * MIB);
    world.finish();
}

/// Half of a body each, from more clients than there is memory for: those that would take too much
/// are put off, and small requests are taken all the while.
#[test]
fn bodies_that_do_not_end_take_so_much_and_no_more() {
    run(Engine::Sqlite, |world| {
        let paths = [ALFA_SALE, "/cabinet/sign-in", "/payment", "/providers/alfabank/notify"];
        let count = BODIES.min(allowed()) / paths.len();
        let mut all = Vec::new();
        for path in paths {
            let head = format!(
                "POST {path} HTTP/1.1\r\nhost: x\r\n\
                 content-type: application/x-www-form-urlencoded\r\n\
                 content-length: {BODY_BYTES}\r\n\r\n"
            );
            let said = [head.as_bytes(), &vec![b' '; BODY_BYTES - 1]].concat();
            all.extend(held(world, count, &said));
        }
        unmoved(world, "bodies without an end", 400 * MIB);
        drop(all);
    });
}

#[test]
fn an_endless_body_is_refused() {
    run(Engine::Sqlite, |world| {
        let chunk = format!("10000\r\n{}\r\n", "x".repeat(0x10000));
        for (path, expected) in [
            (ALFA_SALE, Some("413")),
            ("/v2/payment/status", Some("413")),
            ("/providers/alfabank/notify", Some("413")),
            ("/cabinet/sign-in", None),
            ("/payment", None),
            ("/nowhere", None),
            ("/healthz", None),
        ] {
            let mut stream = http::open(&authority(world)).unwrap();
            let head = format!(
                "POST {path} HTTP/1.1\r\nhost: x\r\n\
                 content-type: application/x-www-form-urlencoded\r\n\
                 transfer-encoding: chunked\r\n\r\n"
            );
            stream.write_all(head.as_bytes()).unwrap();
            // Written until the other side has had enough: it never says that it is the end.
            while stream.write_all(chunk.as_bytes()).is_ok() {}
            let mut answer = Vec::new();
            // What was answered may have been lost with the rest.
            let _ = stream.read_to_end(&mut answer);
            let answer = String::from_utf8_lossy(&answer);
            let status = answer.split(' ').nth(1).unwrap_or(expected.unwrap_or("404"));
            assert!(status.starts_with('4'), "{path}: {answer}");
            assert!(expected.is_none_or(|expected| status == expected), "{path}: {answer}");
        }
        unmoved(world, "endless bodies", 160 * MIB);
    });
}
