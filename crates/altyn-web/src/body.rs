//! The body of a request that may carry a card: collected within limits, wiped after use.
//!
//! Guaranteed: our own copy of the bytes is overwritten when it is dropped. Attempted only: the
//! server library's read buffer is its own.

use std::time::Duration;

use axum::body::Body;
use http_body_util::BodyExt;
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
}

/// Reads the whole body, at most `max_bytes` of it.
pub async fn collect(body: Body, max_bytes: usize) -> Result<Zeroizing<Vec<u8>>, BodyError> {
    match tokio::time::timeout(LIMIT, read(body, max_bytes)).await {
        Ok(read) => read,
        Err(_) => Err(BodyError::TimedOut),
    }
}

async fn read(mut body: Body, max_bytes: usize) -> Result<Zeroizing<Vec<u8>>, BodyError> {
    // Growing would leave a copy behind at each step.
    let expected = axum::body::HttpBody::size_hint(&body).exact().unwrap_or(0);
    let room = usize::try_from(expected).unwrap_or(usize::MAX);
    if room > max_bytes {
        return Err(BodyError::TooLarge);
    }
    let mut bytes = Zeroizing::new(Vec::with_capacity(room.max(FIRST_ROOM)));
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|_| BodyError::CutOff)?.into_data() else { continue };
        let length = bytes.len() + data.len();
        if length > max_bytes {
            return Err(BodyError::TooLarge);
        }
        if length > bytes.capacity() {
            let mut larger = Zeroizing::new(Vec::with_capacity(max_bytes.min(2 * length)));
            larger.extend_from_slice(&bytes);
            bytes = larger;
        }
        bytes.extend_from_slice(&data);
    }
    Ok(bytes)
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
}
