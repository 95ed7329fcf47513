//! A running `altyn serve`.

use std::fs::File;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};

use super::http::{self, Answer};
use super::{Setup, eventually};

/// Ports are taken from here: below those the system hands out by itself, and below those that
/// `scripts/with-postgres.sh` looks among.
const PORTS: std::ops::Range<u16> = 10_000..16_000;
/// How often a start is tried when another process was quicker to take the port.
const PORTS_TRIED: usize = 20;
/// Lines of the log that a failed test shows.
const LINES_SHOWN: usize = 30;

/// A node; killed when it is dropped.
///
/// Its address stays the same over [`Node::restart`]. Its log is one file, appended to.
#[derive(Debug)]
pub struct Node {
    setup: Setup,
    port: u16,
    config: PathBuf,
    log: PathBuf,
    environment: Vec<(String, String)>,
    child: Option<Child>,
}

impl Node {
    /// Starts a node and waits until it is ready.
    pub fn start(setup: &Setup) -> Self {
        Self::start_with(setup, &[])
    }

    /// The same with configuration by environment, `("ALTYN_SERVER__WORKERS", "false")`; the
    /// variables stay over restarts.
    pub fn start_with(setup: &Setup, environment: &[(&str, &str)]) -> Self {
        let environment: Vec<_> =
            environment.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        for _ in 0..PORTS_TRIED {
            let port = free_port();
            let mut node = Self {
                setup: setup.clone(),
                port,
                config: setup.write_config(&format!("node-{port}.toml"), port, ""),
                log: setup.folder().join(format!("node-{port}.log")),
                environment: environment.clone(),
                child: None,
            };
            node.spawn();
            match node.await_ready() {
                Ok(()) => return node,
                Err(log) if log.contains("cannot listen on") => node.child = None,
                Err(log) => panic!("the node did not start:\n{log}"),
            }
        }
        panic!("no free port in {PORTS_TRIED} tries");
    }

    fn spawn(&mut self) {
        let log = File::options().create(true).append(true).open(&self.log).expect("a log");
        let mut command = self.setup.command(&self.config, &["serve"]);
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command.stdout(Stdio::null()).stderr(log);
        self.child = Some(command.spawn().expect("the binary can be run"));
    }

    fn await_ready(&mut self) -> Result<(), String> {
        let url = self.url("/readyz");
        eventually("the node is ready", || {
            if self.exited().is_some() {
                return Some(Err(self.log()));
            }
            http::get(&url).ok().filter(|answer| answer.status == 200).map(|_| Ok(()))
        })
    }

    /// How the process ended, if it has.
    pub fn exited(&mut self) -> Option<ExitStatus> {
        self.child.as_mut()?.try_wait().expect("the process can be asked")
    }

    /// The address of a path of this node.
    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Its process, while it runs.
    pub fn pid(&self) -> u32 {
        self.child.as_ref().expect("the node runs").id()
    }

    /// Whether there is a process that nobody has killed.
    pub fn runs(&self) -> bool {
        self.child.is_some()
    }

    /// Whether `/readyz` says so now.
    pub fn is_ready(&self) -> bool {
        http::get(&self.url("/readyz")).is_ok_and(|answer| answer.status == 200)
    }

    /// `GET` of a path.
    pub fn get(&self, path: &str) -> Answer {
        http::get(&self.url(path)).unwrap_or_else(|error| panic!("GET {path}: {error}"))
    }

    /// Its metrics, as Prometheus text.
    pub fn metrics(&self) -> String {
        self.get("/metrics").text()
    }

    /// One metric by its name with labels, `altyn_jobs_total{kind="x",outcome="y"}`.
    pub fn metric(&self, name: &str) -> Option<f64> {
        let text = self.metrics();
        text.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok())
    }

    /// The whole log of all its runs.
    pub fn log(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(&self.log).unwrap_or_default()).into_owned()
    }

    /// Sends a signal: `KILL`, `TERM`, `STOP`, `CONT`.
    pub fn signal(&self, name: &str) {
        let script = format!("kill -{name} {}", self.pid());
        let status = Command::new("sh").args(["-c", &script]).status().expect("there is a shell");
        assert!(status.success(), "{script}");
    }

    /// Kills it as a crash would, and waits for its end.
    pub fn kill9(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().expect("the process can be killed");
            child.wait().expect("the process can be waited for");
        }
    }

    /// Starts it again (killed first if it runs) on the same address, and waits until it is ready.
    pub fn restart(&mut self) {
        self.launch();
        if let Err(log) = self.await_ready() {
            panic!("the node did not start again:\n{log}");
        }
    }

    /// Starts it again (killed first if it runs) on the same address, and waits for nothing.
    pub fn launch(&mut self) {
        self.kill9();
        self.spawn();
    }

    /// Stops it in order; it must end with code 0.
    pub fn stop(mut self) {
        self.end();
    }

    /// Stops it in order and starts it again on the same address.
    pub fn stop_and_start(&mut self) {
        self.end();
        self.restart();
    }

    fn end(&mut self) {
        self.signal("TERM");
        let status = eventually("the node ends after SIGTERM", || self.exited());
        self.child = None;
        assert!(status.success(), "the node ended with {status}:\n{}", self.tail());
    }

    fn tail(&self) -> String {
        let log = self.log();
        let lines: Vec<&str> = log.lines().collect();
        lines.get(lines.len().saturating_sub(LINES_SHOWN)..).unwrap_or_default().join("\n")
    }
}

impl Drop for Node {
    #[expect(clippy::print_stderr, reason = "what a failed test needs to be understood")]
    fn drop(&mut self) {
        self.kill9();
        if std::thread::panicking() {
            eprintln!("the last lines of {}:\n{}", Path::display(&self.log), self.tail());
        }
    }
}

/// A port nobody listens on now. Processes start looking at different places.
fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let span = PORTS.end - PORTS.start;
    let first = std::process::id() % u32::from(span);
    for _ in 0..span {
        let step = NEXT.fetch_add(1, Ordering::Relaxed);
        let offset = (first + u32::from(step)) % u32::from(span);
        let port = PORTS.start + u16::try_from(offset).unwrap_or_default();
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return port;
        }
    }
    panic!("no free port among {PORTS:?}");
}
