//! The relay of a parent: what comes in over TCP goes to the unix socket of the node, and back. It
//! parses nothing. `parent/relay/native-relay.ts` starts it, ends it and reads its counters.

use crate::bridge::{Bridge, Counters, Limits, SharedRoute};
use crate::socket::Address;
use nix::errno::Errno;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use std::io::{self, BufRead, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

#[derive(Debug)]
pub struct Init {
    pub listen: SocketAddr,
    /// Sockets of the nodes that share the address.
    pub to: Vec<PathBuf>,
    pub limits: Limits,
}

/// Nodes behind one address.
const NODES_MAX: usize = 16;
/// Counters are told this often, if they changed.
const TELL_EVERY: Duration = Duration::from_millis(250);

/// What the arguments say, or none if they say it wrongly: `--listen IP:PORT --connections N
/// --per-source N --connect-ms N --idle-ms N --to SOCKET…`, in this order.
pub fn parse(arguments: &[String]) -> Option<Init> {
    let mut pairs = arguments.chunks_exact(2);
    let mut next = |name: &str| {
        let [flag, value] = pairs.next()? else {
            return None;
        };
        (flag == name).then(|| value.clone())
    };
    let listen = next("--listen")?.parse().ok()?;
    let mut number = |name: &str| next(name)?.parse::<u32>().ok().filter(|value| *value > 0);
    let limits = Limits {
        connections: number("--connections")? as usize,
        per_source: number("--per-source")? as usize,
        connect_timeout: Duration::from_millis(number("--connect-ms")?.into()),
        idle_timeout: Some(Duration::from_millis(number("--idle-ms")?.into())),
    };
    let (flag, sockets) = arguments.get(10..)?.split_first()?;
    let to: Vec<PathBuf> = sockets.iter().map(PathBuf::from).collect();
    let fits = flag == "--to" && !to.is_empty() && to.len() <= NODES_MAX;
    fits.then_some(Init { listen, to, limits })
}

/// Relays until standard input ends. Says `ready PORT` first, then, whenever they changed, `count`
/// and the counters: opened, closed, refused, unreachable, bytes in, bytes out. The line `drain`
/// ends the accepting and nothing else.
///
/// # Errors
/// If the address cannot be listened on.
pub fn run(init: &Init) -> Result<(), Errno> {
    // Two descriptors a stream, and two a pipe.
    if let Ok((_, hard)) = getrlimit(Resource::RLIMIT_NOFILE) {
        let _ = setrlimit(Resource::RLIMIT_NOFILE, hard, hard);
    }
    let counters = Arc::<Counters>::default();
    let route = SharedRoute {
        listen: Address::Tcp(init.listen),
        to: init.to.iter().cloned().map(Address::Unix).collect(),
    };
    let bridge = Bridge::spliced(vec![route], init.limits, counters.clone())?;
    say(&format!("ready {}", bridge.port().unwrap_or_default()));
    thread::spawn(move || {
        eprintln!("nmp-agent: {}", bridge.run());
        std::process::exit(1);
    });
    let told = counters.clone();
    thread::spawn(move || tell(&told));
    for line in io::stdin().lock().lines() {
        if line.is_ok_and(|line| line == "drain") {
            counters.draining.store(true, Ordering::Relaxed);
        }
    }
    Ok(())
}

fn tell(counters: &Counters) {
    let mut last = String::new();
    loop {
        let Counters {
            opened,
            closed,
            refused,
            unreachable,
            bytes_in,
            bytes_out,
            ..
        } = counters;
        let numbers = [opened, closed, refused, unreachable, bytes_in, bytes_out]
            .map(|number| number.load(Ordering::Relaxed).to_string())
            .join(" ");
        if numbers != last {
            say(&format!("count {numbers}"));
            last = numbers;
        }
        thread::sleep(TELL_EVERY);
    }
}

/// Whoever no longer listens has ended our input, too.
fn say(line: &str) {
    let _ = writeln!(io::stdout(), "{line}");
}
