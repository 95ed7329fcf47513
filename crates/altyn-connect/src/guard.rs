//! Which addresses may be reached: the guard against requests into our own network.
//!
//! A merchant names the address of his callbacks, so it may be any text. Guaranteed: a name is
//! resolved once per connection, every address of the answer must pass, and the connection goes to
//! one of exactly these, so an answer that changes between look and use changes nothing. Literal
//! addresses, which no resolver sees, are judged beforehand, in the form into which the URL
//! standard brings them (`0x7f.1` is 127.0.0.1). Refused unless allowed by name: everything that
//! is not public unicast, in IPv4, in IPv6, and as IPv4 inside IPv6.
//!
//! Attempted only: nothing here knows which *public* addresses are ours; put those behind a
//! firewall rule. Sources: the IANA special-purpose registries, ruling 39.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use async_trait::async_trait;
use hyper_util::client::legacy::connect::dns::Name;
use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use tower::Service;
use url::{Host, Url};

/// Why an address is not reached.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The text is no URL.
    #[error("the address cannot be read")]
    Unreadable,
    /// Neither http nor https.
    #[error("only http and https addresses are called")]
    Scheme,
    /// A user name or password in the URL.
    #[error("an address with a user name or a password in it is not called")]
    UserInfo,
    /// The name has no address.
    #[error("the name has no address")]
    NoAddress,
    /// An address outside the public network.
    #[error("the address {0} is not public ({1}) and not allowed by the configuration")]
    NotPublic(IpAddr, &'static str),
}

/// Why a list of allowed addresses was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is neither a network, nor an address, nor a host name")]
pub struct AllowError(String);

/// Which addresses may be reached. The default is: public ones only.
#[derive(Clone, Debug, Default)]
pub struct AddressPolicy {
    everything: bool,
    allow: Vec<IpNet>,
    allow_hosts: Vec<String>,
}

impl AddressPolicy {
    /// No restriction: for addresses that the operator himself wrote into the configuration.
    pub fn unrestricted() -> Self {
        Self { everything: true, ..Self::default() }
    }

    /// Public addresses and these: networks (`10.0.0.0/8`), addresses, or host names, which are
    /// then reached wherever they lead.
    pub fn parse_allow<S: AsRef<str>>(entries: &[S]) -> Result<Self, AllowError> {
        let mut policy = Self::default();
        for entry in entries {
            let entry = entry.as_ref().trim();
            if let Ok(net) = entry.parse::<IpNet>() {
                policy.allow.push(net);
            } else if let Ok(address) = entry.parse::<IpAddr>() {
                policy.allow.push(IpNet::from(address));
            } else {
                match Host::parse(entry) {
                    Ok(Host::Domain(name)) => policy.allow_hosts.push(folded(&name)),
                    Ok(Host::Ipv4(_) | Host::Ipv6(_)) | Err(_) => {
                        return Err(AllowError(entry.to_owned()));
                    }
                }
            }
        }
        Ok(policy)
    }

    /// Reads an address and refuses what can be refused before its name is resolved.
    pub fn check_url(&self, text: &str) -> Result<Url, Refusal> {
        let url = Url::parse(text).map_err(|_| Refusal::Unreadable)?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(Refusal::Scheme);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Refusal::UserInfo);
        }
        match url.host() {
            None => return Err(Refusal::Unreadable),
            Some(Host::Domain(_)) => {}
            Some(Host::Ipv4(address)) => self.check_ip(IpAddr::V4(address))?,
            Some(Host::Ipv6(address)) => self.check_ip(IpAddr::V6(address))?,
        }
        Ok(url)
    }

    /// Judges one address.
    pub fn check_ip(&self, address: IpAddr) -> Result<(), Refusal> {
        if self.everything || self.allow.iter().any(|net| net.contains(&address)) {
            return Ok(());
        }
        match address {
            IpAddr::V4(v4) => listed_v4(v4),
            IpAddr::V6(v6) => match embedded(v6) {
                Embedded::Whole(v4) => return self.check_ip(IpAddr::V4(v4)),
                Embedded::Parts(parts) => {
                    for v4 in parts {
                        self.check_ip(IpAddr::V4(v4))?;
                    }
                    listed_v6(v6)
                }
            },
        }
        .map_or(Ok(()), |why| Err(Refusal::NotPublic(address, why)))
    }

    /// Judges the answer for a name: one bad address spoils it.
    fn check_answer(&self, host: &str, answer: &[IpAddr]) -> Result<(), Refusal> {
        if answer.is_empty() {
            return Err(Refusal::NoAddress);
        }
        if self.allow_hosts.contains(&folded(host)) {
            return Ok(());
        }
        answer.iter().try_for_each(|address| self.check_ip(*address))
    }
}

fn folded(host: &str) -> String {
    host.trim_end_matches('.').to_ascii_lowercase()
}

const fn v4(a: u8, b: u8, c: u8, d: u8, prefix: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), prefix)
}

const fn v6(a: u16, b: u16, c: u16, prefix: u8) -> Ipv6Net {
    Ipv6Net::new_assert(Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0), prefix)
}

