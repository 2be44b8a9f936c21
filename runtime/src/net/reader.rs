//! Receiving on a link: what a peer may send at all, and in which order; by a thread that waits for nothing else, or by the party itself.
//!
//! What does not depend on the plan is checked here, whether or not the party waits: sender and receiver, the order of frames, the
//! session's tag, what may follow a goodbye. Step and length are the party's to compare, when it takes a message.
//!
//! Where messages are short and the party waits for each, most of the time goes into waking the thread that reads and then the party. So
//! after a short message for which the party has waited the reader leaves the link to the party, which reads the next one itself,
//! for moments at a time: it must hear of what comes on other links. The reader takes the link back when the party has not read for
//! moments, when little comes, or when much does.

use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use super::frame::{HEADER_LEN, Header, Kind, UNBOUND_TAG, decode_notice};
use super::inbox::{Arrived, Inboxes, Look};
use super::link::ByteSource;
use super::options::{LEAST_DEADLINE, Options, interval};
use super::outbox::{Item, Outbox, SHORT};
use crate::error::{Error, LinkTrouble};
use crate::message::Malformed;
use crate::party::{PartyId, PartyNames};

/// How long the party reads on one link without looking at the others, and how long it may leave a link alone that the reader has left to it.
const MOMENT: Duration = Duration::from_millis(5);

/// What a reader thread needs to know.
pub(crate) struct Reading {
    pub(crate) me: PartyId,
    pub(crate) peer: PartyId,
    pub(crate) names: Arc<PartyNames>,
    pub(crate) inboxes: Arc<Inboxes>,
    pub(crate) outbox: Arc<Outbox>,
    pub(crate) options: Options,
}

/// The receiving end of a link, of which one thread at a time reads.
pub(crate) struct Intake {
    reading: Reading,
    receiving: Mutex<Receiving>,
    turn: Mutex<Turn>,
    /// The reader waits here for its turn.
    resumed: Condvar,
}

/// Whose turn it is to read.
#[derive(Default)]
struct Turn {
    /// The reader has left the link to the party.
    left: bool,
    /// The party reads.
    busy: bool,
    /// How often the party has read.
    reads: u64,
}

/// What reading has given.
enum Came {
    /// Nothing, or not all of a frame.
    Nothing,
    /// A frame that is nothing to take.
    Seen,
    /// A frame of data.
    Data(Arrived),
}

impl Intake {
    pub(crate) fn new(reading: Reading, source: Box<dyn ByteSource>) -> Self {
        let receiving = Receiving {
            source,
            silence: reading.options.connect,
            applied: None,
            order: Order {
                tag: UNBOUND_TAG,
                next: 0,
            },
            terms: false,
            header: Vec::with_capacity(HEADER_LEN),
            begun: None,
            failed: None,
        };
        Self {
            reading,
            receiving: Mutex::new(receiving),
            turn: Mutex::default(),
            resumed: Condvar::new(),
        }
    }

    fn receiving(&self) -> MutexGuard<'_, Receiving> {
        self.receiving
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn turn(&self) -> MutexGuard<'_, Turn> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits while the link is left to the party: until it gives it back, or does not read for moments.
    fn wait_turn(&self) {
        let mut turn = self.turn();
        while turn.left {
            let seen = turn.reads;
            turn = self
                .resumed
                .wait_timeout(turn, MOMENT)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
            turn.left &= turn.busy || turn.reads != seen;
        }
    }

    /// Gives the link back to the reader, if that has left it.
    pub(crate) fn give_back(&self) {
        let mut turn = self.turn();
        if std::mem::replace(&mut turn.left, false) {
            self.resumed.notify_one();
        }
    }
}

impl Look for Intake {
    fn claim(&self) -> bool {
        let mut turn = self.turn();
        turn.busy = turn.left;
        turn.busy
    }

    fn look(&self) -> Option<Arrived> {
        let mut receiving = self.receiving();
        let came = receiving.step(&self.reading, Some(MOMENT));
        let (frame, keeps) = match came {
            Ok(Came::Data(frame)) => {
                let short = frame.payload.len() <= SHORT;
                (Some(frame), short)
            }
            Ok(Came::Seen) => (None, true),
            Ok(Came::Nothing) => (None, false),
            // The reader finds it and ends.
            Err(error) => {
                receiving.failed = Some(error);
                (None, false)
            }
        };
        drop(receiving);
        let mut turn = self.turn();
        turn.busy = false;
        turn.reads += 1;
        if !keeps && std::mem::replace(&mut turn.left, false) {
            self.resumed.notify_one();
        }
        frame
    }
}

