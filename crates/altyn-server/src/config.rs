//! The configuration: one typed tree from one TOML file, every key overridable by environment.
//!
//! `ALTYN_SERVER__LISTEN=…` overrides `listen` under `[server]`; names without `__` are not
//! configuration. Unknown keys are refused. Secrets are never printed: `altyn config` shows the
//! annotated default, not what is in force.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use altyn_app::secret::Secret;
use anyhow::{Context as _, Result, anyhow, bail};
use serde::{Deserialize, Deserializer};
use toml::{Table, Value};

/// The annotated default, which `altyn config` prints and a test reads back.
pub const ANNOTATED_DEFAULT: &str = include_str!("config/default.toml");

/// The whole configuration.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    pub server: Server,
    pub store: Store,
    pub keys: Keys,
    pub web: Web,
    pub callbacks: Callbacks,
    pub registers: Registers,
    pub smtp: Option<Smtp>,
    pub providers: BTreeMap<String, Provider>,
    pub log: Log,
}

/// `[server]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Server {
    pub listen: SocketAddr,
    pub public_url: String,
    pub workers: bool,
    pub connections_max: u32,
    pub requests_max: u32,
}

/// `[store]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Store {
    #[serde(deserialize_with = "secret")]
    pub url: Secret,
    pub migrate_on_start: bool,
    pub queue_max: usize,
}

/// `[keys]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Keys {
    pub file: PathBuf,
    #[serde(deserialize_with = "optional_secret")]
    pub inline: Option<Secret>,
}

/// `[web]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Web {
    pub developer_errors: bool,
    pub behind_proxy: bool,
}

/// `[callbacks]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Callbacks {
    pub allow: Vec<String>,
    pub in_flight_max: usize,
    pub in_flight_per_host_max: usize,
}

/// `[registers]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Registers {
    pub dir: PathBuf,
}

/// `[smtp]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Smtp {
    pub host: String,
    pub port: Option<u16>,
    #[serde(default)]
    pub tls: SmtpTls,
    pub user: Option<String>,
    #[serde(default, deserialize_with = "optional_secret")]
    pub password: Option<Secret>,
    pub from: String,
}

/// How the connection to the mail server is protected.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum SmtpTls {
    None,
    #[default]
    StartTls,
    Tls,
}

/// `[providers.NAME]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, tag = "kind", rename_all = "lowercase")]
pub enum Provider {
    Rbs(RbsAccount),
    Ipay(IpayAccount),
}

/// An account at an RBS/BPC gateway.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RbsAccount {
    pub wire_id: i64,
    pub endpoint_id: Option<String>,
    #[serde(default = "card_gateway")]
    pub payment_system: i64,
    pub base_url: String,
    #[serde(default)]
    pub user: String,
    #[serde(default, deserialize_with = "optional_secret")]
    pub password: Option<Secret>,
    #[serde(default, deserialize_with = "optional_secret")]
    pub token: Option<Secret>,
    #[serde(deserialize_with = "secret")]
    pub callback_key: Secret,
}

/// An account at iPay Africa.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IpayAccount {
    pub wire_id: i64,
    pub endpoint_id: Option<String>,
    #[serde(default = "partner")]
    pub payment_system: i64,
    pub form_url: String,
    pub ipn_url: String,
    pub api_url: String,
    pub vid: String,
    #[serde(deserialize_with = "secret")]
    pub key: Secret,
}

/// `ps_id` of a card gateway (paykeeper.md §10).
const fn card_gateway() -> i64 {
    127
}

/// `ps_id` of a partner: a number that is seen in the wild and means no card gateway.
const fn partner() -> i64 {
    9
}

/// `[log]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Log {
    pub format: LogFormat,
    pub level: String,
}

/// How log lines look.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    Json,
    Text,
}

fn secret<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Secret, D::Error> {
    String::deserialize(deserializer).map(Secret::new)
}

fn optional_secret<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Secret>, D::Error> {
    Option::<String>::deserialize(deserializer).map(|text| text.map(Secret::new))
}

