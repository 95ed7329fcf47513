//! The schema's history: numbered files, each applied once, in order, whole.
//!
//! A file is never changed after it was released: its checksum is kept beside its number and
//! compared at each start. A database that is newer than this binary is refused, and so is an older
//! one unless it is being migrated. The table `schema_migrations` remembers; the engines run the
//! statements, this module decides what is to run.

use altyn_app::ports::StoreError;
use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

/// One step of the schema.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Migration {
    /// 1, 2, 3…
    pub(crate) version: i64,
    /// What it is about.
    pub(crate) name: &'static str,
    /// What it does.
    pub(crate) sql: &'static str,
}

impl Migration {
    /// SHA-256 of the statements, hexadecimal.
    pub(crate) fn checksum(&self) -> String {
        HEXLOWER.encode(&Sha256::digest(self.sql.as_bytes()))
    }
}

/// The steps for SQLite.
pub(crate) const SQLITE: &[Migration] = &[
    Migration {
        version: 1,
        name: "first",
        sql: include_str!("../migrations/sqlite/0001_first.sql"),
    },
    Migration {
        version: 2,
        name: "cards_and_holds",
        sql: include_str!("../migrations/sqlite/0002_cards_and_holds.sql"),
    },
    Migration {
        version: 3,
        name: "cabinet",
        sql: include_str!("../migrations/sqlite/0003_cabinet.sql"),
    },
    Migration {
        version: 4,
        name: "checks",
        sql: include_str!("../migrations/sqlite/0004_checks.sql"),
    },
];

/// The steps for PostgreSQL.
pub(crate) const POSTGRES: &[Migration] = &[
    Migration {
        version: 1,
        name: "first",
        sql: include_str!("../migrations/postgres/0001_first.sql"),
    },
    Migration {
        version: 2,
        name: "cards_and_holds",
        sql: include_str!("../migrations/postgres/0002_cards_and_holds.sql"),
    },
    Migration {
        version: 3,
        name: "cabinet",
        sql: include_str!("../migrations/postgres/0003_cabinet.sql"),
    },
    Migration {
        version: 4,
        name: "checks",
        sql: include_str!("../migrations/postgres/0004_checks.sql"),
    },
];

/// A step that a database has behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Applied {
    /// Its number.
    pub(crate) version: i64,
    /// Its checksum as it was applied.
    pub(crate) checksum: String,
}

/// What to do with a database that is older than the binary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Schema {
    /// Bring it up to date.
    Migrate,
    /// Refuse it with [`StoreError::Older`].
    AsItIs,
}

/// The steps that `applied`, ordered by version, still lacks.
pub(crate) fn pending<'a>(
    known: &'a [Migration],
    applied: &[Applied],
) -> Result<&'a [Migration], StoreError> {
    let newest = known.last().map_or(0, |migration| migration.version);
    let found = applied.last().map_or(0, |applied| applied.version);
    if found > newest {
        return Err(StoreError::Newer { found, known: newest });
    }
    for (at, done) in applied.iter().enumerate() {
        let same = known.get(at).is_some_and(|migration| {
            migration.version == done.version && migration.checksum() == done.checksum
        });
        if !same {
            return Err(StoreError::Inconsistent {
                table: "schema_migrations",
                column: "checksum",
                key: done.version.to_string(),
            });
        }
    }
    Ok(known.get(applied.len()..).unwrap_or_default())
}

/// [`pending`], refusing a database that lacks any.
pub(crate) fn refuse_older(known: &[Migration], applied: &[Applied]) -> Result<(), StoreError> {
    match pending(known, applied)?.last() {
        None => Ok(()),
        Some(last) => {
            let found = applied.last().map_or(0, |applied| applied.version);
            Err(StoreError::Older { found, known: last.version })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: &[Migration] = &[
        Migration { version: 1, name: "one", sql: "a" },
        Migration { version: 2, name: "two", sql: "b" },
    ];

    fn done(version: i64, sql: &'static str) -> Applied {
        Applied { version, checksum: Migration { version, name: "", sql }.checksum() }
    }

    #[test]
    fn what_is_to_run_follows_from_what_was_applied() {
        let cases: [(&[Applied], &str); 6] = [
            (&[], "run 2"),
            (&[done(1, "a")], "run 1"),
            (&[done(1, "a"), done(2, "b")], "run 0"),
            (&[done(1, "x")], "inconsistent row in schema_migrations, checksum, key 1"),
            (&[done(2, "b")], "inconsistent row in schema_migrations, checksum, key 2"),
            (
                &[done(1, "a"), done(2, "b"), done(3, "c")],
                "the database has schema 3, this binary knows up to 2",
            ),
        ];
        for (applied, expected) in cases {
            let answer = match pending(KNOWN, applied) {
                Ok(steps) => format!("run {}", steps.len()),
                Err(error) => error.to_string(),
            };
            assert_eq!(answer, expected, "{applied:?}");
        }
    }

    #[test]
    fn an_older_database_is_not_served() {
        let answer = refuse_older(KNOWN, &[done(1, "a")]).map_err(|error| error.to_string());
        let expected = "the database has schema 1, 2 is needed: run `altyn migrate`";
        assert_eq!(answer, Err(expected.to_owned()));
        assert!(refuse_older(KNOWN, &[done(1, "a"), done(2, "b")]).is_ok());
    }

    #[test]
    fn both_engines_have_the_same_steps() {
        let steps = |list: &'static [Migration]| -> Vec<_> {
            list.iter().map(|migration| (migration.version, migration.name)).collect()
        };
        assert_eq!(steps(SQLITE), steps(POSTGRES));
    }
}
