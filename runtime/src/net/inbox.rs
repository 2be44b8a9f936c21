//! What the others have sent and the party has not yet taken, and the threads that receive it.
//!
//! A reader stops taking from its link when much waits already. While the party waits for room or for a message, its readers
//! take more the longer it waits: otherwise parties that wait for each other in a ring could all have stopped reading.
//! So, if every party waits, every link moves in the end, and whatever the schedule allows to arrive does. They take little
//! more at first, as a wait is mostly short: of two parties that send the same amount, the faster one shall wait for the slower
//! one, not fill the memory here. A hard limit remains for a peer that floods.

use std::collections::VecDeque;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::Options;
use super::frame::{FRAME_CAP, HEADER_LEN, Header, Kind, decode_notice};
use super::link::ByteSource;
use super::outbox::{Item, Outbox};
use crate::error::{Error, LinkTrouble};
use crate::message::Malformed;
use crate::party::{PartyId, PartyNames};

/// How long a closed link waits for another party to say why.
const GRACE: Duration = Duration::from_millis(200);

/// A reader takes twice as much for every such time that the party has waited.
const STALL: Duration = Duration::from_millis(50);

/// Buffers kept for reading, per link.
const SPARE_BUFFERS: usize = 4;

/// What a frame that waits takes besides its payload, at least: a peer that sends many empty frames fills the queue too.
const FRAME_OVERHEAD: usize = 128;

/// A frame of data that has arrived.
pub(crate) struct Arrived {
    pub(crate) header: Header,
    pub(crate) payload: Vec<u8>,
}

impl Arrived {
    /// What counts against the limits of a queue.
    fn weight(&self) -> usize {
        FRAME_OVERHEAD + self.payload.len()
    }
}

/// Everything that has arrived at one party.
pub(crate) struct Inboxes {
    state: Mutex<State>,
    /// The party waits here.
    arrived: Condvar,
    /// Readers wait here for room.
    room: Condvar,
    /// A cheap look at whether anything has failed.
    failed: AtomicBool,
}

struct State {
    links: Vec<Inbox>,
    /// Since when the party waits inside the transport.
    waiting: Option<Instant>,
    /// The party wants no more data.
    discarding: bool,
    readers_paused: usize,
    abort: Option<Error>,
    failure: Option<(Instant, Error)>,
}

#[derive(Default)]
struct Inbox {
    frames: VecDeque<Arrived>,
    bytes: usize,
    goodbye: bool,
    received: bool,
    ended: bool,
    spare: Vec<Vec<u8>>,
}

impl Inboxes {
    pub(crate) fn new(n_parties: usize) -> Self {
        Self {
            state: Mutex::new(State {
                links: (0..n_parties).map(|_| Inbox::default()).collect(),
                waiting: None,
                discarding: false,
                readers_paused: 0,
                abort: None,
                failure: None,
            }),
            arrived: Condvar::new(),
            room: Condvar::new(),
            failed: AtomicBool::new(false),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'a>(&self, guard: MutexGuard<'a, State>, at_most: Duration) -> MutexGuard<'a, State> {
        self.arrived
            .wait_timeout(guard, at_most)
            .unwrap_or_else(PoisonError::into_inner)
            .0
    }

    /// The next frame from a party; an error when none will come, or none came for `patience`.
    pub(crate) fn take(
        &self,
        from: PartyId,
        patience: Duration,
        late: impl Fn() -> Error,
        ended: impl Fn() -> Error,
    ) -> Result<Arrived, Error> {
        let mut state = self.lock();
        let mut until = None;
        let result = loop {
            let Some(inbox) = state.links.get_mut(from.index()) else {
                break Err(Error::bug("a message was awaited from no party"));
            };
            if let Some(frame) = inbox.frames.pop_front() {
                inbox.bytes -= frame.weight();
                break Ok(frame);
            }
            let said_goodbye = inbox.goodbye;
            let mut at_most = match state.verdict() {
                Verdict::Fine if said_goodbye => break Err(ended()),
                Verdict::Fine => Duration::MAX,
                Verdict::Soon(wait) => wait,
                Verdict::Failed(error) => break Err(error),
            };
            let now = Instant::now();
            let until = *until.get_or_insert(now + patience);
            if now >= until {
                break Err(late());
            }
            at_most = at_most.min(until - now);
            if state.waiting.is_none() {
                state.waiting = Some(now);
                if state.readers_paused > 0 {
                    self.room.notify_all();
                }
            }
            state = self.wait(state, at_most);
        };
        state.waiting = None;
        if state.readers_paused > 0 {
            self.room.notify_all();
        }
        result
    }

