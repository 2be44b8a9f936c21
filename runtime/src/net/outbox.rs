//! What one party has still to send to another, and the thread that sends it.
//!
//! The queue hands messages over whole and the thread cuts them into frames, so that a large message is encrypted and
//! sent while its receiver already works on the first part. A short message on an idle link leaves at once, from the thread that
//! has it: waking another costs more than sending. What the network does not take in moments is left to the thread that can wait.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::frame::{FRAME_CAP, Header, Kind, UNBOUND_TAG};
use super::inbox::Inboxes;
use super::link::FrameSink;
use super::progress::Progress;
use crate::error::Error;
use crate::party::PartyId;

/// Buffers of messages that have left, kept for those to come.
const SPARE_BUFFERS: usize = 4;

/// Payload bytes of the longest message that leaves at once.
pub(crate) const SHORT: usize = 16 * 1024;

/// Something to send.
pub(crate) enum Item {
    /// A message of the protocol, numbered from `seq` on, one number per frame.
    Data {
        tag: [u8; 8],
        step: u64,
        seq: u64,
        payload: Vec<u8>,
    },
    /// A frame that is not part of the protocol.
    Control { kind: Kind, payload: Vec<u8> },
}

/// The queue of one link, and its end.
pub(crate) struct Outbox {
    me: PartyId,
    peer: PartyId,
    state: Mutex<State>,
    /// Taken for one frame or flush at a time, by whoever has made sure that its turn has come.
    sink: Mutex<Box<dyn FrameSink>>,
    /// Whether short messages may leave at once.
    prompt: bool,
    /// The writer waits here for work.
    work: Condvar,
    /// The party waits here for room, and for the writer's end.
    room: Condvar,
}

struct State {
    items: VecDeque<Item>,
    bytes: usize,
    spare: Vec<Vec<u8>>,
    /// Silence is broken after this time.
    interval: Duration,
    /// The end of what this party sends has been queued.
    said_goodbye: bool,
    /// No more items come: what is queued is sent, then the direction is closed.
    finishing: bool,
    /// The writer has ended, with success or not.
    ended: bool,
    /// The writer ended because the link failed.
    broken: bool,
    writer_waits: bool,
    /// A message is leaving from the party's own thread: the writer's turn comes after it.
    leaving: bool,
    /// What such a message has left for the writer to do.
    rest: Rest,
}

/// What the writer has to do besides sending what is queued.
enum Rest {
    Nothing,
    /// Not everything that the sink took is on its way.
    Flush,
    /// The link has failed.
    Fail(io::Error),
}

