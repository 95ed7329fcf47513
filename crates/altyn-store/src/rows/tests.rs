//! The definitions against the migrations, and the statements that follow from them.

use std::collections::BTreeSet;

use super::*;
use crate::migrate::SQLITE;

#[test]
fn statements_follow_from_the_definition() {
    let sql = BalanceRow::sql();
    assert_eq!(
        sql.select,
        "SELECT project, account, currency, debit_minor, credit_minor FROM balances"
    );
    assert_eq!(
        sql.insert_sqlite,
        "INSERT INTO balances (project, account, currency, debit_minor, credit_minor) \
         VALUES (?1, ?2, ?3, ?4, ?5)"
    );
    assert_eq!(
        sql.update_sqlite,
        "UPDATE balances SET debit_minor = ?4, credit_minor = ?5 \
         WHERE project = ?1 AND account = ?2 AND currency = ?3"
    );
    assert_eq!(
        sql.unnest_pg,
        "unnest($1::bigint[], $2::text[], $3::text[], $4::bigint[], $5::bigint[]) \
         AS u(project, account, currency, debit_minor, credit_minor)"
    );
    assert!(sql.insert_unnest_pg.ends_with(&format!(" FROM {}", sql.unnest_pg)));
    assert!(sql.update_unnest_pg.starts_with("UPDATE balances SET debit_minor = u.debit_minor"));
}

/// PostgreSQL's are compared on a server, in `tests/it`.
#[test]
fn the_migrations_for_sqlite_make_exactly_these_columns() {
    let database = rusqlite::Connection::open_in_memory().unwrap();
    for migration in SQLITE {
        database.execute_batch(migration.sql).unwrap();
    }
    let sql = "SELECT tables.name, columns.name
         FROM sqlite_schema AS tables, pragma_table_info(tables.name) AS columns
         WHERE tables.type = 'table'";
    let found: BTreeSet<(String, String)> = database
        .prepare(sql)
        .unwrap()
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    let of_rows: BTreeSet<(String, String)> = TABLES
        .iter()
        .flat_map(|(table, columns)| {
            columns.iter().map(|column| ((*table).to_owned(), (*column).to_owned()))
        })
        .collect();
    assert_eq!(found, of_rows);
}
