//! Leases of node numbers, which keep ids of different processes apart.

use altyn_app::ports::StoreError;
use altyn_app::ports::store::NodeLease;
use altyn_domain::id::NODES_MAX;
use altyn_domain::time::Timestamp;

use super::connection::{Pool, database};
use crate::convert::At;
use crate::rows::NodeRow;

/// Takes the first number that nobody holds. Two that ask at once see the same number free; the
/// row itself decides, and who came second gets no row back and asks again.
const LEASE: &str = "
    INSERT INTO nodes (node, owner, lease_until, high_second)
    SELECT free.node, $1::text, $3::bigint, 0
    FROM generate_series(0, $4::bigint - 1) AS free(node)
    WHERE NOT EXISTS (
        SELECT 1 FROM nodes WHERE nodes.node = free.node AND nodes.lease_until > $2::bigint)
    ORDER BY free.node LIMIT 1
    ON CONFLICT (node) DO UPDATE SET owner = excluded.owner, lease_until = excluded.lease_until
        WHERE nodes.lease_until <= $2::bigint
    RETURNING node, high_second";

const IS_ANY_FREE: &str = "
    SELECT count(*) < $2::bigint FROM nodes WHERE lease_until > $1::bigint";

/// Takes a number, or says that there is none.
pub(super) async fn lease(
    pool: &Pool,
    owner: &str,
    now: Timestamp,
    until: Timestamp,
) -> Result<Option<NodeLease>, StoreError> {
    let numbers = i64::from(NODES_MAX);
    loop {
        let parameters: [&(dyn tokio_postgres::types::ToSql + Sync); 4] =
            [&owner, &now.as_millis(), &until.as_millis(), &numbers];
        let rows = pool.rows_once(LEASE, &parameters).await?;
        if let Some(row) = rows.first() {
            let node: i64 = row.try_get(0).map_err(|error| database(&error))?;
            let high_second = row.try_get(1).map_err(|error| database(&error))?;
            let at = At::of::<NodeRow>(node, 0);
            let node = at.need("node", u8::try_from(node).ok())?;
            return Ok(Some(NodeLease { node, owner: owner.to_owned(), until, high_second }));
        }
        let rows = pool.rows(IS_ANY_FREE, &[&now.as_millis(), &numbers]).await?;
        let is_any_free = rows.first().map_or(Ok(false), |row| row.try_get(0));
        if !is_any_free.map_err(|error| database(&error))? {
            return Ok(None);
        }
    }
}

/// Prolongs a lease and reserves seconds.
pub(super) async fn renew(pool: &Pool, lease: &NodeLease) -> Result<bool, StoreError> {
    let sql = "
        UPDATE nodes SET lease_until = $3::bigint, high_second = greatest(high_second, $4::bigint)
        WHERE node = $1::bigint AND owner = $2::text RETURNING 1";
    let node = i64::from(lease.node);
    let until = lease.until.as_millis();
    let rows = pool.rows(sql, &[&node, &lease.owner, &until, &lease.high_second]).await?;
    Ok(!rows.is_empty())
}
