//! Nodes: distinct numbers by lease.

use std::collections::HashSet;
use std::sync::Arc;

use altyn_app::ports::store::NodeLease;
use altyn_domain::id::NODES_MAX;

use super::Bench;
use crate::clock::START;

/// As many as there are numbers, asked for at once; then none.
pub async fn thirty_two_nodes_get_distinct_numbers(bench: Arc<dyn Bench>) {
    let until = START.plus_millis(30_000);
    let tasks: Vec<_> = (0..NODES_MAX)
        .map(|n| {
            let store = bench.store();
            tokio::spawn(async move { store.lease_node(&format!("node-{n}"), START, until).await })
        })
        .collect();
    let mut numbers = HashSet::new();
    for task in tasks {
        let leased = task.await.expect("a lease does not panic").expect("the store answers");
        let lease = leased.expect("there is a number for each");
        assert!(lease.node < NODES_MAX && lease.until == until, "{lease:?}");
        assert!(numbers.insert(lease.node), "{} twice", lease.node);
    }
    let one_more = bench.store().lease_node("late", START, until).await;
    assert_eq!(one_more.expect("the store answers"), None);
    let later = until.plus_millis(1);
    let after = bench.store().lease_node("late", later, later.plus_millis(1)).await;
    assert!(after.expect("the store answers").is_some(), "a lease that ran out is free");
}

/// The seconds reserved under a number outlive its holders.
pub async fn a_node_number_is_renewed_lost_and_taken_over(bench: Arc<dyn Bench>) {
    let store = bench.store();
    let (soon, later) = (START.plus_millis(10_000), START.plus_millis(20_000));
    let first = store.lease_node("first", START, soon).await.expect("the store answers");
    let first = first.expect("a number is free");
    assert_eq!(first.owner, "first");
    let high_second = START.as_seconds() + 60;
    let renewed = NodeLease { until: later, high_second, ..first.clone() };
    assert!(store.renew_node(&renewed).await.expect("the store answers"));
    let stolen = NodeLease { owner: "thief".to_owned(), ..renewed.clone() };
    assert!(!store.renew_node(&stolen).await.expect("the store answers"));
    let other = store.lease_node("other", soon, later).await.expect("the store answers");
    assert!(other.is_some_and(|other| other.node != first.node), "the renewal holds");

    let end = later.plus_millis(1);
    let mut taken = None;
    for n in 0..NODES_MAX {
        let lease = store.lease_node(&format!("next-{n}"), end, end.plus_millis(60_000)).await;
        let lease = lease.expect("the store answers").expect("a number is free");
        if lease.node == first.node {
            taken = Some(lease);
        }
    }
    let taken = taken.expect("the number is leased again");
    assert_eq!(taken.high_second, high_second, "what was reserved is remembered");
    assert!(!store.renew_node(&renewed).await.expect("the store answers"), "it is lost");
    assert!(store.renew_node(&taken).await.expect("the store answers"));
}
