//! Key pairs and certificates of parties.
//!
//! A party is known by its certificate alone: self-signed, pinned by the others, with dates that are checked. The
//! private key never leaves the machine that made it, is wiped when dropped and is not `Debug`; only the certificate is
//! given to others.

mod hybrid;

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair};
use rustls::CertificateError;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{
    CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName, SubjectPublicKeyInfoDer,
    UnixTime,
};
use zeroize::Zeroizing;

use crate::error::Error;
use crate::hash::{Digest, sha256};

/// The name that every certificate carries: who a party is follows from the certificate as a whole.
pub(crate) const SUBJECT_NAME: &str = "party.smpcc.invalid";

/// How far other machines' clocks may be behind the one that makes a certificate.
const CLOCK_SKEW: Duration = Duration::from_secs(3600);

/// The life of a certificate that is made for one run.
const EPHEMERAL_LIFE: Duration = Duration::from_secs(24 * 3600);

/// The last second of the year 9999, since 1970.
const END_OF_DATES: Duration = Duration::from_secs(253_402_300_799);

/// A party's certificate; public.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate(pub(crate) CertificateDer<'static>);

/// Why a certificate is not good at some time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Invalid {
    /// Its dates are over, since so long.
    Expired(Duration),
    /// Its dates have not begun, for so long yet.
    NotYet(Duration),
    /// It is not a certificate that a party can have.
    Unusable(String),
}

impl Certificate {
    /// Reads the first certificate of a PEM file's text.
    pub fn from_pem(pem: &[u8]) -> Result<Self, Error> {
        CertificateDer::from_pem_slice(pem)
            .map(|der| Self(der.into_owned()))
            .map_err(|e| Error::usage(format!("this is not a certificate in PEM form: {e}")))
    }

    /// The hash by which people compare certificates.
    pub fn fingerprint(&self) -> Digest {
        sha256(&self.0)
    }

    /// Whether both are of one key, whatever else they say: whoever holds it is one party.
    pub fn same_key(&self, other: &Self) -> bool {
        let key = |certificate: &Self| {
            let parsed = rustls::server::ParsedCertificate::try_from(&certificate.0).ok()?;
            Some(parsed.subject_public_key_info())
        };
        self == other
            || key(self).is_some_and(|own| key(other).is_some_and(|o| own.as_ref() == o.as_ref()))
    }

    /// Whether the certificate is good at a time: well-formed, signed with its own key and within its dates.
    pub fn check(&self, at: SystemTime) -> Result<(), Invalid> {
        let unusable = |e: String| Invalid::Unusable(e);
        let name = ServerName::try_from(SUBJECT_NAME).map_err(|e| unusable(e.to_string()))?;
        let since_epoch = at
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or_default();
        let verifier = self.webpki().map_err(unusable)?;
        let checked = verifier.verify_server_cert(
            &self.0,
            &[],
            &name,
            &[],
            UnixTime::since_unix_epoch(since_epoch),
        );
        let between =
            |a: UnixTime, b: UnixTime| Duration::from_secs(a.as_secs().saturating_sub(b.as_secs()));
        match checked {
            Ok(_) => Ok(()),
            Err(rustls::Error::InvalidCertificate(CertificateError::ExpiredContext {
                time,
                not_after,
            })) => Err(Invalid::Expired(between(time, not_after))),
            Err(rustls::Error::InvalidCertificate(CertificateError::NotValidYetContext {
                time,
                not_before,
            })) => Err(Invalid::NotYet(between(not_before, time))),
            Err(e) => Err(Invalid::Unusable(e.to_string())),
        }
    }

    /// How long the certificate is good yet, if it ends within `soon` from a time.
    pub fn ends_within(&self, soon: Duration, from: SystemTime) -> Option<Duration> {
        match self.check(from.checked_add(soon)?) {
            Err(Invalid::Expired(by)) => Some(soon.saturating_sub(by)),
            Ok(()) | Err(Invalid::NotYet(_) | Invalid::Unusable(_)) => None,
        }
    }

    /// The standard verifier with this certificate as its only root.
    pub(crate) fn webpki(&self) -> Result<Arc<WebPkiServerVerifier>, String> {
        let mut roots = rustls::RootCertStore::empty();
        roots.add(self.0.clone()).map_err(|e| e.to_string())?;
        WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider())
            .build()
            .map_err(|e| e.to_string())
    }
}

