//! Sales accepted: durable before the answer, with no worker running.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use data_encoding::BASE64;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha512;

use super::database::Engine;
use super::figures::{Figures, Of};
use super::load::{self, Arrivals, Load, Outcome, Requests};
use super::site::{Server, Site};

pub use super::site::{PROJECT, SECRET};
use super::{Bench, report, usage};

/// Base64 of 64 bytes.
const SIGNATURE_CHARS: usize = 88;
/// A payment's id: a word and 16 hexadecimal digits.
pub const ID_CHARS: usize = 22;
/// More sales a second than are ever accepted on one machine: so many are signed beforehand.
pub const SIGNED_PER_SECOND: usize = 40_000;
/// Load before anything is counted.
pub const WARM_UP: Duration = Duration::from_millis(500);
/// How long the server is left alone before it is looked at.
const REST: Duration = Duration::from_secs(1);

/// An amount that is paid, and one below the method's least, which is rejected with a callback.
#[derive(Clone, Copy)]
pub enum Amount {
    /// 1 500 roubles.
    Paid,
    /// 50 kopecks.
    Rejected,
}

/// Sales that were signed beforehand, each with an id of its own.
pub struct Sales {
    template: Vec<u8>,
    id_at: usize,
    signature_at: usize,
    signed: Vec<([u8; ID_CHARS], [u8; SIGNATURE_CHARS])>,
    next: AtomicUsize,
}

impl Sales {
    /// Signs `count` sales, the numbers of whose ids begin at `first`.
    pub fn sign(host: &str, amount: Amount, first: u64, count: usize) -> Result<Self> {
        Self::sign_told_at(host, amount, None, first, count)
    }

    /// The same, each with this address for its callbacks.
    pub fn sign_told_at(
        host: &str,
        amount: Amount,
        callback: Option<&str>,
        first: u64,
        count: usize,
    ) -> Result<Self> {
        let minor = match amount {
            Amount::Paid => 150_000,
            Amount::Rejected => 50,
        };
        let (id_mark, signature_mark) = ("#".repeat(ID_CHARS), "~".repeat(SIGNATURE_CHARS));
        let body = body(minor, callback, &id_mark, &signature_mark);
        let length = body.len();
        let request = format!(
            "POST /v2/payment/online-banking/alfa-click/sale HTTP/1.1\r\nhost: {host}\r\n\
             content-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
        );
        let place = |mark: &str| request.find(mark).context("a mark is not in the request");
        let (id_at, signature_at) = (place(&id_mark)?, place(&signature_mark)?);
        let text = signed_text_with(minor, callback, &id_mark);
        let (before, after) = text.split_once(&id_mark).context("no mark in the signed text")?;
        let mut begun = Hmac::<Sha512>::new_from_slice(SECRET.as_bytes())
            .map_err(|_| anyhow::anyhow!("the secret is no key"))?;
        begun.update(before.as_bytes());
        let signed = (first..)
            .take(count)
            .map(|number| {
                let id = id(number);
                let mut mac = begun.clone();
                mac.update(&id);
                mac.update(after.as_bytes());
                let mut signature = [0; SIGNATURE_CHARS];
                BASE64.encode_mut(&mac.finalize().into_bytes(), &mut signature);
                (id, signature)
            })
            .collect();
        let template = request.into_bytes();
        Ok(Self { template, id_at, signature_at, signed, next: AtomicUsize::new(0) })
    }
}

impl Sales {
    /// The id in a request that these sales gave.
    pub fn id_in(&self, request: &[u8]) -> Option<[u8; ID_CHARS]> {
        request.get(self.id_at..self.id_at + ID_CHARS)?.try_into().ok()
    }
}

impl Requests for Sales {
    fn next(&self, buffer: &mut Vec<u8>) -> bool {
        let Some((id, signature)) = self.signed.get(self.next.fetch_add(1, Ordering::Relaxed))
        else {
            return false;
        };
        if buffer.is_empty() {
            buffer.extend_from_slice(&self.template);
        }
        for (at, bytes) in [(self.id_at, id.as_slice()), (self.signature_at, signature.as_slice())]
        {
            if let Some(place) = buffer.get_mut(at..at + bytes.len()) {
                place.copy_from_slice(bytes);
            }
        }
        true
    }
}