/// The reader thread of a link: receives until the peer closes it, the link fails or the party ends.
pub(crate) fn read_loop(intake: &Intake) {
    let reading = &intake.reading;
    let _end = End(reading);
    let (peer, inboxes) = (reading.peer, &reading.inboxes);
    loop {
        let came = intake.receiving().step(reading, None);
        let taken = came.and_then(|came| {
            let Came::Data(frame) = came else {
                return Ok(());
            };
            // Before the party knows of the frame: it may look for the next one at once.
            let short = frame.payload.len() <= SHORT;
            let leave = |waited: bool| intake.turn().left = short && waited;
            match inboxes.arrive(peer, frame, leave) {
                true => Ok(()),
                false => Err(reading.malformed(Malformed("a message after its goodbye"))),
            }
        });
        match taken {
            Ok(()) => intake.wait_turn(),
            Err(error) => return inboxes.link_failed(peer, error),
        }
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

/// How far a link is.
struct Receiving {
    source: Box<dyn ByteSource>,
    /// How long nothing may come.
    silence: Duration,
    /// How long the source waits.
    applied: Option<Duration>,
    order: Order,
    /// Whether the peer has said its terms.
    terms: bool,
    /// What has come of the next header.
    header: Vec<u8>,
    /// A frame whose header is there, what has come of its payload, and whether that is wanted.
    begun: Option<(Header, Vec<u8>, bool)>,
    /// What went wrong while the party read.
    failed: Option<Error>,
}

impl Reading {
    fn sent(&self, what: String) -> Error {
        Error::peer(
            self.peer,
            format!("{} sent {what}", self.names.label(self.peer)),
        )
    }

    fn malformed(&self, Malformed(what): Malformed) -> Error {
        self.sent(format!(
            "something that is not a message of this protocol ({what})"
        ))
    }
}

impl Receiving {
    /// Reads until a frame is there; for at most so long, if that is given.
    fn step(&mut self, reading: &Reading, moments: Option<Duration>) -> Result<Came, Error> {
        if let Some(error) = self.failed.take() {
            return Err(error);
        }
        let wait = moments.unwrap_or(self.silence);
        if self.applied != Some(wait) {
            let failed = |e| {
                let label = reading.names.label(reading.peer);
                Error::machine(format!("cannot wait for {label}: {e}"))
            };
            self.source.set_deadline(wait).map_err(failed)?;
            self.applied = Some(wait);
        }
        let silence = moments.is_none().then_some(self.silence);
        let (header, mut payload, wanted) = match self.begun.take() {
            Some(begun) => begun,
            None => {
                let source = self.source.as_mut();
                if !fill(reading, source, &mut self.header, HEADER_LEN, silence)? {
                    return Ok(Came::Nothing);
                }
                let header = Header::decode(&self.header);
                self.header.clear();
                let header = header.map_err(|what| reading.malformed(what))?;
                match self.begin(reading, header)? {
                    Some((payload, wanted)) => (header, payload, wanted),
                    None => return Ok(Came::Seen),
                }
            }
        };
        let len = header.len as usize;
        if !fill(reading, self.source.as_mut(), &mut payload, len, silence)? {
            self.begun = Some((header, payload, wanted));
            return Ok(Came::Nothing);
        }
        if header.kind == Kind::Abort {
            let names = &reading.names;
            let notice = decode_notice(&payload, names).map_err(|what| reading.malformed(what))?;
            let error = Error::reported(notice, |p| names.label(p));
            reading.inboxes.hear_abort(error);
        } else if wanted {
            return Ok(Came::Data(Arrived { header, payload }));
        }
        Ok(Came::Seen)
    }

    /// Takes a header; a buffer for what follows it, if anything does, and whether that is wanted.
    fn begin(
        &mut self,
        reading: &Reading,
        header: Header,
    ) -> Result<Option<(Vec<u8>, bool)>, Error> {
        let Reading {
            me,
            peer,
            inboxes,
            outbox,
            options,
            ..
        } = reading;
        let malformed = |what| Err(reading.malformed(Malformed(what)));
        if header.sender != peer.number() || header.receiver != me.number() {
            return malformed("a frame's sender and receiver");
        }
        if self.terms == (header.kind == Kind::Terms) && header.kind != Kind::Abort {
            return malformed("terms out of place");
        }
        match header.kind {
            Kind::Terms => {
                let theirs = Duration::from_millis(header.seq);
                if theirs < LEAST_DEADLINE {
                    return Err(reading.sent(format!(
                        "a deadline of {theirs:?}; the least is {LEAST_DEADLINE:?}"
                    )));
                }
                outbox.set_interval(interval(options.deadline, theirs));
                (self.terms, self.silence) = (true, options.deadline);
            }
            Kind::Data => {
                self.order
                    .follow(&header, || inboxes.session_tag())
                    .map_err(|what| reading.sent(what))?;
                let wanted = inboxes.admit(*peer, options);
                return Ok(Some((inboxes.buffer(*peer), wanted)));
            }
            Kind::Heartbeat => {
                if let Err(what) = inboxes.hear_progress(*peer, header.seq) {
                    return Err(reading.sent(what.to_owned()));
                }
            }
            Kind::Abort => return Ok(Some((Vec::with_capacity(header.len as usize), true))),
            Kind::Goodbye => {
                let mut again = false;
                inboxes.update(*peer, |inbox| {
                    again = std::mem::replace(&mut inbox.goodbye, true);
                });
                // Each is answered, so that many would fill the queue of what is to be sent.
                if again {
                    return malformed("a second goodbye");
                }
                outbox.push(Item::Control {
                    kind: Kind::Received,
                    payload: Vec::new(),
                });
            }
            Kind::Received => {
                if !outbox.said_goodbye() {
                    return malformed("an answer to nothing");
                }
                inboxes.update(*peer, |inbox| inbox.received = true);
            }
        }
        Ok(None)
    }
}

/// Appends bytes from the link to `out` until it has `len`; whether it has. Without an end of silence what does not come at once is left
/// for the next time.
fn fill(
    reading: &Reading,
    source: &mut dyn ByteSource,
    out: &mut Vec<u8>,
    len: usize,
    silence: Option<Duration>,
) -> Result<bool, Error> {
    out.reserve_exact(len.saturating_sub(out.len()));
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
                let Some(silence) = silence else {
                    return Ok(false);
                };
                let message = format!(
                    "nothing was heard from {} for {silence:?}: it has stalled, or the network between has failed",
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
    Ok(true)
}
