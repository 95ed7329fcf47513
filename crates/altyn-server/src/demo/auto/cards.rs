//! Payments by card through the Gate: taken at once, held and captured, held and released, and
//! declined.

use anyhow::Result;

use super::{Expected, Play, Sale};
use crate::demo::bodies::Request;
use crate::demo::shop::Callback;
use crate::demo::show::money;

/// A test card that pays without 3-D Secure.
const GOOD: &str = "4000000000000077";
/// The same as callbacks show it.
pub const MASK: &str = "400000******0077";
/// A test card that the bank declines.
const DECLINED: &str = "4111111111111111";

impl Play<'_> {
    /// One payment for each of the ways.
    pub(super) async fn cards(
        &mut self,
        [once, captured, released, declined]: &[Sale; 4],
    ) -> Result<()> {
        self.taken_at_once(once).await?;
        self.captured(captured).await?;
        self.released(released).await?;
        self.by_card(declined, "sale", DECLINED, ("decline", "decline"), "10000").await?;
        self.status(declined, "decline").await
    }

    async fn taken_at_once(&mut self, sale: &Sale) -> Result<()> {
        let callback = self.by_card(sale, "sale", GOOD, ("success", "success"), "0").await?;
        self.provided(sale, &callback);
        self.status(sale, "success").await
    }

    /// Held, captured, and a part returned.
    async fn captured(&mut self, sale: &Sale) -> Result<()> {
        self.held(sale).await?;
        let request = self.stage.merchant.capture(&sale.paid(), sale.sum(sale.minor));
        self.followed(sale, "capture", &request, "success").await?;
        let part = 23_450;
        self.refunded(sale, Some(part), ("partially refunded", part, sale.minor - part)).await?;
        self.status(sale, "partially refunded").await
    }

    async fn released(&mut self, sale: &Sale) -> Result<()> {
        self.held(sale).await?;
        let request = self.stage.merchant.cancel(&sale.paid());
        self.followed(sale, "cancel", &request, "canceled").await?;
        self.status(sale, "canceled").await
    }

    async fn held(&mut self, sale: &Sale) -> Result<()> {
        let callback =
            self.by_card(sale, "auth", GOOD, ("awaiting capture", "success"), "0").await?;
        self.provided(sale, &callback);
        Ok(())
    }

    /// A payment that asks the payer nothing, up to its one callback.
    async fn by_card(
        &mut self,
        sale: &Sale,
        action: &str,
        pan: &str,
        (status, outcome): (&str, &str),
        code: &str,
    ) -> Result<Callback> {
        let sum = money(sale.minor, sale.way.currency());
        self.report.step(format!("Карта (card) {action}, {sum}, {}", sale.id));
        let request = self.stage.merchant.card(action, &sale.id, sale.minor, pan);
        let request_id = self.accepted(&request, &sale.id).await?;
        let operation = (action, outcome);
        let expected = Expected { status, left: sale.minor, operation, asked: sale.minor, code };
        self.told(sale, &request_id, &expected).await
    }

    /// What the shop does with a hold.
    async fn followed(
        &mut self,
        sale: &Sale,
        action: &str,
        request: &Request,
        status: &str,
    ) -> Result<()> {
        let sum = money(sale.minor, sale.way.currency());
        self.report.step(format!("Резерв (hold) {action}, {sum}, {}", sale.id));
        let request_id = self.accepted(request, &sale.id).await?;
        let (left, asked, operation) = (sale.minor, sale.minor, (action, "success"));
        let expected = Expected { status, left, operation, asked, code: "0" };
        self.told(sale, &request_id, &expected).await?;
        Ok(())
    }
}