    /// Gives a buffer back for the next frame from this party.
    pub(crate) fn give_back(&self, from: PartyId, buffer: Vec<u8>) {
        let mut state = self.lock();
        if let Some(inbox) = state.links.get_mut(from.index())
            && inbox.spare.len() < SPARE_BUFFERS
            && (1..=FRAME_CAP).contains(&buffer.capacity())
        {
            inbox.spare.push(buffer);
        }
    }

    /// Lets the readers run while the party waits for something else.
    pub(crate) fn set_waiting(&self, waiting: bool) {
        let mut state = self.lock();
        state.waiting = waiting.then(Instant::now);
        if waiting && state.readers_paused > 0 {
            self.room.notify_all();
        }
    }

    /// The failure that ends the run, if there is one; waits a moment for the first cause.
    pub(crate) fn failure(&self) -> Option<Error> {
        if !self.failed.load(Ordering::Acquire) {
            return None;
        }
        let mut state = self.lock();
        loop {
            match state.verdict() {
                Verdict::Fine => return None,
                Verdict::Failed(error) => return Some(error),
                Verdict::Soon(wait) => state = self.wait(state, wait),
            }
        }
    }

    /// Waits until every party has everything that was sent to it; an error if one never will.
    pub(crate) fn wait_received(
        &self,
        me: PartyId,
        patience: Duration,
        late: impl Fn(PartyId) -> Error,
    ) -> Result<(), Error> {
        let until = Instant::now() + patience;
        let mut state = self.lock();
        state.waiting = Some(Instant::now());
        self.room.notify_all();
        loop {
            let n_parties = state.links.len();
            let missing = PartyId::all(n_parties)
                .zip(&state.links)
                .find(|(p, inbox)| *p != me && !inbox.received && !(inbox.goodbye && inbox.ended));
            let Some((missing, _)) = missing else {
                return Ok(());
            };
            let mut at_most = until.saturating_duration_since(Instant::now());
            match state.verdict() {
                Verdict::Failed(error) => return Err(error),
                Verdict::Soon(wait) => at_most = at_most.min(wait),
                Verdict::Fine => {}
            }
            if at_most.is_zero() {
                return Err(late(missing));
            }
            state = self.wait(state, at_most);
        }
    }

    /// From now on what arrives is read and dropped.
    pub(crate) fn discard(&self) {
        let mut state = self.lock();
        state.discarding = true;
        for inbox in &mut state.links {
            inbox.frames.clear();
            inbox.bytes = 0;
        }
        self.room.notify_all();
    }

    /// Waits until the readers of all links to others have ended, or for `patience`.
    pub(crate) fn wait_ended(&self, me: PartyId, patience: Duration) {
        let running = |state: &mut State| {
            let mut links = state.links.iter().enumerate();
            links.any(|(i, inbox)| i != me.index() && !inbox.ended)
        };
        let state = self.lock();
        let _state = self
            .arrived
            .wait_timeout_while(state, patience, running)
            .unwrap_or_else(PoisonError::into_inner);
    }

    /// Waits for room for data from `from`; false when the party wants none any more.
    fn admit(&self, from: PartyId, options: &Options) -> bool {
        let mut state = self.lock();
        loop {
            let held = state.links.get(from.index()).map_or(0, |inbox| inbox.bytes);
            let (cap, grows) = state.cap(options);
            if held <= cap || state.discarding {
                break;
            }
            state.readers_paused += 1;
            state = match grows {
                Some(at_most) => {
                    let (state, _) = self
                        .room
                        .wait_timeout(state, at_most)
                        .unwrap_or_else(PoisonError::into_inner);
                    state
                }
                None => self
                    .room
                    .wait(state)
                    .unwrap_or_else(PoisonError::into_inner),
            };
            state.readers_paused -= 1;
        }
        !state.discarding
    }

    fn buffer(&self, from: PartyId) -> Vec<u8> {
        let mut state = self.lock();
        let inbox = state.links.get_mut(from.index());
        let mut buffer = inbox.and_then(|i| i.spare.pop()).unwrap_or_default();
        buffer.clear();
        buffer
    }

    fn update(&self, from: PartyId, change: impl FnOnce(&mut Inbox)) {
        let mut state = self.lock();
        if let Some(inbox) = state.links.get_mut(from.index()) {
            change(inbox);
        }
        if state.waiting.is_some() || state.discarding {
            self.arrived.notify_all();
        }
    }

