//! The directory of a demo: database, key ring, the shop's secret, the emulators' memory, and the
//! configuration, with which `altyn serve` and `altyn check` can look at the same data afterwards.
//!
//! One demo at a time has it. A clean start removes only the files named here.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use altyn_app::secret::Secret;
use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};

/// What a run leaves behind, besides the lock.
const FILES: [&str; 13] = [
    "altyn.db",
    "altyn.db-wal",
    "altyn.db-shm",
    "altyn.keys",
    "altyn.toml",
    "altyn.db.listing",
    "altyn.db.listing-wal",
    "altyn.db.listing-shm",
    "password",
    "addresses.json",
    "sandbox.json",
    "sandbox.json.new",
    "secret",
];
/// Bytes of randomness in the shop's secret.
const SECRET_BYTES: usize = 32;
/// Bytes of randomness in the password: it is typed by hand.
const PASSWORD_BYTES: usize = 8;
/// Who signs in to the cabinet.
pub const LOGIN: &str = "demo";

/// The directory, held for as long as this lives.
pub struct Place {
    /// Its full path.
    pub dir: PathBuf,
    /// The shop's secret, shared with the platform.
    pub secret: Secret,
    /// The password of [`LOGIN`] in the cabinet.
    pub password: Secret,
    _lock: File,
}

impl Place {
    /// Makes or takes the directory; without `keep` the last run's files are removed.
    pub fn open(dir: &Path, keep: bool) -> Result<Self> {
        std::fs::create_dir_all(dir)
            .with_context(|| format!("cannot make the directory {}", dir.display()))?;
        let dir = dir
            .canonicalize()
            .with_context(|| format!("cannot use the directory {}", dir.display()))?;
        let lock = lock(&dir)?;
        if !keep {
            for name in FILES {
                remove(&dir.join(name))?;
            }
        }
        let secret = secret(&dir.join("secret"), SECRET_BYTES)?;
        let password = self::secret(&dir.join("password"), PASSWORD_BYTES)?;
        Ok(Self { dir, secret, password, _lock: lock })
    }

    /// A file in it.
    pub fn file(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    /// Writes a file anew, for its owner's eyes only.
    pub fn write(&self, name: &str, text: &str) -> Result<()> {
        write_private(&self.file(name), text)
    }

    /// The port that `who` had in the last run, so that links and callbacks of kept payments work.
    pub fn last_port(&self, who: &str) -> Option<u16> {
        let text = std::fs::read(self.file("addresses.json")).ok()?;
        let addresses: Value = serde_json::from_slice(&text).ok()?;
        let url = url::Url::parse(addresses.get(who)?.as_str()?).ok()?;
        url.port()
    }

    /// Keeps the addresses for the next run, and for whoever scripts this one.
    pub fn keep_addresses(&self, platform: &str, sandbox: &str, shop: &str) -> Result<()> {
        let text = json!({ "platform": platform, "sandbox": sandbox, "shop": shop });
        self.write("addresses.json", &format!("{text:#}\n"))
    }
}

fn lock(dir: &Path) -> Result<File> {
    let path = dir.join("lock");
    let file = File::create(&path).with_context(|| format!("cannot make {}", path.display()))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            bail!("another demo runs in {}; end it, or give another --dir", dir.display())
        }
        Err(TryLockError::Error(error)) => {
            Err(error).with_context(|| format!("cannot lock {}", path.display()))
        }
    }
}

fn remove(path: &Path) -> Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", path.display()))
        }
        Ok(()) | Err(_) => Ok(()),
    }
}

/// The secret of the last run, or a new one of so many bytes.
fn secret(path: &Path, bytes: usize) -> Result<Secret> {
    match std::fs::read_to_string(path) {
        Ok(text) if !text.trim().is_empty() => return Ok(Secret::new(text.trim())),
        Ok(_) => {}
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => {
            return Err(error).with_context(|| format!("cannot read {}", path.display()));
        }
    }
    let mut bytes = vec![0_u8; bytes];
    getrandom::fill(&mut bytes).context("the system gives no randomness")?;
    let secret = Secret::new(data_encoding::HEXLOWER.encode(&bytes));
    write_private(path, &format!("{}\n", secret.expose()))?;
    Ok(secret)
}

fn write_private(path: &Path, text: &str) -> Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    options
        .open(path)
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .with_context(|| format!("cannot write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_starts_clean_unless_it_continues() {
        let root = tempfile::tempdir().unwrap();
        let dir = root.path().join("a/b");
        let first = Place::open(&dir, false).unwrap();
        first.keep_addresses("http://127.0.0.1:1", "http://127.0.0.1:2", "http://[::1]:3").unwrap();
        std::fs::write(first.file("mine"), "not the demo's").unwrap();
        assert!(Place::open(&dir, true).is_err(), "one at a time");
        let secret = first.secret.clone();
        drop(first);
        let second = Place::open(&dir, true).unwrap();
        assert_eq!((second.last_port("sandbox"), second.last_port("shop")), (Some(2), Some(3)));
        assert!(second.secret == secret);
        drop(second);
        let third = Place::open(&dir, false).unwrap();
        assert!(third.secret != secret);
        assert_eq!(third.last_port("sandbox"), None);
        assert!(third.file("mine").exists());
    }
}
