//! The definitions against the migrations, and the statements that follow from them.

use std::collections::BTreeSet;

use super::*;
use crate::migrate::{POSTGRES, SQLITE};

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

#[test]
fn both_migrations_make_exactly_these_columns() {
    let of_rows: BTreeSet<(String, String)> = TABLES
        .iter()
        .flat_map(|(table, columns)| {
            columns.iter().map(|column| ((*table).to_owned(), (*column).to_owned()))
        })
        .collect();
    for list in [SQLITE, POSTGRES] {
        let text: String = list.iter().map(|migration| migration.sql).collect();
        assert_eq!(columns_of(&text), of_rows);
    }
}

/// Columns of each `CREATE TABLE`, as our migrations lay them out: one a line, name first.
fn columns_of(sql: &str) -> BTreeSet<(String, String)> {
    let mut found = BTreeSet::new();
    let mut table = None;
    for line in sql.lines() {
        if let Some(rest) = line.strip_prefix("CREATE TABLE ") {
            table = rest.split_whitespace().next();
        } else if line.starts_with(')') {
            table = None;
        } else if let Some(table) = table {
            let mut words = line.split_whitespace();
            let (name, kind) = (words.next().unwrap(), words.next().unwrap_or_default());
            if ["INTEGER", "BIGINT", "TEXT", "BLOB", "BYTEA"].contains(&kind.trim_end_matches(','))
            {
                found.insert((table.to_owned(), name.to_owned()));
            }
        }
    }
    found
}
