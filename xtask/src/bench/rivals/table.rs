//! The comparison, for people and for machines.

use anyhow::Result;
use serde_json::{Value, json};

use super::rival::{
    ALTYN_POSTGRES, ALTYN_SQLITE, Contest, LOCALSTRIPE, MEDUSA_NAME, STRIPE_STATEFUL_MOCK,
};
use crate::bench::Bench;
use crate::bench::figures::Spread;
use crate::bench::machine::Machine;
use crate::bench::report::{conditions, machine_json, shown, table};

const ALL: [&str; 5] =
    [ALTYN_SQLITE, ALTYN_POSTGRES, MEDUSA_NAME, LOCALSTRIPE, STRIPE_STATEFUL_MOCK];
const COLUMNS: [(&str, &str, usize); 6] = [
    ("per_s", "/s", 0),
    ("p50_ms", "p50, ms", 1),
    ("p99_ms", "p99, ms", 1),
    ("cpu_us", "CPU µs each", 0),
    ("server_us", "server", 0),
    ("database_us", "database", 0),
];

/// What we expect, by processor time of a request and by requests a second: theirs, ours, and how
/// many times better we mean to be.
const AIMS: [(&str, &str, f64, Option<f64>); 5] = [
    (MEDUSA_NAME, ALTYN_POSTGRES, 100.0, None),
    (LOCALSTRIPE, ALTYN_SQLITE, 1.0, Some(1.0)),
    (LOCALSTRIPE, ALTYN_POSTGRES, 1.0, Some(1.0)),
    (STRIPE_STATEFUL_MOCK, ALTYN_SQLITE, 1.0, Some(1.0)),
    (STRIPE_STATEFUL_MOCK, ALTYN_POSTGRES, 1.0, Some(1.0)),
];

/// Prints everything.
#[expect(clippy::print_stdout, reason = "a program for people prints to them")]
pub fn print(bench: &Bench, machine: &Machine, contest: &Contest) {
    println!("{}\n", conditions(bench, machine));
    let titles: Vec<&str> = COLUMNS.iter().map(|(_, title, _)| *title).collect();
    let rows = ALL.iter().filter(|who| contest.spread(who, "per_s").is_some()).map(|who| {
        let cells = COLUMNS.iter().map(|(what, _, decimals)| {
            let spread = contest.spread(who, what);
            spread.map_or_else(|| "–".to_owned(), |spread| shown(spread, *decimals))
        });
        std::iter::once((*who).to_owned()).chain(cells).collect()
    });
    let title = format!("create a payment, {} connections", bench.fewest());
    println!("{}", table(&title, &titles, rows.collect()));
    for verdict in verdicts(contest) {
        println!("{verdict}");
    }
    for skipped in &contest.skipped {
        println!("skipped: {skipped}");
    }
    for error in &contest.errors {
        println!("WRONG {error}");
    }
}

/// The same as a document.
pub fn json(bench: &Bench, machine: &Machine, contest: &Contest) -> Result<String> {
    let figures: serde_json::Map<String, Value> = ALL
        .iter()
        .map(|who| {
            let own = COLUMNS.iter().filter_map(|(what, _, _)| {
                let samples = contest.samples.get(&(*who, *what))?;
                let spread = Spread::of(samples)?;
                let value = json!({
                    "median": spread.median,
                    "min": spread.least,
                    "max": spread.most,
                    "samples": samples,
                });
                Some(((*what).to_owned(), value))
            });
            ((*who).to_owned(), Value::Object(own.collect()))
        })
        .collect();
    let document = json!({
        "machine": machine_json(machine),
        "options": {
            "seconds": bench.length.as_secs(),
            "rounds": bench.rounds,
            "connections": bench.fewest(),
        },
        "figures": figures,
        "verdicts": verdicts(contest),
        "skipped": contest.skipped,
        "errors": contest.errors,
    });
    Ok(serde_json::to_string_pretty(&document)? + "\n")
}

impl Contest {
    fn spread(&self, who: &str, what: &str) -> Option<Spread> {
        let found = self.samples.iter().find(|((own, name), _)| *own == who && *name == what);
        Spread::of(found?.1)
    }

    /// Theirs ÷ ours in each round.
    fn ratio(&self, what: &str, (over, under): (&str, &str)) -> Option<Spread> {
        let of = |who: &str| {
            let mut found = self.samples.iter();
            found.find(|((own, name), _)| *own == who && *name == what).map(|(_, samples)| samples)
        };
        let pairs = of(over)?.iter().zip(of(under)?);
        Spread::of(
            &pairs.map(|(over, under)| over / under.max(f64::MIN_POSITIVE)).collect::<Vec<_>>(),
        )
    }
}

/// What was expected, and whether it holds.
fn verdicts(contest: &Contest) -> Vec<String> {
    let mut lines = Vec::new();
    for (theirs, ours, by_cpu, by_rate) in AIMS {
        if let Some(spread) = contest.ratio("cpu_us", (theirs, ours)) {
            lines.push(verdict(&format!("CPU each: {theirs} ÷ {ours}"), spread, by_cpu));
        }
        if let Some(by_rate) = by_rate
            && let Some(spread) = contest.ratio("per_s", (ours, theirs))
        {
            lines.push(verdict(&format!("rate: {ours} ÷ {theirs}"), spread, by_rate));
        }
    }
    lines
}

fn verdict(what: &str, spread: Spread, aim: f64) -> String {
    let says = if spread.median >= aim { "holds" } else { "MISSES" };
    format!("{what}: {}, aim ≥ {aim}: {says}", shown(spread, 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verdict_is_of_ratios_within_rounds() {
        let mut contest = Contest::default();
        for (who, samples) in
            [(MEDUSA_NAME, [30_000.0, 60_000.0, 20_000.0]), (ALTYN_POSTGRES, [200.0, 300.0, 250.0])]
        {
            contest.samples.insert((who, "cpu_us"), samples.to_vec());
        }
        let lines = verdicts(&contest);
        let expected = "CPU each: Medusa, PostgreSQL ÷ Altyn, PostgreSQL: 150.0 (80.0–200.0), aim ≥ 100: holds";
        assert_eq!(lines, [expected]);
    }
}
