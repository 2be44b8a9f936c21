//! What the others have sent and the party has not yet taken.
//!
//! A reader stops taking from its link when much waits already. While the party waits for room or for a message, its readers
//! take more the longer it waits: otherwise parties that wait for each other in a ring could all have stopped reading.
//! So, if every party waits, every link moves in the end, and whatever the schedule allows to arrive does. They take little
//! more at first, as a wait is mostly short: of two parties that send the same amount, the faster one shall wait for the slower
//! one, not fill the memory here. A hard limit remains for peers that flood, over all links together; a link that holds nothing, such
//! as the one that the party waits for, is always read.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::frame::{FRAME_CAP, Header};
use super::options::{Options, later};
use super::progress::Heard;
use crate::error::{Error, Fault, LinkTrouble};
use crate::party::PartyId;

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
    /// The tag of the session, once it is bound.
    session_tag: Option<[u8; 8]>,
    /// What there is to do, once that is known.
    total: Option<u64>,
    /// When a party has got on last.
    moved: Option<Instant>,
}

#[derive(Default)]
pub(crate) struct Inbox {
    frames: VecDeque<Arrived>,
    bytes: usize,
    heard: Heard,
    /// The peer has sent all that it will.
    pub(crate) goodbye: bool,
    /// The peer has all that this party has sent.
    pub(crate) received: bool,
    /// Nothing arrives any more.
    pub(crate) ended: bool,
    spare: Vec<Vec<u8>>,
}

/// A link on which the party can look itself, when it is its turn to read.
pub(crate) trait Look {
    /// Takes the turn, if the reader has left the link to the party. Asked under the lock under which frames are taken in, so that nothing
    /// waits that came before what is then read.
    fn claim(&self) -> bool;

    /// The next frame of data, if one comes within moments; ends the turn.
    fn look(&self) -> Option<Arrived>;
}

/// How long something is waited for.
#[derive(Clone, Copy)]
pub(crate) struct Patience {
    /// How long while no party gets on.
    pub(crate) each: Duration,
    /// Until when at most, whatever the others say.
    pub(crate) end: Option<Instant>,
}

impl Patience {
    /// When it ends that began at a time, where a party got on at another.
    fn until(&self, began: Instant, moved: Option<Instant>) -> Instant {
        let until = later(moved.map_or(began, |moved| moved.max(began)), self.each);
        self.end.map_or(until, |end| end.min(until))
    }
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
                session_tag: None,
                total: None,
                moved: None,
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