    fn fail(&self, error: Error, is_report: bool) {
        let mut state = self.lock();
        if is_report {
            state.abort.get_or_insert(error);
        } else {
            state.failure.get_or_insert((Instant::now(), error));
        }
        self.failed.store(true, Ordering::Release);
        self.arrived.notify_all();
    }
}

enum Verdict {
    Fine,
    /// A link closed, and another party may be about to say why.
    Soon(Duration),
    Failed(Error),
}

impl State {
    /// Bytes that may wait on a link now, and how long until they are more.
    fn cap(&self, options: &Options) -> (usize, Option<Duration>) {
        let Some(since) = self.waiting else {
            return (options.receive_queue, None);
        };
        let waited = since.elapsed();
        let times = u32::try_from(waited.as_millis() / STALL.as_millis()).unwrap_or(u32::MAX);
        let grown = 1usize.checked_shl(times).map_or(usize::MAX, |factor| {
            options.receive_queue.max(1).saturating_mul(factor)
        });
        if grown < options.receive_limit {
            let next = STALL * (times + 1);
            (grown, Some(next.saturating_sub(waited)))
        } else {
            (options.receive_limit, None)
        }
    }

    fn verdict(&self) -> Verdict {
        if let Some(error) = &self.abort {
            return Verdict::Failed(error.clone());
        }
        let Some((since, error)) = &self.failure else {
            return Verdict::Fine;
        };
        let closed = matches!(
            error.fault(),
            crate::error::Fault::Network {
                trouble: LinkTrouble::Closed,
                ..
            }
        );
        let left = GRACE.saturating_sub(since.elapsed());
        if closed && self.links.len() > 2 && !left.is_zero() {
            Verdict::Soon(left)
        } else {
            Verdict::Failed(error.clone())
        }
    }
}

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
    let end = read_all(reading, source.as_mut());
    if let Err(error) = end {
        let said_goodbye = {
            let state = reading.inboxes.lock();
            let inbox = state.links.get(reading.peer.index());
            state.discarding || inbox.is_some_and(|inbox| inbox.goodbye)
        };
        if !said_goodbye {
            reading.inboxes.fail(error, false);
        }
    }
    reading
        .inboxes
        .update(reading.peer, |inbox| inbox.ended = true);
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
    let malformed = |Malformed(what)| {
        Error::peer(
            *peer,
            format!("{label} sent something that is not a message of this protocol ({what})"),
        )
    };
    let mut header_bytes = Vec::with_capacity(HEADER_LEN);
    loop {
        header_bytes.clear();
        fill(reading, source, &mut header_bytes, HEADER_LEN)?;
        let header = Header::decode(&header_bytes).map_err(malformed)?;
        if header.sender != peer.number() || header.receiver != me.number() {
            return Err(malformed(Malformed("a frame's sender and receiver")));
        }
        let len = header.len as usize;
        match header.kind {
            Kind::Data => {
                let wanted = inboxes.admit(*peer, options);
                let mut payload = inboxes.buffer(*peer);
                fill(reading, source, &mut payload, len)?;
                if wanted {
                    inboxes.update(*peer, |inbox| {
                        // After its goodbye nothing that a peer sends counts.
                        if !inbox.goodbye {
                            let frame = Arrived { header, payload };
                            inbox.bytes += frame.weight();
                            inbox.frames.push_back(frame);
                        }
                    });
                }
            }
            Kind::Heartbeat => {}
            Kind::Abort => {
                let mut payload = Vec::with_capacity(len);
                fill(reading, source, &mut payload, len)?;
                let notice = decode_notice(&payload, names).map_err(malformed)?;
                inboxes.fail(Error::reported(notice, |p| names.label(p)), true);
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
            Kind::Received => inboxes.update(*peer, |inbox| inbox.received = true),
        }
    }
}

/// Appends exactly `len` bytes from the link to `out`, which is empty.
fn fill(
    reading: &Reading,
    source: &mut dyn ByteSource,
    out: &mut Vec<u8>,
    len: usize,
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
                    "nothing was heard from {} for {:?}: it has stalled, or the network between has failed",
                    label(),
                    reading.options.deadline
                );
                return Err(Error::network(me, peer, LinkTrouble::Silent, message));
            }
            Err(e) if e.kind() == io::ErrorKind::InvalidData => {
                return Err(Error::peer(
                    peer,
                    format!(
                        "{} sent something that its link does not allow: {e}",
                        label()
                    ),
                ));
            }
            Err(e) => {
                let message = format!("the connection to {} broke: {e}", label());
                return Err(Error::network(me, peer, LinkTrouble::Closed, message));
            }
        }
    }
    Ok(())
}
