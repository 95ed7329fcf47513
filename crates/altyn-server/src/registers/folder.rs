//! The folder of registers: passing names while they are made, final names when they are whole.
//!
//! Everything here may block.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use altyn_app::export::{EXPORT_LIFE_MS, Export};
use altyn_domain::time::Timestamp;

/// How the names of all files here begin.
const PREFIX: &str = "register-";

/// Where files are made.
#[derive(Clone, Debug)]
pub struct Folder(PathBuf);

impl Folder {
    /// This folder; it is made when the first register is.
    pub fn new(path: PathBuf) -> Self {
        Self(path)
    }

    /// The file while it is made. Each maker has his own: one who lost the register without
    /// knowing it spoils nothing.
    pub fn part(&self, export: &Export) -> PathBuf {
        self.0.join(format!("{}.{}.part", export.file_name(), export.attempts))
    }

    /// Makes the folder, if it is not there, for nobody else's eyes: payers are in its files.
    pub fn prepare(&self) -> io::Result<()> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.0)
    }

    /// Gives a whole file its name, for good.
    pub fn publish(&self, export: &Export) -> io::Result<()> {
        fs::rename(self.part(export), self.0.join(export.file_name()))?;
        // The name is the folder's, so it is the folder that must reach the disk.
        File::open(&self.0)?.sync_all()
    }

    /// Removes the files of these, and whatever is older than any register: left behind by makers
    /// that died, or expired while no node was up.
    pub fn sweep(&self, expired: &[Export], now: Timestamp) {
        for export in expired {
            self.remove(&self.0.join(export.file_name()));
        }
        match self.aged(now) {
            Ok(aged) => {
                for path in aged {
                    self.remove(&path);
                }
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => {
                let folder = self.0.display();
                tracing::warn!(%folder, %error, "the folder of registers cannot be read");
            }
        }
    }

    /// Removes a file, if it is there.
    pub fn remove(&self, path: &Path) {
        match fs::remove_file(path) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => tracing::warn!(path = %path.display(), %error, "a file stays"),
        }
    }

    fn aged(&self, now: Timestamp) -> io::Result<Vec<PathBuf>> {
        let oldest = now.as_millis().saturating_sub(EXPORT_LIFE_MS);
        let oldest = UNIX_EPOCH + Duration::from_millis(u64::try_from(oldest).unwrap_or_default());
        let mut aged = Vec::new();
        for entry in fs::read_dir(&self.0)? {
            let entry = entry?;
            let ours = entry.file_name().to_str().is_some_and(|name| name.starts_with(PREFIX));
            if ours && entry.metadata()?.modified()? < oldest {
                aged.push(entry.path());
            }
        }
        Ok(aged)
    }
}
