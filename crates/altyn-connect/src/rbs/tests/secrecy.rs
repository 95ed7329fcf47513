//! A card's number and code are in the one request that needs them, and nowhere else.

use std::fmt::{Debug, Write};
use std::sync::{Arc, Mutex};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use super::card::{CODE, PAN, by_card, payment};
use super::*;

/// Writes everything down that is traced, at every level.
#[derive(Clone, Default)]
struct Listener(Arc<Mutex<String>>);

impl Visit for Listener {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        write!(self.0.lock().unwrap(), "{field}={value:?} ").unwrap();
    }
}

impl Subscriber for Listener {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, attributes: &Attributes<'_>) -> Id {
        attributes.record(&mut self.clone());
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, values: &Record<'_>) {
        values.record(&mut self.clone());
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        write!(self.0.lock().unwrap(), "\n{} ", event.metadata().target()).unwrap();
        event.record(&mut self.clone());
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

/// A gateway that repeats the card in whatever it says.
fn talkative(code: &str) -> Act {
    ok(&format!(
        r#"{{"errorCode":{code},"errorMessage":"card {PAN} {CODE}","error":"{PAN} {CODE}","errorTypeName":"E{PAN}","processingErrorType":"{CODE}"}}"#
    ))
}

#[tokio::test]
async fn a_card_is_in_no_outcome_and_in_no_log() {
    let heard = Listener::default();
    let guard = tracing::subscriber::set_default(heard.clone());
    let open = || ok(&order(0, -100, 0, 0));
    let replies: Vec<Vec<Act>> = vec![
        vec![ok(REGISTERED), talkative("0"), ok(&order(6, 116, 0, 0))],
        vec![ok(REGISTERED), talkative("5"), open()],
        vec![ok(REGISTERED), talkative("7"), open()],
        vec![ok(REGISTERED), talkative("7"), talkative("7")],
        vec![ok(REGISTERED), talkative("\"x\""), Act::Drop],
        vec![ok(REGISTERED), ok(&format!("{PAN} {CODE}"))],
        vec![ok(REGISTERED), Act::Drop],
        vec![ok(REGISTERED), Act::Silence],
        vec![ok(REGISTERED), answer("400 Bad", "text/html", PAN)],
        vec![ok(REGISTERED), Act::Send(format!("HTTP/1.1 {PAN} {CODE}\r\n\r\n"))],
    ];
    let mut told = String::new();
    for acts in replies {
        let stub = Stub::start(acts).await;
        let call = by_card(OperationKind::Sale);
        let rbs = rbs(&stub.url, "");
        let outcome = rbs.submit_card(&call, &payment()).await;
        writeln!(told, "{outcome:?} {call:?} {:?}", rbs.gateway.config).unwrap();
        let seen = stub.seen();
        let carries = |seen: &&crate::stub::Seen| seen.body.contains(PAN);
        assert!(seen.iter().filter(carries).count() <= 1);
        assert!(seen.iter().all(|seen| !seen.line.contains(PAN) && !seen.head.contains(PAN)));
    }
    drop(guard);
    let heard = heard.0.lock().unwrap().clone();
    assert!(heard.contains("paymentorder.do answered errorCode 7"), "{heard}");
    for text in [told, heard] {
        // The code alone is three digits, which may stand anywhere: look for it as a word.
        let words =
            |text: &str| text.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| word == CODE);
        assert!(!text.contains(PAN) && !text.contains("top secret") && !words(&text), "{text}");
    }
}
