//! What is counted, in the words of Prometheus. One home for every metric of the process.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use altyn_app::listing::Lag;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};

/// A request's route (never a raw path) and status.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub struct RequestLabels {
    /// The route's pattern.
    pub route: String,
    /// The HTTP status.
    pub status: u16,
}

/// A kind of job and how its run ended.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub struct JobLabels {
    /// [`altyn_app::jobs::JobKind::as_str`].
    pub kind: &'static str,
    /// One word.
    pub outcome: &'static str,
}

/// A kind of job.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub struct KindLabels {
    /// [`altyn_app::jobs::JobKind::as_str`].
    pub kind: &'static str,
}

/// A route alone.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub struct RouteLabels {
    /// The route's pattern.
    pub route: String,
}

/// Everything that is counted.
pub struct Metrics {
    registry: Registry,
    requests: Family<RequestLabels, Counter>,
    latency: Family<RouteLabels, Histogram>,
    commit_batch: Histogram,
    commit_queue: Gauge<i64, AtomicI64>,
    jobs: Family<JobLabels, Counter>,
    jobs_waiting: Family<KindLabels, Gauge<i64, AtomicI64>>,
    jobs_oldest_due: Family<KindLabels, Gauge<i64, AtomicI64>>,
    listing_waiting: Gauge<i64, AtomicI64>,
    listing_building: Gauge<i64, AtomicI64>,
    run: u64,
    request_number: AtomicU64,
}

impl Metrics {
    /// Empty counters of a process that is told apart from others by `run`.
    pub fn new(run: u64) -> Self {
        let mut metrics = Self {
            registry: Registry::with_prefix("altyn"),
            requests: Family::default(),
            latency: Family::new_with_constructor(|| {
                // 0.5 ms to 16 s.
                Histogram::new(exponential_buckets(0.000_5, 2.0, 16))
            }),
            commit_batch: Histogram::new(exponential_buckets(1.0, 2.0, 11)),
            commit_queue: Gauge::default(),
            jobs: Family::default(),
            jobs_waiting: Family::default(),
            jobs_oldest_due: Family::default(),
            listing_waiting: Gauge::default(),
            listing_building: Gauge::default(),
            run,
            request_number: AtomicU64::new(0),
        };
        metrics.register();
        metrics
    }

    /// A name for a request, unique across processes: the run and a number.
    pub fn next_request_id(&self) -> String {
        let number = self.request_number.fetch_add(1, Ordering::Relaxed);
        format!("{:08x}-{number:x}", self.run)
    }

    fn register(&mut self) {
        let registry = &mut self.registry;
        registry.register("requests", "HTTP requests by route and status", self.requests.clone());
        registry.register_with_unit(
            "request_duration",
            "Time from the head of a request to its answer",
            Unit::Seconds,
            self.latency.clone(),
        );
        registry.register(
            "commit_batch_changesets",
            "Changesets written in one database transaction",
            self.commit_batch.clone(),
        );
        registry.register(
            "commit_queue_changesets",
            "Changesets that wait for the writer",
            self.commit_queue.clone(),
        );
        registry.register("jobs", "Runs of jobs by kind and outcome", self.jobs.clone());
        registry.register("jobs_waiting", "Jobs in the store", self.jobs_waiting.clone());
        registry.register_with_unit(
            "jobs_oldest_due",
            "How long the oldest due job has been due",
            Unit::Seconds,
            self.jobs_oldest_due.clone(),
        );
        registry.register(
            "listing_waiting",
            "Changes of payments that the cabinet's list does not show yet",
            self.listing_waiting.clone(),
        );
        registry.register(
            "listing_building",
            "1 while the cabinet's list is being built from payments made before",
            self.listing_building.clone(),
        );
    }

    /// A request was answered.
    pub fn request(&self, route: &str, status: u16, seconds: f64) {
        let labels = RequestLabels { route: route.to_owned(), status };
        self.requests.get_or_create(&labels).inc();
        self.latency.get_or_create(&RouteLabels { route: route.to_owned() }).observe(seconds);
    }

    /// A database transaction was made durable.
    pub fn commit(&self, batch: usize, waiting: usize) {
        self.commit_batch.observe(f64::from(u32::try_from(batch).unwrap_or(u32::MAX)));
        self.commit_queue.set(i64::try_from(waiting).unwrap_or(i64::MAX));
    }

    /// A job was run.
    pub fn job(&self, kind: &'static str, outcome: &'static str) {
        self.jobs.get_or_create(&JobLabels { kind, outcome }).inc();
    }

    /// How the jobs stand.
    pub fn jobs_waiting(&self, kind: &'static str, waiting: i64, oldest_due_ms: i64) {
        self.jobs_waiting.get_or_create(&KindLabels { kind }).set(waiting);
        self.jobs_oldest_due.get_or_create(&KindLabels { kind }).set(oldest_due_ms / 1_000);
    }

    /// How far the list of payments is behind.
    pub fn listing(&self, lag: Lag) {
        self.listing_waiting.set(i64::try_from(lag.waiting).unwrap_or(i64::MAX));
        self.listing_building.set(i64::from(lag.building.is_some()));
    }

    /// All of it as Prometheus (OpenMetrics) text.
    pub fn text(&self) -> String {
        let mut text = String::new();
        // Writing to a String does not fail.
        let _ = encode(&mut text, &self.registry);
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_counted_is_told() {
        let metrics = Metrics::new(7);
        metrics.request("/v2/payment/status", 200, 0.004);
        metrics.commit(17, 3);
        metrics.job("deliver_callback", "delivered");
        metrics.jobs_waiting("ask_outcome", 5, 61_000);
        metrics.listing(Lag { waiting: 12, building: Some(7) });
        let text = metrics.text();
        for line in [
            "altyn_requests_total{route=\"/v2/payment/status\",status=\"200\"} 1",
            "altyn_commit_queue_changesets 3",
            "altyn_jobs_total{kind=\"deliver_callback\",outcome=\"delivered\"} 1",
            "altyn_listing_waiting 12",
            "altyn_listing_building 1",
            "altyn_jobs_oldest_due_seconds{kind=\"ask_outcome\"} 61",
        ] {
            assert!(text.contains(line), "{line} in\n{text}");
        }
    }
}
