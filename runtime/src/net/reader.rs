//! The thread that receives on a link: what a peer may send at all, and in which order.
//!
//! What does not depend on the plan is checked here, whether or not the party waits: sender and receiver, the order of frames, the
//! session's tag, what may follow a goodbye. Step and length are the party's to compare, when it takes a message.

use std::io;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use super::frame::{HEADER_LEN, Header, Kind, UNBOUND_TAG, decode_notice};
use super::inbox::{Arrived, Inboxes};
use super::link::ByteSource;
use super::options::{LEAST_DEADLINE, Options, interval};
use super::outbox::{Item, Outbox};
use crate::error::{Error, LinkTrouble};
use crate::message::Malformed;
use crate::party::{PartyId, PartyNames};

/// What a reader thread needs to know.
pub(crate) struct Reading {
    pub(crate) me: PartyId,
    pub(crate) peer: PartyId,
    pub(crate) names: Arc<PartyNames>,
    pub(crate) inboxes: Arc<Inboxes>,
    pub(crate) outbox: Arc<Outbox>,
    pub(crate) options: Options,
}

/// The reader thread of a link: receives until the peer closes it, the link fails or the party ends.
pub(crate) fn read_loop(reading: &Reading, mut source: Box<dyn ByteSource>) {
    let _end = End(reading);
    if let Err(error) = read_all(reading, source.as_mut()) {
        reading.inboxes.link_failed(reading.peer, error);
    }
}

/// The end of a reader thread, also by a panic, with which nothing would ever arrive.
struct End<'a>(&'a Reading);

impl Drop for End<'_> {
    fn drop(&mut self) {
        let Reading { peer, inboxes, .. } = self.0;
        if thread::panicking() {
            let error = Error::bug(format!("the reader of the link to {peer} panicked"));
            inboxes.fail(error);
        }
        inboxes.update(*peer, |inbox| inbox.ended = true);
    }
}

/// The order in which data comes: numbered from 0 before the session is bound, and from 0 after.
struct Order {
    tag: [u8; 8],
    next: u64,
}

impl Order {
    /// Takes the next frame's header. The peer may know the session first: then its tag is compared when the message is taken.
    fn follow(
        &mut self,
        header: &Header,
        session: impl FnOnce() -> Option<[u8; 8]>,
    ) -> Result<(), String> {
        if header.tag != self.tag {
            let begins = self.tag == UNBOUND_TAG && header.seq == 0;
            if !begins || session().is_some_and(|tag| tag != header.tag) {
                return Err("a message of another run".to_owned());
            }
            (self.tag, self.next) = (header.tag, 0);
        }
        if header.seq != self.next {
            return Err(format!(
                "frame {} where frame {} comes next: frames were lost, repeated or reordered",
                header.seq, self.next
            ));
        }
        self.next += 1;
        Ok(())
    }
}