const NOT_PUBLIC_V4: &[(Ipv4Net, &str)] = &[
    (v4(0, 0, 0, 0, 8), "this network"),
    (v4(10, 0, 0, 0, 8), "private"),
    (v4(100, 64, 0, 0, 10), "carrier's own"),
    (v4(127, 0, 0, 0, 8), "loopback"),
    (v4(169, 254, 0, 0, 16), "link-local"),
    (v4(172, 16, 0, 0, 12), "private"),
    (v4(192, 0, 0, 0, 24), "protocol assignments"),
    (v4(192, 0, 2, 0, 24), "documentation"),
    (v4(192, 88, 99, 0, 24), "6to4 relay"),
    (v4(192, 168, 0, 0, 16), "private"),
    (v4(198, 18, 0, 0, 15), "benchmarking"),
    (v4(198, 51, 100, 0, 24), "documentation"),
    (v4(203, 0, 113, 0, 24), "documentation"),
    (v4(224, 0, 0, 0, 4), "multicast"),
    (v4(240, 0, 0, 0, 4), "reserved or broadcast"),
];

/// Named for their reasons; what lies outside [`GLOBAL_V6`] is refused in any case.
const NOT_PUBLIC_V6: &[(Ipv6Net, &str)] = &[
    (v6(0xfc00, 0, 0, 7), "unique local"),
    (v6(0xfe80, 0, 0, 10), "link-local"),
    (v6(0xfec0, 0, 0, 10), "site-local"),
    (v6(0xff00, 0, 0, 8), "multicast"),
    (v6(0x2001, 0x2, 0, 48), "benchmarking"),
    (v6(0x2001, 0x10, 0, 28), "overlay"),
    (v6(0x2001, 0x20, 0, 28), "overlay"),
    (v6(0x2001, 0xdb8, 0, 32), "documentation"),
    (v6(0x3fff, 0, 0, 20), "documentation"),
];

const GLOBAL_V6: Ipv6Net = v6(0x2000, 0, 0, 3);

fn listed_v4(address: Ipv4Addr) -> Option<&'static str> {
    NOT_PUBLIC_V4.iter().find(|(net, _)| net.contains(&address)).map(|(_, why)| *why)
}

fn listed_v6(address: Ipv6Addr) -> Option<&'static str> {
    if address.is_loopback() {
        return Some("loopback");
    }
    if address.is_unspecified() {
        return Some("unspecified");
    }
    let named = NOT_PUBLIC_V6.iter().find(|(net, _)| net.contains(&address));
    let outside = (!GLOBAL_V6.contains(&address)).then_some("not global unicast");
    named.map(|(_, why)| *why).or(outside)
}

/// IPv4 addresses inside an IPv6 address.
enum Embedded {
    /// The address is nothing but this IPv4 address written otherwise.
    Whole(Ipv4Addr),
    /// A tunnel through these, or none.
    Parts(Vec<Ipv4Addr>),
}

fn embedded(address: Ipv6Addr) -> Embedded {
    let octets = address.octets();
    let [.., w, x, y, z] = octets;
    let last = Ipv4Addr::new(w, x, y, z);
    match address.segments() {
        // ::1 and :: are judged as what they are; the rest of ::/96 is "compatible".
        [0, 0, 0, 0, 0, 0, 0, 0 | 1] => Embedded::Parts(Vec::new()),
        [0, 0, 0, 0, 0, 0, _, _]
        | [0, 0, 0, 0, 0, 0xffff, _, _]
        | [0, 0, 0, 0, 0xffff, 0, _, _]
        | [0x64, 0xff9b, 0, 0, 0, 0, _, _] => Embedded::Whole(last),
        // 6to4: the router's address follows the prefix.
        [0x2002, high, low, ..] => Embedded::Parts(vec![joined(high, low)]),
        // Teredo: server, and the client's address inverted.
        [0x2001, 0, high, low, _, _, client_high, client_low] => {
            Embedded::Parts(vec![joined(high, low), joined(!client_high, !client_low)])
        }
        // ISATAP: in the lower half of any prefix.
        [_, _, _, _, 0 | 0x200, 0x5efe, _, _] => Embedded::Parts(vec![last]),
        _ => Embedded::Parts(Vec::new()),
    }
}

fn joined(high: u16, low: u16) -> Ipv4Addr {
    Ipv4Addr::from((u32::from(high) << 16) | u32::from(low))
}

/// Turns a host name into addresses. A port, so that tests can script the answers.
#[async_trait]
pub trait Resolve: Send + Sync + 'static {
    /// Every address of the name.
    async fn resolve(&self, host: &str) -> io::Result<Vec<IpAddr>>;
}

/// The operating system's resolver.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemResolver;

#[async_trait]
impl Resolve for SystemResolver {
    async fn resolve(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        Ok(tokio::net::lookup_host((host, 0)).await?.map(|address| address.ip()).collect())
    }
}

/// Resolves a name and vets the answer, in the one place from which connections take their
/// addresses.
#[derive(Clone)]
pub(crate) struct VettedResolver {
    pub(crate) policy: Arc<AddressPolicy>,
    pub(crate) source: Arc<dyn Resolve>,
}

impl Service<Name> for VettedResolver {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = Box<dyn std::error::Error + Send + Sync>;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let this = self.clone();
        Box::pin(async move {
            let answer = this.source.resolve(name.as_str()).await?;
            this.policy.check_answer(name.as_str(), &answer)?;
            let addresses: Vec<SocketAddr> =
                answer.into_iter().map(|ip| SocketAddr::new(ip, 0)).collect();
            Ok(addresses.into_iter())
        })
    }
}

#[cfg(test)]
pub(crate) mod tests;
