//! Somebody the platform talks to, played by a Python script: it says what happens in lines of JSON
//! and takes commands in lines of text.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

use altyn_testkit::harness::eventually;
use serde_json::Value;

/// The Python with the packages of the tests. `None` where `scripts/setup.sh` was not run, with a
/// word about it; under `CI=true` that is a failure.
pub fn python() -> Option<PathBuf> {
    let python = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.local/venv/bin/python");
    if python.exists() {
        return Some(python);
    }
    let ci = std::env::var("CI").unwrap_or_default();
    assert_ne!(ci, "true", "there is no .local/venv: run scripts/setup.sh");
    println!("skipped: there is no .local/venv (scripts/setup.sh makes it)");
    None
}

/// A running script; its end is the end of its standard input.
pub struct Script {
    child: Child,
    said: Arc<Mutex<Vec<Value>>>,
}

impl Script {
    /// Starts a script of this folder. `None` where there is no [`python`].
    pub fn start(name: &str, arguments: &[&str]) -> Option<Self> {
        let python = python()?;
        let crate_folder = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut command = Command::new(python);
        command.arg(crate_folder.join("tests/it/support").join(name)).args(arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("the script can be run");
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let said = Arc::<Mutex<Vec<Value>>>::default();
        let hears = Arc::clone(&said);
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                hears.lock().unwrap().push(serde_json::from_str(&line).unwrap());
            }
        });
        Some(Self { child, said })
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        let said = self.wait("the script listens", 1, |said| said["port"].is_u64());
        said[0]["port"].as_u64().unwrap().try_into().unwrap()
    }

    /// Gives it a command, and waits until it has taken it.
    pub fn tell(&mut self, command: &str) {
        let taken = |said: &Value| said.get("now").is_some();
        let before = self.said().iter().filter(|said| taken(said)).count();
        let stdin = self.child.stdin.as_mut().unwrap();
        stdin.write_all(format!("{command}\n").as_bytes()).unwrap();
        self.wait(command, before + 1, taken);
    }

    /// Everything it said.
    pub fn said(&self) -> Vec<Value> {
        self.said.lock().unwrap().clone()
    }

    /// Waits until it has said so many such things, and gives them.
    pub fn wait(&self, what: &str, count: usize, fits: impl Fn(&Value) -> bool) -> Vec<Value> {
        eventually(what, || {
            let found: Vec<Value> = self.said().into_iter().filter(|said| fits(said)).collect();
            (found.len() >= count).then_some(found)
        })
    }
}

impl Drop for Script {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