/// Ids in no order, as merchants' are: the worst for an index. No number gives another's.
pub fn id(number: u64) -> [u8; ID_CHARS] {
    let mut mixed = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^= mixed >> 31;
    let mut id = *b"order-0000000000000000";
    for (place, nibble) in id.iter_mut().skip(6).zip((0..16).rev()) {
        let digit = u8::try_from((mixed >> (4 * nibble)) & 15).unwrap_or_default();
        *place = if digit < 10 { b'0' + digit } else { b'a' + digit - 10 };
    }
    id
}

/// What is sold.
pub const DESCRIPTION: &str = "Order at the shop: three items, delivery to the door";

fn body(minor: i64, callback: Option<&str>, id: &str, signature: &str) -> String {
    let callback = callback.map(|url| format!("\"merchant_callback_url\":\"{url}\","));
    let callback = callback.unwrap_or_default();
    format!(
        "{{\"general\":{{\"project_id\":{PROJECT},{callback}\"payment_id\":\"{id}\",\
         \"signature\":\"{signature}\"}},\
         \"customer\":{{\"id\":\"customer-1042\",\"ip_address\":\"198.51.100.47\",\
         \"account_id\":\"account_1\",\"email\":\"payer@example.com\",\
         \"phone\":\"79161234567\",\"first_name\":\"Ivan\",\"last_name\":\"Petrov\",\
         \"country\":\"RU\"}},\
         \"payment\":{{\"amount\":{minor},\"currency\":\"RUB\",\
         \"description\":\"{DESCRIPTION}\"}},\
         \"return_url\":{{\"success\":\"https://shop.example/paid\",\
         \"decline\":\"https://shop.example/declined\",\
         \"return\":\"https://shop.example/basket\"}}}}"
    )
}

/// The same as lines in the order in which they are signed.
pub fn signed_text(minor: i64, id: &str) -> String {
    signed_text_with(minor, None, id)
}

fn signed_text_with(minor: i64, callback: Option<&str>, id: &str) -> String {
    let callback = callback.map(|url| format!("general:merchant_callback_url:{url};"));
    let callback = callback.unwrap_or_default();
    [
        "customer:account_id:account_1",
        "customer:country:RU",
        "customer:email:payer@example.com",
        "customer:first_name:Ivan",
        "customer:id:customer-1042",
        "customer:ip_address:198.51.100.47",
        "customer:last_name:Petrov",
        "customer:phone:79161234567",
        &format!("{callback}general:payment_id:{id}"),
        &format!("general:project_id:{PROJECT}"),
        &format!("payment:amount:{minor}"),
        "payment:currency:RUB",
        &format!("payment:description:{DESCRIPTION}"),
        "return_url:decline:https://shop.example/declined",
        "return_url:return:https://shop.example/basket",
        "return_url:success:https://shop.example/paid",
    ]
    .join(";")
}

/// One round on one database, new for it.
pub async fn measure(bench: &Bench, engine: Engine, figures: &mut Figures) -> Result<()> {
    report::note(&format!("  {}: sales", engine.title()));
    let of = Of::Platform(engine);
    let site = Site::make(bench, engine, None, None).await?;
    let empty = site.database.bytes().await?;
    let server = site.start(false).await?;
    figures.add(of, "cold_start_ms", server.cold_start.as_secs_f64() * 1_000.0);
    tokio::time::sleep(REST).await;
    figures.add(of, "memory_at_rest_mb", usage::resident_mb(server.id())?);
    let mut accepted = 0;
    for (run, connections) in (0..).zip(&bench.connections) {
        let outcome = accept(bench, &site, &server, (run, *connections), figures).await?;
        accepted += outcome.answered;
    }
    figures.add(of, "memory_under_load_mb", usage::resident_peak_mb(server.id())?);
    server.stop().await?;
    let grown = site.database.bytes().await?.saturating_sub(empty);
    figures.add(of, "bytes_per_payment", grown as f64 / accepted.max(1) as f64);
    let stored = site.database.number("SELECT count(*) FROM payments").await?;
    let stored = u64::try_from(stored).context("fewer than no payments")?;
    figures.lost += accepted.saturating_sub(stored);
    site.remove().await
}

