//! Records of a connection whose handshake is over, each direction by itself (RFC 8446, sections 4.6.3, 5, 6.1, 7.2 and 7.3).
//!
//! The TLS library makes the handshake and gives its keys away at the end. What is left stands here: which record is the next, when keys
//! change, and what a record may say that is no data. So the two directions share no lock, and a byte is copied once on either way:
//! to where it is sealed, and from where it was opened.
//!
//! A key serves as many records as its cipher may protect; then the sender says so, and both sides go on to the next key. What goes
//! wrong is not told in an alert: frames tell the reason, and then the connection ends.

use std::fmt;
use std::io;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ::ring::aead::{self, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ::ring::hkdf::{self, Prk};
use rustls::{Connection, ConnectionTrafficSecrets, KeyLog};
use zeroize::Zeroizing;

/// Bytes of a record's header: type, version (0x0303, whatever it is) and length of what is sealed.
pub(super) const HEADER_LEN: usize = 5;

/// The most bytes of a record's content.
pub(super) const CONTENT_CAP: usize = 1 << 14;

/// The most bytes of what is sealed: content with type, padding and tag.
pub(super) const SEALED_CAP: usize = CONTENT_CAP + 256;

/// Bytes that sealing adds behind the content: its type and the tag.
const SEAL_LEN: usize = 1 + TAG_LEN;

const TAG_LEN: usize = 16;

/// Records in a row that hold no data, at most: they cost work and bring nothing.
const IDLE_CAP: u32 = 32;

const ALERT: u8 = 21;
const HANDSHAKE: u8 = 22;
const DATA: u8 = 23;

/// The message that says that the sender's next record has the next key; then a byte that says whether the receiver shall do the same.
const KEY_UPDATE: [u8; 4] = [24, 0, 0, 1];

/// The warning that ends a direction.
const CLOSE_NOTIFY: [u8; 2] = [1, 0];

/// What the handshake logs of the two directions' secrets, the client's first.
#[derive(Default)]
pub(super) struct Traffic(Mutex<[Option<Secret>; 2]>);

type Secret = Zeroizing<Vec<u8>>;

/// What the library calls them.
const LABELS: [&str; 2] = ["CLIENT_TRAFFIC_SECRET_0", "SERVER_TRAFFIC_SECRET_0"];

impl fmt::Debug for Traffic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Traffic")
    }
}

impl KeyLog for Traffic {
    fn log(&self, label: &str, _client_random: &[u8], secret: &[u8]) {
        if let Some(i) = LABELS.iter().position(|l| *l == label) {
            self.lock()[i] = Some(Zeroizing::new(secret.to_vec()));
        }
    }

    fn will_log(&self, label: &str) -> bool {
        LABELS.contains(&label)
    }
}

impl Traffic {
    /// For one connection.
    pub(super) fn new() -> Arc<Self> {
        Arc::default()
    }

