//! A PostgreSQL database for each test, also behind a proxy.

use std::sync::atomic::{AtomicU32, Ordering};

use altyn_testkit::harness::Database;
use tokio_postgres::{NoTls, SimpleQueryMessage};

use super::proxy::Proxy;

/// The variable with the server's address, set by `scripts/with-postgres.sh`.
const SERVER: &str = "ALTYN_TEST_POSTGRES";

/// A new database, or `None` with a word about it where there is no server.
pub fn database() -> Option<Database> {
    database_at(str::to_owned)
}

/// The same, reached by a proxy.
pub fn database_behind_proxy() -> Option<(Database, Proxy)> {
    let mut proxy = None;
    let database = database_at(|url| {
        let mut url = url::Url::parse(url).unwrap();
        let target = url.socket_addrs(|| None).unwrap()[0];
        let address = proxy.insert(Proxy::start(target)).address();
        url.set_port(Some(address.port())).unwrap();
        url.to_string()
    })?;
    Some((database, proxy.unwrap()))
}

/// A new database whose nodes are told another address than its own.
fn database_at(told: impl FnOnce(&str) -> String) -> Option<Database> {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let Ok(admin) = std::env::var(SERVER) else {
        let ci = std::env::var("CI").unwrap_or_default();
        assert_ne!(ci, "true", "{SERVER} is not set: run by scripts/with-postgres.sh");
        println!("skipped: {SERVER} is not set (scripts/with-postgres.sh sets it)");
        return None;
    };
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let name = format!("altyn_it_{}_{number}", std::process::id());
    let locale = "LC_COLLATE 'C.UTF-8' LC_CTYPE 'C.UTF-8'";
    let sql = format!("CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8' {locale}");
    query(&admin, &sql);
    let (server, _) = admin.rsplit_once('/').unwrap();
    let url = told(&format!("{server}/{name}"));
    let drop_it = move || {
        query(&admin, &format!("DROP DATABASE {name} WITH (FORCE)"));
    };
    Some(Database::postgres(url, drop_it))
}

/// Runs statements; gives the first columns of the rows.
pub fn query(url: &str, sql: &str) -> Vec<String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let messages = runtime.block_on(async {
        let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
        tokio::spawn(connection);
        client.simple_query(sql).await
    });
    let messages = messages.unwrap_or_else(|error| panic!("{error:?}: {sql}"));
    let rows = messages.into_iter().filter_map(|message| {
        let SimpleQueryMessage::Row(row) = message else { return None };
        row.get(0).map(str::to_owned)
    });
    rows.collect()
}
