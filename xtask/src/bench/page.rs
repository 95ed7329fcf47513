//! The Payment Page opened by signed links: at a steady rate beside sales and alone, then as fast
//! as it goes, over a database with the payments of those sales in it. What one view weighs.
//!
//! Opening stores nothing: a signature is verified, the payment of that id is looked for by its key
//! and not found, and a page with two methods is written.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Result, anyhow, ensure};
use data_encoding::BASE64;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha512;

use super::database::Engine;
use super::figures::{Figures, Of};
use super::load::{self, Arrivals, Load, Outcome, Requests};
use super::processes::exchange;
use super::sale::{Amount, SIGNED_PER_SECOND, Sales, WARM_UP};
use super::site::{PROJECT, SECRET, Server, Site};
use super::{Bench, report};

/// The steady rate. Few shops ever have so many payers come in one second.
pub const PAGES_PER_SECOND: u32 = 200;
/// A steady rate is kept so many times as long as other measurements last, for a p99 with 2,000
/// answers behind it.
const STEADY_TIMES: f64 = 2.5;
/// Links to different payments; opening stores nothing, so they may be opened again.
const LINKS: usize = 10_000;
/// What a browser says in each request, as far as it changes the answer.
const BROWSER: &str = "accept: text/html,application/xhtml+xml\r\naccept-language: ru\r\n\
                       accept-encoding: gzip, deflate, br, zstd\r\n";

/// Requests for the page, signed beforehand.
struct Links {
    requests: Vec<Vec<u8>>,
    next: AtomicUsize,
}

impl Links {
    fn sign(host: &str) -> Result<Self> {
        let requests = (0..LINKS)
            .map(|number| {
                let target = target(number)?;
                Ok(format!("GET {target} HTTP/1.1\r\nhost: {host}\r\n{BROWSER}\r\n").into_bytes())
            })
            .collect::<Result<_>>()?;
        Ok(Self { requests, next: AtomicUsize::new(0) })
    }
}

impl Requests for Links {
    fn next(&self, buffer: &mut Vec<u8>) -> bool {
        let number = self.next.fetch_add(1, Ordering::Relaxed) % self.requests.len();
        let Some(request) = self.requests.get(number) else { return false };
        buffer.clear();
        buffer.extend_from_slice(request);
        true
    }
}

/// One round on one database, new for it.
pub async fn measure(bench: &Bench, engine: Engine, figures: &mut Figures) -> Result<()> {
    report::note(&format!("  {}: Payment Page", engine.title()));
    let site = Site::make(bench, engine, None, None).await?;
    let server = site.start(false).await?;
    weigh(&site, figures)?;
    let links: Arc<dyn Requests> = Arc::new(Links::sign(&site.address.to_string())?);
    beside_sales(bench, &site, &links, figures).await?;
    let of = Of::Platform(engine);
    let alone = opened(&site, steady(bench, &site), &links, figures).await?;
    figures.add(of, "page_p50_ms", alone.p50_ms);
    figures.add(of, "page_p99_ms", alone.p99_ms);
    most(bench, (&site, &server), &links, figures).await?;
    server.stop().await?;
    site.remove().await
}

async fn beside_sales(
    bench: &Bench,
    site: &Site,
    links: &Arc<dyn Requests>,
    figures: &mut Figures,
) -> Result<()> {
    let pages = steady(bench, site);
    let load = Load { connections: bench.fewest(), arrivals: Arrivals::AtOnce, ..pages };
    let seconds = (load.length + WARM_UP).as_secs_f64().ceil() as usize;
    let host = site.address.to_string();
    let sales = Sales::sign(&host, Amount::Paid, 0, seconds * SIGNED_PER_SECOND)?;
    let (pages, sales) =
        tokio::try_join!(load::run(pages, Arc::clone(links)), load::run(load, Arc::new(sales)))?;
    let name = site.engine.title();
    figures.errors_of(&format!("{name} pages beside sales"), &pages);
    figures.errors_of(&format!("{name} sales beside pages"), &sales);
    let of = Of::Platform(site.engine);
    figures.add(of, "page_beside_sales_p50_ms", pages.p50_ms);
    figures.add(of, "page_beside_sales_p99_ms", pages.p99_ms);
    figures.add(of, "sales_beside_pages_per_s", sales.per_second);
    Ok(())
}

/// As many as the server answers, against the floor of the same round.
async fn most(
    bench: &Bench,
    (site, server): (&Site, &Server),
    links: &Arc<dyn Requests>,
    figures: &mut Figures,
) -> Result<()> {
    let load = Load { arrivals: Arrivals::AtOnce, length: bench.length, ..steady(bench, site) };
    let before = site.used(server).await?;
    let outcome = opened(site, load, links, figures).await?;
    let used = site.used(server).await?;
    ensure!(outcome.answered > 0, "no page was opened: {}", server.said());
    let of = Of::Platform(site.engine);
    figures.add(of, "pages_per_s", outcome.per_second);
    let each = used.each(before, outcome.answered);
    figures.add(of, "page_server_us", each.server_us);
    let hello = format!("hello_per_s_{}", bench.fewest());
    if let Some(hello) = figures.last(Of::Floor, &hello) {
        figures.add(of, "pages_by_hello", outcome.per_second / hello);
    }
    Ok(())
}

