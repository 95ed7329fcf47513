//! No statement of the list reads a table from end to end, whatever the server knows of it. On the
//! cluster at `ALTYN_TEST_POSTGRES`; without it nothing is tested here, except under `CI=true`,
//! where that is a failure.

use std::sync::Arc;

use altyn_app::listing::{ListingFilter, Part, SearchText};
use altyn_domain::id::ProjectId;
use tokio_postgres::{Client, SimpleQueryMessage};

use super::{deliveries, feed, source};
use crate::listing::find::{page, totals};
use crate::migrate::Schema;
use crate::postgres::connection::{Pool, Server};
use crate::postgres::open;

async fn client(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

const FILL: &str = "
    INSERT INTO listing SELECT 42 + n % 3, n, 'order-' || n, 1,
        CASE n % 10 WHEN 0 THEN 'stuck' ELSE 'success' END, 'paid', 'card', 'alfa', 'RUB',
        n % 1000 + 1, 0, 0, NULL, NULL, NULL, NULL, NULL, n * 1000, n * 1000, NULL
    FROM generate_series(1, 50000) AS n;
    INSERT INTO listing_texts SELECT id, E'\\n' || reference || E'\\n' FROM listing;
    INSERT INTO callbacks (project, id, payment, operation, told, url, body, created_at, state,
        attempts)
    SELECT 42 + n % 3, n, n / 2, n, 'approved', 'https://shop.example/', '', n * 1000,
        CASE n % 100 WHEN 0 THEN 'owed' WHEN 1 THEN 'given_up' ELSE 'delivered' END, 1
    FROM generate_series(1, 50000) AS n;
    INSERT INTO changes (payments) SELECT '' FROM generate_series(1, 1000);
    INSERT INTO payments (project, id, reference, reference_key, generation, method, currency,
        amount_minor, authorized_minor, captured_minor, refunded_minor, reserved_minor, state,
        version, event_seq, created_at, updated_at, details)
    SELECT 42 + n % 3, n, 'order-' || n, 'order-' || n, 1, 'card', 'RUB', 100, 0, 0, 0, 0,
        'processing', 1, 1, n * 1000, n * 1000, '{}'
    FROM generate_series(1, 50000) AS n;
    INSERT INTO operations (project, id, payment, generation, kind, method, amount_minor, currency,
        state, fee_bps, account, instruction, late_money, attempts, created_at, updated_at, request)
    SELECT 42 + n % 3, n, n, 1, 'sale', 'card', 100, 'RUB', 'accepted', 0, 'alfa', 0, 0, 0,
        n * 1000, n * 1000, '[]'
    FROM generate_series(1, 50000) AS n";

/// How the server would do a statement, whatever its parameters.
async fn plan(client: &Client, sql: &str, parameters: usize) -> Vec<String> {
    let nothing = vec!["NULL"; parameters].join(", ");
    client.batch_execute(&format!("PREPARE statement AS {sql}")).await.unwrap();
    let explain = format!("EXPLAIN (COSTS off) EXECUTE statement ({nothing})");
    let messages = client.simple_query(&explain).await.unwrap();
    client.batch_execute("DEALLOCATE statement").await.unwrap();
    let mut lines = Vec::new();
    for message in &messages {
        if let SimpleQueryMessage::Row(row) = message {
            lines.extend(row.get(0).map(str::to_owned));
        }
    }
    lines
}

/// Every scan of an index begins somewhere in it, and no table is scanned.
fn check(sql: &str, lines: &[String], index: &str) {
    let text = lines.join("\n");
    assert!(lines.iter().any(|line| names(line, index)), "not by {index}: {sql}\n{text}");
    assert!(!text.contains("Seq Scan"), "{sql}\n{text}");
    for (at, line) in lines.iter().enumerate() {
        if line.contains("Scan using") || line.contains("Bitmap Index Scan") {
            let next = lines.get(at + 1).map_or("", String::as_str);
            assert!(next.contains("Index Cond") || sql.contains("FROM changes"), "{sql}\n{text}");
        }
    }
    // Only a page that was found is sorted, and what is looked up for many payments.
    let is_found = sql.contains("GROUP BY") || sql.contains("JOIN payments");
    let is_looked_up = sql.contains("unnest($1::bigint[], $2::bigint[]) AS u");
    let is_sorted = sql.contains("ORDER BY") && lines.iter().any(|line| line.contains("Sort"));
    let may_be = is_found || is_looked_up || sql.contains("FROM changes");
    assert!(may_be || !is_sorted, "{sql}\n{text}");
}

fn names(line: &str, index: &str) -> bool {
    line.split_whitespace().any(|word| word == index)
}

#[tokio::test]
async fn no_statement_of_the_list_scans() {
    let Ok(admin) = std::env::var("ALTYN_TEST_POSTGRES") else {
        assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "ALTYN_TEST_POSTGRES is not set");
        eprintln!("skipped: ALTYN_TEST_POSTGRES is not set (scripts/with-postgres.sh sets it)");
        return;
    };
    let name = format!("altyn_plans_{}", std::process::id());
    let boss = client(&admin).await;
    let create =
        format!("CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C.UTF-8'");
    boss.batch_execute(&create).await.unwrap();
    let url = format!("{}/{name}", admin.rsplit_once('/').unwrap().0);
    let server = Arc::new(Server::parse(&url).unwrap());
    open::prepare(&server, Schema::Migrate).await.unwrap();
    // Before the server has counted the rows, and after.
    for step in [FILL, "ANALYZE"] {
        client(&url).await.batch_execute(step).await.unwrap();
        let link = server.connect().await.unwrap();
        let statements = [source::statements(), deliveries::statements(), feed::statements()];
        for (sql, parameters, index) in statements.concat() {
            check(&sql, &plan(&link.client, &sql, parameters).await, index);
        }
    }
    let pool = Pool::new(&server, 1);
    find(&pool).await;
    common_texts_are_not_looked_for_in_the_index(&pool).await;
    boss.batch_execute(&format!("DROP DATABASE {name} WITH (FORCE)")).await.unwrap();
}

