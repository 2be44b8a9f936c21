//! What a party sends and expects in one tick, gathered into few messages.
//!
//! All parties run the same operations in the same order, so each knows the lengths of what the others append. Pieces
//! for one peer are joined until a message is [`CUT`] bytes long, or the tick ends; the receiver cuts at the same places, because
//! it announces the same lengths in the same order. A long message leaves while the tick still computes, and it is taken from
//! the link only when its first piece is needed: that is how blocks of lanes overlap computing and sending.

use std::collections::VecDeque;

use crate::error::Error;
use crate::net::Mesh;
use crate::party::PartyId;

/// A message is closed when it has at least this many bytes.
const CUT: usize = 64 * 1024;

/// The traffic of the tick under way.
pub struct Exchange<'m> {
    mesh: &'m mut Mesh,
    links: Vec<Link>,
    bytes_sent: u64,
}

#[derive(Default)]
struct Link {
    out: Vec<u8>,
    next_out: u64,
    /// Bytes announced since the last cut.
    announced: usize,
    /// Lengths of closed messages that are still to come.
    coming: VecDeque<usize>,
    next_in: u64,
    arrived: Vec<u8>,
    taken: usize,
}

impl<'m> Exchange<'m> {
    /// Starts with an empty tick.
    pub fn new(mesh: &'m mut Mesh) -> Self {
        let links = (0..mesh.n_parties()).map(|_| Link::default()).collect();
        Self {
            mesh,
            links,
            bytes_sent: 0,
        }
    }

    /// The party whose traffic this is.
    pub fn me(&self) -> PartyId {
        self.mesh.me()
    }

    /// Payload bytes handed to the transport or waiting to be.
    pub fn bytes_sent(&self) -> u64 {
        self.bytes_sent
    }

    /// Appends one piece for `to`: whatever `write` appends. An empty piece is none.
    pub fn send(&mut self, to: PartyId, write: impl FnOnce(&mut Vec<u8>)) -> Result<(), Error> {
        let link = link_mut(&mut self.links, to)?;
        let before = link.out.len();
        write(&mut link.out);
        self.bytes_sent += (link.out.len() - before) as u64;
        if link.out.len() >= CUT {
            link.flush(self.mesh, to)?;
        }
        Ok(())
    }

    /// Says that `from` appends a piece of `len` bytes for this party in this tick.
    pub fn expect(&mut self, from: PartyId, len: usize) -> Result<(), Error> {
        let link = link_mut(&mut self.links, from)?;
        link.announced += len;
        if link.announced >= CUT {
            link.coming.push_back(std::mem::take(&mut link.announced));
        }
        Ok(())
    }

    /// The next announced piece from `from`, of `len` bytes as announced; waits for it.
    pub fn take(&mut self, from: PartyId, len: usize) -> Result<&[u8], Error> {
        let link = link_mut(&mut self.links, from)?;
        if len == 0 {
            return Ok(&[]);
        }
        if link.taken == link.arrived.len() {
            let next = link
                .coming
                .pop_front()
                .ok_or_else(|| Error::bug("a message is taken that nobody announced"))?;
            link.arrived = self.mesh.recv(from, link.next_in, next)?;
            link.next_in += 1;
            link.taken = 0;
        }
        let start = link.taken;
        link.taken += len;
        link.arrived
            .get(start..start + len)
            .ok_or_else(|| Error::bug("a message is not cut as it was announced"))
    }

    /// Ends the tick: sends what waits.
    pub fn end_tick(&mut self) -> Result<(), Error> {
        for (to, link) in PartyId::all(self.links.len()).zip(&mut self.links) {
            if !link.out.is_empty() {
                link.flush(self.mesh, to)?;
            }
            if link.announced > 0 {
                link.coming.push_back(std::mem::take(&mut link.announced));
            }
        }
        Ok(())
    }
}

impl Link {
    fn flush(&mut self, mesh: &mut Mesh, to: PartyId) -> Result<(), Error> {
        let capacity = self.out.len().min(4 * CUT);
        let payload = std::mem::replace(&mut self.out, Vec::with_capacity(capacity));
        mesh.send(to, self.next_out, payload)?;
        self.next_out += 1;
        Ok(())
    }
}

fn link_mut(links: &mut [Link], party: PartyId) -> Result<&mut Link, Error> {
    links
        .get_mut(party.index())
        .ok_or_else(|| Error::bug(format!("there is no {party}")))
}