fn read_all(reading: &Reading, source: &mut dyn ByteSource) -> Result<(), Error> {
    let Reading {
        me,
        peer,
        names,
        inboxes,
        outbox,
        options,
    } = reading;
    let label = names.label(*peer);
    let sent = |what: String| Error::peer(*peer, format!("{label} sent {what}"));
    let malformed = |Malformed(what)| {
        sent(format!(
            "something that is not a message of this protocol ({what})"
        ))
    };
    let failed = |e| Error::machine(format!("cannot wait for {label}: {e}"));
    source.set_deadline(options.connect).map_err(failed)?;
    let mut deadline = options.connect;
    let mut order = Order {
        tag: UNBOUND_TAG,
        next: 0,
    };
    let mut terms = false;
    let mut header_bytes = Vec::with_capacity(HEADER_LEN);
    loop {
        header_bytes.clear();
        fill(reading, source, &mut header_bytes, HEADER_LEN, deadline)?;
        let header = Header::decode(&header_bytes).map_err(malformed)?;
        if header.sender != peer.number() || header.receiver != me.number() {
            return Err(malformed(Malformed("a frame's sender and receiver")));
        }
        if terms == (header.kind == Kind::Terms) && header.kind != Kind::Abort {
            return Err(malformed(Malformed("terms out of place")));
        }
        let len = header.len as usize;
        match header.kind {
            Kind::Terms => {
                let theirs = Duration::from_millis(header.seq);
                if theirs < LEAST_DEADLINE {
                    return Err(sent(format!(
                        "a deadline of {theirs:?}; the least is {LEAST_DEADLINE:?}"
                    )));
                }
                outbox.set_interval(interval(options.deadline, theirs));
                source.set_deadline(options.deadline).map_err(failed)?;
                (terms, deadline) = (true, options.deadline);
            }
            Kind::Data => {
                order
                    .follow(&header, || inboxes.session_tag())
                    .map_err(sent)?;
                let wanted = inboxes.admit(*peer, options);
                let mut payload = inboxes.buffer(*peer);
                fill(reading, source, &mut payload, len, deadline)?;
                if wanted && !inboxes.arrive(*peer, Arrived { header, payload }) {
                    return Err(malformed(Malformed("a message after its goodbye")));
                }
            }
            Kind::Heartbeat => {
                if let Err(what) = inboxes.hear_progress(*peer, header.seq) {
                    return Err(sent(what.to_owned()));
                }
            }
            Kind::Abort => {
                let mut payload = Vec::with_capacity(len);
                fill(reading, source, &mut payload, len, deadline)?;
                let notice = decode_notice(&payload, names).map_err(malformed)?;
                inboxes.hear_abort(Error::reported(notice, |p| names.label(p)));
            }
            Kind::Goodbye => {
                let mut again = false;
                inboxes.update(*peer, |inbox| {
                    again = std::mem::replace(&mut inbox.goodbye, true);
                });
                // Each is answered, so that many would fill the queue of what is to be sent.
                if again {
                    return Err(malformed(Malformed("a second goodbye")));
                }
                outbox.push(Item::Control {
                    kind: Kind::Received,
                    payload: Vec::new(),
                });
            }
            Kind::Received => {
                if !outbox.said_goodbye() {
                    return Err(malformed(Malformed("an answer to nothing")));
                }
                inboxes.update(*peer, |inbox| inbox.received = true);
            }
        }
    }
}

/// Appends exactly `len` bytes from the link to `out`, which is empty.
fn fill(
    reading: &Reading,
    source: &mut dyn ByteSource,
    out: &mut Vec<u8>,
    len: usize,
    deadline: Duration,
) -> Result<(), Error> {
    out.reserve_exact(len);
    let (me, peer) = (reading.me, reading.peer);
    let label = || reading.names.label(peer);
    while out.len() < len {
        let missing = len - out.len();
        match source.read(out, missing) {
            Ok(0) => {
                let message = format!("{} closed the connection before the run was over", label());
                return Err(Error::network(me, peer, LinkTrouble::Closed, message));
            }
            Ok(_) => {}
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) if e.kind() == io::ErrorKind::TimedOut => {
                let message = format!(
                    "nothing was heard from {} for {deadline:?}: it has stalled, or the network between has failed",
                    label(),
                );
                return Err(Error::network(me, peer, LinkTrouble::Silent, message));
            }
            // Whoever can touch the bytes on the way can bring this about; the peer need not have done anything.
            Err(e) if e.kind() == io::ErrorKind::InvalidData => {
                let message = format!(
                    "what arrives from {} is not what it sealed ({e}): bytes were changed, lost or repeated on the way",
                    label()
                );
                return Err(Error::network(me, peer, LinkTrouble::Altered, message));
            }
            Err(e) => {
                let message = format!("the connection to {} broke: {e}", label());
                return Err(Error::network(me, peer, LinkTrouble::Closed, message));
            }
        }
    }
    Ok(())
}