/// It would collect all of them for a total that tells no more than where it stopped.
async fn common_texts_are_not_looked_for_in_the_index(pool: &Pool) {
    let scans = async || -> i64 {
        pool.rows("SELECT 1 FROM pg_stat_force_next_flush()", &[]).await.unwrap();
        let scans = "SELECT idx_scan FROM pg_stat_user_indexes
             WHERE indexrelname = 'listing_texts_text'";
        pool.rows(scans, &[]).await.unwrap().first().unwrap().get(0)
    };
    let look = async |text: &str, bound| {
        let filter = ListingFilter {
            projects: (42..45).map(|n| ProjectId::new(n).unwrap()).collect(),
            search: SearchText::new(text),
            ..ListingFilter::default()
        };
        let before = scans().await;
        let found = totals(&source::List(pool), &filter, bound).await.unwrap();
        (found.count, found.complete, scans().await - before)
    };
    let (count, complete, scans) = look("order-", Some(10_000)).await;
    assert!(count >= 10_000 && !complete, "{count}");
    assert_eq!(scans, 0);
    assert_eq!(look("order-4999", Some(10_000)).await, (11, true, 1));
    // Whoever asks for all of them gets them.
    let (count, complete, _) = look("order-", None).await;
    assert_eq!((count, complete), (50_000, true));
}

/// Also what no first look at the newest rows finds.
async fn find(pool: &Pool) {
    let filter = ListingFilter {
        projects: (42..45).map(|n| ProjectId::new(n).unwrap()).collect(),
        search: SearchText::new("order-4999"),
        ..ListingFilter::default()
    };
    let page = page(&source::List(pool), &filter, Part::Newest, 50).await.unwrap();
    assert!(!page.stopped_early);
    let found: Vec<i64> = page.rows.iter().map(|row| row.id.get()).collect();
    assert_eq!(found, (49_990..=49_999).rev().chain([4_999]).collect::<Vec<_>>());
}
