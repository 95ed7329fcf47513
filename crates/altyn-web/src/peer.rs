//! Who is at the other end of a connection.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::request::Parts;

/// The address of the connection, put beside each request by the server's loop.
#[derive(Clone, Copy, Debug)]
pub struct PeerAddress(pub SocketAddr);

/// The other end; nobody in tests that have no connection.
#[derive(Clone, Copy, Debug)]
pub struct Peer(Option<IpAddr>);

impl Peer {
    /// The payer's address on the network. Behind a proxy it is the last that the proxy has added:
    /// what stands before it anybody may have written.
    pub fn ip(self, headers: &HeaderMap, behind_proxy: bool) -> Option<String> {
        let forwarded = || {
            let value = headers.get_all("x-forwarded-for").iter().next_back()?;
            let last = value.to_str().ok()?.rsplit(',').next()?;
            last.trim().parse::<IpAddr>().ok()
        };
        let address = if behind_proxy { forwarded().or(self.0) } else { self.0 };
        address.map(|address| address.to_canonical().to_string())
    }
}

impl<S: Sync> FromRequestParts<S> for Peer {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self(parts.extensions.get::<PeerAddress>().map(|peer| peer.0.ip())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_proxy_added_is_believed() {
        let peer = Peer("10.0.0.1:5".parse::<SocketAddr>().ok().map(|peer| peer.ip()));
        let mut headers = HeaderMap::new();
        assert_eq!(peer.ip(&headers, true).as_deref(), Some("10.0.0.1"));
        headers.append("x-forwarded-for", "1.1.1.1, 2.2.2.2".parse().unwrap());
        assert_eq!(peer.ip(&headers, false).as_deref(), Some("10.0.0.1"));
        assert_eq!(peer.ip(&headers, true).as_deref(), Some("2.2.2.2"));
        headers.append("x-forwarded-for", "::ffff:3.3.3.3".parse().unwrap());
        assert_eq!(peer.ip(&headers, true).as_deref(), Some("3.3.3.3"));
    }
}
