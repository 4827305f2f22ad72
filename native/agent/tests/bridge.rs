//! The bridge between unix sockets, which stand for vsock here: same code, same calls.

use nmp_agent::bridge::{Bridge, Route};
use nmp_agent::socket::Address;
use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

/// A folder of its own that goes with the test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("nmp-agent-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).expect("folder");
        Folder(path)
    }
    fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn start(folder: &Folder, to: Address) -> PathBuf {
    let listen = folder.file("in.sock");
    let route = Route {
        listen: Address::Unix(listen.clone()),
        to,
    };
    let bridge = Bridge::new(vec![route]).expect("bridge");
    thread::spawn(move || bridge.run());
    listen
}

/// Never waits for ever: a test that would hang fails instead.
fn connect(path: &PathBuf) -> UnixStream {
    let stream = UnixStream::connect(path).expect("connect");
    stream
        .set_read_timeout(Some(Duration::from_secs(120)))
        .expect("timeout");
    stream
        .set_write_timeout(Some(Duration::from_secs(120)))
        .expect("timeout");
    stream
}

fn pattern(length: usize) -> Vec<u8> {
    (0..length)
        .map(|at| (at.wrapping_mul(31) >> 3) as u8)
        .collect()
}

#[test]
fn carries_megabytes_both_ways_past_a_slow_reader_and_passes_on_the_end() {
    let folder = Folder::new("bulk");
    let target = UnixListener::bind(folder.file("out.sock")).expect("bind");
    let path = start(&folder, Address::Unix(folder.file("out.sock")));
    let sent = pattern(5_000_001);
    let expected = sent.clone();
    let server = thread::spawn(move || {
        let (mut stream, _) = target.accept().expect("accept");
        // The writer must wait meanwhile; nothing may be lost or pile up.
        thread::sleep(Duration::from_millis(200));
        let mut got = Vec::new();
        stream.read_to_end(&mut got).expect("read");
        // Half-closed: the other direction still works.
        stream.write_all(&got[..1_000_003]).expect("write");
        got
    });
    let mut client = connect(&path);
    client.write_all(&sent).expect("write");
    client.shutdown(Shutdown::Write).expect("shutdown");
    let mut back = Vec::new();
    client.read_to_end(&mut back).expect("read");
    assert!(
        server.join().expect("server") == expected,
        "bytes changed on the way"
    );
    assert!(
        back == expected[..1_000_003],
        "bytes changed on the way back"
    );
}

#[test]
fn delivers_what_was_sent_before_the_sender_went_away() {
    let folder = Folder::new("gone");
    let target = UnixListener::bind(folder.file("out.sock")).expect("bind");
    let path = start(&folder, Address::Unix(folder.file("out.sock")));
    let mut client = connect(&path);
    client.write_all(b"first").expect("write");
    let (mut stream, _) = target.accept().expect("accept");
    stream
        .set_read_timeout(Some(Duration::from_secs(120)))
        .expect("timeout");
    let mut five = [0u8; 5];
    stream.read_exact(&mut five).expect("read");
    let rest = pattern(150_000);
    client.write_all(&rest).expect("write");
    drop(client);
    let mut got = Vec::new();
    stream.read_to_end(&mut got).expect("read");
    assert!(got == rest, "{} of {} bytes", got.len(), rest.len());
}

#[test]
fn ends_a_stream_whose_target_is_not_there_and_goes_on() {
    let folder = Folder::new("refused");
    let path = start(&folder, Address::Unix(folder.file("out.sock")));
    assert_eq!(connect(&path).read(&mut [0u8; 1]).unwrap_or(0), 0);
    let target = UnixListener::bind(folder.file("out.sock")).expect("bind");
    let mut client = connect(&path);
    client.write_all(b"x").expect("write");
    let (mut stream, _) = target.accept().expect("accept");
    assert_eq!(stream.read(&mut [0u8; 8]).expect("read"), 1);
}

#[test]
fn carries_a_thousand_streams_at_once() {
    let folder = Folder::new("many");
    let target = UnixListener::bind(folder.file("out.sock")).expect("bind");
    let path = start(&folder, Address::Unix(folder.file("out.sock")));
    let server = thread::spawn(move || {
        let mut held = Vec::new();
        for _ in 0..1000 {
            held.push(target.accept().expect("accept").0);
        }
        for stream in &mut held {
            let mut number = [0u8; 4];
            stream.read_exact(&mut number).expect("read");
            stream.write_all(&number).expect("write");
        }
    });
    let mut clients: Vec<UnixStream> = (0..1000).map(|_| connect(&path)).collect();
    for (number, client) in clients.iter_mut().enumerate() {
        client
            .write_all(&(number as u32).to_be_bytes())
            .expect("write");
    }
    for (number, client) in clients.iter_mut().enumerate() {
        let mut echo = [0u8; 4];
        client.read_exact(&mut echo).expect("read");
        assert_eq!(u32::from_be_bytes(echo), number as u32);
    }
    server.join().expect("server");
}

fn hybrid(folder: &Folder, answer: &'static [u8]) -> (UnixStream, thread::JoinHandle<Vec<u8>>) {
    let target = UnixListener::bind(folder.file("vm.vsock")).expect("bind");
    let path = start(
        folder,
        Address::Hybrid {
            socket: folder.file("vm.vsock"),
            port: 5005,
        },
    );
    let server = thread::spawn(move || {
        let (mut stream, _) = target.accept().expect("accept");
        let mut line = [0u8; 13];
        stream.read_exact(&mut line).expect("read");
        assert_eq!(&line, b"CONNECT 5005\n");
        stream.write_all(answer).expect("write");
        let mut got = Vec::new();
        let _ = stream.read_to_end(&mut got);
        got
    });
    let mut client = connect(&path);
    let _ = client.write_all(b"hello");
    let _ = client.shutdown(Shutdown::Write);
    (client, server)
}

#[test]
fn asks_a_hybrid_socket_for_the_port_and_keeps_what_follows_the_answer() {
    let folder = Folder::new("hybrid");
    let (mut client, server) = hybrid(&folder, b"OK 1073741824\nearly");
    let mut got = Vec::new();
    client.read_to_end(&mut got).expect("read");
    assert_eq!(got, b"early");
    assert_eq!(server.join().expect("server"), b"hello");
}

#[test]
fn drops_a_stream_that_a_hybrid_socket_refuses_or_answers_without_end() {
    for (name, answer) in [
        ("no", &b"NO\n"[..]),
        ("endless", &b"OK 11111111111111111111111111111111111111"[..]),
    ] {
        let folder = Folder::new(name);
        let (mut client, server) = hybrid(&folder, answer);
        let mut got = Vec::new();
        let _ = client.read_to_end(&mut got);
        assert_eq!(got, b"");
        assert_eq!(server.join().expect("server"), b"");
    }
}

#[test]
fn cannot_listen_on_a_hybrid_socket() {
    let listen = Address::Hybrid {
        socket: "x".into(),
        port: 1,
    };
    assert!(
        Bridge::new(vec![Route {
            listen,
            to: Address::Unix("y".into())
        }])
        .is_err()
    );
}
