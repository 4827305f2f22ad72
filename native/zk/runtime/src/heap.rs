//! Memory that is handed out upwards and never given back: one run, and pages are paid for when
//! touched. It is zero when the program begins, so that nothing has to be cleared.

use core::alloc::{GlobalAlloc, Layout};

use crate::host::refuse;

extern "C" {
    /// First byte behind the image, from the linker.
    static mut _end: u8;
}

/// Far from everything else; a request of the largest size fits several times.
const HEAP_END: usize = 0x0800_0000;

struct Heap;

#[global_allocator]
static HEAP: Heap = Heap;

static mut NEXT: usize = 0;

// SAFETY: one thread; every block lies behind all earlier ones, and below the end.
unsafe impl GlobalAlloc for Heap {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if NEXT == 0 {
            NEXT = core::ptr::addr_of_mut!(_end) as usize;
        }
        let start = NEXT.next_multiple_of(layout.align());
        match start.checked_add(layout.size()) {
            Some(end) if end <= HEAP_END => NEXT = end,
            _ => refuse(),
        }
        start as *mut u8
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        self.alloc(layout)
    }

    unsafe fn dealloc(&self, _: *mut u8, _: Layout) {}
}
