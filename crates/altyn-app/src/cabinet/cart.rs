//! A payment's cart, as the merchant passed it, and what of it was returned already.
//!
//! A cart is advice: it says which goods a refund is for, and decides nothing about the sum.

use std::collections::BTreeMap;
use std::fmt;

use altyn_domain::payment::{Operation, OperationKind, OperationState, Record};

/// Where positions are in a flattened request (ecommpay.md §3.4).
const POSITIONS: &str = "receipt_data:positions:";
/// Decimals of a quantity that count: grams of a ton.
const DECIMALS: u32 = 6;

/// A cart, as the merchant passed it (`receipt_data`, ecommpay.md §3.4).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cart {
    /// Its positions.
    pub positions: Vec<CartPosition>,
}

/// A position of a cart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CartPosition {
    /// What it is.
    pub description: String,
    /// How many, as decimal text.
    pub quantity: String,
    /// What the position costs in all, minor units, if that can be read.
    pub amount_minor: Option<i64>,
}

/// The cart that came with the opening operation's request, if one did.
pub fn cart_of(opening: &Operation) -> Option<Cart> {
    let positions: Vec<CartPosition> = positions_in(opening).into_values().collect();
    (!positions.is_empty()).then_some(Cart { positions })
}

/// How many of each position of the cart are left, refunds under way counted as returned; as
/// decimal text, `None` where the merchant's quantity is no number.
pub fn cart_left(record: &Record, cart: &Cart) -> Vec<Option<String>> {
    left(record, cart).into_iter().map(|left| left.map(|left| left.to_string())).collect()
}

/// [`cart_left`] as numbers.
pub(super) fn left(record: &Record, cart: &Cart) -> Vec<Option<Quantity>> {
    let returned: Vec<BTreeMap<usize, CartPosition>> =
        record.operations.iter().filter(|one| returns(record, one)).map(positions_in).collect();
    let left = |(index, own): (usize, &CartPosition)| {
        let mut left = Quantity::parse(&own.quantity)?.0;
        for position in returned.iter().filter_map(|refund| refund.get(&index)) {
            // A merchant's own refund numbers positions by itself.
            if position.description == own.description {
                let gone = Quantity::parse(&position.quantity).map_or(0, |gone| gone.0);
                left = left.saturating_sub(gone);
            }
        }
        Some(Quantity(left))
    };
    cart.positions.iter().enumerate().map(left).collect()
}

/// The lines of a refund's request that say which goods it is for.
pub(super) fn lines(index: usize, description: &str, quantity: &str) -> [(String, String); 2] {
    let line = |name, text: &str| (format!("{POSITIONS}{index}:{name}"), text.to_owned());
    [line("description", description), line("quantity", quantity)]
}

fn returns(record: &Record, operation: &Operation) -> bool {
    operation.kind == OperationKind::Refund
        && operation.generation == record.payment.generation
        && !matches!(operation.state, OperationState::Declined | OperationState::Rejected)
}

/// By their numbers in the request; lines are sorted as texts, so that 10 comes before 2.
fn positions_in(operation: &Operation) -> BTreeMap<usize, CartPosition> {
    let mut positions: BTreeMap<usize, CartPosition> = BTreeMap::new();
    for (path, value) in operation.request.lines() {
        let Some((number, name)) =
            path.strip_prefix(POSITIONS).and_then(|rest| rest.split_once(':'))
        else {
            continue;
        };
        let Ok(number) = number.parse() else { continue };
        let position = positions.entry(number).or_default();
        match name {
            "description" => value.clone_into(&mut position.description),
            "quantity" => value.clone_into(&mut position.quantity),
            "amount" => position.amount_minor = value.parse().ok().filter(|minor| *minor >= 0),
            _ => {}
        }
    }
    positions
}

/// A quantity of goods in millionths: a decimal, and never a float.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Quantity(u64);

impl Quantity {
    /// Reads `3` and `0.25`; `None` for signs, exponents and more than six decimals.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
        let digits =
            |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let decimals = u32::try_from(part.len()).ok().filter(|count| *count <= DECIMALS)?;
        if !digits(whole) || !digits(part) {
            return None;
        }
        let whole: u64 = whole.parse().ok()?;
        let part: u64 = part.parse().ok()?;
        let scaled = part.checked_mul(10_u64.pow(DECIMALS - decimals))?;
        whole.checked_mul(10_u64.pow(DECIMALS))?.checked_add(scaled).map(Self)
    }

    /// True for nothing.
    pub(super) const fn is_zero(self) -> bool {
        self.0 == 0
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scale = 10_u64.pow(DECIMALS);
        let (whole, part) = (self.0 / scale, self.0 % scale);
        if part == 0 {
            return whole.fmt(f);
        }
        let part = format!("{part:06}");
        write!(f, "{whole}.{}", part.trim_end_matches('0'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_are_read_whole_or_not_at_all() {
        for (text, read) in [
            ("1", Some("1")),
            ("007", Some("7")),
            ("0.250", Some("0.25")),
            ("3.000001", Some("3.000001")),
            ("0", Some("0")),
            ("3.0000001", None),
            ("", None),
            (".", None),
            (".5", None),
            ("5.", None),
            ("-1", None),
            ("+1", None),
            ("1e3", None),
            ("1,5", None),
            ("1 000", None),
            ("٣", None),
            ("99999999999999999999", None),
        ] {
            let found = Quantity::parse(text).map(|quantity| quantity.to_string());
            assert_eq!(found.as_deref(), read, "{text:?}");
        }
    }
}
