//! What was measured: samples by name, one a round, and what must be zero.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::database::Engine;
use super::load::Outcome;

/// Whose figure it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Of {
    /// The machine's.
    Floor,
    /// The platform's on this database.
    Platform(Engine),
}

impl Of {
    /// A word for it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Floor => "floors",
            Self::Platform(engine) => engine.name(),
        }
    }
}

/// Everything measured.
#[derive(Default)]
pub struct Figures {
    samples: BTreeMap<(Of, String), Vec<f64>>,
    /// Answers that were not 200, and connections that broke.
    pub errors: u64,
    /// Payments or callbacks that were accepted and are not there.
    pub lost: u64,
    /// Charges beyond the first.
    pub doubled: u64,
    /// What else must not be, in words.
    pub faults: Vec<String>,
}

/// Samples in three numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    pub median: f64,
    pub least: f64,
    pub most: f64,
}

impl Figures {
    /// Adds this round's sample.
    pub fn add(&mut self, of: Of, name: impl Into<String>, value: f64) {
        self.samples.entry((of, name.into())).or_default().push(value);
    }

    /// This round's sample, if it was measured in this round.
    pub fn last(&self, of: Of, name: &str) -> Option<f64> {
        self.samples.get(&(of, name.to_owned()))?.last().copied()
    }

    /// The samples of a name in three numbers.
    pub fn spread(&self, of: Of, name: &str) -> Option<Spread> {
        Spread::of(self.samples.get(&(of, name.to_owned()))?)
    }

    /// Notes what went wrong in a load.
    pub fn errors_of(&mut self, what: &str, outcome: &Outcome) {
        self.errors += outcome.errors;
        if let Some(first) = &outcome.first_error {
            self.faults.push(format!("{what}: {} errors, the first: {first}", outcome.errors));
        }
    }

    /// Whether everything that must be zero is.
    pub fn is_clean(&self) -> bool {
        self.errors == 0 && self.lost == 0 && self.doubled == 0 && self.faults.is_empty()
    }

    /// All of it for machines.
    pub fn json(&self) -> Value {
        let mut parts: BTreeMap<&str, BTreeMap<&str, Value>> = BTreeMap::new();
        for ((of, name), samples) in &self.samples {
            let Some(spread) = Spread::of(samples) else { continue };
            parts.entry(of.name()).or_default().insert(
                name,
                json!({
                    "median": spread.median,
                    "min": spread.least,
                    "max": spread.most,
                    "samples": samples,
                }),
            );
        }
        json!({
            "figures": parts,
            "errors": self.errors,
            "lost": self.lost,
            "doubled": self.doubled,
            "faults": self.faults,
        })
    }
}

impl Spread {
    /// Of samples in any order.
    pub fn of(samples: &[f64]) -> Option<Self> {
        let mut sorted = samples.to_vec();
        sorted.sort_by(f64::total_cmp);
        let (least, most) = (*sorted.first()?, *sorted.last()?);
        let middle = sorted.len() / 2;
        let upper = *sorted.get(middle)?;
        let median = if sorted.len().is_multiple_of(2) {
            f64::midpoint(*sorted.get(middle.checked_sub(1)?)?, upper)
        } else {
            upper
        };
        Some(Self { median, least, most })
    }
}

#[cfg(test)]
mod tests {
    use super::Spread;

    #[test]
    fn the_median_is_in_the_middle() {
        let of = |samples: &[f64]| Spread::of(samples).map(|spread| spread.median);
        assert_eq!(of(&[]), None);
        assert_eq!(of(&[3.0]), Some(3.0));
        assert_eq!(of(&[9.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(of(&[4.0, 1.0]), Some(2.5));
    }
}
