//! A wrapper that makes a link as slow as a given network: each byte takes its time on the wire and arrives late.
//!
//! A frame leaves when the line is free, occupies it for its length, and arrives one latency after that; frames on the way
//! overlap, as they do in a real network. The delay is on the sending side, in a thread of its own.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::frame::HEADER_LEN;
use super::link::{Cut, FrameSink, Link};
use crate::error::Error;

/// What a network is like, between any two parties and in each direction.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shape {
    /// The time from one party to another; half of a round trip.
    pub latency: Duration,
    /// Bytes per second; no limit when absent.
    pub bytes_per_second: Option<u64>,
}

/// Bytes on the way at most, where the rate does not ask for more.
const ON_THE_WAY: u64 = 4 << 20;

/// Makes the sending direction of a link as slow as `shape` says; both parties wrap their ends.
pub fn wrap(link: Link, shape: Shape) -> Result<Link, Error> {
    let rate = shape.bytes_per_second.unwrap_or(u64::MAX).max(1);
    let product = (rate as f64 * shape.latency.as_secs_f64() * 2.0) as u64;
    let line = Arc::new(Line {
        state: Mutex::new(State {
            frames: VecDeque::new(),
            bytes: 0,
            finishing: false,
            ended: None,
        }),
        changed: Condvar::new(),
        cap: product.clamp(ON_THE_WAY, 64 * ON_THE_WAY),
    });
    let (far_end, sink) = (line.clone(), link.sink);
    let thread = thread::Builder::new()
        .name("delay".to_owned())
        .spawn(move || deliver(&far_end, sink))
        .map_err(|e| Error::machine(format!("cannot start a thread: {e}")))?;
    Ok(Link {
        sink: Box::new(Sink {
            line: line.clone(),
            shape,
            free_at: Instant::now(),
            thread: Some(thread),
        }),
        cut: Arc::new(CutLine {
            line,
            inner: link.cut,
        }),
        ..link
    })
}

struct Line {
    state: Mutex<State>,
    changed: Condvar,
    cap: u64,
}

struct State {
    frames: VecDeque<Delayed>,
    bytes: u64,
    finishing: bool,
    ended: Option<io::ErrorKind>,
}

struct Delayed {
    due: Instant,
    header: [u8; HEADER_LEN],
    payload: Vec<u8>,
}

impl Line {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'a>(&self, state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
        self.changed
            .wait(state)
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn end(&self, kind: io::ErrorKind) {
        self.lock().ended.get_or_insert(kind);
        self.changed.notify_all();
    }
}

struct Sink {
    line: Arc<Line>,
    shape: Shape,
    free_at: Instant,
    thread: Option<JoinHandle<()>>,
}

