//! The positions of a cart in the refund dialog: how many of each, and what they come to.

use altyn_app::cabinet::{Cart, RefundPosition, cart_left};
use altyn_domain::payment::Record;

use super::amounts;

/// Decimals of a quantity.
const DECIMALS: u32 = 6;

/// A position in the dialog.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line {
    /// Which, from 0.
    pub index: usize,
    /// What it is.
    pub description: String,
    /// How many were bought.
    pub quantity: String,
    /// How many may still be returned, where that is known.
    pub left: Option<String>,
    /// What all of it cost, minor units.
    pub amount_minor: Option<i64>,
    /// How many the person typed.
    pub typed: String,
    /// What is wrong with that.
    pub wrong: bool,
}

/// The positions of a payment's cart; none when it has no cart.
pub fn lines(record: &Record, cart: Option<&Cart>) -> Vec<Line> {
    let Some(cart) = cart else { return Vec::new() };
    let left = cart_left(record, cart);
    let positions = cart.positions.iter().zip(left).enumerate();
    positions
        .map(|(index, (position, left))| Line {
            index,
            description: position.description.clone(),
            quantity: position.quantity.clone(),
            left,
            amount_minor: position.amount_minor,
            ..Line::default()
        })
        .collect()
}

/// Takes what was typed for each; marks what cannot be meant.
pub fn take<'a>(lines: &mut [Line], typed: impl Fn(&str) -> &'a str) {
    for line in lines {
        typed(&format!("quantity_{}", line.index)).clone_into(&mut line.typed);
        let left = line.left.as_deref().and_then(quantity);
        line.wrong = !line.typed.is_empty()
            && quantity(&line.typed).is_none_or(|own| left.is_some_and(|left| own > left));
    }
}

/// The positions that were chosen, as the use case takes them.
pub fn chosen(lines: &[Line]) -> Vec<RefundPosition> {
    let position = |line: &Line| {
        let quantity = quantity(&line.typed).filter(|own| *own > 0)?;
        Some(RefundPosition { index: line.index, quantity: decimal(quantity) })
    };
    lines.iter().filter_map(position).collect()
}

/// What the chosen positions cost, minor units, half a unit rounded up; `None` when none is chosen
/// or the cart does not say what one of them costs.
pub fn sum(lines: &[Line]) -> Option<i64> {
    let mut sum: Option<i64> = None;
    for line in lines {
        let Some(own) = quantity(&line.typed).filter(|own| *own > 0) else { continue };
        let all = quantity(&line.quantity).filter(|all| *all > 0)?;
        let share = i128::from(line.amount_minor?) * i128::from(own) * 2 + i128::from(all);
        let share = i64::try_from(share / (2 * i128::from(all))).ok()?;
        sum = Some(sum.unwrap_or(0).checked_add(share)?);
    }
    sum
}

/// Millionths.
fn quantity(text: &str) -> Option<i64> {
    amounts::parse(text, DECIMALS).ok()
}

fn decimal(millionths: i64) -> String {
    let text = amounts::typed(millionths, DECIMALS, '.');
    if text.contains('.') { text.trim_end_matches('0').to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(index: usize, quantity: &str, amount_minor: Option<i64>, typed: &str) -> Line {
        let left = Some(quantity.to_owned());
        let (quantity, typed) = (quantity.to_owned(), typed.to_owned());
        Line { index, quantity, left, amount_minor, typed, ..Line::default() }
    }

    #[test]
    fn positions_come_to_their_share_of_what_they_cost() {
        for (lines, expected) in [
            (vec![line(0, "10", Some(10_800), "3")], Some(3_240)),
            (vec![line(0, "3", Some(100), "1"), line(1, "2", Some(300), "2")], Some(333)),
            (vec![line(0, "3", Some(100), "2")], Some(67)),
            (vec![line(0, "1.5", Some(150), "0,25")], Some(25)),
            (vec![line(0, "1", Some(100), "")], None),
            (vec![line(0, "1", Some(100), "0")], None),
            (vec![line(0, "1", None, "1")], None),
            (vec![line(0, "?", Some(1), "1")], None),
        ] {
            assert_eq!(sum(&lines), expected, "{lines:?}");
        }
    }

    #[test]
    fn what_is_chosen_is_told_in_decimals() {
        let lines = [line(0, "2", None, "1,50"), line(1, "9", None, ""), line(2, "9", None, "4")];
        let chosen = chosen(&lines);
        let said: Vec<_> = chosen.iter().map(|one| (one.index, one.quantity.as_str())).collect();
        assert_eq!(said, [(0, "1.5"), (2, "4")]);
    }

    #[test]
    fn more_than_is_left_and_what_is_no_number_is_marked() {
        for (typed, wrong) in
            [("", false), ("2", false), ("0", false), ("3", true), ("-1", true), ("два", true)]
        {
            let mut lines = [line(0, "2", None, "")];
            take(&mut lines, |_| typed);
            assert_eq!(lines[0].wrong, wrong, "{typed}");
        }
    }
}