    fn lock(&self) -> MutexGuard<'_, [Option<Secret>; 2]> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The two directions of a connection whose handshake is over: what is sent and what comes.
pub(super) fn split(connection: Connection, traffic: &Traffic) -> io::Result<(Seal, Open)> {
    let missing = || io::Error::other("a handshake that gives no keys away");
    let suite = connection.negotiated_cipher_suite().ok_or_else(missing)?;
    let limit = suite
        .tls13()
        .ok_or_else(missing)?
        .common
        .confidentiality_limit;
    let is_client = matches!(connection, Connection::Client(_));
    let [client, server] = std::mem::take(&mut *traffic.lock());
    let secrets = connection
        .dangerous_extract_secrets()
        .map_err(io::Error::other)?;
    let (own, theirs) = if is_client {
        (client, server)
    } else {
        (server, client)
    };
    let keys = |(next, key), secret: Option<Secret>| Keys::first(next, &key, secret?);
    let seal = keys(secrets.tx, own).ok_or_else(missing)?;
    let open = keys(secrets.rx, theirs).ok_or_else(missing)?;
    Ok((
        Seal { keys: seal, limit },
        Open {
            keys: open,
            idle: 0,
        },
    ))
}

/// The keys of one direction, one after the other.
struct Keys {
    cipher: &'static aead::Algorithm,
    hash: hkdf::Algorithm,
    secret: Secret,
    key: LessSafeKey,
    iv: [u8; NONCE_LEN],
    /// The number of the next record under this key.
    next: u64,
}

impl Keys {
    /// With what the handshake gives; none if the library gives what the cipher does not take.
    fn first(next: u64, keys: &ConnectionTrafficSecrets, secret: Secret) -> Option<Self> {
        use ConnectionTrafficSecrets as Of;
        let (cipher, hash, key, iv) = match keys {
            Of::Aes128Gcm { key, iv } => (&aead::AES_128_GCM, hkdf::HKDF_SHA256, key, iv),
            Of::Aes256Gcm { key, iv } => (&aead::AES_256_GCM, hkdf::HKDF_SHA384, key, iv),
            Of::Chacha20Poly1305 { key, iv } => {
                (&aead::CHACHA20_POLY1305, hkdf::HKDF_SHA256, key, iv)
            }
            _ => return None,
        };
        Some(Self {
            cipher,
            hash,
            secret,
            key: LessSafeKey::new(UnboundKey::new(cipher, key.as_ref()).ok()?),
            iv: iv.as_ref().try_into().ok()?,
            next,
        })
    }

    /// Goes on to the next key (sections 7.2 and 7.3).
    fn update(&mut self) -> io::Result<()> {
        let secret = self.expand(b"traffic upd", self.secret.len())?;
        self.secret = secret;
        let key = self.expand(b"key", self.cipher.key_len())?;
        let key = UnboundKey::new(self.cipher, &key).map_err(no_key)?;
        self.key = LessSafeKey::new(key);
        let iv = self.expand(b"iv", NONCE_LEN)?;
        self.iv.copy_from_slice(&iv);
        self.next = 0;
        Ok(())
    }

    /// `HKDF-Expand-Label(secret, label, "", len)` (section 7.1).
    fn expand(&self, label: &[u8], len: usize) -> io::Result<Secret> {
        let mut out = Zeroizing::new(vec![0; len]);
        // Labels, keys and hashes are short.
        let head = [0, len as u8, (6 + label.len()) as u8];
        Prk::new_less_safe(self.hash, &self.secret)
            .expand(&[&head, b"tls13 ", label, &[0]], Len(len))
            .and_then(|okm| okm.fill(&mut out))
            .map_err(no_key)?;
        Ok(out)
    }

    /// The next record's nonce (section 5.3).
    fn nonce(&mut self) -> Nonce {
        let mut nonce = self.iv;
        for (byte, number) in nonce[NONCE_LEN - 8..]
            .iter_mut()
            .zip(self.next.to_be_bytes())
        {
            *byte ^= number;
        }
        self.next += 1;
        Nonce::assume_unique_for_key(nonce)
    }
}

struct Len(usize);

impl hkdf::KeyType for Len {
    fn len(&self) -> usize {
        self.0
    }
}

fn no_key(_: ::ring::error::Unspecified) -> io::Error {
    io::Error::other("the next key of a connection cannot be made")
}

/// What is sent.
pub(super) struct Seal {
    keys: Keys,
    /// Records that a key may protect.
    limit: u64,
}

impl Seal {
    /// Appends records of data: all of `pieces`, one after the other.
    pub(super) fn data(&mut self, pieces: [&[u8]; 2], out: &mut Vec<u8>) -> io::Result<()> {
        let [mut first, mut second] = pieces;
        while !(first.is_empty() && second.is_empty()) {
            let (now, later) = first.split_at(first.len().min(CONTENT_CAP));
            first = later;
            let (also, later) = second.split_at(second.len().min(CONTENT_CAP - now.len()));
            second = later;
            if self.keys.next + 1 >= self.limit {
                self.update(false, out)?;
            }
            self.record(DATA, [now, also], out)?;
        }
        Ok(())
    }

