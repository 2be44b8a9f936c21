//! Certificate verifiers for pinned certificates.
//!
//! Each wraps the standard verifier, with the pinned certificate as its only root, which checks dates and the
//! handshake's signature; and first compares the certificate with the pinned one byte by byte.

use std::fmt;
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, OtherError, PeerIncompatible,
    RootCertStore, SignatureScheme,
};

use crate::error::Error;
use crate::hash::{Digest, sha256};
use crate::keys::{Certificate, provider};
use crate::party::PartyId;

/// Why a certificate is not the expected one.
#[derive(Debug)]
pub(super) enum PinError {
    /// It is pinned for another party.
    IsParty(PartyId),
    /// It is pinned for no party; its hash.
    Unknown(Digest),
}

impl fmt::Display for PinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the certificate is not the pinned one")
    }
}

impl std::error::Error for PinError {}

fn refuse(error: PinError) -> rustls::Error {
    CertificateError::Other(OtherError(Arc::new(error))).into()
}

fn unusable(party: PartyId, why: impl fmt::Display) -> Error {
    Error::usage(format!("{party}'s certificate cannot be used: {why}"))
}

/// TLS 1.2 is not offered, so that its signatures never come to be checked.
fn no_tls12() -> Result<HandshakeSignatureValid, rustls::Error> {
    Err(PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig.into())
}

/// Accepts one party as the server.
#[derive(Debug)]
pub(super) struct PinnedServer {
    pinned: Certificate,
    everyone: Arc<[(PartyId, Certificate)]>,
    webpki: Arc<WebPkiServerVerifier>,
}

impl PinnedServer {
    /// A verifier for `party`; `everyone` is for telling whose certificate a wrong one is.
    pub(super) fn new(
        party: PartyId,
        pinned: &Certificate,
        everyone: Arc<[(PartyId, Certificate)]>,
    ) -> Result<Self, Error> {
        Ok(Self {
            webpki: pinned.webpki().map_err(|e| unusable(party, e))?,
            pinned: pinned.clone(),
            everyone,
        })
    }
}

impl ServerCertVerifier for PinnedServer {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        if *end_entity != self.pinned.0 {
            let other = self.everyone.iter().find(|(_, c)| c.0 == *end_entity);
            return Err(refuse(match other {
                Some((party, _)) => PinError::IsParty(*party),
                None => PinError::Unknown(sha256(end_entity)),
            }));
        }
        self.webpki
            .verify_server_cert(end_entity, &[], server_name, &[], now)
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        no_tls12()
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.webpki.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.webpki.supported_verify_schemes()
    }
}

/// Accepts those parties as clients that dial this one.
#[derive(Debug)]
pub(super) struct PinnedClients {
    callers: Vec<(Certificate, Arc<dyn ClientCertVerifier>)>,
    schemes: Vec<SignatureScheme>,
}

impl PinnedClients {
    /// A verifier for the parties given.
    pub(super) fn new<'a>(
        callers: impl Iterator<Item = (PartyId, &'a Certificate)>,
    ) -> Result<Self, Error> {
        let mut pinned = Vec::new();
        for (party, certificate) in callers {
            let mut roots = RootCertStore::empty();
            roots
                .add(certificate.0.clone())
                .map_err(|e| unusable(party, e))?;
            let webpki = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider())
                .build()
                .map_err(|e| unusable(party, e))?;
            pinned.push((certificate.clone(), webpki));
        }
        Ok(Self {
            callers: pinned,
            schemes: provider()
                .signature_verification_algorithms
                .supported_schemes(),
        })
    }

    fn of(
        &self,
        certificate: &CertificateDer<'_>,
    ) -> Result<&Arc<dyn ClientCertVerifier>, rustls::Error> {
        self.callers
            .iter()
            .find(|(pinned, _)| pinned.0 == *certificate)
            .map(|(_, webpki)| webpki)
            .ok_or_else(|| refuse(PinError::Unknown(sha256(certificate))))
    }
}

impl ClientCertVerifier for PinnedClients {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        self.of(end_entity)?
            .verify_client_cert(end_entity, &[], now)
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        no_tls12()
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.of(cert)?.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.schemes.clone()
    }
}
