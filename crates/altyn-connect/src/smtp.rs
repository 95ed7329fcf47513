//! Sends letters to merchants by our own mail server: one connection, one letter, one report.
//!
//! Guaranteed: where TLS is configured nothing is said without it, the password least of all; a try
//! ends within [`SEND_LIMIT`]; every try of a letter has the same bytes, its `Message-ID` and date
//! included, so that a reader who got it twice sees one; nothing in a letter's texts can become a
//! header. Attempted only: that the letter arrives. The server took it, more is not known.

use std::time::{Duration, UNIX_EPOCH};

use altyn_app::callback::Callback;
use altyn_app::ports::delivery::{ANSWER_KEPT_BYTES, SendReport};
use altyn_app::secret::Secret;
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart, MultiPartKind, SinglePart};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::transport::smtp::response::Response;
use lettre::{Address, AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use serde_json::Value;

use crate::callback::{SEND_LIMIT, elapsed_ms, monotonic, too_late};
use crate::http::CONNECT_LIMIT;

/// How the connection to the mail server is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SmtpTls {
    /// Not at all: for a server on this host.
    None,
    /// The connection changes to TLS before anything else is said (RFC 3207).
    StartTls,
    /// From its first byte (RFC 8314).
    Tls,
}

impl SmtpTls {
    /// The port of servers that are protected so.
    const fn port(self) -> u16 {
        match self {
            Self::None => 25,
            Self::StartTls => 587,
            Self::Tls => 465,
        }
    }
}

/// Which mail server, and who we are to it.
#[derive(Clone, Debug)]
pub struct SmtpConfig {
    /// Its name; the certificate must be for it.
    pub host: String,
    /// Its port, when it is not the usual one.
    pub port: Option<u16>,
    /// How the connection is protected.
    pub tls: SmtpTls,
    /// Who we are, where the server asks.
    pub login: Option<(String, Secret)>,
    /// `Altyn <noreply@pay.example>`.
    pub from: String,
}

/// Why letters cannot be sent by such a configuration.
#[derive(Debug, thiserror::Error)]
pub enum SmtpSetupError {
    /// The sender's address.
    #[error("from is not an e-mail address")]
    From(#[from] lettre::address::AddressError),
    /// The server's name, or TLS itself.
    #[error("TLS to the mail server cannot be set up")]
    Tls(#[from] lettre::transport::smtp::Error),
}

/// Sends letters by one mail server.
#[derive(Clone)]
pub struct Mailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    /// The domain letters come from.
    domain: String,
    limit: Duration,
}

impl Mailer {
    /// Connects to nobody yet.
    pub fn new(config: SmtpConfig) -> Result<Self, SmtpSetupError> {
        let from: Mailbox = config.from.parse()?;
        let from = Mailbox::new(from.name, in_ascii(from.email));
        let domain = from.email.domain().to_owned();
        let parameters = || TlsParameters::new(config.host.clone());
        let tls = match config.tls {
            SmtpTls::None => Tls::None,
            SmtpTls::StartTls => Tls::Required(parameters()?),
            SmtpTls::Tls => Tls::Wrapper(parameters()?),
        };
        let port = config.port.unwrap_or(config.tls.port());
        let mut builder =
            AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(config.host.clone())
                .port(port)
                .tls(tls)
                .hello_name(ClientId::Domain(domain.clone()))
                .timeout(Some(CONNECT_LIMIT));
        if let Some((user, password)) = config.login {
            builder = builder.credentials(Credentials::new(user, password.expose().to_owned()));
        }
        Ok(Self { transport: builder.build(), from, domain, limit: SEND_LIMIT })
    }

    /// One try to hand the letter over.
    pub async fn send(&self, address: &str, callback: &Callback) -> SendReport {
        let mut report = SendReport::default();
        let began = monotonic();
        match self.message(address, callback) {
            Err(error) => report.error = Some(error),
            Ok(message) => {
                match tokio::time::timeout(self.limit, self.transport.send(message)).await {
                    Ok(Ok(response)) => {
                        report.status = Some(response.code().into());
                        report.answer = beginning(&response);
                    }
                    Ok(Err(error)) => {
                        report.status = error.status().map(u16::from);
                        // It names its causes itself.
                        report.error = Some(error.to_string());
                    }
                    Err(_) => report.error = Some(too_late(self.limit)),
                }
            }
        }
        report.duration_ms = elapsed_ms(began);
        report
    }

    /// The letter in the form of RFC 5322: plain text, and the same as HTML for whoever prefers it.
    fn message(&self, address: &str, callback: &Callback) -> Result<Message, String> {
        let to: Address = address
            .parse()
            .map_err(|error| format!("{address:?} is no e-mail address: {error}"))?;
        let texts: Value = serde_json::from_slice(&callback.body)
            .map_err(|error| format!("the letter cannot be read: {error}"))?;
        let text = |name: &str| texts.get(name).and_then(Value::as_str).unwrap_or_default();
        let id = callback.id.get();
        let written = Duration::from_millis(callback.created_at.as_millis().unsigned_abs());
        let automatic = HeaderName::new_from_ascii_str("Auto-Submitted");
        let parts = MultiPart::builder()
            .kind(MultiPartKind::Alternative)
            .boundary(format!("altyn-{id:016x}"))
            .singlepart(SinglePart::plain(text("text").to_owned()))
            .singlepart(SinglePart::html(text("html").to_owned()));
        Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, in_ascii(to)))
            .subject(text("subject"))
            .date(UNIX_EPOCH + written)
            .message_id(Some(format!("<{id}@{}>", self.domain)))
            .raw_header(HeaderValue::new(automatic, "auto-generated".to_owned()))
            .multipart(parts)
            .map_err(|error| format!("the letter cannot be made: {error}"))
    }
}

/// Whether letters can be addressed so.
pub fn is_address(text: &str) -> bool {
    text.parse::<Address>().is_ok()
}

/// The same address with its domain as mail servers know it: few take other letters than Latin.
fn in_ascii(address: Address) -> Address {
    if address.domain().is_ascii() {
        return address;
    }
    let domain = url::Host::parse(address.domain()).map(|host| host.to_string());
    domain.ok().and_then(|domain| Address::new(address.user(), domain).ok()).unwrap_or(address)
}

/// What the server said, as much of it as is kept.
fn beginning(response: &Response) -> Vec<u8> {
    let said = response.message().collect::<Vec<_>>().join("\n");
    said.into_bytes().into_iter().take(ANSWER_KEPT_BYTES).collect()
}

#[cfg(test)]
mod tests;
