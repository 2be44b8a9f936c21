//! The first words inside a TLS connection, by which a link is up on both sides.
//!
//! They say who each side is and takes the other for; the certificate has decided that already, so that a difference only
//! shows configurations that number the parties differently.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::{Duration, Instant};

use rustls::Connection;

use super::record;
use super::stream::as_timeout;
use crate::message::{Reader, Writer};
use crate::net::options::from_now;
use crate::net::tcp;
use crate::party::PartyId;

/// What each side says first inside the connection, before its party number and the number it takes the other for.
const GREETING: [u8; 8] = *b"smpcc/02";

/// Bytes of a greeting.
const GREETING_LEN: usize = 12;

/// Why a greeting failed.
pub(super) enum Unwelcome {
    /// The network, or TLS inside the error.
    Io(io::Error),
    /// What the other side did.
    Says(&'static str),
}

/// Completes the handshake and exchanges greetings; returns the other party, which `who` tells from the certificate.
pub(super) fn greet(
    connection: &mut Connection,
    socket: &mut TcpStream,
    until: Instant,
    who: impl Fn(&Connection) -> Result<PartyId, &'static str>,
    me: PartyId,
) -> Result<PartyId, Unwelcome> {
    let io = |e: io::Error| Unwelcome::Io(e);
    let mut socket = Deadlined {
        socket,
        until,
        record: Record::default(),
    };
    while connection.is_handshaking() {
        step(connection, &mut socket)?;
    }
    let other = who(connection).map_err(Unwelcome::Says)?;
    let mut w = Writer::default();
    w.fixed(&GREETING).u16(me.number()).u16(other.number());
    connection.writer().write_all(&w.finish()).map_err(io)?;
    while connection.wants_write() {
        connection.write_tls(&mut socket).map_err(io)?;
    }
    let mut theirs = [0; GREETING_LEN];
    let mut have = 0;
    while have < GREETING_LEN {
        match connection.reader().read(&mut theirs[have..]) {
            Ok(0) => return Err(Unwelcome::Io(io::ErrorKind::UnexpectedEof.into())),
            Ok(n) => have += n,
            Err(e) if e.kind() == io::ErrorKind::WouldBlock => {
                step(connection, &mut socket)?;
            }
            Err(e) => return Err(Unwelcome::Io(e)),
        }
    }
    let malformed = |_| Unwelcome::Says("does not speak this protocol");
    let mut r = Reader::new(&theirs);
    let magic: [u8; 8] = r.array("greeting").map_err(malformed)?;
    let sender = r.u16("greeting").map_err(malformed)?;
    let receiver = r.u16("greeting").map_err(malformed)?;
    if magic != GREETING {
        return Err(Unwelcome::Says("speaks another version of this protocol"));
    }
    if sender != other.number() || receiver != me.number() {
        return Err(Unwelcome::Says(
            "numbers the parties differently: compare the configurations",
        ));
    }
    Ok(other)
}

/// Sends and takes in what there is. What says why this side refuses can stand behind other records, which are sent one by one.
fn step(connection: &mut Connection, socket: &mut Deadlined<'_>) -> Result<(), Unwelcome> {
    let done = connection.complete_io(socket);
    if done.is_err() {
        while connection.wants_write() && matches!(connection.write_tls(socket), Ok(1..)) {}
    }
    done.map(|_| ()).map_err(Unwelcome::Io)
}

/// A socket whose reads and writes end at a fixed time, however slowly bytes trickle in. No read reaches beyond the end of a record: who
/// takes the connection over after a record finds all that follows in the socket.
struct Deadlined<'a> {
    socket: &'a mut TcpStream,
    until: Instant,
    record: Record,
}

/// How much of a record has been read.
#[derive(Default)]
struct Record {
    header: [u8; record::HEADER_LEN],
    /// Bytes of the header.
    have: usize,
    /// Bytes that the header announces, less those that have been read.
    left: usize,
}

impl Record {
    /// How many bytes may be read at once.
    fn want(&self) -> usize {
        match record::HEADER_LEN - self.have {
            0 => self.left,
            more => more,
        }
    }

    fn saw(&mut self, bytes: &[u8]) {
        if self.have < record::HEADER_LEN {
            self.header[self.have..][..bytes.len()].copy_from_slice(bytes);
            self.have += bytes.len();
            self.left = usize::from(u16::from_be_bytes([self.header[3], self.header[4]]));
        } else {
            self.left -= bytes.len();
        }
        if self.have == record::HEADER_LEN && self.left == 0 {
            self.have = 0;
        }
    }
}

impl Read for Deadlined<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.socket
            .set_read_timeout(Some(tcp::remaining(self.until)?))?;
        let most = buf.len().min(self.record.want());
        let n = self.socket.read(&mut buf[..most]).map_err(as_timeout)?;
        self.record.saw(&buf[..n]);
        Ok(n)
    }
}

impl Write for Deadlined<'_> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.socket
            .set_write_timeout(Some(tcp::remaining(self.until)?))?;
        self.socket.write(buf).map_err(as_timeout)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.socket.flush()
    }
}

/// Closes a connection so that what was said last, such as why, still arrives: closing while there is something to read
/// would take it back.
pub(super) fn hang_up(mut stream: &TcpStream) {
    let until = from_now(Duration::from_millis(200));
    let mut scrap = [0; 1024];
    // Best effort throughout: the caller is a stranger.
    let _ = stream.shutdown(Shutdown::Write);
    while let Ok(left) = tcp::remaining(until) {
        let waiting = stream.set_read_timeout(Some(left)).is_ok();
        if !waiting || !matches!(stream.read(&mut scrap), Ok(1..)) {
            break;
        }
    }
}
