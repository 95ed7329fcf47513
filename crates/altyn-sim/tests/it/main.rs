//! Seeds: that they hold, that they repeat, and that they meet what they are there to meet.
//!
//! `ALTYN_TEST_SEEDS` sets how many are run (2,000).

use altyn_sim::run::run;
use altyn_sim::soak::{report, shrink, soak};
use altyn_sim::weather::{Config, Fault};

/// Seeds that showed a fault of ours once, and what it was.
const ONCE_FAILED: &[(u64, &str)] = &[
    (5, "a card whose order never was stayed unknown for ever"),
    (6, "a card that was on its way while another node gave the payment up was not asked about"),
    (23, "a card whose closing went unheard waited for the bank's session to end"),
    (34, "«never sent» was written although the card had been sent meanwhile"),
    (110, "as 6, by a clock that was an hour ahead"),
    (968, "refunds that waited for one nobody could tell of looked every second, for ever"),
];

#[test]
fn no_seed_loses_doubles_or_invents_money() {
    let seeds = std::env::var("ALTYN_TEST_SEEDS").ok().and_then(|text| text.parse().ok());
    let (seeds, config) = (seeds.unwrap_or(2_000), Config::default());
    let threads = std::thread::available_parallelism().map_or(1, |cores| cores.get().min(8));
    let summary = soak(0, &config, threads, |number| number < seeds).unwrap();
    println!("{}", summary.text());
    if let Some(seed) = summary.failed {
        let (smallest, outcome) = shrink(seed, &config).unwrap();
        panic!("{}", report(seed, &smallest, &outcome));
    }
    assert_eq!(summary.seeds, seeds);
    if seeds >= 500 {
        // What is never met is not proven.
        for met in EVERYTHING {
            assert!(summary.met(met) > 0, "no seed has met: {met}\n{}", summary.text());
        }
    }
}

/// What so many seeds must have met.
const EVERYTHING: &[&str] = &[
    "answers lost",
    "became: authorization approved",
    "became: authorization unknown",
    "became: capture approved",
    "became: capture unknown",
    "became: refund approved",
    "became: refund unknown",
    "became: sale approved",
    "became: sale authenticating",
    "became: sale clarifying",
    "became: sale declined",
    "became: sale instructed",
    "became: sale unknown",
    "became: void approved",
    "became: void declined",
    "callbacks refused",
    "clock steps",
    "commits turned away",
    "kills of a node",
    "kills of everything",
    "late money",
    "lies of the bank",
    "messages doubled",
    "messages lost",
    "messages overdue",
    "messages refused",
    "notifications doubled",
    "notifications late by days",
    "notifications never sent",
    "refusals of the bank",
    "store failures",
    "writes not told",
];

#[test]
fn seeds_that_once_failed_hold() {
    for (seed, what) in ONCE_FAILED {
        let outcome = run(*seed, &Config::default()).unwrap();
        let config = Config::default();
        assert_eq!(outcome.violations, [], "{what}: {}", report(*seed, &config, &outcome));
    }
}

#[test]
fn the_same_seed_is_the_same_history() {
    for seed in 3..8 {
        let (once, again) = (run(seed, &Config::default()), run(seed, &Config::default()));
        let (once, again) = (once.unwrap(), again.unwrap());
        for (line, other) in once.history.iter().zip(&again.history) {
            assert_eq!(line, other, "seed {seed}");
        }
        assert_eq!((once.steps, once.counts), (again.steps, again.counts), "seed {seed}");
    }
}

#[test]
fn without_faults_nothing_is_met_but_work() {
    let config = Config { without: Fault::ALL.to_vec(), ..Config::default() };
    let summary = soak(0, &config, 1, |number| number < 5).unwrap();
    assert_eq!((summary.failed, summary.seeds, summary.faults()), (None, 5, 0));
    assert!(summary.met("became: sale approved") > 0, "{}", summary.text());
}
