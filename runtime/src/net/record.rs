//! A wrapper that writes down what a party sends: for tests of schedules and for replaying old runs.
//!
//! Heartbeats are left out, because when they come depends on the clock.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::frame::{HEADER_LEN, Header, Kind};
use super::link::{FrameSink, Link, Links};
use crate::party::PartyId;

/// A frame as it was handed to the transport.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// The receiver.
    pub to: PartyId,
    /// The step of the schedule; 0 for frames that are not data.
    pub step: u64,
    /// Whether the frame is part of a message, and not a control frame.
    pub is_data: bool,
    /// Header and payload.
    pub bytes: Vec<u8>,
}

impl Recorded {
    /// Bytes of payload.
    pub fn payload_len(&self) -> usize {
        self.bytes.len() - HEADER_LEN
    }
}

/// What one party has sent, in order.
#[derive(Clone, Default)]
pub struct Recording {
    frames: Arc<Mutex<Vec<Recorded>>>,
}

impl Recording {
    /// Records all links of a party from now on.
    pub fn wrap(&self, links: Links) -> Links {
        links.wrap_all(|to, link| Link {
            sink: Box::new(Sink {
                inner: link.sink,
                frames: self.frames.clone(),
                to,
            }),
            ..link
        })
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Recorded>> {
        self.frames.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The frames sent to one party, in order.
    pub fn sent_to(&self, to: PartyId) -> Vec<Recorded> {
        let frames = self.lock();
        frames.iter().filter(|f| f.to == to).cloned().collect()
    }

    /// Step and payload length of each data frame sent to one party, in order: what an observer of the link learns.
    pub fn schedule(&self, to: PartyId) -> Vec<(u64, usize)> {
        let frames = self.lock();
        let data = frames.iter().filter(|f| f.to == to && f.is_data);
        data.map(|f| (f.step, f.payload_len())).collect()
    }
}

struct Sink {
    inner: Box<dyn FrameSink>,
    frames: Arc<Mutex<Vec<Recorded>>>,
    to: PartyId,
}

impl FrameSink for Sink {
    fn send(&mut self, header: &[u8; HEADER_LEN], payload: &[u8]) -> io::Result<()> {
        let decoded = Header::decode(header).ok();
        let kind = decoded.map_or(Kind::Data, |h| h.kind);
        if kind != Kind::Heartbeat {
            let is_data = kind == Kind::Data;
            let frame = Recorded {
                to: self.to,
                step: decoded.map_or(0, |h| h.step),
                is_data,
                bytes: [header, payload].concat(),
            };
            let mut frames = self.frames.lock().unwrap_or_else(PoisonError::into_inner);
            frames.push(frame);
        }
        self.inner.send(header, payload)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }

    fn finish(&mut self) -> io::Result<()> {
        self.inner.finish()
    }
}
