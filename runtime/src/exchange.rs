//! What a party sends and expects in one tick, gathered into few messages.
//!
//! All parties run the same operations in the same order, so each knows the lengths of what the others append. Pieces
//! for one peer are joined until a message is [`CUT`] bytes long, or the tick ends; the receiver cuts at the same places, because
//! it announces the same lengths in the same order. A long message leaves while the tick still computes, and it is taken from
//! the link only when its first piece is needed: that is how blocks of lanes overlap computing and sending.

use std::collections::VecDeque;

use crate::error::Error;
use crate::party::PartyId;
use crate::session::Session;
use crate::workers::Workers;

/// A message is closed when it has at least this many bytes.
const CUT: usize = 64 * 1024;

/// The traffic of the tick under way.
pub struct Exchange<'m> {
    session: &'m mut Session,
    links: Vec<Link>,
    bytes_sent: u64,
}

#[derive(Default)]
struct Link {
    out: Vec<u8>,
    /// Length of the last message, for the next.
    usual: usize,
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
    pub fn new(session: &'m mut Session) -> Self {
        let links = (0..session.n_parties()).map(|_| Link::default()).collect();
        Self {
            session,
            links,
            bytes_sent: 0,
        }
    }

    /// The party whose traffic this is.
    pub fn me(&self) -> PartyId {
        self.session.me()
    }

    /// How many parties there are.
    pub fn n_parties(&self) -> usize {
        self.links.len()
    }

    /// The threads that compute what is sent.
    pub(crate) fn workers(&self) -> &Workers {
        self.session.workers()
    }

    /// Payload bytes handed to the transport or waiting to be.
    pub fn bytes_sent(&self) -> u64 {
        self.bytes_sent
    }

    /// Appends one piece for `to`: whatever `write` appends. An empty piece is none.
    pub fn send(&mut self, to: PartyId, write: impl FnOnce(&mut Vec<u8>)) -> Result<(), Error> {
        let link = link_mut(&mut self.links, to)?;
        if link.out.capacity() == 0 {
            link.out = self.session.buffer(to);
            link.out.clear();
            link.out.reserve(link.usual);
        }
        let before = link.out.len();
        write(&mut link.out);
        #[cfg(test)]
        mallory::piece(to, &mut link.out, before);
        self.bytes_sent += (link.out.len() - before) as u64;
        if link.out.len() >= CUT {
            link.flush(self.session, to)?;
        }
        Ok(())
    }

    /// Appends one piece of `len` bytes for `to`, all of which `write` sets: it may find anything there.
    pub fn send_slice(
        &mut self,
        to: PartyId,
        len: usize,
        write: impl FnOnce(&mut [u8]),
    ) -> Result<(), Error> {
        let link = link_mut(&mut self.links, to)?;
        let start = link.out.len();
        if link.out.capacity() == 0 {
            link.out = self.session.buffer(to);
        }
        // Nothing is cleared that a buffer has already.
        link.out.resize(start + len, 0);
        write(&mut link.out[start..]);
        #[cfg(test)]
        mallory::piece(to, &mut link.out, start);
        self.bytes_sent += len as u64;
        if link.out.len() >= CUT {
            link.flush(self.session, to)?;
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
            let read = std::mem::replace(
                &mut link.arrived,
                self.session.recv(from, link.next_in, next)?,
            );
            self.session.give_back(from, read);
            link.next_in += 1;
            link.taken = 0;
        }
        let start = link.taken;
        link.taken += len;
        link.arrived
            .get(start..start + len)
            .ok_or_else(|| Error::bug("a message is not cut as it was announced"))
    }

    /// Fails when the run has failed, here or elsewhere: see [`Session::poll`].
    pub fn poll(&mut self) -> Result<(), Error> {
        self.session.poll()
    }

    /// Says how far this party is: see [`Session::progress`].
    pub fn progress(&self, done: u64) {
        self.session.progress(done);
    }

