//! The guest's memory. A call of a connector lives for milliseconds in an instance of its own, so what
//! counts is how many pages it touches and that it does not ask for more: `memory.grow` costs the host
//! system calls that all threads wait for.
//!
//! The heap begins where the linker put its end of data and walks through the memory that the instance
//! already has, in steps, so that a small call touches few pages. Only behind that it grows, and then by a
//! megabyte at least.

use core::alloc::Layout;
use core::arch::wasm32::{memory_grow, memory_size};
use core::ptr::{NonNull, without_provenance_mut};
use talc::base::Talc;
use talc::base::binning::Binning;
use talc::cell::TalcSyncCell;
use talc::source::Source;
use talc::wasm::WasmBinning;

const PAGE_BYTES: usize = 64 << 10;

/// How far the heap reaches into memory that is there: a page of WebAssembly.
const STEP_BYTES: usize = PAGE_BYTES;

/// How much is asked for when memory runs out: a megabyte, so that a large call asks a few times, not hundreds.
const GROW_PAGES: usize = 16;

/// More than the allocator's own book-keeping at the start of the heap and around a block.
const OVERHEAD_BYTES: usize = 4 << 10;

#[global_allocator]
static ALLOCATOR: TalcSyncCell<Memory, WasmBinning> = TalcSyncCell::new_wasm(Memory { end: None });

/// The one heap, which reaches from the end of data to `end`.
#[derive(Debug)]
struct Memory {
    end: Option<NonNull<u8>>,
}

#[expect(unsafe_code, reason = "an allocator takes raw memory; this is the only place that does")]
mod claiming {
    use super::*;

    unsafe extern "C" {
        /// Where the linker ends data and stack. Only its address means something.
        static __heap_base: u8;
    }

    // SAFETY: `acquire` allocates nothing; it hands over memory between `__heap_base` and the end of the
    // instance's memory, which nobody else uses: the linker promises the first, and the second is only
    // ever moved here.
    unsafe impl Source for Memory {
        fn acquire<B: Binning>(talc: &mut Talc<Self, B>, layout: Layout) -> Result<(), ()> {
            let wanted_bytes = layout.size() + layout.align() + OVERHEAD_BYTES;
            let start = talc.source.end.map_or((&raw const __heap_base).addr(), |end| end.as_ptr().addr());
            let step = start.checked_add(wanted_bytes.max(STEP_BYTES)).ok_or(())?;
            let end = without_provenance_mut(reach(step, start + wanted_bytes)?);
            talc.source.end = match talc.source.end {
                // SAFETY: see above; `end` lies behind the heap's end.
                Some(heap_end) => Some(unsafe { talc.extend(heap_end, end) }),
                // SAFETY: see above.
                None => unsafe { talc.claim(without_provenance_mut(start), end.addr() - start) },
            };
            talc.source.end.map(drop).ok_or(())
        }
    }
}

/// The address up to which memory is there: `wished` if it is, else whatever a step of growth gives, as
/// long as it is `needed`.
fn reach(wished: usize, needed: usize) -> Result<usize, ()> {
    let there = memory_size::<0>() * PAGE_BYTES;
    if there >= needed {
        return Ok(wished.min(there));
    }
    let missing_pages = (needed - there).div_ceil(PAGE_BYTES);
    let grown =
        [missing_pages.max(GROW_PAGES), missing_pages].into_iter().any(|pages| memory_grow::<0>(pages) != usize::MAX);
    if grown { Ok(wished.max(needed).min(memory_size::<0>() * PAGE_BYTES)) } else { Err(()) }
}
