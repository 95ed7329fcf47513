//! A database of one test's own.

use std::fmt;

use tempfile::TempDir;

/// Where a node keeps its things; removed when it is dropped.
pub struct Database {
    url: String,
    engine: &'static str,
    folder: Option<TempDir>,
    remove: Option<Box<dyn FnOnce() + Send + Sync>>,
}

impl Database {
    /// A file in a new folder.
    pub fn sqlite() -> Self {
        let folder = TempDir::new().expect("a folder for the database");
        let url = format!("sqlite:{}", folder.path().join("altyn.db").display());
        Self { url, engine: "sqlite", folder: Some(folder), remove: None }
    }

    /// A database on a server that the caller made, and how to remove it.
    pub fn postgres(url: String, remove: impl FnOnce() + Send + Sync + 'static) -> Self {
        Self { url, engine: "postgres", folder: None, remove: Some(Box::new(remove)) }
    }

    /// As `store.url` has it.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// `sqlite` or `postgres`.
    pub fn engine(&self) -> &'static str {
        self.engine
    }

    /// The folder with the files of the embedded database.
    pub fn folder(&self) -> Option<&std::path::Path> {
        self.folder.as_ref().map(TempDir::path)
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if let Some(remove) = self.remove.take() {
            remove();
        }
    }
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Database").field("url", &self.url).finish_non_exhaustive()
    }
}
