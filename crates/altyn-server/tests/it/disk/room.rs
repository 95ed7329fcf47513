//! A mount namespace of one test's own, in which it can have a small disk: the test runs itself there
//! once more, alone.
//!
//! It takes root, or a user namespace. Where neither is given, the test says that it is skipped;
//! under `CI=true` that is a failure.

use std::path::{Path, PathBuf};
use std::process::Command;

use altyn_testkit::harness::Database;
use tempfile::TempDir;

/// Set inside.
const INSIDE: &str = "ALTYN_TEST_ROOM";

/// Runs `inside` in a namespace of its own; `test` is this test's whole name.
pub fn in_a_room(test: &str, inside: impl FnOnce()) {
    if std::env::var_os(INSIDE).is_some() {
        return inside();
    }
    let Some(unshare) = unshare() else {
        let ci = std::env::var("CI").unwrap_or_default();
        assert_ne!(ci, "true", "this machine gives no mount namespace");
        println!("skipped: this machine gives no mount namespace, not even to a user of one's own");
        return;
    };
    // A folder that is mounted on cannot be removed inside; outside nothing is mounted on it.
    let folder = TempDir::new().unwrap();
    let (program, arguments) = unshare.split_first().unwrap();
    let status = Command::new(program)
        .args(arguments)
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture", "--test-threads", "1"])
        .env(INSIDE, "1")
        .env("TMPDIR", folder.path())
        .status()
        .unwrap();
    assert!(status.success(), "{test} failed in its room: {status}");
}

/// How a process gets a mount namespace here.
fn unshare() -> Option<Vec<&'static str>> {
    let plain = vec!["unshare", "--mount"];
    let as_a_user = vec!["unshare", "--map-root-user", "--mount"];
    [plain, as_a_user].into_iter().find(|command| {
        let (program, arguments) = command.split_first().unwrap();
        let output = Command::new(program).args(arguments).arg("true").output();
        output.is_ok_and(|output| output.status.success())
    })
}

/// A file system in memory, so large and no larger. Made inside a room; it goes with it.
pub struct SmallDisk(PathBuf);

impl SmallDisk {
    /// On this folder.
    pub fn on(folder: &Path, kib: u32) -> Self {
        mount(folder, &["-t", "tmpfs", "-o", &format!("size={kib}k,mode=700"), "tmpfs"]);
        Self(folder.to_owned())
    }

    fn ballast(&self) -> PathBuf {
        self.0.join("ballast")
    }

    /// Not a byte is left.
    pub fn fill(&self) {
        use std::io::{ErrorKind, Write as _};

        let mut file = std::fs::File::create(self.ballast()).unwrap();
        let error = loop {
            if let Err(error) = file.write_all(&[0; 4_096]) {
                break error;
            }
        };
        assert_eq!(error.kind(), ErrorKind::StorageFull, "{error}");
    }

    /// What filled it is gone.
    pub fn free(&self) {
        std::fs::remove_file(self.ballast()).unwrap();
    }

    /// Whether it takes writes; no file may be open for writing when it does not.
    pub fn is_writable(&self, yes: bool) {
        mount(&self.0, &["-o", if yes { "remount,rw" } else { "remount,ro" }]);
    }
}

fn mount(folder: &Path, arguments: &[&str]) {
    let output = Command::new("mount").args(arguments).arg(folder).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// A database on a small disk.
pub fn database(kib: u32) -> (Database, SmallDisk) {
    let database = Database::sqlite();
    let disk = SmallDisk::on(database.folder().unwrap(), kib);
    (database, disk)
}
