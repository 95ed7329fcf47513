//! Provider accounts from the configuration.

use std::collections::HashMap;
use std::sync::Arc;

use altyn_app::ports::{Provider, ProviderAccount};
use altyn_app::secret::Secret;
use altyn_connect::{HttpClient, Ipay, IpayConfig, Rbs, RbsAuth, RbsConfig};
use anyhow::{Context as _, Result};

use crate::config::{Config, Provider as Configured};

/// Opens every configured account; no connection is made yet.
pub fn open(config: &Config) -> Result<HashMap<String, Arc<dyn Provider>>> {
    let http = HttpClient::new().context("cannot set up TLS")?;
    let public = config.public_url();
    let accounts = config.providers.iter().map(|(name, provider)| {
        let opened: Arc<dyn Provider> = match provider.clone() {
            Configured::Rbs(account) => {
                let password = account.password.unwrap_or_else(|| Secret::new(""));
                let auth = match account.token {
                    Some(token) => RbsAuth::Token(token),
                    None => RbsAuth::Password { user: account.user, password },
                };
                let config = RbsConfig {
                    account: ProviderAccount {
                        name: name.clone(),
                        wire_id: account.wire_id,
                        endpoint_id: account.endpoint_id,
                        payment_system: account.payment_system,
                    },
                    base_url: account.base_url,
                    auth,
                    callback_key: account.callback_key,
                    notify_url: Some(format!("{public}/providers/{name}/notify")),
                    return_url: format!("{public}/return"),
                };
                Arc::new(Rbs::new(config, http.clone()))
            }
            Configured::Ipay(account) => {
                let config = IpayConfig {
                    account: ProviderAccount {
                        name: name.clone(),
                        wire_id: account.wire_id,
                        endpoint_id: account.endpoint_id,
                        payment_system: account.payment_system,
                    },
                    form_url: account.form_url,
                    ipn_url: account.ipn_url,
                    api_url: account.api_url,
                    vid: account.vid,
                    key: account.key,
                    callback_url: format!("{public}/providers/{name}/return"),
                };
                Arc::new(Ipay::new(config, http.clone()))
            }
        };
        (name.clone(), opened)
    });
    Ok(accounts.collect())
}
