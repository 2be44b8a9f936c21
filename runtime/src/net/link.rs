//! The two ends of a byte stream between two parties, which a transport provides and wrappers change.
//!
//! A transport moves frames as opaque bytes: it knows neither sessions nor steps. The writing half takes whole
//! frames, so that a wrapper can count, delay or spoil them one by one; the reading half gives back bytes in
//! whatever pieces they come.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use zeroize::Zeroizing;

use super::frame::HEADER_LEN;
use crate::hash::Digest;
use crate::party::PartyId;

/// The writing half of a link.
pub trait FrameSink: Send {
    /// Takes a frame; may keep it until [`FrameSink::flush`]. Blocks while the peer does not read.
    fn send(&mut self, header: &[u8; HEADER_LEN], payload: &[u8]) -> io::Result<()>;

    /// Puts everything taken so far on its way.
    fn flush(&mut self) -> io::Result<()>;

    /// Flushes and closes this direction; the peer's reader sees the end.
    fn finish(&mut self) -> io::Result<()>;

    /// Whether [`FrameSink::send`] takes a short frame without waiting, after everything before it has been flushed, and
    /// [`FrameSink::flush_some`] does what it says: then short messages need no thread that waits in their place.
    fn is_prompt(&self) -> bool {
        false
    }

    /// Puts as much on its way as the network takes within moments; whether that is everything.
    fn flush_some(&mut self) -> io::Result<bool> {
        self.flush().map(|()| true)
    }
}

/// The reading half of a link.
pub trait ByteSource: Send {
    /// Appends between 1 and `max` bytes to `out` and returns their number; 0 when the peer closed its
    /// direction, an error of kind `TimedOut` when nothing came within the deadline.
    fn read(&mut self, out: &mut Vec<u8>, max: usize) -> io::Result<usize>;

    /// How long `read` waits for the first byte.
    fn set_deadline(&mut self, deadline: Duration) -> io::Result<()>;
}

/// Closes both directions at once and wakes whoever waits in them.
pub trait Cut: Send + Sync {
    /// Closes the link; idempotent.
    fn cut(&self);
}

/// Thirty-two bytes that only the two ends of a link know; wiped when dropped.
pub struct LinkSecret(pub(crate) Zeroizing<[u8; 32]>);

/// One party's end of a link.
pub struct Link {
    /// The writing half.
    pub sink: Box<dyn FrameSink>,
    /// The reading half.
    pub source: Box<dyn ByteSource>,
    /// Closes both.
    pub cut: Arc<dyn Cut>,
    /// Known to the two ends alone; pair keys come from it.
    pub secret: LinkSecret,
    /// The hash of the certificate that the peer proved to hold the key of; of nothing where links are in memory.
    pub peer_certificate: Digest,
    /// How the two ends agreed on keys, by TLS's name; `memory` where nothing travels.
    pub key_exchange: &'static str,
}

/// One party's ends of its links to all others.
pub struct Links {
    /// The party whose ends these are.
    pub me: PartyId,
    /// The hash of the party's own certificate.
    pub certificate: Digest,
    /// The link to each party, by number; none to itself.
    pub to: Vec<Option<Link>>,
}

impl Links {
    /// Changes the link to one party, for wrappers.
    pub fn wrap(mut self, peer: PartyId, wrapper: impl FnOnce(Link) -> Link) -> Self {
        if let Some(slot) = self.to.get_mut(peer.index()) {
            *slot = slot.take().map(wrapper);
        }
        self
    }

    /// Changes every link; the wrapper is told the peer.
    pub fn wrap_all(mut self, mut wrapper: impl FnMut(PartyId, Link) -> Link) -> Self {
        for (peer, slot) in PartyId::all(self.to.len()).zip(&mut self.to) {
            *slot = slot.take().map(|link| wrapper(peer, link));
        }
        self
    }

    /// Changes every link by a wrapper that may fail.
    pub fn try_wrap_all<E>(
        mut self,
        mut wrapper: impl FnMut(PartyId, Link) -> Result<Link, E>,
    ) -> Result<Self, E> {
        for (peer, slot) in PartyId::all(self.to.len()).zip(&mut self.to) {
            if let Some(link) = slot.take() {
                *slot = Some(wrapper(peer, link)?);
            }
        }
        Ok(self)
    }
}