fn steady(bench: &Bench, site: &Site) -> Load {
    Load {
        address: site.address,
        connections: bench.fewest(),
        arrivals: Arrivals::PerSecond(PAGES_PER_SECOND),
        warm_up: WARM_UP,
        length: bench.length.mul_f64(STEADY_TIMES),
    }
}

async fn opened(
    site: &Site,
    load: Load,
    links: &Arc<dyn Requests>,
    figures: &mut Figures,
) -> Result<Outcome> {
    let outcome = load::run(load, Arc::clone(links)).await?;
    figures.errors_of(&format!("{} pages", site.engine.title()), &outcome);
    Ok(outcome)
}

/// The bytes that a first view takes, as the server sends them to a browser.
fn weigh(site: &Site, figures: &mut Figures) -> Result<()> {
    let of = Of::Platform(site.engine);
    let page = exchange(site.address, &target(0)?, BROWSER)?;
    // Asked for without compression, to be read.
    let html = String::from_utf8(exchange(site.address, &target(0)?, "")?.body)?;
    let (mut requests, mut bytes) = (1_u32, page.head.len() + page.body.len());
    figures.add(of, "page_html_bytes", page.body.len() as f64);
    for (name, before) in [
        ("page_style_bytes", "<link rel=\"stylesheet\" href=\""),
        ("page_script_bytes", "<script src=\""),
    ] {
        let found = html.split(before).skip(1).filter_map(|rest| rest.split('"').next());
        let mut total = 0;
        for path in found {
            let file = exchange(site.address, path, BROWSER)?;
            requests += 1;
            bytes += file.head.len() + file.body.len();
            total += file.body.len();
        }
        figures.add(of, name, total as f64);
    }
    figures.add(of, "page_view_requests", f64::from(requests));
    figures.add(of, "page_view_bytes", bytes as f64);
    Ok(())
}

/// What a shop says of a payment, in the order in which it is signed.
fn parameters(id: &str) -> [(&'static str, String); 13] {
    let text = str::to_owned;
    [
        ("customer_email", text("payer@example.com")),
        ("customer_first_name", text("Иван")),
        ("customer_id", text("customer-1042")),
        ("customer_last_name", text("Петров")),
        ("customer_phone", text("79161234567")),
        ("interface_type", text("{\"id\":22}")),
        ("language_code", text("ru")),
        ("merchant_success_url", text("https://shop.example/paid?order=1042")),
        ("payment_amount", text("150000")),
        ("payment_currency", text("RUB")),
        ("payment_description", text("Заказ в магазине: три вещи, доставка до двери")),
        ("payment_id", text(id)),
        ("project_id", PROJECT.to_string()),
    ]
}

/// The signed path with its query.
fn target(number: usize) -> Result<String> {
    let parameters = parameters(&format!("page-{number}"));
    let lines: Vec<String> =
        parameters.iter().map(|(name, value)| format!("{name}:{value}")).collect();
    let mut mac = Hmac::<Sha512>::new_from_slice(SECRET.as_bytes())
        .map_err(|_| anyhow!("the secret is no key"))?;
    mac.update(lines.join(";").as_bytes());
    let signature = BASE64.encode(&mac.finalize().into_bytes());
    let mut target = "/payment?".to_owned();
    for (name, value) in parameters.iter().map(|(name, value)| (*name, value.as_str())) {
        target.push_str(&format!("{name}={}&", escaped(value)));
    }
    target.push_str(&format!("signature={}", escaped(&signature)));
    Ok(target)
}

/// Percent-encoded, as a part of a query.
pub fn escaped(value: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    value
        .bytes()
        .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_signed_as_the_libraries_do() {
        assert_eq!(escaped("чай {1}/+="), "%D1%87%D0%B0%D0%B9%20%7B1%7D%2F%2B%3D");
        let names: Vec<&str> = parameters("x").map(|(name, _)| name).to_vec();
        assert!(names.is_sorted(), "they are signed in this order");
        let links = Links::sign("127.0.0.1:1").unwrap();
        let mut seen = std::collections::HashSet::new();
        let mut buffer = Vec::new();
        for _ in 0..LINKS {
            assert!(links.next(&mut buffer));
            assert!(buffer.ends_with(b"\r\n\r\n"));
            assert!(seen.insert(buffer.clone()));
        }
        assert!(links.next(&mut buffer) && !seen.insert(buffer));
    }
}
