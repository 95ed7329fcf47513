//! The lease of this node's number, kept alive while it serves.

use std::sync::Arc;
use std::time::Duration;

use altyn_app::ids::{IdSource, RESERVE_SECONDS};
use altyn_app::ports::store::NodeLease;
use altyn_app::ports::{Clock, Store};
use altyn_domain::time::{SECOND_MS, Timestamp};
use anyhow::{Context as _, Result, bail};
use tokio::sync::watch;

use crate::clock::SystemClock;

/// How long a lease lasts without renewal.
const LEASE_MS: i64 = 15 * SECOND_MS;
/// How often it is renewed.
const RENEW_EVERY: Duration = Duration::from_secs(4);
/// How long to wait for a number when all are taken.
const LOOK_AGAIN_AFTER: Duration = Duration::from_millis(500);

/// Takes a free number and begins to make ids under it.
pub async fn take(store: &dyn Store, owner: &str, ids: &IdSource) -> Result<NodeLease> {
    let lease = free_number(store, owner).await?;
    let now = SystemClock.now();
    let used = lease.high_second;
    let lease = renewed(lease, now, used);
    if !store.renew_node(&lease).await.context("cannot reserve ids")? {
        bail!("the node number was taken away at once; start again");
    }
    ids.begin(lease.node, used, lease.high_second);
    Ok(lease)
}

/// Waits as long as a lease lasts: nodes that were killed hold their numbers till then.
async fn free_number(store: &dyn Store, owner: &str) -> Result<NodeLease> {
    let give_up = SystemClock.now().plus_millis(LEASE_MS + SECOND_MS);
    loop {
        let now = SystemClock.now();
        let until = now.plus_millis(LEASE_MS);
        let lease = store.lease_node(owner, now, until).await;
        if let Some(lease) = lease.context("cannot lease a node number")? {
            return Ok(lease);
        }
        if now >= give_up {
            bail!("all 32 node numbers are taken by nodes that are alive");
        }
        tokio::time::sleep(LOOK_AGAIN_AFTER).await;
    }
}

fn renewed(lease: NodeLease, now: Timestamp, second: i64) -> NodeLease {
    let high_second = now.as_seconds().max(second) + RESERVE_SECONDS;
    NodeLease { until: now.plus_millis(LEASE_MS), high_second, ..lease }
}

/// Renews until told to stop, then gives the number back. When the lease cannot be kept, ids stop
/// being made before anybody else can have the number; a database that was away for long comes back
/// with the number perhaps taken, and then the node takes another one and goes on.
pub async fn keep(
    store: Arc<dyn Store>,
    mut lease: NodeLease,
    ids: Arc<IdSource>,
    mut stopped: watch::Receiver<bool>,
) {
    while !*stopped.borrow() {
        tokio::select! {
            () = tokio::time::sleep(RENEW_EVERY) => {}
            _ = stopped.changed() => break,
        }
        let now = SystemClock.now();
        let next = renewed(lease.clone(), now, ids.second());
        match store.renew_node(&next).await {
            Ok(true) => {
                ids.extend(next.high_second);
                lease = next;
            }
            Ok(false) => {
                ids.revoke();
                tracing::warn!(node = lease.node, "the node number was lost: another is taken");
                match take(store.as_ref(), &lease.owner, &ids).await {
                    Ok(other) => lease = other,
                    // At the next turn it is found lost again.
                    Err(error) => tracing::error!(error = %format!("{error:#}"), "no number yet"),
                }
            }
            Err(error) if now >= lease.until => {
                ids.revoke();
                tracing::error!(node = lease.node, %error, "the node number could not be kept");
            }
            Err(error) => tracing::warn!(node = lease.node, %error, "the lease was not renewed"),
        }
    }
    let now = SystemClock.now();
    let end = NodeLease { until: now, high_second: ids.second().max(lease.high_second), ..lease };
    if let Err(error) = store.renew_node(&end).await {
        tracing::warn!(%error, "the node number frees itself when its lease runs out");
    }
}
