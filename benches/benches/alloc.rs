//! Counts the allocations of every contender, and fails when ours makes one for borrowed frames once it is warm.
//!
//! ```sh
//! cargo bench --manifest-path benches/Cargo.toml --bench alloc
//! ```

use std::alloc::{GlobalAlloc, Layout, System};
use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use framewright_benches::contender::{Contender, Cut, Side, contenders};
use framewright_benches::output::{DRAIN, FORMATS, PAYLOADS, Ways, ways};
use framewright_benches::workload::{CHUNKS, Size, Stream, WORKLOADS};

/// The passes over each stream behind the first.
const PASSES: usize = 3;

/// The allocations for what is queued between two drains: at most six blocks of 16 KiB, as what is stuffed or escaped grows a little, and a handle to share each of them.
const MOST_BLOCKS: f64 = 12.0;

#[global_allocator]
static COUNTING: Counting = Counting;

static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);

/// The system's allocator, counted: what it is asked for, and what it is asked to move.
struct Counting;

// A global allocator cannot be written without. Each call is handed on as it is, so the caller's promises are what the system's allocator needs.
#[expect(unsafe_code, reason = "counting allocations takes an allocator")]
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Relaxed);
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Relaxed);
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Relaxed);
        unsafe { System.realloc(block, layout, size) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        unsafe { System.dealloc(block, layout) }
    }
}

fn main() {
    decoding();
    encoding();
}

fn decoding() {
    println!("| stream @ chunk | ours, first pass | ours, a frame later | by hand | tokio-util |");
    println!("|---|--:|--:|--:|---|");
    for workload in WORKLOADS {
        let stream = workload.stream();
        for chunk in CHUNKS {
            let counts: Vec<Count> =
                contenders(workload.format).into_iter().map(|contender| Count::new(contender, &stream, chunk)).collect();
            let of = |side| counts.iter().filter(move |count| count.side == side);
            let first = most(of(Side::Ours).map(|count| count.first as f64));
            let [ours, hand] = [Side::Ours, Side::Hand].map(|side| most(of(side).map(|count| count.a_frame)));
            let peers: Vec<String> = of(Side::Peer).map(|count| format!("{} {:.2}", count.name, count.a_frame)).collect();
            println!("| {workload} @ {} | {first} | {ours} | {hand:.2} | {} |", Size(chunk), peers.join(", "));
            assert!(ours == 0.0, "ours allocates for borrowed frames");
        }
    }
}

/// What is queued is drained every 64 KiB, so that a queue that gives its blocks back allocates again, but not for each payload.
fn encoding() {
    println!("\n| payload | ours, a payload later | ours, 64 KiB later | by hand |");
    println!("|---|--:|--:|--:|");
    for (name, format, content) in FORMATS {
        for len in PAYLOADS {
            let Ways { ours, checked, append, .. } = ways(format, len);
            let stream = Stream::of_payloads(content, 4 * DRAIN, len, &append);
            let [ours, hand] = [ours, checked].map(|mut cut| {
                allocations(&mut *cut, &stream, len, 1);
                allocations(&mut *cut, &stream, len, PASSES) as f64 / (PASSES * 4) as f64
            });
            println!("| {name} {} | {:.3} | {ours} | {hand} |", Size(len), ours * len as f64 / DRAIN as f64);
            assert!(ours <= MOST_BLOCKS, "ours allocates for borrowed payloads");
        }
    }
}

/// The allocations of so many passes.
fn allocations(cut: &mut dyn Cut, stream: &Stream, chunk: usize, passes: usize) -> u64 {
    let before = ALLOCATIONS.load(Relaxed);
    for _ in 0..passes {
        assert_eq!(black_box(cut.touch(black_box(&stream.bytes), chunk)), stream.touch, "it gave wrong bytes");
    }
    ALLOCATIONS.load(Relaxed) - before
}

/// The allocations of one contender.
struct Count {
    name: &'static str,
    side: Side,
    /// In the first pass over the stream.
    first: u64,
    /// For each frame of later passes.
    a_frame: f64,
}

impl Count {
    fn new(contender: Contender, stream: &Stream, chunk: usize) -> Self {
        let Contender { name, side, mut cut } = contender;
        let mut count = |passes: usize| allocations(&mut *cut, stream, chunk, passes);
        let first = count(1);
        Self { name, side, first, a_frame: count(PASSES) as f64 / (PASSES * stream.digest.frames) as f64 }
    }
}

fn most(counts: impl Iterator<Item = f64>) -> f64 {
    counts.fold(0.0, f64::max)
}
