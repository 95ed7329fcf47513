//! Sales accepted by a database that is full of payments, beside an empty one, by turns.

use anyhow::Result;

use super::figures::{Figures, Of};
use super::sale::{Amount, Offer};
use super::site::Site;
use super::{Bench, report, sale};

/// Sales by the first method of the demonstration's provider.
const METHODS: [&str; 1] = ["alfa-click=alfabank"];

/// On a site that has its payments.
pub async fn measure(bench: &Bench, full: &Site, figures: &mut Figures) -> Result<()> {
    report::note(&format!("  {}: sales over them and over none", full.engine.title()));
    full.add_project(&METHODS, None).await?;
    let of = Of::Platform(full.engine);
    // What the first sales pull in from the disk is not the ratio's affair.
    sold(bench, full, u64::MAX >> 1, figures).await?;
    for round in 0..bench.rounds {
        let empty = Site::make_beside(bench, full.engine).await?;
        let without = sold(bench, &empty, round << 32, figures).await?;
        empty.remove().await?;
        let with = sold(bench, full, round << 32, figures).await?;
        figures.add(of, "full_sales_per_s", with);
        figures.add(of, "empty_sales_per_s", without);
        figures.add(of, "full_by_empty", with / without);
    }
    Ok(())
}

async fn sold(bench: &Bench, site: &Site, first: u64, figures: &mut Figures) -> Result<f64> {
    let server = site.start(false).await?;
    let offer = Offer { amount: Amount::Paid, first, connections: bench.fewest() };
    let outcome = sale::offered(bench, site, &server, offer, figures).await?;
    server.stop().await?;
    Ok(outcome.per_second)
}
