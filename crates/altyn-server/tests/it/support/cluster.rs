//! PostgreSQL servers of a test's own: a primary and a synchronous standby that can take over.
//!
//! Their folders are in that of `scripts/with-postgres.sh`, which removes it, and belong to the user
//! its server runs as.

use std::net::TcpListener;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use altyn_testkit::harness::{Database, eventually};

use super::query;

/// The variables of `scripts/with-postgres.sh`.
const PROGRAMS: &str = "ALTYN_TEST_POSTGRES_BIN";
const FOLDER: &str = "ALTYN_TEST_POSTGRES_DIR";
/// The database of the nodes.
const NAME: &str = "altyn";

/// A primary and its standby, on two ports that stay the same; removed when it is dropped.
pub struct Pair {
    programs: PathBuf,
    /// Where servers may be.
    folder: PathBuf,
    /// Who owns it, unless it is us.
    user: Option<&'static str>,
    ports: [u16; 2],
    primary: Server,
    standby: Option<Server>,
    made: usize,
}

struct Server {
    data: PathBuf,
    port: u16,
}

impl Pair {
    /// Both started, the standby synchronous. `None` where there is no PostgreSQL, with a word.
    pub fn start() -> Option<Self> {
        let (Ok(programs), Ok(folder)) = (std::env::var(PROGRAMS), std::env::var(FOLDER)) else {
            let ci = std::env::var("CI").unwrap_or_default();
            assert_ne!(ci, "true", "{FOLDER} is not set: run by scripts/with-postgres.sh");
            println!("skipped: {FOLDER} is not set (scripts/with-postgres.sh sets it)");
            return None;
        };
        let folder = PathBuf::from(folder);
        let own = std::fs::metadata("/proc/self").unwrap().uid();
        let is_ours = std::fs::metadata(&folder).unwrap().uid() == own;
        let listeners = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
        let ports = listeners.map(|listener| listener.local_addr().unwrap().port());
        let data = folder.join(format!("pair-{}-0", std::process::id()));
        let mut pair = Self {
            programs: programs.into(),
            folder,
            user: (!is_ours).then_some("postgres"),
            ports,
            primary: Server { data, port: ports[0] },
            standby: None,
            made: 0,
        };
        let data = pair.primary.data.to_str().unwrap().to_owned();
        pair.run("initdb", &["-D", &data, "-U", "postgres", "--locale=C.UTF-8", "--auth=trust"]);
        pair.launch(&pair.primary);
        let locale = "LC_COLLATE 'C.UTF-8' LC_CTYPE 'C.UTF-8'";
        let create = format!("CREATE DATABASE {NAME} TEMPLATE template0 ENCODING 'UTF8' {locale}");
        query(&pair.url_of(&pair.primary, "postgres"), &create);
        pair.add_standby();
        Some(pair)
    }

    /// The database by an address that names both servers.
    pub fn database(&self) -> Database {
        let [first, second] = self.ports;
        let url = format!(
            "postgres://postgres@127.0.0.1:{first},127.0.0.1:{second}/{NAME}\
             ?target_session_attrs=read-write"
        );
        Database::postgres(url, || {})
    }

    /// Only the standby.
    pub fn standby_url(&self) -> String {
        self.url_of(self.standby.as_ref().unwrap(), NAME)
    }

    /// Copies the primary, starts the copy as its standby, and has every commit wait for it.
    pub fn add_standby(&mut self) {
        self.made += 1;
        let data = self.folder.join(format!("pair-{}-{}", std::process::id(), self.made));
        let port = self.ports.into_iter().find(|port| *port != self.primary.port).unwrap();
        let (to, from) = (data.to_str().unwrap(), self.primary.port.to_string());
        let place = ["-h", "127.0.0.1", "-p", &from, "-U", "postgres", "-D", to];
        self.run("pg_basebackup", &[&place[..], &["-R", "-X", "stream", "-c", "fast"]].concat());
        let standby = Server { data, port };
        self.launch(&standby);
        self.standby = Some(standby);
        self.on_primary("ALTER SYSTEM SET synchronous_standby_names = '*'");
        self.on_primary("SELECT pg_reload_conf()::text");
        eventually("the standby is synchronous", || {
            let states = self.on_primary("SELECT sync_state FROM pg_stat_replication");
            (states == ["sync"]).then_some(())
        });
    }

    /// Ends the primary as a crash would, by turns with all that hangs on it and without.
    pub fn kill_primary(&self) {
        let data = self.primary.data.to_str().unwrap();
        if self.made % 2 == 1 {
            let file = self.primary.data.join("postmaster.pid");
            let file = std::fs::read_to_string(file).unwrap();
            let process = file.lines().next().unwrap();
            self.run("kill", &["-KILL", process]);
        } else {
            self.run("pg_ctl", &["-D", data, "-m", "immediate", "stop"]);
        }
        let address = ("127.0.0.1", self.primary.port);
        eventually("the primary's port is free", || TcpListener::bind(address).ok().map(drop));
    }

    /// Makes the standby the primary; nothing waits for a standby then.
    pub fn promote(&mut self) {
        let standby = self.standby.take().unwrap();
        self.run("pg_ctl", &["-D", standby.data.to_str().unwrap(), "-w", "promote"]);
        self.primary = standby;
    }

    fn on_primary(&self, sql: &str) -> Vec<String> {
        query(&self.url_of(&self.primary, "postgres"), sql)
    }

    fn url_of(&self, server: &Server, name: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{name}", server.port)
    }

    /// Starts a server. What a copy has from its primary it has no use for.
    fn launch(&self, server: &Server) {
        let data = server.data.to_str().unwrap();
        let log = format!("{data}.log");
        let options = format!(
            "-p {} -c listen_addresses=127.0.0.1 -c unix_socket_directories={} \
             -c max_connections=100",
            server.port,
            self.folder.display()
        );
        self.run("pg_ctl", &["-D", data, "-o", &options, "-l", &log, "-w", "start"]);
    }

    /// Runs a program as the servers' user.
    fn run(&self, program: &str, arguments: &[&str]) {
        let output = self.command(program, arguments).output().unwrap();
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{program} {arguments:?}: {told}");
    }

    fn command(&self, program: &str, arguments: &[&str]) -> Command {
        let ours = self.programs.join(program);
        let program = if ours.exists() { ours.as_path() } else { Path::new(program) };
        let mut command = match self.user {
            Some(user) => {
                let mut command = Command::new("runuser");
                command.args(["-u", user, "--"]).arg(program);
                command
            }
            None => Command::new(program),
        };
        command.args(arguments).current_dir(&self.folder);
        command
    }
}

impl Drop for Pair {
    fn drop(&mut self) {
        for server in std::iter::once(&self.primary).chain(&self.standby) {
            let data = server.data.to_str().unwrap_or_default();
            // One that was killed is not there to be stopped.
            let _ = self.command("pg_ctl", &["-D", data, "-m", "immediate", "-w", "stop"]).output();
        }
    }
}
