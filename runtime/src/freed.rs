//! What is left in memory that is given back: in the crate's tests, an allocator that looks for planted labels in every block that is freed.
//!
//! Nobody can read freed memory from outside of a process, but core dumps, swap space and later faults of the same process can. With Δ
//! one label of a wire gives the other, so both are wiped before their memory is given back, wherever they were: a vector that grew, a
//! machine that ended, a message that was taken apart. The code that makes labels says which ones to look for ([`plant`]), so that a test
//! need not know where they come from.

// An allocator cannot be written without; this one hands everything to the system's.
#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::SeqCst};

use crate::block::Label;
use crate::mask::Mask;

/// Where a label comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// The offset between the labels of a wire, and how it is written as choices of base transfers.
    Offset,
    /// A zero label that a garbler draws for a bit of its own.
    Drawn,
    /// A zero label from a transfer.
    Transferred,
    /// A gate's zero label.
    Gate,
    /// Anything that a test has made up.
    Test,
}

const N_ORIGINS: usize = 5;

/// Labels of each origin that are looked for at a time.
const EACH: usize = 4;

#[global_allocator]
static ALLOCATOR: Watching = Watching;

static WATCHED: AtomicBool = AtomicBool::new(false);
static LABELS: [[AtomicU64; 2]; N_ORIGINS * EACH] =
    [const { [const { AtomicU64::new(0) }; 2] }; N_ORIGINS * EACH];
static PLANTED: [AtomicUsize; N_ORIGINS] = [const { AtomicUsize::new(0) }; N_ORIGINS];
static FOUND: [AtomicUsize; N_ORIGINS] = [const { AtomicUsize::new(0) }; N_ORIGINS];
/// The size of the last block in which something was found, and where in it.
static PLACE: [AtomicUsize; 2] = [const { AtomicUsize::new(0) }; 2];

thread_local! {
    static PLANTER: Cell<bool> = const { Cell::new(false) };
}

/// From now on [`plant`] means this thread, and not those of tests that run at the same time and are not careful.
pub(crate) fn planter() {
    PLANTER.set(true);
}

/// Looks for a label from now on, if [`watch`] is under way, this thread is the [`planter`], and there are not enough of
/// its origin yet.
pub(crate) fn plant(origin: Origin, label: Label) {
    if PLANTER.get() && WATCHED.load(SeqCst) && label.0 != 0 {
        let n = PLANTED[origin as usize].fetch_add(1, SeqCst);
        if n < EACH {
            let [low, high] = &LABELS[origin as usize * EACH + n];
            high.store((label.0 >> 64) as u64, SeqCst);
            low.store(label.0 as u64, SeqCst);
        }
    }
}

/// Plants the drawn zero labels of bits that are one, which the evaluator is not sent.
pub(crate) fn plant_hidden(zeros: &[Label], bits: impl Iterator<Item = Mask>) {
    let hidden = zeros.iter().zip(bits).filter(|(_, bit)| bit.word() != 0);
    hidden
        .take(1)
        .for_each(|(&zero, _)| plant(Origin::Drawn, zero));
}

/// What was planted and what was found of an origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) planted: usize,
    pub(crate) found: usize,
}

/// The bytes of the last block in which something was found, and the word at which.
pub(crate) fn place() -> [usize; 2] {
    [0, 1].map(|i| PLACE[i].load(SeqCst))
}

/// Does something and looks meanwhile; what was seen, by origin. One at a time.
pub(crate) fn watch(work: impl FnOnce()) -> impl Fn(Origin) -> Seen {
    static ONE: std::sync::Mutex<()> = std::sync::Mutex::new(());
    let _one = ONE.lock().unwrap_or_else(|e| e.into_inner());
    for count in PLANTED.iter().chain(&FOUND) {
        count.store(0, SeqCst);
    }
    for half in LABELS.iter().flatten() {
        half.store(0, SeqCst);
    }
    WATCHED.store(true, SeqCst);
    work();
    WATCHED.store(false, SeqCst);
    let seen: [Seen; N_ORIGINS] = std::array::from_fn(|o| Seen {
        planted: PLANTED[o].load(SeqCst),
        found: FOUND[o].load(SeqCst),
    });
    move |origin| seen[origin as usize]
}