impl Default for Server {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            public_url: "http://127.0.0.1:8080".to_owned(),
            workers: true,
            connections_max: 20_000,
            requests_max: 1_024,
        }
    }
}

impl Default for Store {
    fn default() -> Self {
        Self { url: Secret::new("sqlite:altyn.db"), migrate_on_start: true, queue_max: 4_096 }
    }
}

impl Default for Keys {
    fn default() -> Self {
        Self { file: PathBuf::from("altyn.keys"), inline: None }
    }
}

impl Default for Callbacks {
    fn default() -> Self {
        Self { allow: Vec::new(), in_flight_max: 4_096, in_flight_per_host_max: 64 }
    }
}

impl Default for Registers {
    fn default() -> Self {
        Self { dir: PathBuf::from("registers") }
    }
}

impl Default for Log {
    fn default() -> Self {
        Self { format: LogFormat::Json, level: "info".to_owned() }
    }
}

impl Config {
    /// Reads the file (or, without one, the defaults) and lays the environment over it.
    pub fn load(path: Option<&Path>) -> Result<Self> {
        let text = match path {
            Some(path) => std::fs::read_to_string(path)
                .with_context(|| format!("cannot read the configuration {}", path.display()))?,
            None => String::new(),
        };
        Self::read(&text, std::env::vars())
    }

    /// The configuration from a text and an environment.
    pub fn read(text: &str, environment: impl Iterator<Item = (String, String)>) -> Result<Self> {
        let mut table: Table = toml::from_str(text).context("the configuration is not TOML")?;
        for (name, value) in environment {
            overlay(&mut table, &name, &value)?;
        }
        let config: Self =
            Value::Table(table).try_into().context("the configuration has a wrong key or value")?;
        config.check()?;
        Ok(config)
    }

    fn check(&self) -> Result<()> {
        let public = url::Url::parse(&self.server.public_url).context("server.public_url")?;
        if !matches!(public.scheme(), "http" | "https") {
            bail!("server.public_url must be an http or https address");
        }
        for (name, provider) in &self.providers {
            if let Provider::Rbs(account) = provider
                && account.token.is_some() == account.password.is_some()
            {
                bail!("providers.{name} needs either user and password, or token");
            }
        }
        if let Some(smtp) = &self.smtp {
            if smtp.user.is_some() != smtp.password.is_some() {
                bail!("smtp needs both user and password, or neither");
            }
            if smtp.user.is_some() && smtp.tls == SmtpTls::None {
                bail!("smtp.tls = \"none\" would send the password in the clear");
            }
        }
        Ok(())
    }

    /// The public address without a slash at its end.
    pub fn public_url(&self) -> &str {
        self.server.public_url.trim_end_matches('/')
    }
}

/// `ALTYN_SERVER__LISTEN` → `server.listen`.
fn overlay(table: &mut Table, name: &str, value: &str) -> Result<()> {
    let Some(path) = name.strip_prefix("ALTYN_").filter(|path| path.contains("__")) else {
        return Ok(());
    };
    let keys: Vec<String> = path.split("__").map(str::to_ascii_lowercase).collect();
    let Some((last, parents)) = keys.split_last() else { return Ok(()) };
    let mut table = table;
    for key in parents {
        let entry = table.entry(key.clone()).or_insert_with(|| Value::Table(Table::new()));
        table = entry
            .as_table_mut()
            .ok_or_else(|| anyhow!("{name} names a key below {key}, which is a value"))?;
    }
    table.insert(last.clone(), literal(value));
    Ok(())
}

