//! Counts the allocations of every contender, and fails when ours makes one for borrowed frames once it is warm.
//!
//! ```sh
//! cargo bench --manifest-path benches/Cargo.toml --bench alloc
//! ```

use std::alloc::{GlobalAlloc, Layout, System};
use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use framewright_benches::contender::{Contender, Side, contenders};
use framewright_benches::workload::{CHUNKS, Size, Stream, WORKLOADS};

/// The passes over each stream behind the first.
const PASSES: usize = 3;

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
        let mut count = |passes: usize| {
            let before = ALLOCATIONS.load(Relaxed);
            for _ in 0..passes {
                assert_eq!(black_box(cut.touch(black_box(&stream.bytes), chunk)), stream.touch, "{name} gave wrong frames");
            }
            ALLOCATIONS.load(Relaxed) - before
        };
        let first = count(1);
        Self { name, side, first, a_frame: count(PASSES) as f64 / (PASSES * stream.digest.frames) as f64 }
    }
}

fn most(counts: impl Iterator<Item = f64>) -> f64 {
    counts.fold(0.0, f64::max)
}
