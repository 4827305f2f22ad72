//! Every decoder of the egress filter by itself, without the engine that asks first whether a text
//! looks like its format.
#![no_main]

use nmp_fuzz::codec::base::{self, Base85};
use nmp_fuzz::codec::compress::{self, Outcome};
use nmp_fuzz::codec::escapes::{self, Rewrite};
use nmp_fuzz::codec::lists::{self, Found};
use nmp_fuzz::codec::{fold, objects, probe, spelled};

const ROOM: usize = 1 << 20;

/// A bomb stops at the room it was given, or one step beyond it.
fn bounded(outcome: Outcome) {
    if let Outcome::Bytes(bytes) = outcome {
        assert!(bytes.len() <= 4 * ROOM);
    }
}

fn rewritten(made: &Rewrite, source: usize) {
    for &(to, from) in &made.changes {
        assert!(to <= made.data.len() && from <= source);
    }
}

fn found(all: &[Found], source: usize) {
    for one in all {
        assert!(one.source <= source);
    }
}

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    // One decoder a run, by the first byte: the fuzzer learns each format by itself.
    let Some((&which, s)) = bytes.split_first() else {
        return;
    };
    match which % 26 {
        0 => drop(base::base64(s)),
        1 => drop(base::base16(s)),
        2 => drop((base::base32(s, false), base::base32(s, true))),
        3 => drop((
            base::radix(s, base::BASE58, true),
            base::radix(s, base::BASE62, false),
        )),
        4 => drop((
            base::base85(s, Base85::Ascii85),
            base::base85(s, Base85::Z85),
        )),
        5 => drop((base::base85(s, Base85::Rfc1924), base::base45(s))),
        6 => bounded(compress::deflate(s, ROOM)),
        7 => bounded(compress::zlib(s, ROOM)),
        8 => bounded(compress::gzip(s, ROOM)),
        9 => bounded(compress::brotli(s, ROOM)),
        10 => bounded(compress::zstd(s, ROOM)),
        11 => {
            if let Ok(files) = compress::zip(s, ROOM) {
                assert!(files.iter().all(|(at, _)| *at <= s.len()));
            }
        }
        12 => assert!(compress::tar(s).iter().all(|(at, _)| *at <= s.len())),
        13 => rewritten(&escapes::percent(s), s.len()),
        14 => rewritten(&escapes::quoted_printable(s), s.len()),
        15 => rewritten(&escapes::entities(s), s.len()),
        16 => rewritten(&escapes::backslash(s), s.len()),
        17 => rewritten(&escapes::utf7(s), s.len()),
        18 => {
            if let Ok(text) = std::str::from_utf8(s) {
                rewritten(&fold::fold(text), s.len());
            }
            drop(fold::wide(s));
        }
        19 => found(&lists::codes(s), s.len()),
        20 => {
            found(&lists::hex_pairs(s), s.len());
            found(&lists::spaced(s), s.len());
        }
        21 => drop((lists::bits(s), spelled::digits(s))),
        22 => drop((objects::cbor(s), objects::tagged(s))),
        23 => drop((objects::msgpack(s), objects::bson(s))),
        24 => drop(objects::protobuf(s)),
        _ => {
            let _ = probe::deflate(s);
            // Called at an `@`, as the engine does.
            if let Some(at) = s.iter().position(|&b| b == b'@') {
                drop(spelled::address(s, at));
            }
        }
    }
});