impl Outbox {
    /// An empty queue of a link on which silence is broken after each `interval`.
    pub(crate) fn new(
        [me, peer]: [PartyId; 2],
        sink: Box<dyn FrameSink>,
        interval: Duration,
    ) -> Self {
        Self {
            me,
            peer,
            prompt: sink.is_prompt(),
            sink: Mutex::new(sink),
            state: Mutex::new(State {
                items: VecDeque::new(),
                bytes: 0,
                spare: Vec::new(),
                interval,
                said_goodbye: false,
                finishing: false,
                ended: false,
                broken: false,
                writer_waits: false,
                leaving: false,
                rest: Rest::Nothing,
            }),
            work: Condvar::new(),
            room: Condvar::new(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn sink(&self) -> MutexGuard<'_, Box<dyn FrameSink>> {
        self.sink.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn header(&self, kind: Kind, seq: u64, len: usize) -> Header {
        Header {
            tag: UNBOUND_TAG,
            kind,
            sender: self.me.number(),
            receiver: self.peer.number(),
            step: 0,
            seq,
            len: len as u32,
        }
    }

    /// Sends an item at once if it is short and its turn has come, else queues it; one that comes after the end is dropped.
    pub(crate) fn push(&self, item: Item) {
        let mut state = self.lock();
        if state.ended || state.finishing {
            return;
        }
        if let Item::Data {
            tag,
            step,
            seq,
            payload,
        } = &item
            && self.prompt
            && payload.len() <= SHORT
            && state.writer_waits
            && !state.leaving
            && state.items.is_empty()
            && matches!(state.rest, Rest::Nothing)
        {
            state.leaving = true;
            drop(state);
            let header = Header {
                tag: *tag,
                step: *step,
                ..self.header(Kind::Data, *seq, payload.len())
            };
            let rest = self.send_now(&header, payload);
            let mut state = self.lock();
            state.leaving = false;
            state.rest = rest;
            if !state.items.is_empty() || !matches!(state.rest, Rest::Nothing) {
                self.work.notify_one();
            }
            drop(state);
            if let Item::Data { payload, .. } = item {
                self.give_back(payload);
            }
            return;
        }
        match &item {
            Item::Data { payload, .. } => state.bytes += payload.len(),
            Item::Control { kind, .. } => state.said_goodbye |= *kind == Kind::Goodbye,
        }
        state.items.push_back(item);
        if state.writer_waits {
            self.work.notify_one();
        }
    }

    /// Sends a short message; what is left of that.
    fn send_now(&self, header: &Header, payload: &[u8]) -> Rest {
        let mut sink = self.sink();
        let sent = sink.send(&header.encode(), payload);
        match sent.and_then(|()| sink.flush_some()) {
            Ok(true) => Rest::Nothing,
            Ok(false) => Rest::Flush,
            Err(e) => Rest::Fail(e),
        }
    }

    /// From now on silence is broken after this time.
    pub(crate) fn set_interval(&self, interval: Duration) {
        self.lock().interval = interval;
        self.work.notify_one();
    }

    /// Whether the end of what this party sends has been queued.
    pub(crate) fn said_goodbye(&self) -> bool {
        self.lock().said_goodbye
    }

    /// A buffer for a message: that of one that has left, with what it held, or a new one.
    pub(crate) fn buffer(&self) -> Vec<u8> {
        self.lock().spare.pop().unwrap_or_default()
    }

    /// Keeps the buffer of a message that has left.
    fn give_back(&self, buffer: Vec<u8>) {
        let mut state = self.lock();
        if state.spare.len() < SPARE_BUFFERS && (1..=FRAME_CAP).contains(&buffer.capacity()) {
            state.spare.push(buffer);
        }
    }

    /// Drops what has not been sent, sends this frame instead, and ends.
    pub(crate) fn replace_all(&self, kind: Kind, payload: Vec<u8>) {
        let mut state = self.lock();
        state.items.clear();
        state.bytes = 0;
        if !state.finishing {
            state.items.push_back(Item::Control { kind, payload });
        }
        state.finishing = true;
        self.work.notify_one();
        self.room.notify_all();
    }

    /// Ends the direction after what is queued.
    pub(crate) fn finish(&self) {
        self.lock().finishing = true;
        self.work.notify_one();
    }

    /// Whether at most `cap` bytes wait, after waiting up to `patience` for that.
    pub(crate) fn has_room(&self, cap: usize, patience: Duration) -> bool {
        let full = |state: &mut State| state.bytes > cap && !state.ended;
        let state = self.lock();
        let (state, _) = self
            .room
            .wait_timeout_while(state, patience, full)
            .unwrap_or_else(PoisonError::into_inner);
        state.bytes <= cap || state.ended
    }

    /// Whether the writer ended because the link failed.
    pub(crate) fn is_broken(&self) -> bool {
        self.lock().broken
    }

    /// Waits until the writer has ended, or for `patience`.
    pub(crate) fn wait_end(&self, patience: Duration) {
        let state = self.lock();
        let _ended = self
            .room
            .wait_timeout_while(state, patience, |state| !state.ended)
            .unwrap_or_else(PoisonError::into_inner);
    }

    /// The next item if there is one.
    fn next(&self) -> Next {
        let mut state = self.lock();
        self.pop(&mut state)
    }

    /// The next item, after waiting for up to the time after which silence is broken.
    fn wait_next(&self) -> Next {
        let began = Instant::now();
        let mut state = self.lock();
        state.writer_waits = true;
        loop {
            let left = state.interval.saturating_sub(began.elapsed());
            let next = self.pop(&mut state);
            if !matches!(next, Next::Nothing) || left.is_zero() {
                state.writer_waits = false;
                return next;
            }
            state = self
                .work
                .wait_timeout(state, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }

    fn pop(&self, state: &mut State) -> Next {
        if state.leaving {
            return Next::Nothing;
        }
        match std::mem::replace(&mut state.rest, Rest::Nothing) {
            Rest::Nothing => {}
            Rest::Flush => return Next::Flush,
            Rest::Fail(e) => return Next::Failed(e),
        }
        match state.items.pop_front() {
            Some(item) => Next::Item(item),
            None if state.finishing => Next::End,
            None => Next::Nothing,
        }
    }

    fn sent(&self, len: usize) {
        let mut state = self.lock();
        state.bytes = state.bytes.saturating_sub(len);
        self.room.notify_all();
    }

    fn end(&self, broken: bool) {
        let mut state = self.lock();
        state.ended = true;
        state.broken = broken;
        state.items.clear();
        state.bytes = 0;
        self.room.notify_all();
    }
}

enum Next {
    Item(Item),
    Nothing,
    /// Something that has left at once is not on its way yet.
    Flush,
    /// Something could not leave at once, and nothing will.
    Failed(io::Error),
    End,
}

/// What a writer thread needs to know.
pub(crate) struct Writing {
    pub(crate) outbox: Arc<Outbox>,
    pub(crate) inboxes: Arc<Inboxes>,
    pub(crate) progress: Arc<Progress>,
    pub(crate) deadline: Duration,
}

/// The writer thread of a link: says this party's terms, then sends until the outbox ends or the link fails. Silence is broken
/// by heartbeats. A failed link is left to the reader to report, which may still find the peer's own reason in what it sent
/// last.
pub(crate) fn write_loop(writing: &Writing) {
    let _end = End(writing);
    let result = write_all(writing);
    writing.outbox.end(result.is_err());
}

/// The end of a writer thread, also by a panic, with which nothing would ever be sent.
struct End<'a>(&'a Writing);

impl Drop for End<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            let Writing {
                outbox, inboxes, ..
            } = self.0;
            inboxes.fail(Error::bug(format!(
                "the writer of the link to {} panicked",
                outbox.peer
            )));
            outbox.end(true);
        }
    }
}

fn write_all(writing: &Writing) -> io::Result<()> {
    let outbox = &writing.outbox;
    let control = |kind, seq: u64, payload: &[u8]| {
        let header = outbox.header(kind, seq, payload.len());
        outbox.sink().send(&header.encode(), payload)
    };
    let deadline = u64::try_from(writing.deadline.as_millis()).unwrap_or(u64::MAX);
    control(Kind::Terms, deadline, &[])?;
    loop {
        let next = match outbox.next() {
            Next::Nothing => {
                outbox.sink().flush()?;
                outbox.wait_next()
            }
            next @ (Next::Item(_) | Next::Flush | Next::Failed(_) | Next::End) => next,
        };
        match next {
            Next::Nothing => control(Kind::Heartbeat, writing.progress.get(), &[])?,
            Next::Flush => outbox.sink().flush()?,
            Next::Failed(e) => return Err(e),
            Next::End => return outbox.sink().finish(),
            Next::Item(Item::Control { kind, payload }) => control(kind, 0, &payload)?,
            Next::Item(Item::Data {
                tag,
                step,
                mut seq,
                payload,
            }) => {
                let mut rest = payload.as_slice();
                loop {
                    let (now, later) = rest.split_at(rest.len().min(FRAME_CAP));
                    let header = Header {
                        tag,
                        step,
                        ..outbox.header(Kind::Data, seq, now.len())
                    };
                    outbox.sink().send(&header.encode(), now)?;
                    outbox.sent(now.len());
                    rest = later;
                    seq += 1;
                    if rest.is_empty() {
                        break;
                    }
                }
                outbox.give_back(payload);
            }
        }
    }
}