    /// The next frame from a party, from whose link it may have to be read; an error when none will come, or none came in time.
    pub(crate) fn take(
        &self,
        from: PartyId,
        patience: Patience,
        link: &impl Look,
        late: impl Fn() -> Error,
        ended: impl Fn() -> Error,
    ) -> Result<Arrived, Error> {
        let mut state = self.lock();
        let mut began = None;
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
            let until = patience.until(*began.get_or_insert(now), state.moved);
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
            if !link.claim() {
                state = self.wait(state, at_most);
                continue;
            }
            drop(state);
            let looked = link.look();
            state = self.lock();
            if let Some(frame) = looked {
                state.moved = Some(Instant::now());
                break Ok(frame);
            }
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

    /// Waits until every party has everything that was sent to it; an error if one never will, or has sent what nobody asked
    /// for.
    pub(crate) fn wait_received(
        &self,
        me: PartyId,
        patience: Patience,
        late: impl Fn(PartyId) -> Error,
        left_over: impl Fn(PartyId) -> Error,
    ) -> Result<(), Error> {
        let began = Instant::now();
        let mut state = self.lock();
        state.waiting = Some(began);
        self.room.notify_all();
        loop {
            let mut links = PartyId::all(state.links.len()).zip(&state.links);
            if let Some((party, _)) = links.find(|(_, inbox)| !inbox.frames.is_empty()) {
                return Err(left_over(party));
            }
            let n_parties = state.links.len();
            let missing = PartyId::all(n_parties)
                .zip(&state.links)
                .find(|(p, inbox)| *p != me && !inbox.received && !(inbox.goodbye && inbox.ended));
            let Some((missing, _)) = missing else {
                return Ok(());
            };
            let until = patience.until(began, state.moved);
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
    pub(crate) fn admit(&self, from: PartyId, options: &Options) -> bool {
        let mut state = self.lock();
        loop {
            let held = state.links.get(from.index()).map_or(0, |inbox| inbox.bytes);
            let (cap, grows) = state.cap(options);
            let all: usize = state.links.iter().map(|inbox| inbox.bytes).sum();
            let fits = held <= cap && all <= options.receive_limit;
            if fits || held <= options.receive_queue || state.discarding {
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

    /// An empty buffer for the next frame from this party.
    pub(crate) fn buffer(&self, from: PartyId) -> Vec<u8> {
        let mut state = self.lock();
        let inbox = state.links.get_mut(from.index());
        let mut buffer = inbox.and_then(|i| i.spare.pop()).unwrap_or_default();
        buffer.clear();
        buffer
    }

    /// Changes what is known of a link.
    pub(crate) fn update(&self, from: PartyId, change: impl FnOnce(&mut Inbox)) {
        self.update_state(|state| {
            if let Some(inbox) = state.links.get_mut(from.index()) {
                change(inbox);
            }
        });
    }

    fn update_state(&self, change: impl FnOnce(&mut State)) {
        let mut state = self.lock();
        change(&mut state);
        if state.waiting.is_some() || state.discarding {
            self.arrived.notify_all();
        }
    }

    /// Takes a frame of data in and tells `before` whether the party waits, before it can know of it; false when the peer had said
    /// goodbye.
    pub(crate) fn arrive(&self, from: PartyId, frame: Arrived, before: impl FnOnce(bool)) -> bool {
        let mut in_order = true;
        self.update_state(|state| {
            let waits = state.waiting.is_some();
            if let Some(inbox) = state.links.get_mut(from.index()) {
                in_order = !inbox.goodbye;
                if in_order {
                    inbox.bytes += frame.weight();
                    inbox.frames.push_back(frame);
                    before(waits);
                }
            }
            state.moved = Some(Instant::now());
        });
        in_order
    }

    /// The tag of the session, once it is bound.
    pub(crate) fn session_tag(&self) -> Option<[u8; 8]> {
        self.lock().session_tag
    }

    /// From now on what comes with another session's tag is refused as it arrives.
    pub(crate) fn set_session_tag(&self, tag: [u8; 8]) {
        self.lock().session_tag = Some(tag);
    }

    /// Takes a peer's word of its progress; an error says what is wrong with it.
    pub(crate) fn hear_progress(&self, from: PartyId, done: u64) -> Result<(), &'static str> {
        let mut state = self.lock();
        let total = state.total;
        if let Some(inbox) = state.links.get_mut(from.index())
            && inbox.heard.update(done, total)?
        {
            state.moved = Some(Instant::now());
        }
        Ok(())
    }

    /// From now on it is known what there is to do; the party that has claimed more, if one has, and what is wrong with that.
    pub(crate) fn set_total(&self, total: u64) -> Option<(PartyId, &'static str)> {
        let mut state = self.lock();
        state.total = Some(total);
        let mut links = PartyId::all(state.links.len()).zip(&state.links);
        links.find_map(|(party, inbox)| {
            let wrong = inbox.heard.within(Some(total)).err()?;
            Some((party, wrong))
        })
    }

    /// When patience ends that began at a time.
    pub(crate) fn until(&self, patience: Patience, began: Instant) -> Instant {
        patience.until(began, self.lock().moved)
    }

    /// A link has failed, unless its end was to come.
    pub(crate) fn link_failed(&self, with: PartyId, error: Error) {
        let expected = {
            let state = self.lock();
            let inbox = state.links.get(with.index());
            // A peer that has all it needs may go; it may not say anything else.
            let goes = matches!(error.fault(), Fault::Network { .. });
            state.discarding || goes && inbox.is_some_and(|inbox| inbox.goodbye)
        };
        if !expected {
            self.fail(error);
        }
    }

    /// The run has failed here.
    pub(crate) fn fail(&self, error: Error) {
        self.lock().failure.get_or_insert((Instant::now(), error));
        self.failed.store(true, Ordering::Release);
        self.arrived.notify_all();
    }

    /// The run has failed elsewhere.
    pub(crate) fn hear_abort(&self, error: Error) {
        self.lock().abort.get_or_insert(error);
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
            Fault::Network {
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
