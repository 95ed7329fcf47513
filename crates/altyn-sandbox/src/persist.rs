//! The state file: read at the start, replaced as a whole by a rename.

use std::io::Write;
use std::path::Path;

use crate::config::SandboxError;
use crate::state::State;

/// Reads the file; a missing one is an empty state.
pub(crate) fn load(path: &Path) -> Result<State, SandboxError> {
    let bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(State::default()),
        Err(source) => return Err(SandboxError::StateRead { path: path.to_owned(), source }),
    };
    serde_json::from_slice(&bytes)
        .map_err(|source| SandboxError::StateParse { path: path.to_owned(), source })
}

/// Replaces the file so that a kill at any moment leaves the old or the new one whole.
pub(crate) fn save(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    let mut file = std::fs::File::create(&beside)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(&beside, path)
}
