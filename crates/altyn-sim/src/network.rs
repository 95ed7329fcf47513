//! Messages between a node and somebody else's server: refused, lost, late, doubled.
//!
//! What was sent goes its way whatever becomes of its sender: a node that dies has still asked.

use std::sync::Arc;

use tokio::sync::oneshot;

use crate::world::{Owner, World};

/// How long a sender waits for an answer, milliseconds.
const PATIENCE_MS: u64 = 30_000;

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lost {
    /// It was surely not let in.
    NotSent,
    /// Nobody knows whether it arrived.
    NoAnswer,
}

/// Sends a message; `act` is what its arrival does, and it may arrive more than once, late, or not
/// at all.
pub async fn exchange<T: Send + 'static>(
    world: &Arc<World>,
    act: impl Fn() -> T + Send + Sync + 'static,
) -> Result<T, Lost> {
    let weather = &world.weather;
    if world.strikes("messages refused", weather.refused) {
        world.moment().await;
        return Err(Lost::NotSent);
    }
    if world.strikes("messages lost", weather.lost / 2) {
        world.pause(PATIENCE_MS).await;
        return Err(Lost::NoAnswer);
    }
    let overdue = world.strikes("messages overdue", weather.overdue);
    let doubled = world.strikes("messages doubled", weather.replayed);
    let unheard = world.strikes("answers lost", weather.lost / 2);
    let late_ms = world.chance(|by| by.between(1, 20 * PATIENCE_MS));
    let (tell, answer) = oneshot::channel();
    let far = Arc::clone(world);
    world.spawn(Owner::World, async move {
        if overdue {
            far.pause(PATIENCE_MS + late_ms).await;
            act();
            return;
        }
        far.moment().await;
        let said = act();
        far.moment().await;
        if !unheard {
            // Nobody listens any more when the sender has died.
            let _ = tell.send(said);
        }
        if doubled {
            far.pause(late_ms).await;
            act();
        }
    });
    if overdue || unheard {
        world.pause(PATIENCE_MS).await;
        return Err(Lost::NoAnswer);
    }
    answer.await.map_err(|_| Lost::NoAnswer)
}
