//! A TLS connection as a link: one thread encrypts and writes, another reads and decrypts.
//!
//! The two directions have nothing in common but the socket, and one bit: that the other side asks for a new key of what it is sent.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rustls::Connection;
use zeroize::Zeroizing;

use super::record::{self, Open, Opened, Seal, Traffic};
use crate::keys::Certificate;
use crate::net::frame::HEADER_LEN;
use crate::net::link::{ByteSource, Cut, FrameSink, Link, LinkSecret};

/// Payload bytes that are encrypted before it is looked whether to write.
const PIECE: usize = 64 * 1024;

/// Encrypted bytes that are gathered before they are written.
const WRITE_AT: usize = 128 * 1024;

/// Encrypted bytes read at once.
const READ_AT_ONCE: usize = 128 * 1024;

/// How long a message that is to leave at once may take to.
const MOMENT: Duration = Duration::from_millis(1);

/// What the secret of a link is exported for.
const EXPORT_LABEL: &[u8] = b"EXPORTER-smpcc-link-secret";

struct Tls {
    socket: TcpStream,
    /// The other side has asked for a new key.
    update_due: AtomicBool,
}

/// Makes a link of a connection whose handshake is complete, from which no more has been read than whole records.
pub(super) fn link(
    mut connection: Connection,
    traffic: &Traffic,
    socket: TcpStream,
    peer: &Certificate,
) -> io::Result<Link> {
    socket.set_read_timeout(None)?;
    socket.set_write_timeout(None)?;
    let group = connection.negotiated_key_exchange_group();
    let key_exchange = group
        .and_then(|group| group.name().as_str())
        .ok_or_else(|| io::Error::other("a handshake without a key exchange"))?;
    let mut secret = Zeroizing::new([0; 32]);
    connection
        .export_keying_material(&mut secret[..], EXPORT_LABEL, None)
        .map_err(io::Error::other)?;
    let early = early(&mut connection)?;
    let (seal, open) = record::split(connection, traffic)?;
    let tls = Arc::new(Tls {
        socket,
        update_due: AtomicBool::new(false),
    });
    Ok(Link {
        sink: Box::new(Sink {
            tls: tls.clone(),
            seal,
            encrypted: Vec::with_capacity(WRITE_AT + 2 * PIECE),
            patience: None,
        }),
        source: Box::new(Source::new(tls.clone(), open, &early)),
        cut: tls,
        secret: LinkSecret(secret),
        peer_certificate: peer.fingerprint(),
        key_exchange,
    })
}

/// Data that came in one record with the last that was read.
fn early(connection: &mut Connection) -> io::Result<Vec<u8>> {
    let mut early = vec![0; record::CONTENT_CAP];
    match connection.reader().read(&mut early) {
        Ok(n) => early.truncate(n),
        Err(e) if e.kind() == io::ErrorKind::WouldBlock => early.clear(),
        Err(e) => return Err(e),
    }
    Ok(early)
}

impl Cut for Tls {
    fn cut(&self) {
        // A socket that is closed already is what is wanted.
        let _ = self.socket.shutdown(Shutdown::Both);
    }
}

struct Sink {
    tls: Arc<Tls>,
    seal: Seal,
    /// Bytes that are not on their way yet.
    encrypted: Vec<u8>,
    /// How long the socket waits for the network to take something.
    patience: Option<Duration>,
}

impl Sink {
    fn encrypt(&mut self, header: &[u8], payload: &[u8]) -> io::Result<()> {
        if self.tls.update_due.swap(false, Ordering::Relaxed) {
            self.seal.update(false, &mut self.encrypted)?;
        }
        self.seal.data([header, payload], &mut self.encrypted)?;
        if self.encrypted.len() >= WRITE_AT {
            self.write_out()?;
        }
        Ok(())
    }

    fn set_patience(&mut self, patience: Option<Duration>) -> io::Result<()> {
        if self.patience != patience {
            self.tls.socket.set_write_timeout(patience)?;
            self.patience = patience;
        }
        Ok(())
    }

    fn write_out(&mut self) -> io::Result<()> {
        self.set_patience(None)?;
        (&self.tls.socket).write_all(&self.encrypted)?;
        self.encrypted.clear();
        Ok(())
    }
}

