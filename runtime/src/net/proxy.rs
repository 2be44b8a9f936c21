//! A proxy between two parties that spoils what it passes on, record by record: for tests of what a bad network brings about.
//!
//! It stands where a router or an attacker on the way would: outside TLS, without any key. Records are counted per direction from
//! 0, the handshake's among them.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

/// Bytes of a TLS record's header.
const RECORD_HEADER: usize = 5;

/// How often a thread that waits looks whether the proxy is gone.
const TICK: Duration = Duration::from_millis(20);

/// What happens to a record, or from it on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing.
    None,
    /// Both directions close before it.
    Cut,
    /// Both directions close after half of it.
    CutWithin,
    /// From it on nothing is passed on, in either direction, while the connections stay open.
    Stall,
    /// From it on every byte travels by itself, with a pause of so many microseconds after it, for so many bytes.
    Trickle(u64, usize),
    /// A bit of it, modulo its length, is flipped.
    Flip(usize),
    /// It is passed on twice.
    Repeat,
    /// It is passed on after the next.
    Swap,
    /// It is left out.
    Drop,
}

/// Where a fault happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hit {
    /// What happens.
    pub fault: Fault,
    /// To which record.
    pub record: usize,
    /// Whether in the direction from who dials to who is dialled.
    pub forth: bool,
}

/// A proxy that runs until it is dropped.
pub struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    to: String,
    hit: Hit,
    over: AtomicBool,
    stalled: AtomicBool,
    struck: AtomicBool,
}

impl Proxy {
    /// Listens on a port of this machine and passes each connection on to `to`; the fault hits each of them.
    pub fn start(to: &str, hit: Hit) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        listener.set_nonblocking(true)?;
        let shared = Arc::new(Shared {
            to: to.to_owned(),
            hit,
            over: AtomicBool::new(false),
            stalled: AtomicBool::new(false),
            struck: AtomicBool::new(false),
        });
        let own = shared.clone();
        thread::Builder::new()
            .name("proxy".to_owned())
            .spawn(move || {
                while !own.is_over() {
                    match listener.accept() {
                        // A connection that fails is one that closes.
                        Ok((caller, _)) => drop(own.pass_on(caller)),
                        Err(_) => thread::sleep(TICK),
                    }
                }
            })?;
        Ok(Self { address, shared })
    }

    /// What to dial in place of the party behind.
    pub fn address(&self) -> String {
        self.address.to_string()
    }

    /// Whether the fault has happened.
    pub fn has_struck(&self) -> bool {
        self.shared.struck.load(Ordering::SeqCst)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.over.store(true, Ordering::SeqCst);
    }
}

impl Shared {
    fn is_over(&self) -> bool {
        self.over.load(Ordering::SeqCst)
    }

    fn pass_on(self: &Arc<Self>, caller: TcpStream) -> io::Result<()> {
        caller.set_nonblocking(false)?;
        let called = TcpStream::connect(&self.to)?;
        for (from, to, forth) in [
            (caller.try_clone()?, called.try_clone()?, true),
            (called, caller, false),
        ] {
            from.set_nodelay(true)?;
            from.set_read_timeout(Some(TICK))?;
            let own = self.clone();
            thread::Builder::new()
                .name("proxy".to_owned())
                .spawn(move || {
                    let mut way = Way {
                        shared: &own,
                        from,
                        to,
                        fault: Fault::None,
                    };
                    // An end of one side is an end for the other.
                    if way.run(forth).is_err() {
                        let _ = way.from.shutdown(Shutdown::Both);
                        let _ = way.to.shutdown(Shutdown::Both);
                    } else {
                        let _ = way.to.shutdown(Shutdown::Write);
                    }
                })?;
        }
        Ok(())
    }
}

/// One direction of a connection.
struct Way<'a> {
    shared: &'a Shared,
    from: TcpStream,
    to: TcpStream,
    /// What goes on since a record.
    fault: Fault,
}

impl Way<'_> {
    /// Passes records on until the sender closes its direction; an error when both are to be closed.
    fn run(&mut self, forth: bool) -> io::Result<()> {
        let hit = self.shared.hit;
        let mut held: Option<Vec<u8>> = None;
        for number in 0.. {
            let Some(mut record) = self.record()? else {
                return Ok(());
            };
            if number == hit.record && forth == hit.forth && hit.fault != Fault::None {
                self.shared.struck.store(true, Ordering::SeqCst);
                match hit.fault {
                    Fault::None => {}
                    Fault::Cut => return Err(io::ErrorKind::ConnectionAborted.into()),
                    Fault::CutWithin => {
                        record.truncate(record.len() / 2);
                        self.write(&record)?;
                        return Err(io::ErrorKind::ConnectionAborted.into());
                    }
                    Fault::Stall => self.shared.stalled.store(true, Ordering::SeqCst),
                    Fault::Trickle(..) => self.fault = hit.fault,
                    Fault::Flip(bit) => {
                        let bit = bit % (8 * record.len());
                        record[bit / 8] ^= 1 << (bit % 8);
                    }
                    Fault::Repeat => self.write(&record)?,
                    Fault::Swap => {
                        held = Some(record);
                        continue;
                    }
                    Fault::Drop => continue,
                }
            }
            self.write(&record)?;
            if let Some(held) = held.take() {
                self.write(&held)?;
            }
        }
        Ok(())
    }

    /// The next record; none when the sender has closed its direction.
    fn record(&mut self) -> io::Result<Option<Vec<u8>>> {
        let mut record = vec![0; RECORD_HEADER];
        if !self.fill(&mut record, 0)? {
            return Ok(None);
        }
        let len = usize::from(u16::from_be_bytes([record[3], record[4]]));
        record.resize(RECORD_HEADER + len, 0);
        Ok(self.fill(&mut record, RECORD_HEADER)?.then_some(record))
    }

    fn fill(&mut self, buffer: &mut [u8], from: usize) -> io::Result<bool> {
        let mut have = from;
        while have < buffer.len() {
            if self.shared.is_over() {
                return Err(io::ErrorKind::ConnectionAborted.into());
            }
            match self.from.read(&mut buffer[have..]) {
                Ok(0) => return Ok(false),
                Ok(n) => have += n,
                Err(e)
                    if matches!(
                        e.kind(),
                        io::ErrorKind::WouldBlock
                            | io::ErrorKind::TimedOut
                            | io::ErrorKind::Interrupted
                    ) => {}
                Err(e) => return Err(e),
            }
        }
        Ok(true)
    }

    fn write(&mut self, record: &[u8]) -> io::Result<()> {
        while self.shared.stalled.load(Ordering::SeqCst) {
            if self.shared.is_over() {
                return Err(io::ErrorKind::ConnectionAborted.into());
            }
            thread::sleep(TICK);
        }
        let mut rest = record;
        while let Fault::Trickle(pause, left @ 1..) = self.fault {
            let Some((byte, later)) = rest.split_first() else {
                return Ok(());
            };
            self.to.write_all(&[*byte])?;
            thread::sleep(Duration::from_micros(pause));
            self.fault = Fault::Trickle(pause, left - 1);
            rest = later;
        }
        self.to.write_all(rest)
    }
}
