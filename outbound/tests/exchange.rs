//! What callers learn about an exchange that fails, against servers on this machine.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use outbound::{CaCertificate, InvalidCertificate, Method, Outbound, OutboundError, Request, TlsProblem, Trusted};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::{ServerConfig, pki_types::PrivateKeyDer};
use std::{sync::Arc, time::Duration};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::TcpListener,
    task::JoinHandle,
};
use tokio_rustls::TlsAcceptor;
use url::Url;

const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok";

/// A server for any number of connections; it ends with the test's runtime.
struct Server {
    port: u16,
    _serving: JoinHandle<()>,
}

impl Server {
    async fn start(tls: Option<TlsAcceptor>, answer: &'static [u8]) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        #[expect(clippy::disallowed_methods, reason = "ends with the runtime of the test")]
        let serving = tokio::spawn(async move {
            loop {
                let (socket, _) = listener.accept().await.unwrap();
                match &tls {
                    None => exchange(socket, answer).await,
                    Some(tls) => {
                        if let Ok(socket) = tls.accept(socket).await {
                            exchange(socket, answer).await;
                        }
                    }
                }
            }
        });
        Self { port, _serving: serving }
    }

    fn url(&self, scheme: &str, host: &str) -> Url {
        format!("{scheme}://{host}:{}/", self.port).parse().unwrap()
    }
}

async fn exchange(mut socket: impl AsyncRead + AsyncWrite + Unpin, answer: &[u8]) {
    // A request of these tests fits into one packet; a greeting of TLS is answered as rudely.
    let _ = socket.read(&mut [0; 4096]).await;
    // The client may be gone already.
    let _ = socket.write_all(answer).await;
    let _ = socket.shutdown().await;
}

/// An authority nobody knows, and a server it has vouched for under the name `localhost`.
fn authority() -> (String, TlsAcceptor) {
    let mut params = CertificateParams::new([]).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(["localhost".to_owned()]).unwrap().signed_by(&key, &authority).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], PrivateKeyDer::try_from(key.serialize_der()).unwrap())
        .unwrap();
    (authority.pem(), TlsAcceptor::from(Arc::new(config)))
}

fn outbound() -> Outbound {
    Outbound::new("localhost:*,127.0.0.1:*,nowhere.invalid:*".parse().unwrap()).unwrap()
}

fn get(url: Url) -> Request {
    Request::new(Method::GET, url)
}

#[tokio::test]
async fn a_custom_authority_is_trusted_by_whoever_brings_it_only() {
    let (pem, tls) = authority();
    let server = Server::start(Some(tls), ANSWER).await;
    let (outbound, url) = (outbound(), server.url("https", "localhost"));
    let authority = CaCertificate::from_pem(&pem).unwrap();
    for _ in 0..2 {
        let request = Request { authority: Some(authority.clone()), ..get(url.clone()) };
        assert_eq!(outbound.send(request).await.unwrap().text(), "ok");
    }
    let error = outbound.send(get(url)).await.unwrap_err();
    assert!(matches!(error, OutboundError::Tls { problem: TlsProblem::UnknownIssuer, .. }), "{error:?}");
}

#[tokio::test]
async fn a_custom_authority_does_not_open_the_guard() {
    let (pem, tls) = authority();
    let server = Server::start(Some(tls), ANSWER).await;
    let outbound = Outbound::new(format!("127.0.0.1:{}", server.port).parse().unwrap()).unwrap();
    let authority = Some(CaCertificate::from_pem(&pem).unwrap());
    let error = outbound.send(Request { authority, ..get(server.url("https", "localhost")) }).await.unwrap_err();
    assert!(matches!(error, OutboundError::NotAllowed), "{error:?}");
}

#[tokio::test]
async fn a_certificate_for_another_name_is_named_as_such() {
    let (pem, tls) = authority();
    let server = Server::start(Some(tls), ANSWER).await;
    let authority = Some(CaCertificate::from_pem(&pem).unwrap());
    let error = outbound().send(Request { authority, ..get(server.url("https", "127.0.0.1")) }).await.unwrap_err();
    assert!(matches!(error, OutboundError::Tls { problem: TlsProblem::WrongName, .. }), "{error:?}");
}

