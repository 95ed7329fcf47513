//! Places for connections. When few are left, whoever has asked for nothing the longest gives his
//! place up, so that idle connections, however many, keep nobody out.
//!
//! Guaranteed: a connection with a request under way is never asked to leave before its answer has
//! been written. Idle is also who has sent half a head.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::body::{Body, Frame, SizeHint};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

/// Of so many places one is kept free: what may come at once while others are leaving.
const SPARE_OF: usize = 16;
/// In place of a moment: a request is under way.
const BUSY: u64 = 0;

/// All places. Clones share them.
#[derive(Clone, Debug)]
pub struct Seats(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    room: Arc<Semaphore>,
    max: u32,
    spare: usize,
    /// Those that may be asked to leave, by number.
    seated: Mutex<HashMap<u64, Arc<Place>>>,
    /// Counts what happens: an order of moments without a clock.
    moments: AtomicU64,
}

#[derive(Debug)]
struct Place {
    /// Since when nothing is asked for, or [`BUSY`].
    idle_since: AtomicU64,
    leave: Notify,
}

/// A place that is taken; free again when it is dropped.
#[derive(Debug)]
pub struct Seat {
    number: u64,
    place: Arc<Place>,
    seats: Seats,
    _room: OwnedSemaphorePermit,
}

impl Seats {
    /// So many places.
    pub fn new(max: u32) -> Self {
        let places = usize::try_from(max).unwrap_or(usize::MAX).min(Semaphore::MAX_PERMITS);
        Self(Arc::new(Inner {
            room: Arc::new(Semaphore::new(places)),
            max,
            spare: places.div_ceil(SPARE_OF),
            seated: Mutex::default(),
            moments: AtomicU64::new(BUSY + 1),
        }))
    }

    /// Waits for a place and takes it; `None` when there will be none any more. Whoever is idle the
    /// longest is asked to leave if few are left.
    pub async fn take(&self) -> Option<Seat> {
        let room = Arc::clone(&self.0.room).acquire_owned().await.ok()?;
        let number = self.now();
        let place = Arc::new(Place { idle_since: AtomicU64::new(number), leave: Notify::new() });
        let mut seated = self.seated();
        if self.is_short() {
            let idle = seated.iter().filter_map(|(number, place)| {
                let since = place.idle_since.load(Ordering::Relaxed);
                (since != BUSY).then_some((since, *number))
            });
            if let Some(longest) = idle.min().and_then(|(_, number)| seated.remove(&number)) {
                longest.leave.notify_one();
            }
        }
        seated.insert(number, Arc::clone(&place));
        drop(seated);
        Some(Seat { number, place, seats: self.clone(), _room: room })
    }

    /// Waits until everybody has left.
    pub async fn empty(&self) {
        // The queue is fair: nobody gets a place meanwhile.
        drop(self.0.room.acquire_many(self.0.max).await);
    }

    fn is_short(&self) -> bool {
        self.0.room.available_permits() < self.0.spare
    }

    fn now(&self) -> u64 {
        self.0.moments.fetch_add(1, Ordering::Relaxed)
    }

    fn seated(&self) -> std::sync::MutexGuard<'_, HashMap<u64, Arc<Place>>> {
        self.0.seated.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seat {
    /// A request is under way until what is given is dropped.
    pub fn request(&self) -> UnderWay {
        self.place.idle_since.store(BUSY, Ordering::Relaxed);
        UnderWay { place: Arc::clone(&self.place), seats: self.seats.clone() }
    }

    /// Whether anything was ever asked for: where not, there is nothing to be finished.
    pub fn has_asked(&self) -> bool {
        self.place.idle_since.load(Ordering::Relaxed) != self.number
    }

    /// Resolves when the place is wanted by others.
    pub async fn wanted(&self) {
        self.place.leave.notified().await;
    }

    /// Resolves when nothing has been asked for at the end of such a time.
    pub async fn idle_after(&self, time: Duration) {
        loop {
            tokio::time::sleep(time).await;
            if self.place.idle_since.load(Ordering::Relaxed) != BUSY {
                return;
            }
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.seats.seated().remove(&self.number);
    }
}

/// A request from its head to the end of its answer.
#[derive(Debug)]
pub struct UnderWay {
    place: Arc<Place>,
    seats: Seats,
}

impl UnderWay {
    /// The body of the answer, which ends the request.
    pub fn with<B>(self, body: B) -> Answer<B> {
        Answer { body, _under_way: self }
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.place.idle_since.store(self.seats.now(), Ordering::Relaxed);
        // There was nobody idle to ask when the others came.
        if self.seats.is_short() {
            self.place.leave.notify_one();
        }
    }
}

/// A body that holds its request.
#[derive(Debug)]
pub struct Answer<B> {
    body: B,
    _under_way: UnderWay,
}

impl<B: Body + Unpin> Body for Answer<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
