//! A disk that fails on demand and tells what a power cut would leave of a database (`shim.c`),
//! between a node and its files.

use std::path::{Path, PathBuf};
use std::process::Command;

use altyn_testkit::harness::eventually;
use tempfile::TempDir;

/// What stands between the process and its files.
const SOURCE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/disk/shim.c");

/// The disk under the files of one folder.
pub struct Disk {
    files: PathBuf,
    /// The library, and what is on the disk.
    folder: TempDir,
}

impl Disk {
    /// Under the files of this folder, which are on it as they are now. No process may have them
    /// open.
    pub fn under(files: &Path) -> Self {
        let folder = TempDir::new().unwrap();
        let library = folder.path().join("shim.so");
        let compiled = Command::new("cc")
            .args(["-shared", "-fPIC", "-O1", "-o"])
            .args([library.as_os_str(), SOURCE.as_ref(), "-ldl".as_ref()])
            .output()
            .expect("a C compiler: scripts/setup.sh installs it");
        assert!(compiled.status.success(), "{}", String::from_utf8_lossy(&compiled.stderr));
        // As the system names it, since that is what the library sees.
        let disk = Self { files: files.canonicalize().unwrap(), folder };
        std::fs::create_dir(disk.on_it()).unwrap();
        copy_all(&disk.files, &disk.on_it());
        disk
    }

    fn on_it(&self) -> PathBuf {
        self.folder.path().join("disk")
    }

    fn fault(&self) -> PathBuf {
        self.folder.path().join("fault")
    }

    /// What puts a process above it.
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        let text = |path: PathBuf| path.to_str().unwrap().to_owned();
        vec![
            ("LD_PRELOAD", text(self.folder.path().join("shim.so"))),
            ("SHIM_FILES", text(self.files.clone())),
            ("SHIM_DISK", text(self.on_it())),
            ("SHIM_FAULT", text(self.fault())),
        ]
    }

    fn order(&self, line: &str) {
        let new = self.folder.path().join("fault.new");
        std::fs::write(&new, line).unwrap();
        std::fs::rename(new, self.fault()).unwrap();
    }

    /// The next flush of this file fails; waits until it has.
    pub fn fail_once(&self, file: &str) {
        self.order(&format!("once {file}"));
        eventually(&format!("{file} is flushed"), || (!self.fault().exists()).then_some(()));
    }

    /// Every flush of this file fails from now on.
    pub fn fail(&self, file: &str) {
        self.order(&format!("every {file}"));
    }

    /// Nothing can be written any more.
    pub fn refuse_writes(&self) {
        self.order("readonly");
    }

    /// It works again.
    pub fn mend(&self) {
        std::fs::remove_file(self.fault()).unwrap();
    }

    /// The files are what a power cut leaves of them. No process may have them open.
    pub fn cut_power(&self) {
        for entry in std::fs::read_dir(&self.files).unwrap() {
            std::fs::remove_file(entry.unwrap().path()).unwrap();
        }
        copy_all(&self.on_it(), &self.files);
        for entry in std::fs::read_dir(self.on_it()).unwrap() {
            let path = entry.unwrap().path();
            if is_map(&path) {
                std::fs::remove_file(path).unwrap();
            }
        }
    }
}

/// Which pages of a file are not on the disk; not a file itself.
fn is_map(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending == "unflushed")
}

fn copy_all(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        if !is_map(&path) {
            std::fs::copy(&path, to.join(path.file_name().unwrap())).unwrap();
        }
    }
}
