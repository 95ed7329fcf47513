//! The sender of callbacks without the store: the product's own client posts the same document to
//! the merchant's end as fast as it is taken, and nothing is claimed or marked.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use altyn_connect::callback::ContentType;
use altyn_connect::{AddressPolicy, HttpCallbackSender};
use anyhow::{Context as _, Result, ensure};
use clap::Args;

/// What to send where.
#[derive(Args)]
pub struct Options {
    #[arg(long)]
    url: String,
    /// How many are sent.
    #[arg(long)]
    count: u64,
    /// How many are under way at once.
    #[arg(long)]
    in_flight: u32,
}

/// Sends all of them, each a document of its own.
pub fn run(options: &Options) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let policy = AddressPolicy::parse_allow(&["127.0.0.0/8"]).context("loopback")?;
        let sender = Arc::new(HttpCallbackSender::new(policy).context("no sender")?);
        let next = Arc::new(AtomicU64::new(0));
        let (url, count): (Arc<str>, u64) = (options.url.as_str().into(), options.count);
        let senders: Vec<_> = (0..options.in_flight)
            .map(|_| {
                let (sender, next, url) =
                    (Arc::clone(&sender), Arc::clone(&next), Arc::clone(&url));
                tokio::spawn(async move {
                    loop {
                        let number = next.fetch_add(1, Ordering::Relaxed);
                        if number >= count {
                            return Ok(());
                        }
                        let body = body(number);
                        let report = sender.post(&url, ContentType::Json, body.as_bytes()).await;
                        ensure!(report.status == Some(200), "not taken: {report:?}");
                    }
                })
            })
            .collect();
        for sender in senders {
            sender.await.context("a sender ended early")??;
        }
        Ok(())
    })
}

/// As long as the callback of a rejected sale, with its number in the same place.
fn body(number: u64) -> String {
    format!(
        "{{\"project_id\":1,\"payment\":{{\"id\":\"order-{number:016x}\",\"type\":\"purchase\",\
         \"status\":\"decline\",\"date\":\"2026-11-22T09:00:00+0000\",\
         \"method\":\"alfa-click\",\"sum\":{{\"amount\":50,\"currency\":\"RUB\"}},\
         \"description\":\"Order at the shop: three items, delivery to the door\"}},\
         \"customer\":{{\"id\":\"customer-1042\",\"phone\":\"79161234567\"}},\
         \"operation\":{{\"id\":{number},\"type\":\"sale\",\"status\":\"decline\",\
         \"date\":\"2026-11-22T09:00:00+0000\",\"created_date\":\"2026-11-22T09:00:00+0000\",\
         \"request_id\":\"{number:040x}-{number:08x}\",\"code\":\"10105\",\
         \"message\":\"Amount is less than the minimum\",\
         \"sum_initial\":{{\"amount\":50,\"currency\":\"RUB\"}},\
         \"sum_converted\":{{\"amount\":50,\"currency\":\"RUB\"}}}},\
         \"signature\":\"{}\"}}",
        "a".repeat(88)
    )
}
