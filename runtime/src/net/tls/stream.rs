//! A TLS connection as a link: one thread encrypts and writes, another reads and decrypts.
//!
//! Both directions of a connection share one state, so the two threads take turns at it, but neither ever holds it
//! while it waits for the network: with full socket buffers on both sides each must be able to go on reading.

use std::io::{self, IoSlice, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustls::Connection;
use zeroize::Zeroizing;

use crate::keys::Certificate;
use crate::net::frame::HEADER_LEN;
use crate::net::link::{ByteSource, Cut, FrameSink, Link, LinkSecret};

/// Plaintext bytes that are encrypted without letting the reader in between.
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
    connection: Mutex<Connection>,
    socket: TcpStream,
}

impl Tls {
    fn lock(&self) -> MutexGuard<'_, Connection> {
        self.connection
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// Makes a link of a connection whose handshake is complete.
pub(super) fn link(
    mut connection: Connection,
    socket: TcpStream,
    peer: &Certificate,
) -> io::Result<Link> {
    socket.set_read_timeout(None)?;
    socket.set_write_timeout(None)?;
    connection.set_buffer_limit(None);
    let group = connection.negotiated_key_exchange_group();
    let key_exchange = group
        .and_then(|group| group.name().as_str())
        .ok_or_else(|| io::Error::other("a handshake without a key exchange"))?;
    let mut secret = Zeroizing::new([0; 32]);
    connection
        .export_keying_material(&mut secret[..], EXPORT_LABEL, None)
        .map_err(io::Error::other)?;
    let tls = Arc::new(Tls {
        connection: Mutex::new(connection),
        socket,
    });
    Ok(Link {
        sink: Box::new(Sink {
            tls: tls.clone(),
            encrypted: Vec::with_capacity(WRITE_AT + 2 * PIECE),
            patience: None,
        }),
        source: Box::new(Source {
            tls: tls.clone(),
            encrypted: vec![0; READ_AT_ONCE],
            from: 0,
            to: 0,
        }),
        cut: tls,
        secret: LinkSecret(secret),
        peer_certificate: peer.fingerprint(),
        key_exchange,
    })
}

impl Cut for Tls {
    fn cut(&self) {
        // A socket that is closed already is what is wanted.
        let _ = self.socket.shutdown(Shutdown::Both);
    }
}

struct Sink {
    tls: Arc<Tls>,
    /// Bytes that are not on their way yet.
    encrypted: Vec<u8>,
    /// How long the socket waits for the network to take something.
    patience: Option<Duration>,
}

impl Sink {
    fn encrypt(&mut self, header: &[u8], payload: &[u8]) -> io::Result<()> {
        let mut connection = self.tls.lock();
        let pieces = [IoSlice::new(header), IoSlice::new(payload)];
        let taken = connection.writer().write_vectored(&pieces)?;
        if taken != header.len() + payload.len() {
            return Err(io::ErrorKind::WriteZero.into());
        }
        while connection.wants_write() {
            connection.write_tls(&mut self.encrypted)?;
        }
        drop(connection);
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
        let mut connection = self.tls.lock();
        connection.send_close_notify();
        while connection.wants_write() {
            connection.write_tls(&mut self.encrypted)?;
        }
        drop(connection);
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
    /// Bytes from the socket; those in `from..to` have not gone into the connection yet.
    encrypted: Vec<u8>,
    from: usize,
    to: usize,
}

impl ByteSource for Source {
    fn read(&mut self, out: &mut Vec<u8>, max: usize) -> io::Result<usize> {
        loop {
            let mut connection = self.tls.lock();
            let n = decrypted(&mut connection, out, max)?;
            match n {
                Some(n) => return Ok(n),
                None if self.from < self.to => {
                    let mut rest = &self.encrypted[self.from..self.to];
                    let before = rest.len();
                    connection.read_tls(&mut rest)?;
                    self.from += before - rest.len();
                    connection.process_new_packets().map_err(invalid)?;
                    continue;
                }
                None => {}
            }
            drop(connection);
            let n = (&self.tls.socket)
                .read(&mut self.encrypted)
                .map_err(as_timeout)?;
            if n == 0 {
                // Whether the peer meant to end is for the frames to say.
                return Ok(0);
            }
            (self.from, self.to) = (0, n);
        }
    }

    fn set_deadline(&mut self, deadline: Duration) -> io::Result<()> {
        self.tls.socket.set_read_timeout(Some(deadline))
    }
}

/// Moves decrypted bytes to `out`; `None` when more encrypted ones are needed first.
fn decrypted(
    connection: &mut Connection,
    out: &mut Vec<u8>,
    max: usize,
) -> io::Result<Option<usize>> {
    use std::io::BufRead;
    let mut reader = connection.reader();
    let mut moved = 0;
    loop {
        let n = match reader.fill_buf() {
            Ok(chunk) => {
                let n = chunk.len().min(max - moved);
                out.extend_from_slice(&chunk[..n]);
                n
            }
            Err(e) if e.kind() == io::ErrorKind::WouldBlock => {
                return Ok((moved > 0).then_some(moved));
            }
            Err(e) => return Err(e),
        };
        reader.consume(n);
        moved += n;
        if n == 0 || moved == max {
            return Ok(Some(moved));
        }
    }
}

fn invalid(e: rustls::Error) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, e)
}

/// Sockets say that a deadline has passed in two ways.
pub(super) fn as_timeout(e: io::Error) -> io::Error {
    if e.kind() == io::ErrorKind::WouldBlock {
        io::ErrorKind::TimedOut.into()
    } else {
        e
    }
}
