//! What every handler is given, and the calls that outlive whoever asked for them.

use std::ops::Deref;
use std::path::PathBuf;
use std::sync::Arc;

use altyn_app::cabinet::Cabinet;
use altyn_app::context::{Context, Failure};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinHandle;
use tracing::Instrument;

use crate::admission::Admission;
use crate::metrics::Metrics;
use crate::payment_page::Room;
use crate::payment_page::refusal_code::RefusalCodes;
use crate::payment_page::token::PageTokens;

/// The most calls with a payer's card at once: each holds a connection to an acquirer for up to
/// half a minute, and a card in memory.
pub const CALLS_MAX: u32 = 256;

/// Settings of the faces.
#[derive(Clone, Debug, Default)]
pub struct WebSettings {
    /// Tell the sender of a wrong signature which text was signed here; test projects only.
    pub developer_errors: bool,
    /// A proxy stands before the server and says who the payer is (`X-Forwarded-For`).
    pub behind_proxy: bool,
    /// Where the files of registers are.
    pub registers_dir: PathBuf,
    /// Browsers reach the server by TLS: cookies never travel without it.
    pub secure_cookies: bool,
}

/// The state of the web. It is copied for every request, by every layer: one count, and not one for
/// each of its parts, which two processors would pull from each other.
#[derive(Clone)]
pub struct Web(Arc<Faces>);

impl Web {
    /// What the faces share from now on.
    pub fn new(faces: Faces) -> Self {
        Self(Arc::new(faces))
    }
}

impl Deref for Web {
    type Target = Faces;

    fn deref(&self) -> &Faces {
        &self.0
    }
}

/// What the faces need.
pub struct Faces {
    /// The use cases' ports.
    pub context: Context,
    /// Settings of the faces.
    pub settings: Arc<WebSettings>,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// Room for requests of merchants' servers.
    pub admission: Admission,
    /// Calls under way.
    pub calls: Calls,
    /// Addresses of payments' pages.
    pub pages: Arc<PageTokens>,
    /// Seals the codes of refused links.
    pub codes: Arc<RefusalCodes>,
    /// Room for streams of news.
    pub streams: Room,
    /// The ports of the cabinet.
    pub cabinet: Cabinet,
    /// Room for questions to providers that a waiting payer brings on.
    pub questions: Room,
}

/// Calls that must run to their end although the client that asked for them may have gone: only
/// this process has the card (ruling 23).
#[derive(Clone, Debug)]
pub struct Calls(Arc<Semaphore>);

/// Room for one call, taken before anything is promised. Given back when it is dropped.
#[derive(Debug)]
pub struct CallRoom {
    _held: OwnedSemaphorePermit,
}

impl Default for Calls {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(usize::try_from(CALLS_MAX).unwrap_or(1))))
    }
}

impl Calls {
    /// Room for one more call; `None` when there are [`CALLS_MAX`], or the server is stopping.
    pub fn room(&self) -> Option<CallRoom> {
        Arc::clone(&self.0).try_acquire_owned().ok().map(|held| CallRoom { _held: held })
    }

    /// Waits for every call under way to end; none begins any more.
    pub async fn finished(&self) {
        // All the room there is has come back when it can be taken at once. The queue is fair, so
        // nobody gets any of it meanwhile.
        if let Ok(all) = self.0.acquire_many(CALLS_MAX).await {
            self.0.close();
            drop(all);
        }
    }
}

impl CallRoom {
    /// Runs the call apart from whoever asked for it. A failure is logged: what it leaves behind
    /// is found by a job that asks the provider.
    /// Whoever likes may wait for it.
    pub fn run_to_end(
        self,
        call: impl Future<Output = Result<(), Failure>> + Send + 'static,
    ) -> JoinHandle<()> {
        let run = async move {
            if let Err(failure) = call.await {
                tracing::error!(error = %failure, "a call ended and its result was not written");
            }
            drop(self);
        };
        tokio::spawn(run.in_current_span())
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test]
    async fn a_call_runs_to_its_end_and_the_end_is_waited_for() {
        let calls = Calls::default();
        let (go_on, waits) = oneshot::channel::<()>();
        let (done, is_done) = oneshot::channel();
        calls.room().unwrap().run_to_end(async move {
            let _ = waits.await;
            let _ = done.send(());
            Err(Failure::Contended)
        });
        let finished = tokio::spawn({
            let calls = calls.clone();
            async move { calls.finished().await }
        });
        tokio::task::yield_now().await;
        assert!(!finished.is_finished());
        assert!(calls.room().is_none(), "nothing begins while the server is stopping");
        go_on.send(()).unwrap();
        is_done.await.unwrap();
        finished.await.unwrap();
        assert!(calls.room().is_none());
    }

    #[tokio::test]
    async fn there_is_room_for_so_many() {
        let calls = Calls::default();
        let rooms: Vec<_> = (0..CALLS_MAX).map(|_| calls.room().unwrap()).collect();
        assert!(calls.room().is_none());
        drop(rooms);
        assert!(calls.room().is_some());
    }
}
