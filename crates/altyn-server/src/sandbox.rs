//! `altyn sandbox`: the emulated providers alone, and the accounts the demo has at them.
//!
//! The passwords and keys below are for emulators and open nothing anywhere else.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use altyn_app::ports::Clock as _;
use altyn_app::secret::Secret;
use altyn_sandbox::{Config, IpayVendor, RbsMerchant, Sandbox};
use anyhow::{Context as _, Result, bail};
use clap::Args;
use serde_json::json;
use tokio::net::TcpListener;

use crate::clock::SystemClock;
use crate::commands::{say, stop_signal};
use crate::demo::http::Http;

/// The password at the emulated gateway when none is given.
const RBS_PASSWORD: &str = "sandbox-password";
/// The key of the emulated gateway's notifications when none is given.
const RBS_CALLBACK_KEY: &str = "sandbox-callback-key";
/// The key at the emulated partner when none is given.
const IPAY_KEY: &str = "sandbox-ipay-key";

/// Where to serve, and which accounts exist.
#[derive(Args)]
pub struct Arguments {
    /// Where requests are taken.
    #[arg(long, default_value = "127.0.0.1:8090")]
    listen: SocketAddr,
    /// How payers' browsers reach it, if not by the address it listens on.
    #[arg(long)]
    public_url: Option<String>,
    /// Where the platform is: the partner tells it there of refunds that take time.
    #[arg(long, default_value = "http://127.0.0.1:8080")]
    platform_url: String,
    /// Payers of Alfa-Click press by themselves, as the amount says.
    #[arg(long)]
    auto_press: bool,
    /// Keep orders in this file over restarts; without it they are forgotten.
    #[arg(long)]
    state: Option<PathBuf>,
    /// User at the RBS gateway.
    #[arg(long, default_value = "altyn-api")]
    rbs_user: String,
    /// Environment variable with the gateway's password; without it: `sandbox-password`.
    #[arg(long)]
    rbs_password_env: Option<String>,
    /// Environment variable with the key that signs the gateway's notifications; without it:
    /// `sandbox-callback-key`.
    #[arg(long)]
    rbs_callback_key_env: Option<String>,
    /// Vendor id at the card partner.
    #[arg(long, default_value = "demo")]
    ipay_vid: String,
    /// Environment variable with the partner's key; without it: `sandbox-ipay-key`.
    #[arg(long)]
    ipay_key_env: Option<String>,
}

/// Moves the clock of the emulators at this address forward.
pub async fn forward_clock(url: &str, by_ms: i64) -> Result<()> {
    let url = format!("{}/sandbox/clock", url.trim_end_matches('/'));
    let answer = Http::new().post_json(&url, &json!({ "advance_ms": by_ms })).await?;
    if answer.status != 200 {
        bail!("{url} answered HTTP {}: does it serve `altyn sandbox`?", answer.status);
    }
    Ok(())
}

/// Accounts at the emulators, the same on both sides of the wire.
pub struct Accounts {
    rbs_user: String,
    rbs_password: Given,
    rbs_callback_key: Given,
    ipay_vid: String,
    ipay_key: Given,
}

/// A secret, and whether it may be shown: the documented ones may.
struct Given {
    secret: Secret,
    variable: Option<String>,
}

impl Given {
    fn documented(text: &str) -> Self {
        Self { secret: Secret::new(text), variable: None }
    }

    fn read(variable: Option<String>, documented: &str) -> Result<Self> {
        let Some(name) = variable else { return Ok(Self::documented(documented)) };
        let text =
            std::env::var(&name).with_context(|| format!("no environment variable {name}"))?;
        Ok(Self { secret: Secret::new(text), variable: Some(name) })
    }

    fn text(&self) -> String {
        self.secret.expose().to_owned()
    }

    /// A line of TOML; a secret that is not documented is left to whoever pastes it.
    fn line(&self, key: &str) -> String {
        match &self.variable {
            None => format!("{key} = {}", quoted(self.secret.expose())),
            Some(variable) => format!("{key} = \"…\" # what {variable} holds"),
        }
    }
}

impl Default for Accounts {
    fn default() -> Self {
        Self {
            rbs_user: "altyn-api".to_owned(),
            rbs_password: Given::documented(RBS_PASSWORD),
            rbs_callback_key: Given::documented(RBS_CALLBACK_KEY),
            ipay_vid: "demo".to_owned(),
            ipay_key: Given::documented(IPAY_KEY),
        }
    }
}