/// The cryptography that links use: TLS 1.3 suites only, AES-128 first because it is the fastest, and one key exchange.
pub(crate) fn provider() -> Arc<CryptoProvider> {
    use rustls::crypto::ring::cipher_suite;
    let mut provider = rustls::crypto::ring::default_provider();
    provider.cipher_suites = vec![
        cipher_suite::TLS13_AES_128_GCM_SHA256,
        cipher_suite::TLS13_AES_256_GCM_SHA384,
        cipher_suite::TLS13_CHACHA20_POLY1305_SHA256,
    ];
    provider.kx_groups = vec![&hybrid::Hybrid];
    Arc::new(provider)
}

/// The same for nodes of studies, whom browsers ask as well: those have no other group of keys in common with all servers.
pub fn web_provider() -> Arc<CryptoProvider> {
    use rustls::crypto::ring::kx_group;
    let mut provider = CryptoProvider::clone(&provider());
    provider.kx_groups = vec![&hybrid::Hybrid, kx_group::X25519, kx_group::SECP256R1];
    Arc::new(provider)
}

/// A party's own certificate and private key.
pub struct Identity {
    certificate: Certificate,
    certificate_pem: String,
    key_pem: Zeroizing<String>,
}

impl Identity {
    /// A new key pair with a certificate that is good from now on for `life`.
    pub fn generate(name: &str, life: Duration) -> Result<Self, Error> {
        let failed = |e: rcgen::Error| Error::machine(format!("cannot make a key pair: {e}"));
        Self::certify(KeyPair::generate().map_err(failed)?, name, life)
    }

    fn certify(key: KeyPair, name: &str, life: Duration) -> Result<Self, Error> {
        let failed = |e: rcgen::Error| Error::machine(format!("cannot make a certificate: {e}"));
        let since_epoch = SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .map_err(|_| Error::machine("this machine's clock is before 1970"))?;
        let epoch = rcgen::date_time_ymd(1970, 1, 1);
        let mut params = CertificateParams::new(vec![SUBJECT_NAME.to_owned()]).map_err(failed)?;
        params.not_before = epoch + since_epoch.saturating_sub(CLOCK_SKEW);
        // What ends after the year 9999 no certificate can say.
        let end = since_epoch.saturating_add(life).min(END_OF_DATES);
        params.not_after = epoch + end;
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, name);
        let certificate = params.self_signed(&key).map_err(failed)?;
        Ok(Self {
            certificate: Certificate(certificate.der().clone()),
            certificate_pem: certificate.pem(),
            key_pem: Zeroizing::new(key.serialize_pem()),
        })
    }

    /// Another certificate of the same key.
    #[cfg(test)]
    pub(crate) fn again(&self, name: &str) -> Self {
        let key = KeyPair::from_pem(&self.key_pem).unwrap();
        Self::certify(key, name, EPHEMERAL_LIFE).unwrap()
    }

    /// A key pair for one run on this machine.
    pub fn ephemeral(name: &str) -> Result<Self, Error> {
        Self::generate(name, EPHEMERAL_LIFE)
    }

    /// Reads a certificate and a private key from PEM text; fails when they do not belong together.
    pub fn from_pem(certificate: &str, key: &str) -> Result<Self, Error> {
        let identity = Self {
            certificate: Certificate::from_pem(certificate.as_bytes())?,
            certificate_pem: certificate.to_owned(),
            key_pem: Zeroizing::new(key.to_owned()),
        };
        let signer = provider()
            .key_provider
            .load_private_key(identity.private_key()?)
            .map_err(|e| Error::usage(format!("this private key cannot be used: {e}")))?;
        let of_key = signer.public_key();
        let of_certificate = rustls::server::ParsedCertificate::try_from(&identity.certificate.0)
            .map(|parsed| parsed.subject_public_key_info())
            .map_err(|e| Error::usage(format!("this certificate cannot be used: {e}")))?;
        if of_key.as_ref().map(SubjectPublicKeyInfoDer::as_ref) != Some(of_certificate.as_ref()) {
            return Err(Error::usage(
                "the private key does not belong to the certificate: use the two files that one `smpcc keygen` wrote",
            ));
        }
        Ok(identity)
    }

    /// The public half.
    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// The public half as text.
    pub fn certificate_pem(&self) -> &str {
        &self.certificate_pem
    }

    /// The private key as text: for the process of the party itself, and no one else.
    pub fn expose_key_pem(&self) -> &str {
        &self.key_pem
    }

    /// Writes `NAME.key`, which only its owner can read, and `NAME.crt` into a folder; replaces neither.
    pub fn write(&self, folder: &Path, name: &str) -> Result<(PathBuf, PathBuf), Error> {
        let key = folder.join(format!("{name}.key"));
        let certificate = folder.join(format!("{name}.crt"));
        write_new(&key, self.key_pem.as_bytes(), 0o600)?;
        write_new(&certificate, self.certificate_pem.as_bytes(), 0o644)?;
        Ok((key, certificate))
    }

    /// The certificate and the key as a server of HTTPS takes them.
    pub fn served(&self) -> Result<(CertificateDer<'static>, PrivateKeyDer<'static>), Error> {
        Ok((self.certificate.0.clone(), self.private_key()?))
    }

    pub(crate) fn private_key(&self) -> Result<PrivateKeyDer<'static>, Error> {
        PrivatePkcs8KeyDer::from_pem_slice(self.key_pem.as_bytes())
            .map(PrivateKeyDer::Pkcs8)
            .map_err(|_| Error::usage("this is not a private key as `smpcc keygen` writes it"))
    }
}

