//! The sender of callbacks and letters, from the configuration.

use altyn_connect::{AddressPolicy, Channels, HttpCallbackSender, Mailer, SmtpConfig, SmtpTls};
use anyhow::{Context as _, Result};

use crate::config::{Config, Smtp, SmtpTls as Configured};

/// Opens both channels; nobody is connected to yet.
pub fn open(config: &Config) -> Result<Channels> {
    let policy = AddressPolicy::parse_allow(&config.callbacks.allow).context("callbacks.allow")?;
    let http = HttpCallbackSender::new(policy).context("cannot set up TLS")?;
    let mail = config.smtp.as_ref().map(mailer).transpose().context("smtp")?;
    Ok(Channels { http, mail })
}

fn mailer(smtp: &Smtp) -> Result<Mailer> {
    let mailer = Mailer::new(SmtpConfig {
        host: smtp.host.clone(),
        port: smtp.port,
        tls: match smtp.tls {
            Configured::None => SmtpTls::None,
            Configured::StartTls => SmtpTls::StartTls,
            Configured::Tls => SmtpTls::Tls,
        },
        login: smtp.user.clone().zip(smtp.password.clone()),
        from: smtp.from.clone(),
    })?;
    Ok(mailer)
}
