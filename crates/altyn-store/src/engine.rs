//! Which database an address means.

use std::path::PathBuf;

use altyn_app::secret::Secret;

/// A database by its address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Engine {
    /// `sqlite:path`
    Sqlite(PathBuf),
    /// `postgres://…` or `postgresql://…`; it may carry a password.
    Postgres(Secret),
}

/// The address names no database we know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the database's address must be sqlite:PATH or postgres://…")]
pub struct EngineError;

impl Engine {
    /// Reads an address.
    pub fn parse(url: &str) -> Result<Self, EngineError> {
        if let Some(path) = url.strip_prefix("sqlite:").filter(|path| !path.is_empty()) {
            return Ok(Self::Sqlite(PathBuf::from(path)));
        }
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            return Ok(Self::Postgres(Secret::new(url)));
        }
        Err(EngineError)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        assert_eq!(Engine::parse("sqlite:a/b.db"), Ok(Engine::Sqlite(PathBuf::from("a/b.db"))));
        assert_eq!(Engine::parse("sqlite:"), Err(EngineError));
        assert_eq!(Engine::parse("mysql://x"), Err(EngineError));
        let engine = Engine::parse("postgres://user:hunter2@db/altyn").unwrap();
        assert_eq!(format!("{engine:?}"), "Postgres(Secret(…))");
    }
}
