//! The last words of an enclave: nothing may reset before they are heard.

use nmp_agent::report::{Reason, tell};
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::thread;
use std::time::{Duration, Instant};

const LONG: Duration = Duration::from_secs(20);
const SHORT: Duration = Duration::from_millis(100);

#[test]
fn waits_until_a_parent_that_is_slow_has_heard_all() {
    let (ours, mut theirs) = UnixStream::pair().expect("pair");
    let parent = thread::spawn(move || {
        theirs.write_all(b"{\"version\":1}\n").expect("greets");
        thread::sleep(SHORT);
        let mut heard = String::new();
        theirs.read_to_string(&mut heard).expect("our end");
        heard
    });
    let since = Instant::now();
    tell(ours, Reason::Ended(7), LONG).expect("told");
    assert!(since.elapsed() >= SHORT && since.elapsed() < LONG);
    let heard = parent.join().expect("parent");
    assert_eq!(
        heard,
        "{\"type\":\"failure\",\"code\":\"AGENT_NODE_ENDED\",\"exit\":7}\n"
    );
}

#[test]
fn does_not_wait_for_ever() {
    // One that never ends, and one that never stops talking.
    for talks in [false, true] {
        let (ours, mut theirs) = UnixStream::pair().expect("pair");
        let since = Instant::now();
        let parent = thread::spawn(move || {
            while talks && theirs.write_all(&[b' '; 64]).is_ok() {}
            theirs
        });
        tell(ours, Reason::Start, SHORT).expect("told");
        assert!(since.elapsed() >= SHORT);
        assert!(since.elapsed() < LONG);
        drop(parent.join());
    }
}