/// The mode of a private key's file, if others than its owner can read or change it; none where files have no modes.
pub fn loose_mode(key: &Path) -> Option<u32> {
    #[cfg(unix)]
    {
        let metadata = std::fs::metadata(key).ok()?;
        let mode = std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o777;
        (mode & 0o077 != 0).then_some(mode)
    }
    #[cfg(not(unix))]
    {
        let _ = key;
        None
    }
}

/// Writes a file that only its owner can read, and replaces none.
pub fn write_secret(path: &Path, contents: &[u8]) -> Result<(), Error> {
    write_new(path, contents, 0o600)
}

fn write_new(path: &Path, contents: &[u8], mode: u32) -> Result<(), Error> {
    let failed =
        |e: std::io::Error| Error::machine(format!("cannot write {}: {e}", path.display()));
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode);
    #[cfg(not(unix))]
    let _ = mode;
    let mut file = options.open(path).map_err(failed)?;
    file.write_all(contents).map_err(failed)?;
    file.sync_all().map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: Duration = Duration::from_secs(24 * 3600);

    #[test]
    fn dates_are_checked() {
        let identity = Identity::generate("a", 10 * DAY).unwrap();
        let (certificate, now) = (identity.certificate(), SystemTime::now());
        assert_eq!(certificate.check(now), Ok(()));
        assert_eq!(certificate.check(now + 9 * DAY), Ok(()));
        let late = certificate.check(now + 12 * DAY);
        assert!(
            matches!(late, Err(Invalid::Expired(by)) if by > DAY && by < 3 * DAY),
            "{late:?}"
        );
        let left = certificate.ends_within(14 * DAY, now);
        assert!(
            matches!(left, Some(left) if left > 9 * DAY && left < 11 * DAY),
            "{left:?}"
        );
        assert_eq!(certificate.ends_within(5 * DAY, now), None);
        let early = certificate.check(now - DAY);
        assert!(
            matches!(early, Err(Invalid::NotYet(by)) if by > DAY / 2 && by < DAY),
            "{early:?}"
        );
        let garbage = Certificate(CertificateDer::from(vec![1, 2, 3]));
        assert!(matches!(garbage.check(now), Err(Invalid::Unusable(_))));
    }

    #[test]
    fn no_life_is_too_long() {
        let identity = Identity::generate("a", Duration::MAX).unwrap();
        assert_eq!(identity.certificate().check(SystemTime::now()), Ok(()));
    }

    #[test]
    fn files_are_private_and_come_back() {
        let folder = tempfile::tempdir().unwrap();
        let identity = Identity::generate("alice", DAY).unwrap();
        let (key, certificate) = identity.write(folder.path(), "alice").unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = std::fs::metadata(&key).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
            assert_eq!(loose_mode(&key), None);
            let open = std::fs::Permissions::from_mode(0o640);
            std::fs::set_permissions(&key, open).unwrap();
            assert_eq!(loose_mode(&key), Some(0o640));
        }
        let read = |path| std::fs::read_to_string(path).unwrap();
        let again = Identity::from_pem(&read(&certificate), &read(&key)).unwrap();
        assert_eq!(again.certificate(), identity.certificate());
        assert!(read(&key).contains("PRIVATE"));
        assert!(!read(&certificate).contains("PRIVATE"));
        let error = identity.write(folder.path(), "alice").unwrap_err();
        assert_eq!(error.exit_code(), 2);
    }

    #[test]
    fn mismatched_and_malformed_pairs_are_refused() {
        let (a, b) = (
            Identity::ephemeral("a").unwrap(),
            Identity::ephemeral("b").unwrap(),
        );
        assert_ne!(a.certificate().fingerprint(), b.certificate().fingerprint());
        for (certificate, key) in [
            (a.certificate_pem(), b.expose_key_pem()),
            (a.expose_key_pem(), a.expose_key_pem()),
            (a.certificate_pem(), a.certificate_pem()),
            ("", ""),
        ] {
            let error = Identity::from_pem(certificate, key).err().unwrap();
            assert_eq!(error.exit_code(), 2);
        }
    }
}