impl Accounts {
    /// The emulators' side of the accounts.
    pub fn emulated(&self, public_url: &str, platform_url: &str) -> Config {
        let platform = platform_url.trim_end_matches('/');
        Config {
            public_url: public_url.to_owned(),
            rbs_merchants: vec![RbsMerchant {
                name: "Demo shop".to_owned(),
                user_name: self.rbs_user.clone(),
                password: self.rbs_password.text(),
                token: None,
                callback_key: self.rbs_callback_key.text(),
                callback_url: None,
            }],
            ipay_vendors: vec![IpayVendor {
                vid: self.ipay_vid.clone(),
                key: self.ipay_key.text(),
                refund_notify_url: Some(format!("{platform}/providers/partner/notify")),
            }],
            auto_press: false,
            state_file: None,
        }
    }

    /// The platform's side of them: `[providers.*]` of its configuration.
    pub fn providers_toml(&self, sandbox_url: &str) -> String {
        let address = |path: &str| quoted(&format!("{sandbox_url}{path}"));
        [
            "[providers.alfabank]".to_owned(),
            "kind = \"rbs\"".to_owned(),
            "wire_id = 1310".to_owned(),
            "endpoint_id = \"alfabank\"".to_owned(),
            format!("base_url = {}", address("/payment/rest")),
            format!("user = {}", quoted(&self.rbs_user)),
            self.rbs_password.line("password"),
            self.rbs_callback_key.line("callback_key"),
            String::new(),
            "[providers.partner]".to_owned(),
            "kind = \"ipay\"".to_owned(),
            "wire_id = 2377".to_owned(),
            format!("form_url = {}", address("/v3/ke")),
            format!("ipn_url = {}", address("/ipn/")),
            format!("api_url = {}", address("/payments/v2")),
            format!("vid = {}", quoted(&self.ipay_vid)),
            self.ipay_key.line("key"),
        ]
        .join("\n")
    }
}

/// Serves until SIGTERM or SIGINT.
pub async fn run(arguments: Arguments) -> Result<()> {
    let accounts = Accounts {
        rbs_user: arguments.rbs_user,
        rbs_password: Given::read(arguments.rbs_password_env, RBS_PASSWORD)?,
        rbs_callback_key: Given::read(arguments.rbs_callback_key_env, RBS_CALLBACK_KEY)?,
        ipay_vid: arguments.ipay_vid,
        ipay_key: Given::read(arguments.ipay_key_env, IPAY_KEY)?,
    };
    let listener = TcpListener::bind(arguments.listen)
        .await
        .with_context(|| format!("cannot listen on {}", arguments.listen))?;
    let address = listener.local_addr().context("the listener has no address")?;
    let url = arguments.public_url.unwrap_or_else(|| format!("http://{address}"));
    let url = url.trim_end_matches('/').to_owned();
    let config = Config {
        auto_press: arguments.auto_press,
        state_file: arguments.state,
        ..accounts.emulated(&url, &arguments.platform_url)
    };
    let sandbox = emulators(config)?;
    let stopped = stop_signal()?;
    introduce(&url, &accounts);
    sandbox.run(listener, stopped).await.context("the emulators ended")
}

/// The emulators under the system's clock.
pub fn emulators(config: Config) -> Result<Sandbox> {
    let clock = Arc::new(|| SystemClock.now().as_millis());
    Sandbox::new(config, clock).context("the emulators cannot be started")
}

fn introduce(url: &str, accounts: &Accounts) {
    say(format!("эмуляторы (emulators): {url}/"));
    say(format!("банк, счета по логину (the bank, bills of a login): {url}/bank/"));
    say(format!("итоги (totals): {url}/sandbox/totals"));
    say("");
    say("# altyn.toml");
    say(accounts.providers_toml(url));
}

/// A text as TOML writes it.
pub fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config as Platform;

    #[test]
    fn the_platform_reads_what_is_printed() {
        let text = Accounts::default().providers_toml("http://127.0.0.1:8090");
        let platform = Platform::read(&text, std::iter::empty()).unwrap();
        let names: Vec<&str> = platform.providers.keys().map(String::as_str).collect();
        assert_eq!(names, ["alfabank", "partner"]);
    }

    #[test]
    fn a_secret_of_ones_own_is_not_printed() {
        let secret = Given { secret: Secret::new("hunter2"), variable: Some("KEY".to_owned()) };
        let accounts = Accounts { rbs_password: secret, ..Accounts::default() };
        let text = accounts.providers_toml("http://127.0.0.1:8090");
        assert!(text.contains("KEY") && !text.contains("hunter2"));
    }
}
