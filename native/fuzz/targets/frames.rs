//! The sandbox's requests: the node is trusted there, yet what it passes on comes from outside.
#![no_main]

use nmp_fuzz::protocol::{Request, read_request};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let mut reader = bytes;
    loop {
        let before = reader.len();
        let Ok(Some(request)) = read_request(&mut reader) else {
            break;
        };
        // A frame is used up whole, and what it carries is no longer than it.
        let frame = before - reader.len();
        let carried = match request {
            Request::Prepare(prepare) => prepare.module.len() + 11,
            Request::Run(run) => run.input.len() + 67,
            Request::Cancel(_) => 9,
        };
        assert!(carried <= frame);
    }
});
