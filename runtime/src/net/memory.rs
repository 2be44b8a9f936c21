//! Links in memory, for parties that are threads of one process.
//!
//! They carry the same frames through the same reader and writer threads as TLS does, so that tests run the code that
//! deployments run. A pipe holds a bounded number of bytes, like a socket; with a small capacity it shows deadlocks.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use zeroize::Zeroizing;

use super::frame::HEADER_LEN;
use super::link::{ByteSource, Cut, FrameSink, Link, LinkSecret, Links};
use super::options::from_now;
use super::{Mesh, Options};
use crate::error::Error;
use crate::hash::sha256;
use crate::party::{PartyId, PartyNames};
use crate::prg::OsEntropy;

/// Bytes that a pipe holds unless told otherwise.
const CAPACITY: usize = 1 << 20;

/// Meshes among `n_parties` threads of this process, in the parties' order.
pub fn meshes(n_parties: usize, options: &Options) -> Result<Vec<Mesh>, Error> {
    links(n_parties)?
        .into_iter()
        .map(|links| Mesh::new(links, PartyNames::plain(n_parties), options.clone()))
        .collect()
}

/// Every party's links to all others, in the parties' order.
pub fn links(n_parties: usize) -> Result<Vec<Links>, Error> {
    links_with_capacity(n_parties, CAPACITY)
}

/// Links whose pipes hold at most `capacity` bytes (at least one).
pub fn links_with_capacity(n_parties: usize, capacity: usize) -> Result<Vec<Links>, Error> {
    let capacity = capacity.max(1);
    let mut all: Vec<Links> = PartyId::all(n_parties)
        .map(|me| Links {
            me,
            certificate: sha256(&[]),
            to: (0..n_parties).map(|_| None).collect(),
        })
        .collect();
    for a in 0..n_parties {
        for b in a + 1..n_parties {
            let secret = OsEntropy.bytes::<32>()?;
            let pipes = [Arc::new(Pipe::new(capacity)), Arc::new(Pipe::new(capacity))];
            let [forth, back] = &pipes;
            all[a].to[b] = Some(end(forth, back, secret.clone()));
            all[b].to[a] = Some(end(back, forth, secret));
        }
    }
    Ok(all)
}

fn end(out: &Arc<Pipe>, into: &Arc<Pipe>, secret: Zeroizing<[u8; 32]>) -> Link {
    Link {
        sink: Box::new(PipeSink(out.clone())),
        source: Box::new(PipeSource {
            pipe: into.clone(),
            deadline: None,
        }),
        cut: Arc::new(PipeCut([out.clone(), into.clone()])),
        secret: LinkSecret(secret),
        peer_certificate: sha256(&[]),
        key_exchange: "memory",
    }
}

/// One direction of a link.
struct Pipe {
    state: Mutex<PipeState>,
    changed: Condvar,
    capacity: usize,
}

#[derive(Default)]
struct PipeState {
    chunks: VecDeque<Vec<u8>>,
    /// Bytes of the first chunk that have been read.
    taken: usize,
    held: usize,
    finished: bool,
    cut: bool,
}

impl Pipe {
    fn new(capacity: usize) -> Self {
        Self {
            state: Mutex::default(),
            changed: Condvar::new(),
            capacity,
        }
    }

    fn lock(&self) -> MutexGuard<'_, PipeState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self, mut bytes: &[u8]) -> io::Result<()> {
        let mut state = self.lock();
        while !bytes.is_empty() {
            if state.cut || state.finished {
                return Err(io::ErrorKind::BrokenPipe.into());
            }
            let room = self.capacity.saturating_sub(state.held).min(bytes.len());
            if room == 0 {
                state = self
                    .changed
                    .wait(state)
                    .unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            let (now, later) = bytes.split_at(room);
            state.chunks.push_back(now.to_vec());
            state.held += room;
            bytes = later;
            self.changed.notify_all();
        }
        Ok(())
    }
}

struct PipeSink(Arc<Pipe>);

impl FrameSink for PipeSink {
    fn send(&mut self, header: &[u8; HEADER_LEN], payload: &[u8]) -> io::Result<()> {
        self.0.write(header)?;
        self.0.write(payload)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn finish(&mut self) -> io::Result<()> {
        self.0.lock().finished = true;
        self.0.changed.notify_all();
        Ok(())
    }
}

struct PipeSource {
    pipe: Arc<Pipe>,
    deadline: Option<Duration>,
}

impl ByteSource for PipeSource {
    fn read(&mut self, out: &mut Vec<u8>, max: usize) -> io::Result<usize> {
        let until = self.deadline.map(from_now);
        let mut guard = self.pipe.lock();
        loop {
            let state = &mut *guard;
            if let Some(chunk) = state.chunks.front() {
                let rest = &chunk[state.taken..];
                let n = rest.len().min(max);
                out.extend_from_slice(&rest[..n]);
                state.taken += n;
                if state.taken == chunk.len() {
                    state.chunks.pop_front();
                    state.taken = 0;
                }
                state.held -= n;
                self.pipe.changed.notify_all();
                return Ok(n);
            }
            if state.finished || state.cut {
                return Ok(0);
            }
            let left = match until {
                Some(until) => until.saturating_duration_since(Instant::now()),
                None => Duration::MAX,
            };
            if left.is_zero() {
                return Err(io::ErrorKind::TimedOut.into());
            }
            guard = self
                .pipe
                .changed
                .wait_timeout(guard, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }

    fn set_deadline(&mut self, deadline: Duration) -> io::Result<()> {
        self.deadline = Some(deadline);
        Ok(())
    }
}

struct PipeCut([Arc<Pipe>; 2]);

impl Cut for PipeCut {
    fn cut(&self) {
        for pipe in &self.0 {
            pipe.lock().cut = true;
            pipe.changed.notify_all();
        }
    }
}
