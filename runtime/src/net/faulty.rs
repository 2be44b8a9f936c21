//! A wrapper that spoils one frame of a link, or everything after it: for tests of what the others then do.
//!
//! It stands between the frames and the transport, where a peer that does not keep to the protocol would: inside TLS.
//! Frames are counted without heartbeats and terms, so that a fault hits the same frame every time.

use std::io;
use std::sync::Arc;

use super::frame::{HEADER_LEN, Header, Kind};
use super::link::{Cut, FrameSink, Link};

/// What happens to a frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Spoil {
    /// A bit of header and payload, counted from the header's first and modulo their length, is flipped.
    FlipBit(usize),
    /// The link closes before the frame.
    Cut,
    /// The link closes after so many bytes of the frame.
    CutWithin(usize),
    /// The frame is sent twice.
    Repeat,
    /// The frame is left out.
    Drop,
    /// The frame is sent after the next one.
    Swap,
    /// From here on nothing arrives, while the link stays open.
    Stall,
    /// The frame is replaced by these bytes, which need not be a frame.
    Replace(Vec<u8>),
    /// The payload is longer by so many bytes, and the header says so.
    Lengthen(usize),
    /// The payload is shorter by so many bytes, and the header says so.
    Shorten(usize),
    /// The header claims this payload length, which is not there.
    ClaimLength(u32),
    /// The payload's first byte is changed, which only the protocol can notice.
    ChangePayload,
}

/// Spoils the frame with this number, from 0, that a party sends on a link.
pub fn wrap(link: Link, frame: usize, spoil: Spoil) -> Link {
    Link {
        sink: Box::new(Sink {
            inner: link.sink,
            cut: link.cut.clone(),
            until: frame,
            spoil,
            held: None,
            stalled: false,
        }),
        ..link
    }
}

struct Sink {
    inner: Box<dyn FrameSink>,
    cut: Arc<dyn Cut>,
    /// Frames before the one to spoil.
    until: usize,
    spoil: Spoil,
    held: Option<Vec<u8>>,
    stalled: bool,
}

impl Sink {
    /// Sends bytes that need not be a frame.
    fn raw(&mut self, bytes: &[u8]) -> io::Result<()> {
        // A transport wants a header's worth of bytes first; what is shorter is filled up.
        let mut header = [0; HEADER_LEN];
        let (first, rest) = bytes.split_at(bytes.len().min(HEADER_LEN));
        header[..first.len()].copy_from_slice(first);
        self.inner.send(&header, rest)
    }

    fn close(&mut self) -> io::Result<()> {
        // What was sent before the cut arrives.
        self.inner.flush()?;
        self.cut.cut();
        Err(io::ErrorKind::BrokenPipe.into())
    }

    fn spoiled(&mut self, header: &[u8; HEADER_LEN], payload: &[u8]) -> io::Result<()> {
        let mut frame = [header, payload].concat();
        let set_len = |frame: &mut Vec<u8>, len: u32| {
            frame[HEADER_LEN - 4..HEADER_LEN].copy_from_slice(&len.to_le_bytes());
        };
        match self.spoil.clone() {
            Spoil::FlipBit(bit) => {
                let at = bit % (frame.len() * 8);
                frame[at / 8] ^= 1 << (at % 8);
                self.raw(&frame)
            }
            Spoil::Cut => self.close(),
            Spoil::CutWithin(len) => {
                frame.truncate(len.max(HEADER_LEN));
                self.raw(&frame)?;
                self.close()
            }
            Spoil::Repeat => {
                self.inner.send(header, payload)?;
                self.inner.send(header, payload)
            }
            Spoil::Drop => Ok(()),
            Spoil::Swap => {
                self.held = Some(frame);
                Ok(())
            }
            Spoil::Stall => {
                self.stalled = true;
                self.inner.flush()
            }
            Spoil::Replace(bytes) => self.raw(&bytes),
            Spoil::Lengthen(by) => {
                frame.resize(frame.len() + by, 0);
                let len = (frame.len() - HEADER_LEN) as u32;
                set_len(&mut frame, len);
                self.raw(&frame)
            }
            Spoil::Shorten(by) => {
                frame.truncate(frame.len().saturating_sub(by).max(HEADER_LEN));
                let len = (frame.len() - HEADER_LEN) as u32;
                set_len(&mut frame, len);
                self.raw(&frame)
            }
            Spoil::ClaimLength(len) => {
                set_len(&mut frame, len);
                self.raw(&frame)
            }
            Spoil::ChangePayload => {
                if let Some(byte) = frame.get_mut(HEADER_LEN) {
                    *byte ^= 0xff;
                }
                self.raw(&frame)
            }
        }
    }
}

impl FrameSink for Sink {
    fn send(&mut self, header: &[u8; HEADER_LEN], payload: &[u8]) -> io::Result<()> {
        if self.stalled {
            return Ok(());
        }
        if Header::decode(header).is_ok_and(|h| matches!(h.kind, Kind::Heartbeat | Kind::Terms)) {
            return self.inner.send(header, payload);
        }
        let spoil_this = self.until == 0;
        self.until = self.until.checked_sub(1).unwrap_or(usize::MAX);
        if spoil_this {
            return self.spoiled(header, payload);
        }
        self.inner.send(header, payload)?;
        match self.held.take() {
            Some(held) => self.raw(&held),
            None => Ok(()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }

    fn finish(&mut self) -> io::Result<()> {
        if self.stalled {
            return Ok(());
        }
        self.inner.finish()
    }
}