impl FrameSink for Sink {
    fn send(&mut self, header: &[u8; HEADER_LEN], payload: &[u8]) -> io::Result<()> {
        let (first, rest) = payload.split_at(payload.len().min(PIECE - HEADER_LEN));
        self.encrypt(header, first)?;
        for piece in rest.chunks(PIECE) {
            self.encrypt(&[], piece)?;
        }
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.encrypted.is_empty() {
            return Ok(());
        }
        self.write_out()
    }

    fn finish(&mut self) -> io::Result<()> {
        self.seal.close(&mut self.encrypted)?;
        self.write_out()?;
        self.tls.socket.shutdown(Shutdown::Write)
    }

    fn is_prompt(&self) -> bool {
        true
    }

    fn flush_some(&mut self) -> io::Result<bool> {
        if self.encrypted.is_empty() {
            return Ok(true);
        }
        self.set_patience(Some(MOMENT))?;
        match (&self.tls.socket).write(&self.encrypted) {
            Ok(n) => {
                self.encrypted.drain(..n);
                Ok(self.encrypted.is_empty())
            }
            Err(e) => match as_timeout(e) {
                e if e.kind() == io::ErrorKind::TimedOut => Ok(false),
                e if e.kind() == io::ErrorKind::Interrupted => Ok(false),
                e => Err(e),
            },
        }
    }
}

struct Source {
    tls: Arc<Tls>,
    open: Open,
    /// What was read: of one record the data that nobody has taken yet, then records that are not opened yet.
    read: Zeroizing<Vec<u8>>,
    data: Range<usize>,
    sealed: Range<usize>,
    /// The other side has ended its direction.
    closed: bool,
}

impl Source {
    fn new(tls: Arc<Tls>, open: Open, early: &[u8]) -> Self {
        let mut read = Zeroizing::new(vec![0; READ_AT_ONCE]);
        read[..early.len()].copy_from_slice(early);
        Self {
            tls,
            open,
            read,
            data: 0..early.len(),
            sealed: early.len()..early.len(),
            closed: false,
        }
    }

    /// Moves up to `max` bytes of opened data to `out`.
    fn give(&mut self, out: &mut Vec<u8>, max: usize) -> usize {
        let n = self.data.len().min(max);
        out.extend_from_slice(&self.read[self.data.start..self.data.start + n]);
        self.data.start += n;
        n
    }

    /// Opens the next record if all of it has been read; whether it has.
    fn open_next(&mut self) -> io::Result<bool> {
        let Some((header, rest)) =
            self.read[self.sealed.clone()].split_first_chunk_mut::<{ record::HEADER_LEN }>()
        else {
            return Ok(false);
        };
        let len = Open::len(*header)?;
        let Some(sealed) = rest.get_mut(..len) else {
            return Ok(false);
        };
        let start = self.sealed.start + record::HEADER_LEN;
        match self.open.open(*header, sealed)? {
            Opened::Data(within) => self.data = start + within.start..start + within.end,
            Opened::Updated(both) => {
                if both {
                    self.tls.update_due.store(true, Ordering::Relaxed);
                }
            }
            Opened::Closed => self.closed = true,
        }
        self.sealed.start = start + len;
        Ok(true)
    }

    /// Waits for more bytes; false when none come any more.
    fn read_more(&mut self) -> io::Result<bool> {
        // What is left of a record goes to the front.
        self.read.copy_within(self.sealed.clone(), 0);
        self.sealed = 0..self.sealed.len();
        self.data = 0..0;
        let n = (&self.tls.socket)
            .read(&mut self.read[self.sealed.end..])
            .map_err(as_timeout)?;
        self.sealed.end += n;
        Ok(n > 0)
    }
}

impl ByteSource for Source {
    fn read(&mut self, out: &mut Vec<u8>, max: usize) -> io::Result<usize> {
        let mut moved = 0;
        loop {
            moved += self.give(out, max - moved);
            // Whether the peer meant to end is for the frames to say.
            if moved == max || self.closed {
                return Ok(moved);
            }
            if self.open_next()? {
                continue;
            }
            if moved > 0 || !self.read_more()? {
                return Ok(moved);
            }
        }
    }

    fn set_deadline(&mut self, deadline: Duration) -> io::Result<()> {
        self.tls.socket.set_read_timeout(Some(deadline))
    }
}

/// Sockets say that a deadline has passed in two ways.
pub(super) fn as_timeout(e: io::Error) -> io::Error {
    if e.kind() == io::ErrorKind::WouldBlock {
        io::ErrorKind::TimedOut.into()
    } else {
        e
    }
}
