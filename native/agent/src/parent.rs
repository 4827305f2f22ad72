//! The parent's side of vsock, for a parent process that speaks unix sockets only.
//!
//! `DIR/mesh.sock` leads to the enclave's mesh port, `DIR/quic.sock` to that of datagrams. What the enclave opens to ports 5006 and 5007
//! comes out at `DIR/vsock_5006` and `DIR/vsock_5007`; where a program serves the guest's vsock on a
//! unix socket already (emulators), it does that itself under its own name.

use crate::bridge::{Bridge, Route};
use crate::socket::{Address, CID_ANY, PORT_CONTROL, PORT_DATAGRAMS, PORT_DIAL, PORT_MESH};
use nix::errno::Errno;
use std::io::{self, Read};
use std::path::PathBuf;
use std::thread;

#[derive(Debug)]
pub struct Init {
    pub directory: PathBuf,
    pub enclave: Enclave,
}

#[derive(Debug)]
pub enum Enclave {
    Cid(u32),
    Hybrid(PathBuf),
}

/// What the arguments say, or none if they say it wrongly.
pub fn parse(arguments: &[String]) -> Option<Init> {
    let [directory_flag, directory, enclave_flag, enclave] = arguments else {
        return None;
    };
    if directory_flag != "--directory" {
        return None;
    }
    let enclave = match enclave_flag.as_str() {
        "--cid" => Enclave::Cid(enclave.parse().ok().filter(|cid| *cid > 3)?),
        "--hybrid" => Enclave::Hybrid(enclave.into()),
        _ => return None,
    };
    Some(Init {
        directory: directory.into(),
        enclave,
    })
}

pub fn routes(init: &Init) -> Vec<Route> {
    let unix = |name: String| Address::Unix(init.directory.join(name));
    let into = |name: &str, port| Route {
        listen: unix(name.into()),
        to: match &init.enclave {
            Enclave::Cid(cid) => Address::Vsock { cid: *cid, port },
            Enclave::Hybrid(socket) => Address::Hybrid {
                socket: socket.clone(),
                port,
            },
        },
    };
    let mut routes = vec![
        into("quic.sock", PORT_DATAGRAMS),
        into("mesh.sock", PORT_MESH),
    ];
    if let Enclave::Cid(_) = init.enclave {
        routes.extend([PORT_DIAL, PORT_CONTROL].map(|port| Route {
            listen: Address::Vsock { cid: CID_ANY, port },
            to: unix(format!("vsock_{port}")),
        }));
    }
    routes
}

/// Bridges until standard input ends, which is when whoever started us is gone. Says `ready` first.
///
/// # Errors
/// If a socket cannot be listened on.
pub fn run(init: &Init) -> Result<(), Errno> {
    let bridge = Bridge::new(routes(init))?;
    println!("ready");
    thread::spawn(move || {
        // Bridging ends only if the kernel no longer lets us wait; then there is nothing to do.
        eprintln!("nmp-agent: {}", bridge.run());
        std::process::exit(1);
    });
    let mut ignored = [0u8; 256];
    let mut input = io::stdin().lock();
    while input.read(&mut ignored).is_ok_and(|read| read > 0) {}
    Ok(())
}