/// Sizes of blocks that are not looked at: states of machines and vectors of them. A state is moved to its block with the bytes between and behind its
/// fields, which hold what stood on the stack before, so that a label can be in them that was never put there. Vectors of labels
/// are longer in the tests, and the choices that say an offset are shorter.
const STATES: std::ops::Range<usize> = 65..4096;

/// Hands everything to the system's allocator.
struct Watching;

// SAFETY: all calls go to the system's allocator with what they came with; in between a block is only read.
unsafe impl GlobalAlloc for Watching {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // What a block that is not looked at has left behind is not this block's: it may never be written.
        // SAFETY: the caller's.
        unsafe {
            match WATCHED.load(SeqCst) {
                true => System.alloc_zeroed(layout),
                false => System.alloc(layout),
            }
        }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        if WATCHED.load(SeqCst) {
            // SAFETY: the block is the caller's until it is freed below.
            unsafe { look(block, layout.size()) };
        }
        // SAFETY: the caller's.
        unsafe { System.dealloc(block, layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if !WATCHED.load(SeqCst) {
            // SAFETY: the caller's.
            return unsafe { System.realloc(block, layout, size) };
        }
        // Always to another block, as an allocator may.
        // SAFETY: the caller's; the new block has room for what both hold.
        unsafe {
            let new = System.alloc_zeroed(Layout::from_size_align_unchecked(size, layout.align()));
            if !new.is_null() {
                new.copy_from_nonoverlapping(block, size.min(layout.size()));
                self.dealloc(block, layout);
            }
            new
        }
    }
}

/// # Safety
/// The block can be read.
unsafe fn look(block: *const u8, len: usize) {
    let planted: [[u64; 2]; N_ORIGINS * EACH] =
        std::array::from_fn(|i| [0, 1].map(|half| LABELS[i][half].load(SeqCst)));
    let (words, n) = (block.cast::<u64>(), len / 8);
    // SAFETY: within the block; volatile, so that nothing is concluded from what it holds.
    let word = |i: usize| unsafe { words.add(i).read_volatile() };
    if !words.is_aligned() || n < 2 || STATES.contains(&len) {
        return;
    }
    let mut low = word(0);
    for i in 1..n {
        let high = word(i);
        if high != 0 && low != 0 {
            for (p, label) in planted.iter().enumerate() {
                if *label == [low, high] {
                    FOUND[p / EACH].fetch_add(1, SeqCst);
                    PLACE[0].store(len, SeqCst);
                    PLACE[1].store(i - 1, SeqCst);
                }
            }
        }
        low = high;
    }
}

#[cfg(test)]
mod tests {
    use std::hint::black_box;

    use zeroize::Zeroize;

    use super::*;
    use crate::prg::OsEntropy;

    fn fresh() -> Label {
        Label::from_bytes(*OsEntropy.bytes().unwrap())
    }

    /// The allocator sees what is freed, also by vectors that grow, and nothing that was wiped. The optimiser may leave out what is
    /// written to memory that is freed at once, hence the boxes.
    #[test]
    fn what_is_left_is_seen() {
        planter();
        let label = fresh();
        let seen = watch(|| {
            plant(Origin::Test, label);
            drop(black_box(vec![Label::ZERO, label, Label::ZERO]));
            let mut growing = vec![Label::ZERO; 500];
            growing[0] = label;
            black_box(&mut growing).reserve(1000);
            growing.zeroize();
        });
        let two = Seen {
            planted: 1,
            found: 2,
        };
        assert_eq!(seen(Origin::Test), two);
        let seen = watch(|| {
            plant(Origin::Test, label);
            let mut growing = black_box(vec![label]);
            crate::wipe::reserve(&mut growing, 1000);
            crate::wipe::resize(&mut growing, 5000, label);
            growing.zeroize();
        });
        let none = Seen {
            planted: 1,
            found: 0,
        };
        assert_eq!(seen(Origin::Test), none);
        let seen = watch(|| {
            plant(Origin::Test, label);
            let bytes = label.to_bytes();
            let mut whole = black_box(bytes.repeat(500));
            crate::wipe::clear(&mut whole);
            let mut cut = black_box(bytes.repeat(500));
            cut.truncate(100);
            crate::wipe::clear(&mut cut);
        });
        assert_eq!(seen(Origin::Test), none);
    }
}
