//! Tests only: a TLS server with a certificate of one's choice, and a client's trust in the authority
//! that signed them.
//!
//! The certificates in `tls/` are for `shop.example`; one has expired, one was signed by itself. The
//! key in there guards nothing.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use hyper_rustls::HttpsConnectorBuilder;
use hyper_rustls::builderstates::WantsSchemes;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore, ServerConfig, ServerConnection, StreamOwned};

/// For `shop.example`, until the year 2120.
pub(crate) const GOOD: &str = include_str!("tls/good.pem");
/// The same, until February 2020.
pub(crate) const EXPIRED: &str = include_str!("tls/expired.pem");
/// The same, signed by nobody else.
pub(crate) const SELF_SIGNED: &str = include_str!("tls/self-signed.pem");

const AUTHORITY: &str = include_str!("tls/authority.pem");
const KEY: &str = include_str!("tls/server.key.pem");

/// Answers one request 200 behind `certificate`. Gives the port, and whether a request was read.
pub(crate) fn serve(certificate: &str) -> (u16, Arc<AtomicBool>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate_of(certificate)], key())
        .unwrap();
    let read = Arc::new(AtomicBool::new(false));
    let was_read = Arc::clone(&read);
    std::thread::spawn(move || {
        let Ok((stream, _)) = listener.accept() else { return };
        let mut stream = StreamOwned::new(ServerConnection::new(Arc::new(config)).unwrap(), stream);
        let mut bytes = [0; 16 * 1024];
        // A client that does not like the certificate goes away here.
        if stream.read(&mut bytes).is_ok_and(|length| length > 0) {
            read.store(true, Ordering::SeqCst);
            let answer = b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nOK";
            let _ = stream.write_all(answer);
            stream.conn.send_close_notify();
            let _ = stream.flush();
        }
    });
    (port, was_read)
}

/// What a client needs that believes the tests' authority and nobody else.
pub(crate) fn trusting() -> HttpsConnectorBuilder<WantsSchemes> {
    let mut roots = RootCertStore::empty();
    roots.add(certificate_of(AUTHORITY)).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    HttpsConnectorBuilder::new().with_tls_config(config)
}

fn certificate_of(pem: &str) -> CertificateDer<'static> {
    CertificateDer::from_pem_slice(pem.as_bytes()).unwrap()
}

fn key() -> PrivateKeyDer<'static> {
    PrivateKeyDer::from_pem_slice(KEY.as_bytes()).unwrap()
}
