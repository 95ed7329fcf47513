//! A folder with a configuration, and the subcommands of the binary over it.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use serde_json::Value;
use tempfile::TempDir;

use super::Database;

/// How the emulated providers know the platform; an emulator is configured with the same.
pub mod accounts {
    /// `userName` at the gateway.
    pub const RBS_USER: &str = "altyn-api";
    /// Its password.
    pub const RBS_PASSWORD: &str = "gateway-password-5f3b";
    /// Signs the gateway's notifications.
    pub const RBS_CALLBACK_KEY: &str = "gateway-callback-key-9c1e";
    /// Vendor at the card partner.
    pub const IPAY_VID: &str = "demo";
    /// Signs the partner's forms and calls.
    pub const IPAY_KEY: &str = "partner-key-77d0";
}

/// What is shared by the nodes of one database: configuration, key ring, projects.
///
/// Cheap to clone: every [`super::Node`] keeps one, so the folder lives as long as the last user.
#[derive(Clone, Debug)]
pub struct Setup(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    binary: PathBuf,
    folder: TempDir,
    database: Database,
    providers: String,
}

/// How a subcommand ended.
#[derive(Clone, Debug)]
pub struct Output {
    /// The exit code; none when it was killed.
    pub code: Option<i32>,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Output {
    /// The standard output as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// Itself, when the code is 0.
    pub fn done(self) -> Self {
        assert_eq!(self.code, Some(0), "{self:?}");
        self
    }
}

/// A project as `altyn project add` is told of it.
#[derive(Clone, Debug)]
pub struct ProjectSpec {
    /// Its number.
    pub id: u32,
    /// Its secret.
    pub secret: String,
    /// A test project.
    pub test: bool,
    /// Where its callbacks go; empty for nowhere.
    pub callback_url: String,
    /// As `--method` takes them.
    pub methods: Vec<String>,
    /// As `--retry-pauses` takes them.
    pub retry_pauses: String,
    /// Further arguments.
    pub more: Vec<String>,
}

impl ProjectSpec {
    /// A test project with every method, by redirect, and four quick repeats of a callback.
    pub fn test(id: u32, secret: &str, callback_url: &str) -> Self {
        Self {
            id,
            secret: secret.to_owned(),
            test: true,
            callback_url: callback_url.to_owned(),
            methods: ["alfa-click=alfabank", "card-partner=partner", "card=alfabank"]
                .map(str::to_owned)
                .to_vec(),
            retry_pauses: "0,0,1,1".to_owned(),
            more: Vec::new(),
        }
    }

    /// The same with the instruction scenario for alfa-click.
    pub fn instructing(mut self) -> Self {
        self.methods = vec!["alfa-click=alfabank:instruction".to_owned()];
        self
    }
}

impl Setup {
    /// A new folder with a configuration for `database`, its providers at `providers` (the base
    /// address of an emulator, or of nothing), and the schema made.
    pub fn new(binary: impl Into<PathBuf>, database: Database, providers: &str) -> Self {
        let setup = Self::bare(binary, database, providers);
        setup.cli(&["migrate"]).done();
        setup
    }

    /// The same without a schema.
    pub fn bare(binary: impl Into<PathBuf>, database: Database, providers: &str) -> Self {
        let folder = TempDir::new().expect("a folder for the configuration");
        let inner =
            Inner { binary: binary.into(), folder, database, providers: providers.to_owned() };
        let setup = Self(Arc::new(inner));
        setup.write_config("cli.toml", 0, "");
        setup
    }

    /// The binary.
    pub fn binary(&self) -> &Path {
        &self.0.binary
    }

    /// The folder with configurations, key ring and logs.
    pub fn folder(&self) -> &Path {
        self.0.folder.path()
    }

    /// The database.
    pub fn database(&self) -> &Database {
        &self.0.database
    }

    /// The configuration that subcommands use.
    pub fn config(&self) -> PathBuf {
        self.folder().join("cli.toml")
    }

    /// The key ring.
    pub fn keys(&self) -> PathBuf {
        self.folder().join("altyn.keys")
    }

    /// Writes a configuration that listens on `port`, with `more` lines of TOML at its end.
    pub fn write_config(&self, name: &str, port: u16, more: &str) -> PathBuf {
        let path = self.folder().join(name);
        std::fs::write(&path, self.config_text(port, more)).expect("the configuration is written");
        path
    }

    fn config_text(&self, port: u16, more: &str) -> String {
        let (database, providers) = (self.0.database.url(), &self.0.providers);
        let keys = self.keys();
        let keys = keys.display();
        let (user, password) = (accounts::RBS_USER, accounts::RBS_PASSWORD);
        let (callback_key, vid, key) =
            (accounts::RBS_CALLBACK_KEY, accounts::IPAY_VID, accounts::IPAY_KEY);
        format!(
            r#"[server]
listen = "127.0.0.1:{port}"
public_url = "http://127.0.0.1:{port}"

[store]
url = "{database}"

[keys]
file = "{keys}"

[callbacks]
allow = ["127.0.0.0/8"]

[log]
format = "json"
level = "info"

[providers.alfabank]
kind = "rbs"
wire_id = 1310
endpoint_id = "alfabank"
base_url = "{providers}/payment/rest"
user = "{user}"
password = "{password}"
callback_key = "{callback_key}"

[providers.partner]
kind = "ipay"
wire_id = 2377
form_url = "{providers}/v3/ke"
ipn_url = "{providers}/ipn/"
api_url = "{providers}/payments/v2"
vid = "{vid}"
key = "{key}"
{more}
"#
        )
    }

    /// The binary with `arguments`, not started yet: no variables of ours in its environment.
    pub fn command(&self, config: &Path, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.0.binary);
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("ALTYN_")) {
            command.env_remove(name);
        }
        command.arg("--config").arg(config).args(arguments).current_dir(self.folder());
        command.stdin(Stdio::null());
        command
    }

    /// Runs a subcommand over this configuration.
    pub fn cli(&self, arguments: &[&str]) -> Output {
        self.cli_with(arguments, &[])
    }

    /// The same with further variables.
    pub fn cli_with(&self, arguments: &[&str], environment: &[(&str, &str)]) -> Output {
        let mut command = self.command(&self.config(), arguments);
        let output =
            command.envs(environment.iter().copied()).output().expect("the binary can be run");
        Output {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Adds a project. A running node knows it within a second: add before [`super::Node::start`].
    pub fn add_project(&self, project: &ProjectSpec) {
        let (id, test) = (project.id.to_string(), project.test.to_string());
        let mut arguments = vec!["project", "add", "--id", &id, "--test", &test];
        arguments.extend(["--secret-env", "THE_SECRET"]);
        if !project.callback_url.is_empty() {
            arguments.extend(["--callback-url", &project.callback_url]);
        }
        if !project.retry_pauses.is_empty() {
            arguments.extend(["--retry-pauses", &project.retry_pauses]);
        }
        for method in &project.methods {
            arguments.extend(["--method", method]);
        }
        arguments.extend(project.more.iter().map(String::as_str));
        self.cli_with(&arguments, &[("THE_SECRET", &project.secret)]).done();
    }

    /// `altyn check --json`, which must find nothing; gives the report. Stop the nodes first.
    pub fn check(&self) -> Value {
        let report = self.cli(&["check", "--json"]).done().json();
        assert_eq!(report["breaches"], Value::Array(Vec::new()), "{report}");
        report
    }
}
