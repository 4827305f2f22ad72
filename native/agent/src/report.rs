//! Why the enclave ends, in one line to the parent's control port.

use crate::heartbeat::connect_within;
use crate::socket::{CID_HOST, CID_PARENT, PORT_CONTROL};
use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::thread;
use std::time::{Duration, Instant};

/// One reason to power off. Codes are rows of shared/errors/image.ts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    Mount,
    Entropy,
    /// The device told no time.
    Clock,
    Heartbeat,
    Bridge,
    /// The node could not be started.
    Start,
    /// The node ended, by this exit code or, below zero, by this signal.
    Ended(i32),
}

impl Reason {
    pub fn code(self) -> &'static str {
        match self {
            Reason::Mount => "AGENT_MOUNT",
            Reason::Entropy => "AGENT_ENTROPY",
            Reason::Clock => "AGENT_CLOCK",
            Reason::Heartbeat => "AGENT_HEARTBEAT",
            Reason::Bridge => "AGENT_BRIDGE",
            Reason::Start => "AGENT_START",
            Reason::Ended(_) => "AGENT_NODE_ENDED",
        }
    }

    /// One line of JSON; nothing in it needs escaping.
    pub fn line(self) -> String {
        let exit = match self {
            Reason::Ended(exit) => exit,
            _ => 0,
        };
        format!(
            "{{\"type\":\"failure\",\"code\":\"{}\",\"exit\":{exit}}}\n",
            self.code()
        )
    }
}

/// How long a parent on a busy machine is tried, and between two tries.
const PATIENCE: Duration = Duration::from_secs(3);
const PAUSE: Duration = Duration::from_millis(50);

/// Tells whichever parent listens, and waits until it has heard; without one there is nobody to tell.
pub fn send(reason: Reason, parent: Option<u32>) {
    let candidates = match parent {
        Some(cid) => vec![cid],
        None => vec![CID_PARENT, CID_HOST],
    };
    let since = Instant::now();
    while since.elapsed() < PATIENCE {
        let told = candidates.iter().any(|cid| {
            connect_within(*cid, PORT_CONTROL)
                .is_ok_and(|fd| tell(UnixStream::from(fd), reason, PATIENCE).is_ok())
        });
        if told {
            return;
        }
        thread::sleep(PAUSE);
    }
}

/// A machine that resets drops what is still on its way: the line is followed by our end, and the
/// parent's end, after whatever it says of itself, is waited for.
///
/// # Errors
/// If the line could not be written. Whether the parent ends in time is its own affair.
pub fn tell(mut stream: UnixStream, reason: Reason, patience: Duration) -> io::Result<()> {
    stream.write_all(reason.line().as_bytes())?;
    stream.shutdown(Shutdown::Write)?;
    stream.set_read_timeout(Some(patience))?;
    let since = Instant::now();
    let mut rest = [0; 1024];
    while since.elapsed() < patience && stream.read(&mut rest).is_ok_and(|read| read > 0) {}
    Ok(())
}
