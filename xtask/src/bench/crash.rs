//! The server is killed in the middle of a load and started again: what it had said yes to is
//! there, ends, and is told; the emulated provider was asked to charge each payment once.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};

use super::database::Engine;
use super::end_to_end::{books, compare, offered, sales, totals};
use super::figures::{Figures, Of};
use super::load::{self, Outcome, Requests};
use super::processes::free_address;
use super::sale::{Amount, ID_CHARS, Sales};
use super::sink::{Heard, Sink};
use super::site::{Server, Site, must_hold, sandbox};
use super::{Bench, now, report};

/// What the killed server had claimed comes up again when its leases run out (a minute).
const LEASES: Duration = Duration::from_secs(100);
/// The numbers of the second load's ids begin here.
const SECOND: u64 = 1 << 40;

/// Sales of which each that was answered is remembered.
struct Remembered {
    sales: Sales,
    answered: Mutex<HashSet<[u8; ID_CHARS]>>,
}

impl Requests for Remembered {
    fn next(&self, buffer: &mut Vec<u8>) -> bool {
        self.sales.next(buffer)
    }

    fn answered(&self, request: &[u8]) {
        if let Some(id) = self.sales.id_in(request) {
            self.answered.lock().unwrap_or_else(PoisonError::into_inner).insert(id);
        }
    }
}

/// One kill on one database, new for it.
pub async fn measure(bench: &Bench, engine: Engine, figures: &mut Figures) -> Result<()> {
    let name = engine.title();
    report::note(&format!("  {name}: killed under load"));
    let (sink, provider) = (Sink::start()?, free_address()?);
    let site = Site::make(bench, engine, Some(provider), Some(&sink.url())).await?;
    let emulator = sandbox(bench, provider, &format!("http://{}", site.address)).await?;
    let remembered = |sales| Arc::new(Remembered { sales, answered: Mutex::default() });
    let first = remembered(sales(bench, &site)?);
    let outcome = killed(bench, &site, Arc::clone(&first)).await?;
    // Connections break when their server is killed: that is no wrong answer.
    note(figures, &format!("{name}, killed"), &outcome, outcome.broken);

    let began = now();
    let server = site.start(true).await?;
    let host = site.address.to_string();
    let second =
        remembered(Sales::sign(&host, Amount::Paid, SECOND, first.answered_count().max(64))?);
    let outcome = load::run(offered(bench, &site), Arc::clone(&second) as _).await?;
    note(figures, &format!("{name}, after the kill"), &outcome, 0);
    let stored = stored(&site).await?;
    let enough = |heard: &Heard| heard.ended >= stored.len() as u64;
    let heard = sink.wait_through(LEASES, enough).await;
    let of = Of::Platform(engine);
    figures.add(of, "crash_recovered_s", began.elapsed().as_secs_f64());
    server.stop().await.with_context(|| format!("{name} after the kill"))?;
    let totals = totals(provider)?;
    drop(emulator);
    let check = site.check().await?;
    must_hold(&check)?;

    let missing = first.missing(&stored) + second.missing(&stored);
    figures.lost += missing + (stored.len() as u64).saturating_sub(heard.ended);
    if heard.ended != heard.succeeded || heard.ended_twice > 0 {
        let fault = format!("{name}, killed: not every sale ended in one success: {heard:?}");
        figures.faults.push(fault);
    }
    let (doubled, faults) = (figures.doubled, figures.faults.len());
    compare(engine, &totals, &books(&site).await?, &check, figures);
    let wrong = missing + figures.doubled.saturating_sub(doubled);
    let wrong = wrong + figures.faults.len().saturating_sub(faults) as u64;
    figures.add(of, "crash_wrong", wrong as f64);
    figures.add(of, "crash_payments", stored.len() as f64);
    site.remove().await
}

/// Offers sales and kills the server half way.
async fn killed(bench: &Bench, site: &Site, sales: Arc<Remembered>) -> Result<Outcome> {
    let server: Server = site.start(true).await?;
    let half_way = async {
        tokio::time::sleep(bench.length / 2).await;
        server.kill().await
    };
    let (outcome, ()) =
        tokio::try_join!(load::run(offered(bench, site), Arc::clone(&sales) as _), half_way)?;
    ensure!(outcome.answered > 0, "no sale was accepted before the kill");
    Ok(outcome)
}

fn note(figures: &mut Figures, what: &str, outcome: &Outcome, excused: u64) {
    let errors = outcome.errors.saturating_sub(excused);
    figures.errors += errors;
    if errors > 0 {
        let first = outcome.first_error.as_deref().unwrap_or_default();
        figures.faults.push(format!("{what}: {errors} errors, the first: {first}"));
    }
}

/// The merchants' ids of all payments.
async fn stored(site: &Site) -> Result<HashSet<String>> {
    let texts = site.database.texts("SELECT reference FROM payments").await?;
    Ok(texts.into_iter().collect())
}

impl Remembered {
    fn answered_count(&self) -> usize {
        self.answered.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// How many that were answered are not there.
    fn missing(&self, stored: &HashSet<String>) -> u64 {
        let answered = self.answered.lock().unwrap_or_else(PoisonError::into_inner);
        let is_there =
            |id: &[u8; ID_CHARS]| std::str::from_utf8(id).is_ok_and(|id| stored.contains(id));
        answered.iter().filter(|id| !is_there(id)).count() as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_answered_and_is_not_there_is_missing() {
        let sales = Sales::sign("127.0.0.1:1", Amount::Paid, 1, 2).unwrap();
        let remembered = Remembered { sales, answered: Mutex::default() };
        let (mut buffer, mut stored) = (Vec::new(), HashSet::new());
        for is_kept in [true, false] {
            assert!(remembered.next(&mut buffer));
            remembered.answered(&buffer);
            if is_kept {
                let id = remembered.sales.id_in(&buffer).unwrap();
                stored.insert(String::from_utf8(id.to_vec()).unwrap());
            }
        }
        assert_eq!((remembered.answered_count(), remembered.missing(&stored)), (2, 1));
    }
}