    /// Ends the tick: sends what waits. A party that exchanges nothing for many ticks hears here that the run has failed.
    pub fn end_tick(&mut self) -> Result<(), Error> {
        self.session.poll()?;
        for (to, link) in PartyId::all(self.links.len()).zip(&mut self.links) {
            if !link.out.is_empty() {
                link.flush(self.session, to)?;
            }
            if link.announced > 0 {
                link.coming.push_back(std::mem::take(&mut link.announced));
            }
        }
        Ok(())
    }
}

impl Link {
    fn flush(&mut self, session: &mut Session, to: PartyId) -> Result<(), Error> {
        self.usual = self.out.len().min(4 * CUT);
        let payload = std::mem::take(&mut self.out);
        session.send(to, self.next_out, payload)?;
        self.next_out += 1;
        Ok(())
    }
}

fn link_mut(links: &mut [Link], party: PartyId) -> Result<&mut Link, Error> {
    links
        .get_mut(party.index())
        .ok_or_else(|| Error::bug(format!("there is no {party}")))
}

/// A party that sends what it likes, for tests: a thread's pieces go through what it was given.
#[cfg(test)]
pub(crate) mod mallory {
    use std::cell::RefCell;

    use crate::party::PartyId;

    /// Is told to whom a piece goes and may change it.
    pub(crate) type Hook = Box<dyn FnMut(PartyId, &mut Vec<u8>)>;

    thread_local! {
        static HOOK: RefCell<Option<Hook>> = const { RefCell::new(None) };
    }

    /// From now on all pieces of this thread go through `hook`.
    pub(crate) fn begin(hook: Hook) {
        HOOK.set(Some(hook));
    }

    pub(super) fn piece(to: PartyId, out: &mut Vec<u8>, from: usize) {
        HOOK.with_borrow_mut(|hook| {
            if let Some(hook) = hook
                && out.len() > from
            {
                let mut piece = out.split_off(from);
                hook(to, &mut piece);
                out.append(&mut piece);
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::{Options, memory};

    fn sessions() -> [Session; 2] {
        let meshes = memory::meshes(2, &Options::default()).expect("meshes");
        let sessions = meshes.into_iter().map(|mesh| Session::local(mesh, [7; 32]));
        let sessions: Vec<_> = sessions.collect();
        sessions.try_into().ok().expect("two sessions")
    }

    const LENS: [usize; 8] = [3, 70_000, 1, 65_536, 300_000, 0, 40_000, 66_000];

    fn byte(tick: usize, piece: usize, i: usize) -> u8 {
        (tick * 31 + piece * 7 + i) as u8
    }

    /// Pieces of both kinds arrive as they were written, whatever the buffers held that they were written to.
    #[test]
    fn buffers_are_used_again_without_what_they_held() {
        let [mut a, mut b] = sessions();
        std::thread::scope(|scope| {
            scope.spawn(move || {
                let mut wire = Exchange::new(&mut a);
                let to = PartyId::new(1);
                for tick in 0..40 {
                    for (piece, &len) in LENS.iter().enumerate() {
                        let bytes = (0..len).map(|i| byte(tick, piece, i));
                        let sent = if (tick + piece) % 3 == 0 {
                            wire.send(to, |out| out.extend(bytes))
                        } else {
                            let set = |out: &mut [u8]| {
                                out.iter_mut().zip(bytes).for_each(|(o, b)| *o = b);
                            };
                            wire.send_slice(to, len, set)
                        };
                        sent.expect("sent");
                    }
                    wire.end_tick().expect("a tick");
                }
                assert_eq!(
                    wire.bytes_sent(),
                    40 * LENS.iter().map(|&l| l as u64).sum::<u64>()
                );
                a.close().expect("an end");
            });
            let mut wire = Exchange::new(&mut b);
            let from = PartyId::new(0);
            for tick in 0..40 {
                for &len in &LENS {
                    wire.expect(from, len).expect("announced");
                }
                wire.end_tick().expect("a tick");
                for (piece, &len) in LENS.iter().enumerate() {
                    let got = wire.take(from, len).expect("a piece");
                    assert!(
                        got.iter()
                            .copied()
                            .eq((0..len).map(|i| byte(tick, piece, i)))
                    );
                }
            }
            b.close().expect("an end");
        });
    }
}
