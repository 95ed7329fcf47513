//! What must hold before a database is used: its version, its encoding, its schema.

use altyn_app::ports::StoreError;
use tokio_postgres::{Client, SimpleQueryMessage};

use super::connection::{Server, database};
use crate::migrate::{Applied, Migration, POSTGRES, Schema, pending, refuse_older};

/// Taken while the schema is changed, so that of many nodes that start at once one does it.
const MIGRATION_LOCK: i64 = 0x616c_7479_6e5f_6d67;

/// The oldest server we are tested with.
const VERSION_MIN: i64 = 150_000;

/// Checks the server and brings the schema up to date, or refuses what is not.
pub(super) async fn prepare(server: &Server, schema: Schema) -> Result<(), StoreError> {
    let link = server.connect().await?;
    let client = &link.client;
    check_server(client).await?;
    match schema {
        Schema::AsItIs => refuse_older(POSTGRES, &applied(client).await?),
        Schema::Migrate => migrate(client).await,
    }
}

async fn check_server(client: &Client) -> Result<(), StoreError> {
    let sql = "SELECT current_setting('server_version_num')::bigint,
             pg_encoding_to_char(encoding)::text, datctype::text
         FROM pg_database WHERE datname = current_database()";
    let row = client.query_one(sql, &[]).await.map_err(|error| database(&error))?;
    let get = |at| row.try_get::<_, String>(at).map_err(|error| database(&error));
    let version: i64 = row.try_get(0).map_err(|error| database(&error))?;
    let (encoding, ctype) = (get(1)?, get(2)?);
    if version < VERSION_MIN {
        let major = version / 10_000;
        let text = format!("the server is PostgreSQL {major}; 15 or later is needed");
        return Err(StoreError::Database(text));
    }
    if !is_utf8(&encoding) || !ctype.split('.').skip(1).any(is_utf8) {
        let text = format!(
            "the database has encoding {encoding} and LC_CTYPE {ctype}; both must be UTF-8, or \
             letters other than Latin ones are not told apart from signs: create it with \
             TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C.UTF-8'"
        );
        return Err(StoreError::Database(text));
    }
    Ok(())
}

fn is_utf8(name: &str) -> bool {
    ["utf8", "utf-8"].iter().any(|known| name.eq_ignore_ascii_case(known))
}

async fn migrate(client: &Client) -> Result<(), StoreError> {
    // Building an index may take long, and so may waiting for a node that builds it.
    run(client, "SET statement_timeout = 0; SET lock_timeout = 0").await?;
    run(client, &format!("SELECT pg_advisory_lock({MIGRATION_LOCK})")).await?;
    run(
        client,
        "CREATE TABLE IF NOT EXISTS schema_migrations (
             version    BIGINT PRIMARY KEY,
             name       TEXT NOT NULL,
             checksum   TEXT NOT NULL,
             applied_at BIGINT NOT NULL)",
    )
    .await?;
    for migration in pending(POSTGRES, &applied(client).await?)? {
        apply(client, migration).await?;
    }
    // The lock goes with the connection.
    Ok(())
}

/// One step in one transaction, with its record.
async fn apply(client: &Client, migration: &Migration) -> Result<(), StoreError> {
    let Migration { version, name, sql } = migration;
    let checksum = migration.checksum();
    let text = format!(
        "BEGIN;
         {sql};
         INSERT INTO schema_migrations (version, name, checksum, applied_at) VALUES
             ({version}, '{name}', '{checksum}', (extract(epoch FROM clock_timestamp()) * 1000)::bigint);
         COMMIT;"
    );
    tracing::info!(version, name, "migrating the database");
    run(client, &text).await
}

async fn run(client: &Client, sql: &str) -> Result<(), StoreError> {
    client.batch_execute(sql).await.map_err(|error| database(&error))
}

/// The steps behind the database; none when it is empty.
async fn applied(client: &Client) -> Result<Vec<Applied>, StoreError> {
    let known = client.simple_query("SELECT to_regclass('schema_migrations') IS NOT NULL").await;
    let known = known.map_err(|error| database(&error))?;
    let is_known = known
        .iter()
        .any(|message| matches!(message, SimpleQueryMessage::Row(row) if row.get(0) == Some("t")));
    if !is_known {
        return Ok(Vec::new());
    }
    let sql = "SELECT version, checksum FROM schema_migrations ORDER BY version";
    let rows = client.query(sql, &[]).await.map_err(|error| database(&error))?;
    rows.iter()
        .map(|row| Ok(Applied { version: row.try_get(0)?, checksum: row.try_get(1)? }))
        .collect::<Result<_, tokio_postgres::Error>>()
        .map_err(|error| database(&error))
}

#[cfg(test)]
mod tests {
    use super::is_utf8;

    #[test]
    fn names_of_the_encoding() {
        assert!(is_utf8("UTF8") && is_utf8("UTF-8") && is_utf8("utf8"));
        assert!(!is_utf8("SQL_ASCII") && !is_utf8("LATIN1") && !is_utf8(""));
    }
}
