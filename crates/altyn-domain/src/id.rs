//! Identities: one type per entity, and the layout of the numbers inside them.
//!
//! A number is time-ordered, so inserts stay at the right edge of an index and pages walk by key,
//! and below 2^53, so that clients which read integers through a float sign what we sent
//! ([`IdLayout`]: 32 bits of seconds, 16 of sequence, 5 of the node's leased number).

use std::fmt;

/// The first second an id can carry: 2020-01-01 UTC.
pub const ID_EPOCH_SECONDS: i64 = 1_577_836_800;
/// How many nodes may share a database at once: five bits.
pub const NODES_MAX: u8 = 32;
/// Ids one node can make within a second before it borrows from the next.
pub const IDS_PER_SECOND: u32 = 1 << 16;

macro_rules! ids {
    ($($(#[$meta:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(i64);

        impl $name {
            /// Takes a number made by [`IdLayout`] or read from a store.
            pub const fn new(number: i64) -> Self {
                Self(number)
            }

            /// The number.
            pub const fn get(self) -> i64 {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    )+};
}

ids! {
    /// Our number of a delivery owed to a merchant.
    CallbackId,
    /// Our number of an operation; `operation.id` on the ECommPay face.
    OperationId,
    /// Our number of a payment (the merchant's own is [`crate::payment::PaymentRef`]).
    PaymentId,
}

/// A project's number, as merchants send it: 1..=4294967295 (ecommpay.md §3.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProjectId(u32);

impl ProjectId {
    /// Refuses zero.
    pub const fn new(number: u32) -> Option<Self> {
        if number == 0 { None } else { Some(Self(number)) }
    }

    /// The number.
    pub const fn get(self) -> u32 {
        self.0
    }
}

impl fmt::Display for ProjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Where in time and on which node an id was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct IdLayout {
    /// Seconds since [`ID_EPOCH_SECONDS`].
    pub second: u32,
    /// Position within the second.
    pub sequence: u16,
    /// The node's leased number, below [`NODES_MAX`].
    pub node: u8,
}

impl IdLayout {
    /// The number: always positive and below 2^53.
    pub const fn pack(self) -> i64 {
        ((self.second as i64) << 21) | ((self.sequence as i64) << 5) | ((self.node & 31) as i64)
    }
}

/// An id as providers see it: lower-case base 36, at most 11 characters (`inv` of iPay takes 15,
/// `orderNumber` of RBS 32).
pub fn order_number(operation: OperationId) -> String {
    let mut rest = operation.get().unsigned_abs();
    let mut digits = Vec::with_capacity(11);
    loop {
        let digit = u32::try_from(rest % 36).unwrap_or(0);
        digits.push(char::from_digit(digit, 36).unwrap_or('0'));
        rest /= 36;
        if rest == 0 {
            break;
        }
    }
    digits.iter().rev().collect()
}

/// Reads [`order_number`] back; `None` for anything we cannot have written.
pub fn operation_of(order_number: &str) -> Option<OperationId> {
    let number = i64::from_str_radix(order_number, 36).ok().filter(|number| *number > 0)?;
    let id = OperationId::new(number);
    (self::order_number(id) == order_number).then_some(id)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn ids_stay_below_2_53_and_keep_their_order(second: u32, sequence: u16, node in 0..32_u8) {
            let id = IdLayout { second, sequence, node }.pack();
            prop_assert!((0..1_i64 << 53).contains(&id));
            if let Some(later) = sequence.checked_add(1) {
                let next = IdLayout { second, sequence: later, node: 0 }.pack();
                prop_assert!(next > id);
            }
        }

        #[test]
        fn order_numbers_read_back(number in 1..1_i64 << 53) {
            let id = OperationId::new(number);
            prop_assert!(order_number(id).len() <= 11);
            prop_assert_eq!(operation_of(&order_number(id)), Some(id));
        }
    }

    #[test]
    fn foreign_order_numbers_are_refused() {
        for text in ["", "0", "-1", "00a", "A", "a b", "+z", "zzzzzzzzzzzzzzzzzzz"] {
            assert_eq!(operation_of(text), None, "{text}");
        }
    }
}
