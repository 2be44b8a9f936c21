//! One request to a node over HTTPS, with the certificate that the study names and no other.
//!
//! Blocking, one connection for each request: whoever asks nodes asks few of them, and waits for the answers. The certificate is
//! known by its hash, so that its dates and issuer say nothing more: who signed the study has agreed to it.

use crate::Error;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, ClientConnection, DigitallySignedStruct, SignatureScheme,
    StreamOwned,
};
use smpcc_runtime::hash::sha256;
use smpcc_runtime::keys;
use std::io::{Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long a request may take, and how long the answer may be.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// For the connection, and for each read and write.
    pub step: Duration,
    /// For all of the answer, once the request is sent.
    pub whole: Duration,
    /// Bytes of the answer.
    pub max_len: usize,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            step: Duration::from_secs(10),
            whole: Duration::from_secs(60),
            max_len: 16 << 20,
        }
    }
}

/// What a node answered.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The body.
    pub body: Vec<u8>,
}

impl Answer {
    /// The body as text; what is no text is shown as such.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body, if all went well.
    ///
    /// # Errors
    /// What the node says is wrong.
    pub fn good(self) -> Result<Vec<u8>, Error> {
        match self.status {
            200..300 => Ok(self.body),
            status => Err(Error::new(format!("{} ({status})", self.text().trim_end()))),
        }
    }
}

/// Sends a request to `HOST:PORT` and waits for the answer.
///
/// # Errors
/// Nobody answers in time, somebody else does, or what comes is no answer.
pub fn request(
    (address, certificate): (&str, &[u8; 32]),
    (method, path): (&str, &str),
    body: &[u8],
    patience: Patience,
) -> Result<Answer, Error> {
    let failed = |e: std::io::Error| Error::new(format!("{address}: {}", reason(&e)));
    let mut tls = link((address, certificate), patience.step)?;
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/octet-stream\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    // A node that refuses early closes while we write: what it said matters more than that.
    let written = tls
        .write_all(head.as_bytes())
        .and_then(|()| tls.write_all(body))
        .and_then(|()| tls.flush());
    // A long request over a slow line takes as long as it takes.
    let until = Instant::now() + patience.whole;
    let mut answer = Vec::new();
    let mut buffer = [0; 16 << 10];
    loop {
        if Instant::now() > until || answer.len() > patience.max_len + (16 << 10) {
            return Err(Error::new(format!("{address}: the answer takes too long")));
        }
        if let Some(whole) = parsed(&answer, false) {
            return whole.map_err(|e| Error::new(format!("{address}: {e}")));
        }
        match tls.read(&mut buffer) {
            Ok(0) => break,
            Ok(n) => answer.extend_from_slice(&buffer[..n]),
            Err(e) if answer.is_empty() => return Err(failed(written.err().unwrap_or(e))),
            Err(_) => break,
        }
    }
    match parsed(&answer, true) {
        Some(whole) => whole.map_err(|e| Error::new(format!("{address}: {e}"))),
        None => Err(Error::new(format!("{address}: no answer"))),
    }
}

/// A link to `HOST:PORT` over which nothing has been sent; each read and write on it takes so long at most.
///
/// # Errors
/// Nobody answers.
pub fn link(
    (address, certificate): (&str, &[u8; 32]),
    step: Duration,
) -> Result<StreamOwned<ClientConnection, TcpStream>, Error> {
    let stream = connect(address, step)?;
    Ok(StreamOwned::new(client(address, certificate)?, stream))
}

/// The certificate that a node has: the one of this hash.
///
/// # Errors
/// Nobody answers, or somebody else does.
pub fn certificate((address, certificate): (&str, &[u8; 32])) -> Result<Vec<u8>, Error> {
    let patience = Patience::default();
    let mut stream = connect(address, patience.step)?;
    let mut tls = client(address, certificate)?;
    while tls.is_handshaking() {
        tls.complete_io(&mut stream)
            .map_err(|e| Error::new(format!("{address}: {}", reason(&e))))?;
    }
    let shown = tls.peer_certificates().and_then(|all| all.first());
    shown
        .map(|first| first.to_vec())
        .ok_or_else(|| Error::new(format!("{address} shows no certificate")))
}