/// A TOML literal where the text is one (`true`, `5`, `["a"]`), else the text itself.
fn literal(text: &str) -> Value {
    toml::from_str::<Table>(&format!("value = {text}"))
        .ok()
        .and_then(|mut table| table.remove("value"))
        .filter(|value| !matches!(value, Value::Datetime(_) | Value::Float(_)))
        .unwrap_or_else(|| Value::String(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(text: &str, environment: &[(&str, &str)]) -> Result<Config> {
        let pairs = environment.iter().map(|(name, value)| ((*name).into(), (*value).into()));
        Config::read(text, pairs)
    }

    proptest::proptest! {
        /// No file and no environment does more than be refused.
        #[test]
        fn nothing_that_is_configured_panics(
            text: String,
            at: proptest::sample::Index,
            inserted in "[\\[\\]=\"'#{}a-z0-9\n.-]{0,6}",
            value: String,
        ) {
            let mut changed = ANNOTATED_DEFAULT.to_owned();
            let at = (0..=at.index(changed.len())).rev().find(|at| changed.is_char_boundary(*at));
            changed.insert_str(at.unwrap(), &inserted);
            for text in ["", text.as_str(), changed.as_str()] {
                for name in ["ALTYN_SERVER__LISTEN", "ALTYN_CALLBACKS__ALLOW", "ALTYN___", "ALTYN_A__B"] {
                    let _ = with(text, &[(name, value.as_str())]);
                }
            }
            // What is no literal of the file's language is taken as it is.
            let password = format!("p{}", value.replace(['\n', '\r'], " "));
            let known = "[smtp]\nhost = \"a\"\nfrom = \"a@b\"\nuser = \"u\"";
            let config = with(known, &[("ALTYN_SMTP__PASSWORD", &password)]).unwrap();
            let smtp = config.smtp.unwrap();
            let taken = smtp.password.unwrap();
            proptest::prop_assert_eq!(taken.expose(), password.as_str());
        }
    }

    #[test]
    fn the_annotated_default_is_the_default() {
        let annotated = with(ANNOTATED_DEFAULT, &[]).unwrap();
        assert_eq!(format!("{annotated:?}"), format!("{:?}", Config::default()));
    }

    #[test]
    fn the_environment_overrides_any_key() {
        let config = with(
            "[server]\nlisten = \"127.0.0.1:1\"\n",
            &[
                ("ALTYN_SERVER__LISTEN", "127.0.0.1:2"),
                ("ALTYN_CALLBACKS__ALLOW", "[\"127.0.0.0/8\"]"),
                ("ALTYN_CALLBACKS__IN_FLIGHT_MAX", "7"),
                ("ALTYN_STORE__URL", "postgres://db/altyn"),
                ("ALTYN_TEST_POSTGRES", "not configuration"),
            ],
        )
        .unwrap();
        assert_eq!(config.server.listen.port(), 2);
        assert_eq!(config.callbacks.allow, ["127.0.0.0/8"]);
        assert_eq!(config.callbacks.in_flight_max, 7);
        assert_eq!(config.store.url.expose(), "postgres://db/altyn");
    }

    #[test]
    fn unknown_keys_and_wrong_values_are_refused_by_name() {
        for (text, word) in [
            ("[server]\nlisen = \"127.0.0.1:1\"", "lisen"),
            ("[sever]\n", "sever"),
            ("[server]\nlisten = 5", "listen"),
            ("[providers.a]\nkind = \"swift\"", "swift"),
            ("[server]\npublic_url = \"ftp://x\"", "public_url"),
            ("[smtp]\nhost = \"mail.example\"", "from"),
            ("[smtp]\nhost = \"a\"\nfrom = \"a@b\"\nuser = \"u\"", "password"),
            ("[smtp]\nhost = \"a\"\nfrom = \"a@b\"\ntls = \"ssl\"", "tls"),
            (
                "[smtp]\nhost = \"a\"\nfrom = \"a@b\"\nuser = \"u\"\npassword = \"p\"\n\
                 tls = \"none\"",
                "in the clear",
            ),
        ] {
            let error = format!("{:#}", with(text, &[]).unwrap_err());
            assert!(error.contains(word), "{word} in {error}");
        }
        assert!(with("", &[("ALTYN_SERVER__LISEN", "x")]).is_err());
    }

    #[test]
    fn secrets_are_not_shown() {
        let text = "[store]\nurl = \"postgres://u:hunter2@db/altyn\"\n[smtp]\nhost = \"a\"\n\
                    from = \"a@b\"\nuser = \"u\"\npassword = \"hunter2\"\n";
        assert!(!format!("{:?}", with(text, &[]).unwrap()).contains("hunter2"));
    }
}
