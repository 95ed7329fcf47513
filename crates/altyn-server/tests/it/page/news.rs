//! The stream by which an open page learns that its payment has changed.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;

use altyn_testkit::harness::http;

use super::payer::Page;
use super::{choice, link};
use crate::support::{Provider, World};

on_both_databases! {
    a_stream_tells_the_version_and_each_change,
}

/// A stream that is open.
struct Stream(BufReader<TcpStream>);

impl Stream {
    fn open(page: &Page) -> Self {
        let (authority, path) = http::split(&format!("{}/events", page.standing()));
        let mut stream = http::open(&authority).unwrap();
        let head = format!("GET {path} HTTP/1.1\r\nhost: {authority}\r\nconnection: close\r\n\r\n");
        stream.write_all(head.as_bytes()).unwrap();
        let mut stream = Self(BufReader::new(stream));
        let status = stream.line_with("HTTP/1.1");
        assert!(status.contains(" 200 "), "{status}");
        stream.line_with("content-type: text/event-stream");
        stream
    }

    /// The next line that begins so; the length of a chunk may stand before it.
    fn line_with(&mut self, start: &str) -> String {
        loop {
            let mut line = String::new();
            assert_ne!(self.0.read_line(&mut line).unwrap(), 0, "it ended before {start}");
            if line.starts_with(start) {
                return line.trim().to_owned();
            }
        }
    }

    /// The next version.
    fn version(&mut self) -> i64 {
        assert_eq!(self.line_with("event:"), "event: state");
        let data = self.line_with("data:");
        data.strip_prefix("data: ").unwrap().parse().unwrap()
    }

    /// What comes up to the end.
    fn rest(mut self) -> String {
        let mut rest = String::new();
        self.0.read_to_string(&mut rest).unwrap();
        rest
    }
}

fn shown(page: &Page) -> i64 {
    let tags = page.tags();
    tags.iter().find_map(|tag| tag.get("data-version")).unwrap().parse().unwrap()
}

fn a_stream_tells_the_version_and_each_change(world: &mut World) {
    let page = choice(world, &link(world, "watched"));
    let form = page.way("alfa-click").filled(&[("customer_account_number", "login")]);
    let leaving = page.submit(&form);
    let waiting = super::payer(world).open(&leaving.standing());
    assert_eq!(waiting.state(), "waiting", "{}", waiting.html);
    let tags = waiting.tags();
    let events = tags.iter().find_map(|tag| tag.get("data-events")).unwrap();
    assert!(waiting.standing().ends_with(events.strip_suffix("/events").unwrap()), "{events}");

    let (mut one, mut two) = (Stream::open(&waiting), Stream::open(&waiting));
    assert_eq!((one.version(), two.version()), (shown(&waiting), shown(&waiting)));
    let order = world.emulators.orders(Provider::Rbs).remove(0);
    world.emulators.press(Provider::Rbs, order["order_number"].as_str().unwrap(), "pay");
    world.shop.wait_status("watched", "success");
    let (changed, also) = (one.version(), two.version());
    assert!(changed > shown(&waiting), "{changed}");
    assert_eq!(also, changed);
    assert_eq!(waiting.reload().state(), "success");

    let unknown = world.node.url(&format!("/payment/{}/events", "0".repeat(45)));
    assert_eq!(http::get(&unknown).unwrap().status, 404);

    // A payer who closes the tab leaves nothing behind, and a stop of the node ends the stream
    // without being held up by it: the browser comes back to the next node.
    drop(two);
    let started = altyn_testkit::harness::monotonic();
    world.node.stop_and_start();
    let took = started.elapsed();
    assert!(took.as_secs() < 10, "an open page holds a stop up for {took:?}");
    let rest = one.rest();
    assert!(rest.ends_with("0\r\n\r\n"), "the stream ends in order: {rest:?}");
    let mut next = Stream::open(&waiting);
    assert_eq!(next.version(), changed);
}
