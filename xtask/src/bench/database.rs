//! A database of the benchmark's own on either engine, and the few questions it is asked directly.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use rusqlite::{Connection, OpenFlags};
use tokio_postgres::NoTls;

use super::usage::{self, Cpu};

/// Which database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Engine {
    /// One embedded file.
    Sqlite,
    /// A server.
    Postgres,
}

impl Engine {
    /// A word for programs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
        }
    }

    /// A word for people.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
        }
    }
}

/// An empty database, made for one measurement.
pub enum Database {
    /// Its file.
    Sqlite(PathBuf),
    /// Its address, and that of a database from which it can be dropped.
    Postgres { url: String, server: String },
}

impl Database {
    /// Makes it: the file in `dir`, or a database of this name on the server, where one that was
    /// left behind is replaced.
    pub async fn make(
        engine: Engine,
        dir: &Path,
        server: Option<&str>,
        name: &str,
    ) -> Result<Self> {
        match engine {
            Engine::Sqlite => Ok(Self::Sqlite(dir.join("altyn.db"))),
            Engine::Postgres => {
                let server = server.context("no PostgreSQL server is known")?;
                make_on(server, name).await?;
                Ok(Self::Postgres { url: with_name(server, name)?, server: server.to_owned() })
            }
        }
    }

    /// Its address as the platform takes it.
    pub fn url(&self) -> String {
        match self {
            Self::Sqlite(path) => format!("sqlite:{}", path.display()),
            Self::Postgres { url, .. } => url.clone(),
        }
    }

    /// Removes it.
    pub async fn remove(self) -> Result<()> {
        match self {
            // It goes with its folder.
            Self::Sqlite(_) => Ok(()),
            Self::Postgres { url, server } => {
                let name = url.split('?').next().and_then(|url| url.rsplit('/').next());
                drop_on(&server, name.context("the address names no database")?).await
            }
        }
    }

    /// How large it is.
    pub async fn bytes(&self) -> Result<u64> {
        let size = match self {
            Self::Sqlite(path) => {
                // The database, its log, and the cabinet's list with its own.
                let files = ["", "-wal", ".listing", ".listing-wal"];
                let of = |end: &str| std::fs::metadata(format!("{}{end}", path.display()));
                return Ok(files.iter().flat_map(|end| of(end)).map(|data| data.len()).sum());
            }
            Self::Postgres { url, .. } => {
                ask(url, "SELECT pg_database_size(current_database())").await?
            }
        };
        u64::try_from(size).context("a size is negative")
    }

    /// Bytes written so far by whoever writes it: the server's log on PostgreSQL; on SQLite what
    /// the process `writer` caused to be written, the log and the file together.
    pub async fn written(&self, writer: u32) -> Result<Option<u64>> {
        match self {
            Self::Sqlite(_) => Ok(usage::written(writer)),
            Self::Postgres { url, .. } => {
                let sql = "SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint";
                Ok(u64::try_from(ask(url, sql).await?).ok())
            }
        }
    }

    /// Processor time of the database's own processes so far, if there are any on this machine.
    pub async fn cpu(&self) -> Result<Option<Cpu>> {
        match self {
            Self::Sqlite(_) => Ok(None),
            Self::Postgres { url, .. } => cpu_of(url).await,
        }
    }

    /// The first column of every row that a statement gives.
    pub async fn texts(&self, sql: &str) -> Result<Vec<String>> {
        match self {
            Self::Sqlite(path) => {
                let connection = read_only(path)?;
                let mut statement = connection.prepare(sql).with_context(|| sql.to_owned())?;
                let rows = statement.query_map([], |row| row.get(0))?;
                rows.collect::<Result<_, _>>().with_context(|| sql.to_owned())
            }
            Self::Postgres { url, .. } => {
                let rows = connect(url).await?.query(sql, &[]).await;
                let rows = rows.with_context(|| sql.to_owned())?;
                rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
            }
        }
    }

    /// The one number that a statement gives.
    pub async fn number(&self, sql: &str) -> Result<i64> {
        match self {
            Self::Sqlite(path) => {
                let connection = read_only(path)?;
                connection.query_row(sql, [], |row| row.get(0)).with_context(|| sql.to_owned())
            }
            Self::Postgres { url, .. } => ask(url, sql).await,
        }
    }
}

/// Processor time of a PostgreSQL server so far, if its processes are on this machine.
pub async fn cpu_of(url: &str) -> Result<Option<Cpu>> {
    let pid = u32::try_from(ask(url, "SELECT pg_backend_pid()::bigint").await?)?;
    let main = usage::parent(pid).ok().filter(|main| is_postgres(*main));
    main.map(usage::cpu_with_children).transpose()
}

/// The process of this number is one of PostgreSQL's: the server is not on another machine.
fn is_postgres(pid: u32) -> bool {
    std::fs::read_to_string(format!("/proc/{pid}/comm"))
        .is_ok_and(|name| name.starts_with("postgres"))
}

fn read_only(path: &Path) -> Result<Connection> {
    Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)
        .with_context(|| format!("cannot open {}", path.display()))
}

/// Makes an empty database, in place of one that was left behind.
pub async fn make_on(server: &str, name: &str) -> Result<()> {
    drop_on(server, name).await?;
    let sql = format!("CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C.UTF-8'");
    run(server, &sql).await
}

/// Removes a database, whoever is connected to it.
pub async fn drop_on(server: &str, name: &str) -> Result<()> {
    run(server, &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await
}

/// The address of another database on the same server.
pub fn with_name(server: &str, name: &str) -> Result<String> {
    let (scheme, rest) = server.split_once("://").context("the address has no ://")?;
    let (path, query) = rest.split_once('?').map_or((rest, None), |(path, q)| (path, Some(q)));
    let host = path.split('/').next().unwrap_or_default();
    let query = query.map(|query| format!("?{query}")).unwrap_or_default();
    Ok(format!("{scheme}://{host}/{name}{query}"))
}

/// What the server calls its version.
pub async fn server_version(server: &str) -> Result<String> {
    let client = connect(server).await?;
    let row = client.query_one("SELECT current_setting('server_version')", &[]).await?;
    Ok(row.try_get(0)?)
}

/// Connects; a task keeps the connection.
pub async fn connect(url: &str) -> Result<tokio_postgres::Client> {
    let (client, connection) =
        tokio_postgres::connect(url, NoTls).await.context("cannot connect to PostgreSQL")?;
    tokio::spawn(async move {
        // A broken connection shows in the next statement.
        let _ = connection.await;
    });
    Ok(client)
}

/// Runs statements of which nothing is expected.
pub async fn run(url: &str, sql: &str) -> Result<()> {
    connect(url).await?.batch_execute(sql).await.with_context(|| sql.to_owned())
}

async fn ask(url: &str, sql: &str) -> Result<i64> {
    let row = connect(url).await?.query_one(sql, &[]).await.with_context(|| sql.to_owned())?;
    row.try_get(0).with_context(|| sql.to_owned())
}

#[cfg(test)]
mod tests {
    use super::with_name;

    #[test]
    fn another_database_of_the_same_server() {
        for (server, other) in [
            ("postgres://u@127.0.0.1:5432/postgres", "postgres://u@127.0.0.1:5432/b"),
            ("postgres://h", "postgres://h/b"),
            ("postgresql://h/a?sslmode=disable", "postgresql://h/b?sslmode=disable"),
        ] {
            assert_eq!(with_name(server, "b").unwrap(), other);
        }
        assert!(with_name("h/a", "b").is_err());
    }
}
