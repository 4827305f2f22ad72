//! Why the enclave ends, in one line to the parent's control port.

use crate::heartbeat::connect_within;
use crate::socket::{CID_HOST, CID_PARENT, PORT_CONTROL};
use std::io::Write;
use std::os::unix::net::UnixStream;

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

/// Tells whichever parent listens; without one there is nobody to tell.
pub fn send(reason: Reason, parent: Option<u32>) {
    let candidates = match parent {
        Some(cid) => vec![cid],
        None => vec![CID_PARENT, CID_HOST],
    };
    for cid in candidates {
        if let Ok(fd) = connect_within(cid, PORT_CONTROL)
            && UnixStream::from(fd)
                .write_all(reason.line().as_bytes())
                .is_ok()
        {
            return;
        }
    }
}