fn connect(address: &str, step: Duration) -> Result<TcpStream, Error> {
    let failed = |e: std::io::Error| Error::new(format!("{address}: {}", reason(&e)));
    let mut last = Error::new(format!("{address} is no address"));
    for at in address.to_socket_addrs().map_err(failed)? {
        match TcpStream::connect_timeout(&at, step) {
            Ok(stream) => {
                stream.set_read_timeout(Some(step)).map_err(failed)?;
                stream.set_write_timeout(Some(step)).map_err(failed)?;
                stream.set_nodelay(true).map_err(failed)?;
                return Ok(stream);
            }
            Err(e) => last = failed(e),
        }
    }
    Err(last)
}

/// An error of a link in words.
fn reason(e: &std::io::Error) -> String {
    match e.kind() {
        std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut => {
            "it does not answer in time".to_owned()
        }
        _ => e.to_string(),
    }
}

fn client(address: &str, certificate: &[u8; 32]) -> Result<ClientConnection, Error> {
    let wrong = |e: String| Error::new(format!("{address}: {e}"));
    let provider = keys::web_provider();
    let pinned = Pinned {
        certificate: *certificate,
        provider: provider.clone(),
    };
    let config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(|e| wrong(e.to_string()))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(pinned))
        .with_no_client_auth();
    let host = address.rsplit_once(':').map_or(address, |(host, _)| host);
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let name = ServerName::try_from(host.to_owned()).map_err(|e| wrong(e.to_string()))?;
    ClientConnection::new(Arc::new(config), name).map_err(|e| wrong(e.to_string()))
}

/// Takes one certificate, by its hash.
#[derive(Debug)]
struct Pinned {
    certificate: [u8; 32],
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        match sha256(end_entity).0 == self.certificate {
            true => Ok(ServerCertVerified::assertion()),
            false => Err(rustls::Error::InvalidCertificate(
                CertificateError::ApplicationVerificationFailure,
            )),
        }
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Err(rustls::Error::General("TLS 1.3 only".into()))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}

/// The answer in these bytes, once it is whole; `ended` says that no more come.
fn parsed(bytes: &[u8], ended: bool) -> Option<Result<Answer, &'static str>> {
    let wrong = |what| Some(Err(what));
    let at = bytes.windows(4).position(|w| w == b"\r\n\r\n");
    let Some(at) = at else {
        return match ended {
            true => wrong("the answer was cut"),
            false => None,
        };
    };
    let Ok(head) = std::str::from_utf8(&bytes[..at]) else {
        return wrong("this is no answer of a node");
    };
    let body = &bytes[at + 4..];
    let mut lines = head.split("\r\n");
    let status = lines
        .next()
        .and_then(|line| line.strip_prefix("HTTP/1.1 "))
        .and_then(|rest| rest.get(..3))
        .and_then(|digits| digits.parse().ok());
    let length = lines
        .filter_map(|line| line.split_once(':'))
        .find(|(key, _)| key.eq_ignore_ascii_case("content-length"))
        .and_then(|(_, n)| n.trim().parse::<usize>().ok());
    let (Some(status), Some(length)) = (status, length) else {
        return wrong("this is no answer of a node");
    };
    match body.get(..length) {
        Some(body) => Some(Ok(Answer {
            status,
            body: body.to_vec(),
        })),
        None if ended => wrong("the answer was cut"),
        None => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_whole_or_none() {
        let text = b"HTTP/1.1 201 Created\r\nContent-Length: 3\r\nx: y\r\n\r\nabcd";
        let answer = parsed(text, false).unwrap().unwrap();
        assert_eq!((answer.status, &answer.body[..]), (201, &b"abc"[..]));
        for len in 0..text.len() - 1 {
            assert!(parsed(&text[..len], false).is_none(), "{len}");
            assert!(parsed(&text[..len], true).unwrap().is_err(), "{len}");
        }
        for wrong in [
            &b"HTTP/1.1 200 OK\r\n\r\n"[..],
            b"SSH-2.0\r\n\r\n",
            b"HTTP/1.1 200 OK\r\ncontent-length: 99999999999999999999\r\n\r\n",
            b"\xff\r\n\r\n",
        ] {
            assert!(parsed(wrong, false).unwrap().is_err());
        }
    }
}
