//! The body of a request that may carry a card: collected within limits, wiped after use.
//!
//! Guaranteed: our own copy of the bytes is overwritten when it is dropped. Attempted only: the
//! server library's read buffer is its own.

use std::time::Duration;

use axum::body::Body;
use http_body_util::BodyExt;
use tokio::sync::{Semaphore, SemaphorePermit};
use zeroize::Zeroizing;

/// How long a body may take: a client that trickles holds a connection, nothing else.
const LIMIT: Duration = Duration::from_secs(20);

/// Why there is no body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// It is longer than it may be.
    #[error("the body is too large")]
    TooLarge,
    /// The client went away in the middle of it.
    #[error("the body was cut off")]
    CutOff,
    /// It did not come in time.
    #[error("the body did not come in time")]
    TimedOut,
    /// Too many large ones are coming at this moment.
    #[error("too many large bodies are being read")]
    Crowded,
}

/// What a body may take without asking whether there is room: more than nearly all have.
const SMALL_BYTES: usize = 16 * 1024;
/// What bodies that are being read may take together beyond that. Without it, whoever opens many
/// connections and sends a little less than the most on each takes gigabytes.
const LARGE_MAX_BYTES: usize = 64 * 1024 * 1024;

static ROOM: Semaphore = Semaphore::const_new(LARGE_MAX_BYTES);

/// Reads the whole body, at most `max_bytes` of it.
pub async fn collect(body: Body, max_bytes: usize) -> Result<Zeroizing<Vec<u8>>, BodyError> {
    within(LIMIT, read(body, max_bytes)).await
}

async fn within<T>(
    limit: Duration,
    reading: impl Future<Output = Result<T, BodyError>>,
) -> Result<T, BodyError> {
    tokio::time::timeout(limit, reading).await.unwrap_or(Err(BodyError::TimedOut))
}

async fn read(mut body: Body, max_bytes: usize) -> Result<Zeroizing<Vec<u8>>, BodyError> {
    // Growing would leave a copy behind at each step.
    let expected = axum::body::HttpBody::size_hint(&body).exact();
    let room = expected
        .map_or(max_bytes.min(FIRST_ROOM), |bytes| usize::try_from(bytes).unwrap_or(usize::MAX));
    if room > max_bytes {
        return Err(BodyError::TooLarge);
    }
    let mut held = None;
    hold(&ROOM, &mut held, room)?;
    let mut bytes = Zeroizing::new(Vec::with_capacity(room));
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|_| BodyError::CutOff)?.into_data() else { continue };
        let length = bytes.len() + data.len();
        if length > max_bytes {
            return Err(BodyError::TooLarge);
        }
        if length > bytes.capacity() {
            let room = max_bytes.min(2 * length);
            hold(&ROOM, &mut held, room)?;
            let mut larger = Zeroizing::new(Vec::with_capacity(room));
            larger.extend_from_slice(&bytes);
            bytes = larger;
        }
        bytes.extend_from_slice(&data);
    }
    Ok(bytes)
}

/// Takes what a body of this size needs beyond what it has taken.
fn hold<'r>(
    all: &'r Semaphore,
    held: &mut Option<SemaphorePermit<'r>>,
    bytes: usize,
) -> Result<(), BodyError> {
    let has = held.as_ref().map_or(0, SemaphorePermit::num_permits);
    let more = bytes.saturating_sub(SMALL_BYTES).saturating_sub(has);
    let more = u32::try_from(more).map_err(|_| BodyError::TooLarge)?;
    let more = all.try_acquire_many(more).map_err(|_| BodyError::Crowded)?;
    match held {
        Some(held) => held.merge(more),
        None => *held = Some(more),
    }
    Ok(())
}

/// Room for a form or a request of a usual size when its length is not told.
const FIRST_ROOM: usize = 4 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_body_is_taken_whole_or_not_at_all() {
        let read = |text: &'static str, max| collect(Body::from(text), max);
        assert_eq!(read("card=1", 6).await.unwrap().as_slice(), b"card=1");
        assert_eq!(read("card=12", 6).await.err(), Some(BodyError::TooLarge));
        let parts = ["a", "bc", ""].map(|part| Ok::<_, std::io::Error>(part.to_owned()));
        let chunked = Body::from_stream(futures_util::stream::iter(parts));
        assert_eq!(collect(chunked, 3).await.unwrap().as_slice(), b"abc");
        let broken = [Ok("a".to_owned()), Err(std::io::Error::other("gone"))];
        let broken = Body::from_stream(futures_util::stream::iter(broken));
        assert_eq!(collect(broken, 9).await.err(), Some(BodyError::CutOff));
    }

    #[test]
    fn large_bodies_share_a_room_and_small_ones_need_none() {
        let all = Semaphore::new(10_000);
        let (mut first, mut second) = (None, None);
        hold(&all, &mut first, SMALL_BYTES + 4_000).unwrap();
        hold(&all, &mut first, SMALL_BYTES + 8_000).unwrap();
        assert_eq!(hold(&all, &mut second, SMALL_BYTES + 2_001), Err(BodyError::Crowded));
        hold(&all, &mut second, SMALL_BYTES).unwrap();
        hold(&all, &mut second, SMALL_BYTES + 2_000).unwrap();
        assert_eq!(all.available_permits(), 0);
        drop((first, second));
        assert_eq!(all.available_permits(), 10_000);
    }

    #[tokio::test]
    async fn a_body_that_never_comes_is_not_waited_for() {
        let nothing = futures_util::stream::pending::<Result<String, std::io::Error>>();
        let late = within(Duration::from_millis(1), read(Body::from_stream(nothing), 9)).await;
        assert_eq!(late.err(), Some(BodyError::TimedOut));
    }

    #[tokio::test]
    async fn a_body_without_an_end_is_not_kept() {
        let pieces = futures_util::stream::repeat_with(|| Ok::<_, std::io::Error>("x".repeat(999)));
        assert_eq!(
            collect(Body::from_stream(pieces), 10_000).await.err(),
            Some(BodyError::TooLarge)
        );
        let told = Body::from("x".repeat(10_001));
        assert_eq!(collect(told, 10_000).await.err(), Some(BodyError::TooLarge));
    }
}
