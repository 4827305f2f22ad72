//! One bridged stream without epoll around it: each turn is given by the test.

use nix::sys::epoll::EpollFlags;
use nix::sys::socket::{getsockopt, sockopt};
use nmp_agent::connection::{Connection, Shared};
use nmp_agent::pipes::Pipes;
use nmp_agent::socket::Address;
use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::time::Instant;

const READ_BYTES: usize = 16;

/// One end for the bridge, which never waits, and one for the test.
fn pair() -> (OwnedFd, UnixStream) {
    let (ours, theirs) = UnixStream::pair().expect("pair");
    ours.set_nonblocking(true).expect("nonblocking");
    theirs.set_nonblocking(true).expect("nonblocking");
    (ours.into(), theirs)
}

/// Sends so many bytes and the end in one turn; returns what the other side has then.
fn one_turn(length: usize, pipes: Option<Pipes>) -> Vec<u8> {
    let to = Address::Unix("unused".into());
    let ((accepted, mut client), (connected, mut server)) = (pair(), pair());
    let mut connection = Connection::new(accepted, connected, &to, Instant::now());
    let mut shared = Shared {
        scratch: vec![0; READ_BYTES],
        pipes,
    };
    connection
        .on_event(1, EpollFlags::EPOLLOUT, &mut shared)
        .expect("open");
    client.write_all(&vec![7; length]).expect("write");
    client.shutdown(Shutdown::Write).expect("shutdown");
    // As often as epoll would call: while there is something that the stream waits for.
    while connection.interest(0).contains(EpollFlags::EPOLLIN) {
        connection
            .on_event(0, EpollFlags::EPOLLIN, &mut shared)
            .expect("turn");
    }
    let mut got = Vec::new();
    server.read_to_end(&mut got).expect("the end was passed on");
    got
}

/// A turn is a number of moves: the end may come with the last of them.
#[test]
fn passes_on_the_end_whichever_move_of_a_turn_sees_it() {
    for length in 0..READ_BYTES * 20 {
        assert_eq!(one_turn(length, None).len(), length);
        assert_eq!(one_turn(length, Some(Pipes::default())).len(), length);
    }
}

/// Many streams may have been bulk once; only those that are may hold more than the kernel gives.
#[test]
fn widens_the_way_into_the_node_for_as_long_as_bulk_passes() {
    let to = Address::Unix("unused".into());
    let ((accepted, mut client), (connected, mut server)) = (pair(), pair());
    let mut connection = Connection::new(accepted, connected, &to, Instant::now());
    let mut shared = Shared {
        scratch: vec![0; READ_BYTES],
        pipes: Some(Pipes::default()),
    };
    connection
        .on_event(1, EpollFlags::EPOLLOUT, &mut shared)
        .expect("open");
    let room = |connection: &Connection| {
        connection
            .ends
            .each_ref()
            .map(|end| getsockopt(end, sockopt::SndBuf).expect("size"))
    };
    let before = room(&connection);
    for _ in 0..2 {
        client.write_all(&[7; 64 * 1024]).expect("write");
        connection
            .on_event(0, EpollFlags::EPOLLIN, &mut shared)
            .expect("bulk");
        let [outside, inside] = room(&connection);
        assert_eq!(outside, before[0]);
        assert!(inside > before[1], "{inside} > {}", before[1]);
        server.read_exact(&mut [0; 64 * 1024]).expect("all of it");
        let mut short_moves = 0;
        while room(&connection) != before {
            client.write_all(&[7; 8]).expect("write");
            connection
                .on_event(0, EpollFlags::EPOLLIN, &mut shared)
                .expect("short");
            server.read_exact(&mut [0; 8]).expect("all of it");
            short_moves += 1;
        }
        assert!((2..100).contains(&short_moves), "{short_moves}");
    }
    // Nor for as long as it only rests.
    client.write_all(&[7; 64 * 1024]).expect("write");
    connection
        .on_event(0, EpollFlags::EPOLLIN, &mut shared)
        .expect("bulk");
    assert!(room(&connection)[1] > before[1]);
    connection.rest(&mut shared);
    assert_eq!(room(&connection), before);
}