#[tokio::test]
async fn a_server_without_tls_is_no_secure_connection() {
    let server = Server::start(None, ANSWER).await;
    let error = outbound().send(get(server.url("https", "localhost"))).await.unwrap_err();
    assert!(matches!(error, OutboundError::Tls { problem: TlsProblem::Handshake, .. }), "{error:?}");
}

#[tokio::test]
async fn text_that_is_no_certificate_is_refused() {
    let (pem, _) = authority();
    let damaged = pem.replacen("MII", "AAA", 1).replacen("MIH", "AAA", 1).replacen("MIB", "AAA", 1);
    for (text, reason) in [
        ("", InvalidCertificate::NoPem),
        ("hello", InvalidCertificate::NoPem),
        (&damaged, InvalidCertificate::Unreadable),
        ("-----BEGIN CERTIFICATE-----\nnot base64!\n-----END CERTIFICATE-----\n", InvalidCertificate::Unreadable),
        (&" ".repeat(70_000), InvalidCertificate::TooLong),
    ] {
        assert_eq!(CaCertificate::from_pem(text).unwrap_err(), reason, "{text:.60}");
    }
    assert_eq!(CaCertificate::from_pem(&pem.repeat(2)), CaCertificate::from_pem(&pem.repeat(2)));
}

#[tokio::test]
async fn failures_are_told_apart() {
    let closed = TcpListener::bind(("127.0.0.1", 0)).await.unwrap().local_addr().unwrap().port();
    let nobody = format!("http://127.0.0.1:{closed}/").parse().unwrap();
    let error = outbound().send(get(nobody)).await.unwrap_err();
    assert!(matches!(error, OutboundError::Connect(_)), "{error:?}");

    let error = outbound().send(get("http://nowhere.invalid/".parse().unwrap())).await.unwrap_err();
    assert!(matches!(error, OutboundError::Dns(_)), "{error:?}");

    let rude = Server::start(None, b"220 mail.example ESMTP\r\n").await;
    let error = outbound().send(get(rude.url("http", "localhost"))).await.unwrap_err();
    assert!(matches!(error, OutboundError::Broken(_)), "{error:?}");

    let short = Server::start(None, b"HTTP/1.1 200 OK\r\ncontent-length: 20\r\n\r\nhalf").await;
    let error = outbound().send(get(short.url("http", "localhost"))).await.unwrap_err();
    assert!(matches!(error, OutboundError::Broken(_)), "{error:?}");
    assert_eq!(error.public_message(), OutboundError::NotAllowed.public_message());
}

#[tokio::test]
async fn a_request_ends_at_its_own_time_limit() {
    let silent = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("http://{}/", silent.local_addr().unwrap()).parse().unwrap();
    let error = outbound().send(Request { time_limit: Duration::from_millis(50), ..get(url) }).await.unwrap_err();
    assert!(matches!(error, OutboundError::TimedOut(_)), "{error:?}");
}

#[tokio::test]
async fn what_is_ours_is_reached_by_host_and_port_only() {
    let server = Server::start(None, ANSWER).await;
    let outbound = Outbound::new("".parse().unwrap()).unwrap();
    let url = server.url("http", "127.0.0.1");
    assert!(!outbound.permits(&url));
    let trusted = Trusted::of(&url);
    let request = Request { trusted: trusted.clone(), ..get(url.join("recordings/x").unwrap()) };
    assert!(outbound.send(request).await.unwrap().is_success());
    for elsewhere in ["http://127.0.0.1:1/", "http://localhost/"] {
        let request = Request { trusted: trusted.clone(), ..get(elsewhere.parse().unwrap()) };
        assert!(matches!(outbound.send(request).await, Err(OutboundError::NotAllowed)), "{elsewhere}");
    }
}
