//! The NSM's socket in front of a device that is made up here.

use aws_nitro_enclaves_nsm_api::api::{ErrorCode, Request, Response};
use nmp_agent::nsm::{Device, REQUEST_BYTES_MAX, document_time_ms, serve};
use serde_cbor::Value;
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::thread;
use std::time::Duration;

struct Fake;

impl Device for Fake {
    fn process(&mut self, request: Request) -> Response {
        match request {
            Request::DescribePCR { index } if index < 32 => Response::DescribePCR {
                lock: index < 16,
                data: vec![index as u8; 48],
            },
            Request::DescribePCR { .. } => Response::Error(ErrorCode::InvalidIndex),
            Request::Attestation { nonce, .. } => Response::Attestation {
                document: nonce.map(|nonce| nonce.into_vec()).unwrap_or_default(),
            },
            Request::GetRandom => Response::GetRandom {
                random: vec![7; 13_000],
            },
            _ => Response::Error(ErrorCode::InvalidOperation),
        }
    }
}

fn start(name: &str) -> (std::path::PathBuf, UnixStream) {
    let path = std::env::temp_dir().join(format!("nmp-nsm-{name}-{}.sock", std::process::id()));
    let _ = std::fs::remove_file(&path);
    let listener = UnixListener::bind(&path).expect("bind");
    thread::spawn(move || serve(&listener, Fake));
    let stream = UnixStream::connect(&path).expect("connect");
    stream
        .set_read_timeout(Some(Duration::from_secs(120)))
        .expect("timeout");
    (path, stream)
}

fn send(stream: &mut UnixStream, request: &[u8]) {
    stream
        .write_all(&(request.len() as u32).to_be_bytes())
        .expect("write");
    stream.write_all(request).expect("write");
}

fn receive(stream: &mut UnixStream) -> Response {
    let mut head = [0u8; 4];
    stream.read_exact(&mut head).expect("read");
    let mut body = vec![0u8; u32::from_be_bytes(head) as usize];
    stream.read_exact(&mut body).expect("read");
    serde_cbor::from_slice(&body).expect("response")
}

fn cbor(request: &Request) -> Vec<u8> {
    serde_cbor::to_vec(request).expect("request")
}

#[test]
fn answers_requests_in_order_on_one_connection() {
    let (_, mut stream) = start("order");
    for index in [3u16, 20, 32] {
        send(&mut stream, &cbor(&Request::DescribePCR { index }));
    }
    assert!(
        matches!(receive(&mut stream), Response::DescribePCR { lock: true, data } if data == [3; 48])
    );
    assert!(matches!(
        receive(&mut stream),
        Response::DescribePCR { lock: false, .. }
    ));
    assert!(matches!(
        receive(&mut stream),
        Response::Error(ErrorCode::InvalidIndex)
    ));
}

#[test]
fn takes_the_bytes_that_the_device_takes() {
    // What enclave/attest/device.ts writes: {"DescribePCR": {"index": 5}}, and bare "DescribeNSM".
    let (_, mut stream) = start("bytes");
    send(&mut stream, b"\xa1\x6bDescribePCR\xa1\x65index\x05");
    assert!(matches!(receive(&mut stream), Response::DescribePCR { data, .. } if data == [5; 48]));
    send(&mut stream, b"\x6bDescribeNSM");
    assert!(matches!(
        receive(&mut stream),
        Response::Error(ErrorCode::InvalidOperation)
    ));
    send(
        &mut stream,
        b"\xa1\x6bAttestation\xa3\x69user_data\xf6\x65nonce\x43abc\x6apublic_key\xf6",
    );
    assert!(
        matches!(receive(&mut stream), Response::Attestation { document } if document == b"abc")
    );
}

#[test]
fn refuses_what_is_no_request_and_goes_on() {
    let (_, mut stream) = start("garbage");
    for garbage in [
        &b"\xff"[..],
        b"\x64Nope",
        b"\xa1\x6bDescribePCR\xa0",
        b"\x00",
    ] {
        send(&mut stream, garbage);
        assert!(matches!(
            receive(&mut stream),
            Response::Error(ErrorCode::InvalidArgument)
        ));
    }
    send(&mut stream, &cbor(&Request::DescribePCR { index: 1 }));
    assert!(matches!(receive(&mut stream), Response::DescribePCR { .. }));
}

#[test]
fn ends_a_connection_whose_frame_is_empty_or_too_long() {
    for length in [0u32, REQUEST_BYTES_MAX as u32 + 1, u32::MAX] {
        let (_, mut stream) = start(&format!("size{length}"));
        stream.write_all(&length.to_be_bytes()).expect("write");
        assert!(matches!(
            receive(&mut stream),
            Response::Error(ErrorCode::InputTooLarge)
        ));
        assert_eq!(stream.read(&mut [0u8; 1]).expect("end"), 0);
    }
}

#[test]
fn never_sends_a_response_longer_than_the_device_may_give() {
    let (_, mut stream) = start("long");
    send(&mut stream, &cbor(&Request::GetRandom));
    assert!(matches!(
        receive(&mut stream),
        Response::Error(ErrorCode::BufferTooSmall)
    ));
}

#[test]
fn closes_connections_beyond_its_limit_and_takes_new_ones_when_some_have_gone() {
    let (path, first) = start("limit");
    let mut held = vec![first];
    for _ in 0..7 {
        held.push(UnixStream::connect(&path).expect("connect"));
    }
    // All eight answer, so that all are counted before the ninth comes.
    for stream in &mut held {
        send(stream, &cbor(&Request::DescribePCR { index: 1 }));
        receive(stream);
    }
    let mut ninth = UnixStream::connect(&path).expect("connect");
    ninth
        .set_read_timeout(Some(Duration::from_secs(120)))
        .expect("timeout");
    assert_eq!(ninth.read(&mut [0u8; 1]).expect("end"), 0);
    held.clear();
    for _ in 0..200 {
        let mut again = UnixStream::connect(&path).expect("connect");
        again
            .set_read_timeout(Some(Duration::from_secs(120)))
            .expect("timeout");
        let request = cbor(&Request::DescribePCR { index: 2 });
        let mut frame = (request.len() as u32).to_be_bytes().to_vec();
        frame.extend(request);
        if again.write_all(&frame).is_ok() && again.read(&mut [0u8; 4]).is_ok_and(|read| read == 4)
        {
            return;
        }
        thread::sleep(Duration::from_millis(10));
    }
    panic!("no connection was taken after the others had gone");
}

fn document(timestamp: Value) -> Vec<u8> {
    let fields = BTreeMap::from([(Value::Text("timestamp".into()), timestamp)]);
    let payload = serde_cbor::to_vec(&Value::Map(fields)).expect("payload");
    let parts = vec![
        Value::Bytes(vec![0xa0]),
        Value::Map(BTreeMap::new()),
        Value::Bytes(payload),
        Value::Bytes(vec![0; 96]),
    ];
    serde_cbor::to_vec(&Value::Array(parts)).expect("document")
}

#[test]
fn reads_the_time_of_a_document_and_of_nothing_else() {
    let now = 1_795_465_465_123;
    let good = document(Value::Integer(now));
    assert_eq!(document_time_ms(&good), u64::try_from(now).ok());
    for bad in [Value::Integer(0), Value::Integer(-1), Value::Null] {
        assert_eq!(document_time_ms(&document(bad)), None);
    }
    for length in 0..good.len() {
        assert_eq!(document_time_ms(&good[..length]), None, "{length} bytes");
    }
    let scalar = serde_cbor::to_vec(&Value::Integer(5)).expect("scalar");
    assert_eq!(document_time_ms(&scalar), None);
}