    /// Says that the key changes, and changes it; whether the other's shall too is for the other's own limit but in tests.
    pub(super) fn update(&mut self, both: bool, out: &mut Vec<u8>) -> io::Result<()> {
        self.record(HANDSHAKE, [&KEY_UPDATE, &[both.into()]], out)?;
        self.keys.update()
    }

    /// Ends the direction.
    pub(super) fn close(&mut self, out: &mut Vec<u8>) -> io::Result<()> {
        self.record(ALERT, [&CLOSE_NOTIFY, &[]], out)
    }

    /// Appends a record (section 5.2), without padding.
    fn record(&mut self, kind: u8, pieces: [&[u8]; 2], out: &mut Vec<u8>) -> io::Result<()> {
        let len = pieces[0].len() + pieces[1].len() + SEAL_LEN;
        let [high, low] = (len as u16).to_be_bytes();
        let header = [DATA, 3, 3, high, low];
        out.extend_from_slice(&header);
        let start = out.len();
        out.extend_from_slice(pieces[0]);
        out.extend_from_slice(pieces[1]);
        out.push(kind);
        let nonce = self.keys.nonce();
        let tag = self
            .keys
            .key
            .seal_in_place_separate_tag(nonce, Aad::from(header), &mut out[start..])
            .map_err(|_| io::Error::other("a record cannot be sealed"))?;
        out.extend_from_slice(tag.as_ref());
        Ok(())
    }
}

/// What a record is that was opened.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Opened {
    /// Data, which stands in this part of what was sealed.
    Data(Range<usize>),
    /// The other's key has changed; this side's shall, if it says so.
    Updated(bool),
    /// The other sends nothing more.
    Closed,
}

/// What comes.
pub(super) struct Open {
    keys: Keys,
    /// Records since the last that held data.
    idle: u32,
}

impl Open {
    /// The bytes of what is sealed in the record with this header.
    pub(super) fn len(header: [u8; HEADER_LEN]) -> io::Result<usize> {
        let len = usize::from(u16::from_be_bytes([header[3], header[4]]));
        // Nothing else comes after a handshake.
        if header[0] != DATA {
            return Err(unwanted("a record of another type"));
        }
        if !(SEAL_LEN..=SEALED_CAP).contains(&len) {
            return Err(unwanted("a record of another length"));
        }
        Ok(len)
    }

    /// Opens the next record where it stands. An error of kind `InvalidData` is for whoever can touch bytes on the way, or for the other
    /// side; nothing is opened after it.
    pub(super) fn open(
        &mut self,
        header: [u8; HEADER_LEN],
        sealed: &mut [u8],
    ) -> io::Result<Opened> {
        let nonce = self.keys.nonce();
        let inner = self
            .keys
            .key
            .open_in_place(nonce, Aad::from(header), sealed)
            .map_err(|_| unwanted("a record that does not authenticate"))?;
        // What is padded ends with its type and zeros (section 5.4).
        let len = inner.iter().rposition(|&byte| byte != 0);
        let Some((len, &kind)) = len.and_then(|len| Some((len, inner.get(len)?))) else {
            return Err(unwanted("a record without a type"));
        };
        if len > CONTENT_CAP {
            return Err(unwanted("a record that is too long"));
        }
        let content = &inner[..len];
        self.idle = match (kind, content) {
            (DATA, [_, ..]) => 0,
            _ => self.idle + 1,
        };
        if self.idle > IDLE_CAP {
            return Err(unwanted("many records without data"));
        }
        match (kind, content) {
            (DATA, _) => Ok(Opened::Data(0..len)),
            (HANDSHAKE, [message @ .., both @ (0 | 1)]) if *message == KEY_UPDATE => {
                let both = *both == 1;
                self.keys.update()?;
                Ok(Opened::Updated(both))
            }
            (ALERT, content) if *content == CLOSE_NOTIFY => Ok(Opened::Closed),
            (ALERT, &[_, what]) => Err(unwanted(&format!("alert {what}"))),
            _ => Err(unwanted("a message that has no place after a handshake")),
        }
    }
}

fn unwanted(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what.to_owned())
}

#[cfg(test)]
mod tests;
