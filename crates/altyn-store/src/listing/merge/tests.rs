//! The walk against sorting everything.

use proptest::prelude::*;

use super::*;

/// Reads sorted streams in memory; odd keys are not wanted.
fn walk(
    streams: &[Vec<i64>],
    direction: Direction,
    need: usize,
    chunk: usize,
    budgets: &[usize],
) -> (Found<i64>, usize) {
    let mut merge = Merge::new(streams.len(), direction, need, chunk);
    let mut seen = 0;
    for budget in budgets {
        merge.allow(*budget);
        loop {
            let asks = merge.asks();
            if asks.is_empty() {
                break;
            }
            for Ask { stream, reached, size } in asks {
                let mut keys = streams[stream].clone();
                direction.sort(&mut keys);
                keys.retain(|key| reached.is_none_or(|reached| direction.is_before(&reached, key)));
                keys.truncate(size);
                seen += keys.len();
                let chunk = Chunk {
                    last: (keys.len() == size).then(|| *keys.last().unwrap()),
                    seen: keys.len(),
                    found: keys.into_iter().filter(|key| key % 2 == 0).collect(),
                };
                merge.take(stream, chunk);
            }
        }
    }
    (merge.finish(), seen)
}

fn all(streams: &[Vec<i64>], direction: Direction) -> Vec<i64> {
    let mut keys: Vec<i64> = streams.concat().into_iter().filter(|key| key % 2 == 0).collect();
    direction.sort(&mut keys);
    keys
}

proptest! {
    #[test]
    fn what_is_found_is_a_beginning_of_all(
        keys in prop::collection::btree_map(0_i64..500, 0_usize..6, 0..300),
        up in any::<bool>(),
        need in 0_usize..60,
        chunk in 1_usize..20,
        budget in 1_usize..400,
    ) {
        let mut streams = vec![Vec::new(); 6];
        keys.iter().for_each(|(key, stream)| streams[*stream].push(*key));
        let direction = if up { Direction::Up } else { Direction::Down };
        let expected = all(&streams, direction);
        let (found, _) = walk(&streams, direction, need, chunk, &[1_000_000]);
        prop_assert_eq!(found.stopped_at, None);
        let enough = expected.len().min(need);
        prop_assert_eq!(&found.keys[..], &expected[..enough]);

        let (some, seen) = walk(&streams, direction, need, chunk, &[budget, budget]);
        prop_assert!(seen <= 2 * (budget + streams.len()));
        prop_assert_eq!(&some.keys[..], &expected[..some.keys.len()]);
        match some.stopped_at {
            None => prop_assert_eq!(some.keys.len(), enough),
            // Nothing before the place is left out, and it leads on.
            Some(at) => {
                let before = expected.iter().filter(|key| !direction.is_before(&at, key)).count();
                prop_assert_eq!(some.keys.len(), before.min(need));
            }
        }
    }
}

#[test]
fn streams_that_cannot_matter_are_left_alone() {
    let many: Vec<Vec<i64>> =
        (0..1_000).map(|n| (0..100).map(|k| k * 2_000 + 2 * n).collect()).collect();
    let (found, seen) = walk(&many, Direction::Down, 50, 2, &[1_000_000]);
    assert_eq!(found.keys.len(), 50);
    assert!(seen < 2_200, "{seen}");
}

/// One stream has most of the rows, and few are wanted: the others are not read in vain.
#[test]
fn a_long_stream_is_read_on_alone() {
    let mut streams: Vec<Vec<i64>> = (0..50).map(|n| vec![200_001 + 2 * n, 2 * n + 1]).collect();
    streams.push((0..100_000).map(|n| if n % 10 == 0 { 2 * n } else { 2 * n + 1 }).collect());
    let (found, seen) = walk(&streams, Direction::Down, 50, 8, &[1_000_000]);
    assert_eq!((found.keys.len(), found.stopped_at), (50, None));
    assert!(seen < 1_000, "{seen}");
}
