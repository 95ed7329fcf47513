//! Leases of node numbers, which keep ids of different processes apart.

use altyn_app::ports::store::NodeLease;
use altyn_domain::id::NODES_MAX;
use altyn_domain::time::Timestamp;

use super::command::{Batch, Command, Failure};
use crate::convert::At;
use crate::rows::{NodeRow, Row};

/// Takes a number that nobody holds.
pub(super) struct LeaseNode {
    pub(super) owner: String,
    pub(super) now: Timestamp,
    pub(super) until: Timestamp,
}

impl Command for LeaseNode {
    type Answer = Option<NodeLease>;

    fn apply(&self, batch: &mut Batch<'_>) -> Result<Option<NodeLease>, Failure> {
        let mut statement = batch.connection.prepare_cached(&NodeRow::sql().select)?;
        let known: Vec<NodeRow> =
            statement.query_map([], NodeRow::from_sqlite)?.collect::<Result<_, _>>()?;
        let now = self.now.as_millis();
        let held = |node: i64| known.iter().any(|row| row.node == node && row.lease_until > now);
        let Some(node) = (0..NODES_MAX).find(|node| !held(i64::from(*node))) else {
            return Ok(None);
        };
        let before = known.iter().find(|row| row.node == i64::from(node));
        let high_second = before.map_or(0, |row| row.high_second);
        let mut statement = batch.connection.prepare_cached(
            "INSERT INTO nodes (node, owner, lease_until, high_second) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (node) DO UPDATE SET
                 owner = excluded.owner, lease_until = excluded.lease_until",
        )?;
        statement.execute((node, &self.owner, self.until.as_millis(), high_second))?;
        Ok(Some(NodeLease { node, owner: self.owner.clone(), until: self.until, high_second }))
    }
}

/// Prolongs a lease and reserves seconds.
pub(super) struct RenewNode(pub(super) NodeLease);

impl Command for RenewNode {
    type Answer = bool;

    fn apply(&self, batch: &mut Batch<'_>) -> Result<bool, Failure> {
        let lease = &self.0;
        let mut statement = batch.connection.prepare_cached(
            "UPDATE nodes SET lease_until = ?3, high_second = max(high_second, ?4)
             WHERE node = ?1 AND owner = ?2",
        )?;
        let changed = statement.execute((
            lease.node,
            &lease.owner,
            lease.until.as_millis(),
            lease.high_second,
        ))?;
        if changed > 1 {
            return Err(At::of::<NodeRow>(lease.node.into(), 0).bad("node").into());
        }
        Ok(changed == 1)
    }
}