async fn accept(
    bench: &Bench,
    site: &Site,
    server: &Server,
    (run, connections): (u64, usize),
    figures: &mut Figures,
) -> Result<Outcome> {
    let before = site.used(server).await?;
    let offer = Offer { amount: Amount::Paid, first: run << 32, connections };
    let outcome = offered(bench, site, server, offer, figures).await?;
    let used = site.used(server).await?;
    let of = Of::Platform(site.engine);
    let mut add = |name: &str, value: f64| figures.add(of, format!("{name}_{connections}"), value);
    add("sales_per_s", outcome.per_second);
    add("sales_p50_ms", outcome.p50_ms);
    add("sales_p99_ms", outcome.p99_ms);
    add("sales_p99_by_p50", outcome.p99_ms / outcome.p50_ms);
    let each = used.each(before, outcome.answered);
    for (name, value) in [
        ("sales_server_us", Some(each.server_us)),
        ("sales_server_kernel_us", Some(each.server_kernel_us)),
        ("sales_database_us", each.database_us),
        ("sales_database_kernel_us", each.database_kernel_us),
        ("sales_written_bytes", each.written),
    ] {
        if let Some(value) = value {
            add(name, value);
        }
    }
    ratios(figures, of, connections, outcome.per_second);
    Ok(outcome)
}

/// Sales to offer.
#[derive(Clone, Copy)]
pub struct Offer {
    /// What each is of.
    pub amount: Amount,
    /// The number of the first one's id.
    pub first: u64,
    /// How many connections offer them.
    pub connections: usize,
}

/// Offers sales as fast as they are taken.
pub async fn offered(
    bench: &Bench,
    site: &Site,
    server: &Server,
    offer: Offer,
    figures: &mut Figures,
) -> Result<Outcome> {
    let seconds = (bench.length + WARM_UP).as_secs_f64().ceil() as usize;
    let host = site.address.to_string();
    let sales = Sales::sign(&host, offer.amount, offer.first, seconds * SIGNED_PER_SECOND)?;
    let load = Load {
        address: site.address,
        connections: offer.connections,
        arrivals: Arrivals::AtOnce,
        warm_up: WARM_UP,
        length: bench.length,
    };
    let outcome = load::run(load, Arc::new(sales)).await?;
    figures.errors_of(&format!("{} sales", site.engine.title()), &outcome);
    ensure!(outcome.answered > 0, "no sale was accepted: {}", server.said());
    Ok(outcome)
}

/// Against the floors of the same round.
fn ratios(figures: &mut Figures, of: Of, connections: usize, per_second: f64) {
    let floors = [
        ("sales_by_hello", format!("hello_per_s_{connections}")),
        ("sales_by_verified", format!("verified_per_s_{connections}")),
        ("sales_by_pgbench", "pgbench_tps".to_owned()),
        ("sales_by_fsync", "fsync_per_s".to_owned()),
    ];
    for (name, floor) in floors {
        if let Some(floor) = figures.last(Of::Floor, &floor) {
            figures.add(of, format!("{name}_{connections}"), per_second / floor);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_differ_and_have_one_length() {
        let ids: std::collections::HashSet<_> = (0..10_000).map(id).collect();
        assert_eq!(ids.len(), 10_000);
        assert!(ids.iter().all(|id| id.is_ascii()));
    }

    #[test]
    fn every_request_is_whole_and_signed_for_its_own_id() {
        let sales = Sales::sign("127.0.0.1:1", Amount::Paid, 7, 2).unwrap();
        let mut buffer = Vec::new();
        let mut seen = Vec::new();
        while sales.next(&mut buffer) {
            let text = String::from_utf8(buffer.clone()).unwrap();
            let (head, body) = text.split_once("\r\n\r\n").unwrap();
            assert!(head.contains(&format!("content-length: {}", body.len())), "{head}");
            let body: serde_json::Value = serde_json::from_str(body).unwrap();
            let (id, signature) = (&body["general"]["payment_id"], &body["general"]["signature"]);
            let mut mac = Hmac::<Sha512>::new_from_slice(SECRET.as_bytes()).unwrap();
            mac.update(signed_text(150_000, id.as_str().unwrap()).as_bytes());
            let expected = BASE64.encode(&mac.finalize().into_bytes());
            assert_eq!(signature.as_str(), Some(expected.as_str()));
            seen.push(id.clone());
        }
        assert_eq!(seen.len(), 2);
        assert_ne!(seen.first(), seen.last());
    }
}
