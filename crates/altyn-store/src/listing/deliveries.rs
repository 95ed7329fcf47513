//! How a page of deliveries is found, callbacks of many projects, newest first; and how the health
//! of addresses is added up.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use altyn_app::callback::{CallbackState, host_of};
use altyn_app::ports::listing::{DeliveryFilter, EndpointHealth};
use altyn_domain::id::{CallbackId, PaymentId, ProjectId};

use crate::convert::time;

use super::merge::{Ask, Chunk, Direction, Found, Merge};

/// Callbacks that a page may look at: whatever the filter, it stops there and says so.
const BUDGET: usize = 60_000;
/// Callbacks that the health of addresses is judged by: of one project, and of all.
const HEALTH_OF_PROJECT: usize = 10_000;
const HEALTH_OF_ALL: usize = 60_000;
/// Addresses that are told of.
const ADDRESSES: usize = 100;

/// What a page is read from.
pub(crate) struct Walk {
    pub(crate) projects: Vec<i64>,
    pub(crate) payment: Option<i64>,
    pub(crate) state: Option<CallbackState>,
    pub(crate) before: i64,
    pub(crate) host: Option<String>,
}

impl Walk {
    pub(crate) fn of(filter: &DeliveryFilter) -> Self {
        let mut projects: Vec<i64> = filter.projects.iter().map(|id| id.get().into()).collect();
        projects.sort_unstable();
        projects.dedup();
        Self {
            projects,
            payment: filter.payment.map(PaymentId::get),
            state: filter.state,
            before: filter.before.map_or(i64::MAX, CallbackId::get),
            host: filter.host.clone(),
        }
    }

    /// Whether a callback to this address, in this state, is wanted.
    pub(crate) fn wants(&self, url: &str, state: &str) -> bool {
        self.state.is_none_or(|wanted| wanted.as_str() == state)
            && self.host.as_deref().is_none_or(|host| host_of(url) == host)
    }

    /// Whether every callback that is read is wanted.
    fn is_plain(&self) -> bool {
        self.host.is_none() && self.state != Some(CallbackState::Delivered)
    }
}

/// Streams' places and chunks.
pub(crate) type Chunks = Vec<(usize, Chunk<i64>)>;

/// What an engine can be asked.
pub(crate) trait Source {
    type Error;

    /// The next callbacks of projects, by their places in the walk's list.
    async fn chunks(&self, walk: &Walk, asks: &[Ask<i64>]) -> Result<Chunks, Self::Error>;
}

/// The numbers of the callbacks on a page, newest first, and where the page after it begins.
pub(crate) async fn page<S: Source>(
    source: &S,
    filter: &DeliveryFilter,
) -> Result<(Vec<i64>, Option<CallbackId>), S::Error> {
    let walk = Walk::of(filter);
    let limit = usize::try_from(filter.limit).unwrap_or(usize::MAX);
    // One more than a page tells whether there is another.
    let need = limit.saturating_add(1);
    let share = need.saturating_mul(2).div_ceil(walk.projects.len().max(1));
    let first = if walk.is_plain() { share.clamp(2, need.max(2)) } else { share.max(8) };
    let mut merge = Merge::new(walk.projects.len(), Direction::Down, need, first);
    merge.allow(BUDGET);
    loop {
        let asks = merge.asks();
        if asks.is_empty() {
            let Found { mut keys, stopped_at } = merge.finish();
            let has_more = keys.len() > limit;
            keys.truncate(limit);
            let older = if has_more { keys.last().copied() } else { stopped_at };
            return Ok((keys, older.map(CallbackId::new)));
        }
        for (stream, chunk) in source.chunks(&walk, &asks).await? {
            merge.take(stream, chunk);
        }
    }
}

/// Callbacks of each of so many projects that its addresses are judged by.
pub(crate) fn each_project(projects: usize) -> i64 {
    let each = (HEALTH_OF_ALL / projects.max(1)).clamp(1, HEALTH_OF_PROJECT);
    i64::try_from(each).unwrap_or(i64::MAX)
}

/// An address without its query, which may say whom it is about.
pub(crate) fn address(url: &str) -> String {
    url.split(['?', '#']).next().unwrap_or_default().to_owned()
}

/// How an address has done.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Health {
    delivered: u64,
    owed: u64,
    given_up: u64,
    last_delivered_at: Option<i64>,
}

impl Health {
    /// So many callbacks to it that are in this state, the last of which ended then.
    pub(crate) fn count(&mut self, state: &str, count: u64, ended_at: Option<i64>) {
        match CallbackState::parse(state) {
            Some(CallbackState::Delivered) => {
                self.delivered += count;
                self.last_delivered_at = self.last_delivered_at.max(ended_at);
            }
            Some(CallbackState::Owed) => self.owed += count,
            Some(CallbackState::GivenUp) => self.given_up += count,
            None => {}
        }
    }
}

/// Those with the most that was not delivered first.
pub(crate) fn worst_first(healths: BTreeMap<(ProjectId, String), Health>) -> Vec<EndpointHealth> {
    let mut healths: Vec<_> = healths.into_iter().collect();
    healths.sort_by_key(|(_, health)| Reverse((health.given_up, health.owed, health.delivered)));
    healths.truncate(ADDRESSES);
    let told = |((project, url), health): ((ProjectId, String), Health)| EndpointHealth {
        project,
        url,
        delivered: health.delivered,
        owed: health.owed,
        given_up: health.given_up,
        last_delivered_at: health.last_delivered_at.map(time),
    };
    healths.into_iter().map(told).collect()
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::convert::Infallible;

    use futures_util::FutureExt as _;

    use super::*;

    /// Callbacks 1 to `newest` of one project, of which every one up to `wanted` goes to the host.
    struct Callbacks {
        newest: i64,
        wanted: i64,
        looked_at: Cell<usize>,
    }

    impl Source for Callbacks {
        type Error = Infallible;

        async fn chunks(&self, walk: &Walk, asks: &[Ask<i64>]) -> Result<Chunks, Infallible> {
            let chunk = |ask: &Ask<i64>| {
                let before = ask.reached.unwrap_or(walk.before).min(self.newest + 1);
                let ids = (1..before).rev().take(ask.size);
                let seen = ids.clone().count();
                self.looked_at.set(self.looked_at.get() + seen);
                let last = if seen == ask.size { ids.clone().last() } else { None };
                (
                    ask.stream,
                    Chunk { found: ids.filter(|id| *id <= self.wanted).collect(), last, seen },
                )
            };
            Ok(asks.iter().map(chunk).collect())
        }
    }

    #[test]
    fn where_looking_stops_it_goes_on() {
        let source = Callbacks { newest: 150_000, wanted: 70, looked_at: Cell::new(0) };
        let mut filter = DeliveryFilter {
            projects: vec![ProjectId::new(1).unwrap()],
            host: Some("shop.example".to_owned()),
            limit: 50,
            ..DeliveryFilter::default()
        };
        let mut pages = Vec::new();
        loop {
            source.looked_at.set(0);
            let (ids, older) = page(&source, &filter).now_or_never().unwrap().unwrap();
            assert!(source.looked_at.get() <= BUDGET, "{}", source.looked_at.get());
            pages.push(ids);
            let Some(older) = older else { break };
            filter.before = Some(older);
        }
        let sizes: Vec<usize> = pages.iter().map(Vec::len).collect();
        assert_eq!(sizes, [0, 0, 50, 20]);
        let expected: Vec<i64> = (1..=70).rev().collect();
        assert_eq!(pages.concat(), expected);
    }
}
