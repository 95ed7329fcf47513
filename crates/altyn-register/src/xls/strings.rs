//! The table of shared strings: each different text once, over as many records as it takes
//! (MS-XLS 2.4.265, 2.5.293).
//!
//! Guaranteed: a length and its flags are never apart; where characters go on in the next record
//! they begin with flags anew; both halves of a surrogate pair are in one record, for readers decode
//! each record by itself.

use std::collections::HashMap;

use super::record::{BODY_MAX, Records, WIDE};

const SST: u16 = 0x00FC;
const CONTINUE: u16 = 0x003C;
/// The two counts at the beginning of the first record.
const COUNTS: usize = 8;
/// A text's length and flags.
const HEAD: usize = 3;

/// The table.
#[derive(Debug)]
pub struct SharedStrings {
    numbers: HashMap<Box<str>, u32>,
    uses: u32,
    full: Vec<Vec<u8>>,
    last: Vec<u8>,
}

impl SharedStrings {
    /// An empty table.
    pub fn new() -> Self {
        Self { numbers: HashMap::new(), uses: 0, full: Vec::new(), last: vec![0; COUNTS] }
    }

    /// The number of a text of at most 32,767 units, which is added if it is new.
    pub fn number(&mut self, text: &str) -> u32 {
        self.uses = self.uses.saturating_add(1);
        if let Some(number) = self.numbers.get(text) {
            return *number;
        }
        let number = self.unique();
        self.numbers.insert(text.into(), number);
        self.push(text);
        number
    }

    /// The records of the table.
    pub fn write(&self, records: &mut Records) {
        let (unique, mut kind) = (self.unique(), SST);
        for body in self.full.iter().chain([&self.last]) {
            if kind == CONTINUE {
                records.add_raw(kind, body);
                continue;
            }
            let texts = body.iter().skip(COUNTS).copied();
            let counts = self.uses.to_le_bytes().into_iter().chain(unique.to_le_bytes());
            let body: Vec<u8> = counts.chain(texts).collect();
            records.add_raw(kind, &body);
            kind = CONTINUE;
        }
    }

    fn unique(&self) -> u32 {
        u32::try_from(self.numbers.len()).unwrap_or(u32::MAX)
    }

    fn push(&mut self, text: &str) {
        // One byte for each character is enough for the first 256.
        let flags =
            if text.chars().all(|character| u32::from(character) < 0x100) { 0 } else { WIDE };
        let size = |character: char| if flags == WIDE { 2 * character.len_utf16() } else { 1 };
        let first = text.chars().next().map_or(0, size);
        if self.room() < HEAD + first {
            self.turn();
        }
        let units = u16::try_from(text.encode_utf16().count()).unwrap_or(u16::MAX);
        self.last.extend(units.to_le_bytes());
        self.last.push(flags);
        for character in text.chars() {
            if self.room() < size(character) {
                self.turn();
                self.last.push(flags);
            }
            let mut units = [0; 2];
            for unit in character.encode_utf16(&mut units) {
                let bytes = unit.to_le_bytes();
                self.last.extend(bytes.iter().take(if flags == WIDE { 2 } else { 1 }));
            }
        }
    }

    fn room(&self) -> usize {
        BODY_MAX - self.last.len()
    }

    fn turn(&mut self) {
        self.full.push(std::mem::replace(&mut self.last, Vec::with_capacity(BODY_MAX)));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Reads a table as MS-XLS tells it, each record by itself.
    fn read(bytes: &[u8]) -> Vec<String> {
        let mut bodies: Vec<&[u8]> = Vec::new();
        let mut rest = bytes;
        while let [k0, k1, l0, l1, after @ ..] = rest {
            let kind = u16::from_le_bytes([*k0, *k1]);
            assert_eq!(kind, if bodies.is_empty() { SST } else { CONTINUE });
            let length = usize::from(u16::from_le_bytes([*l0, *l1]));
            assert!(length <= BODY_MAX);
            let (body, after) = after.split_at(length);
            bodies.push(body);
            rest = after;
        }
        let unique = u32::from_le_bytes(bodies[0][4..8].try_into().unwrap());
        let (mut record, mut at, mut texts) = (0, COUNTS, Vec::new());
        for _ in 0..unique {
            if at == bodies[record].len() {
                (record, at) = (record + 1, 0);
            }
            let head = &bodies[record][at..at + HEAD];
            let (mut missing, mut wide) =
                (usize::from(u16::from_le_bytes([head[0], head[1]])), head[2] == WIDE);
            at += HEAD;
            let mut text = String::new();
            loop {
                let unit_size = if wide { 2 } else { 1 };
                let here = missing.min((bodies[record].len() - at) / unit_size);
                let raw = &bodies[record][at..at + here * unit_size];
                let units: Vec<u16> = raw
                    .chunks(unit_size)
                    .map(|unit| unit.iter().rev().fold(0, |sum, byte| sum << 8 | u16::from(*byte)))
                    .collect();
                text.push_str(&String::from_utf16(&units).expect("no pair is torn apart"));
                (missing, at) = (missing - here, at + raw.len());
                if missing == 0 {
                    break;
                }
                (record, at) = (record + 1, 1);
                wide = bodies[record][0] == WIDE;
            }
            texts.push(text);
        }
        assert_eq!((record, at), (bodies.len() - 1, bodies[record].len()), "nothing is left over");
        texts
    }

    fn round_trip(texts: &[String]) {
        let mut table = SharedStrings::new();
        let numbers: Vec<u32> = texts.iter().map(|text| table.number(text)).collect();
        let mut records = Records::default();
        table.write(&mut records);
        let back = read(records.bytes());
        for (text, number) in texts.iter().zip(numbers) {
            assert_eq!(&back[number as usize], text);
        }
        assert_eq!(u32::from_le_bytes(records.bytes()[4..8].try_into().unwrap()), table.uses);
    }

    #[test]
    fn a_text_may_end_anywhere_in_a_record() {
        // Every length around the end of a record, in both widths, before a text of either.
        for last in ["", "x", "я", "😂", "x😂"] {
            for length in (BODY_MAX - 24)..=(BODY_MAX + 8) {
                round_trip(&["a".repeat(length), last.to_owned(), "end".to_owned()]);
            }
            for length in (BODY_MAX / 2 - 12)..=(BODY_MAX / 2 + 8) {
                round_trip(&["я".repeat(length), last.to_owned(), "end".to_owned()]);
            }
        }
        round_trip(&["a".repeat(32_767), "я".repeat(32_767), "😂".repeat(16_383)]);
        round_trip(&["x".to_owned() + &"😂".repeat(16_383), String::new()]);
    }

    #[test]
    fn equal_texts_are_kept_once() {
        let mut table = SharedStrings::new();
        let numbers = ["a", "b", "a", "a"].map(|text| table.number(text));
        assert_eq!((numbers, table.uses, table.unique()), ([0, 1, 0, 0], 4, 2));
    }

    proptest! {
        #[test]
        fn any_texts_come_back(texts in proptest::collection::vec(".{0,2000}", 0..30)) {
            round_trip(&texts);
        }
    }
}