impl FrameSink for Sink {
    fn send(&mut self, header: &[u8; HEADER_LEN], payload: &[u8]) -> io::Result<()> {
        let len = (HEADER_LEN + payload.len()) as u64;
        let mut state = self.line.lock();
        while state.bytes > self.line.cap && state.ended.is_none() {
            state = self.line.wait(state);
        }
        if let Some(kind) = state.ended {
            return Err(kind.into());
        }
        let on_wire = match self.shape.bytes_per_second {
            Some(rate) => Duration::from_secs_f64(len as f64 / rate.max(1) as f64),
            None => Duration::ZERO,
        };
        self.free_at = self.free_at.max(Instant::now()) + on_wire;
        state.bytes += len;
        state.frames.push_back(Delayed {
            due: self.free_at + self.shape.latency,
            header: *header,
            payload: payload.to_vec(),
        });
        self.line.changed.notify_all();
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn finish(&mut self) -> io::Result<()> {
        self.line.lock().finishing = true;
        self.line.changed.notify_all();
        match self.thread.take().map(JoinHandle::join) {
            Some(Ok(())) | None => Ok(()),
            Some(Err(_)) => Err(io::ErrorKind::Other.into()),
        }
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.line.end(io::ErrorKind::BrokenPipe);
    }
}

struct CutLine {
    line: Arc<Line>,
    inner: Arc<dyn Cut>,
}

impl Cut for CutLine {
    fn cut(&self) {
        self.line.end(io::ErrorKind::BrokenPipe);
        self.inner.cut();
    }
}

/// The far end of the line: hands each frame on when it is due.
fn deliver(line: &Line, mut sink: Box<dyn FrameSink>) {
    wake_in_time();
    if let Err(e) = deliver_all(line, sink.as_mut()) {
        line.end(e.kind());
    }
}

/// Has this thread woken when its time has come. Linux lets a thread sleep 50 µs longer, so as to wake several at once: as long as
/// a message is on the way in the fastest networks. Where that cannot be changed, messages come so much later.
fn wake_in_time() {
    #[cfg(target_os = "linux")]
    let _ = rustix::thread::set_current_timer_slack(std::num::NonZeroU64::new(1));
}

fn deliver_all(line: &Line, sink: &mut dyn FrameSink) -> io::Result<()> {
    loop {
        let mut state = line.lock();
        let frame = loop {
            if state.ended.is_some() {
                return Ok(());
            }
            match state.frames.pop_front() {
                Some(frame) => break Some(frame),
                None if state.finishing => break None,
                None => state = line.wait(state),
            }
        };
        drop(state);
        let Some(frame) = frame else {
            return sink.finish();
        };
        let early = frame.due.saturating_duration_since(Instant::now());
        if !early.is_zero() {
            sink.flush()?;
            let state = line.lock();
            // A cut does not wait for what is on the way.
            let (state, _) = line
                .changed
                .wait_timeout_while(state, early, |state| state.ended.is_none())
                .unwrap_or_else(PoisonError::into_inner);
            if state.ended.is_some() {
                return Ok(());
            }
        }
        sink.send(&frame.header, &frame.payload)?;
        let mut state = line.lock();
        state.bytes -= (HEADER_LEN + frame.payload.len()) as u64;
        let idle = state.frames.is_empty();
        line.changed.notify_all();
        drop(state);
        if idle {
            sink.flush()?;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::{Mesh, Options, memory};
    use crate::party::{PartyId, PartyNames};

    fn pair(shape: Shape) -> [Mesh; 2] {
        let meshes: Vec<Mesh> = memory::links(2)
            .unwrap()
            .into_iter()
            .map(|links| {
                let links = links.wrap_all(|_, link| wrap(link, shape).unwrap());
                Mesh::new(links, PartyNames::plain(2), Options::default()).unwrap()
            })
            .collect();
        meshes.try_into().ok().unwrap()
    }

    #[test]
    fn round_trips_and_throughput_take_their_time() {
        let [mut a, mut b] = pair(Shape {
            latency: Duration::from_millis(20),
            bytes_per_second: Some(10_000_000),
        });
        let (me, other) = (PartyId::new(0), PartyId::new(1));
        let echo = thread::spawn(move || {
            let small = b.recv(me, 0, 10).unwrap();
            b.send(me, 1, small).unwrap();
            let large = b.recv(me, 2, 1_000_000).unwrap();
            b.send(me, 3, vec![large[999_999]]).unwrap();
            b.close().unwrap();
        });
        let started = Instant::now();
        a.send(other, 0, vec![5; 10]).unwrap();
        a.recv(other, 1, 10).unwrap();
        let round_trip = started.elapsed();
        assert!(round_trip >= Duration::from_millis(40), "{round_trip:?}");
        assert!(round_trip < Duration::from_millis(400), "{round_trip:?}");
        let started = Instant::now();
        a.send(other, 2, vec![5; 1_000_000]).unwrap();
        assert_eq!(a.recv(other, 3, 1).unwrap(), [5]);
        let transfer = started.elapsed();
        assert!(transfer >= Duration::from_millis(140), "{transfer:?}");
        assert!(transfer < Duration::from_millis(900), "{transfer:?}");
        a.close().unwrap();
        echo.join().unwrap();
    }

    #[test]
    fn a_slow_link_can_be_cut() {
        let [mut a, b] = pair(Shape {
            latency: Duration::from_millis(1),
            bytes_per_second: Some(1000),
        });
        let started = Instant::now();
        a.send(PartyId::new(1), 0, vec![0; 1_000_000]).unwrap();
        // By now a frame is on the way that would take minutes.
        thread::sleep(Duration::from_millis(200));
        drop(a);
        drop(b);
        assert!(started.elapsed() < Duration::from_secs(8));
    }
}
