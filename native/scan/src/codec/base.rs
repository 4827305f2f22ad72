//! Base16, 32, 58, 64 and 85 in the variants met in the wild.

const T64: [u8; 256] = {
    let mut t = [255u8; 256];
    let mut i = 0;
    while i < 26 {
        t[b'A' as usize + i] = i as u8;
        t[b'a' as usize + i] = 26 + i as u8;
        if i < 10 {
            t[b'0' as usize + i] = 52 + i as u8;
        }
        i += 1;
    }
    t[b'+' as usize] = 62;
    t[b'-' as usize] = 62;
    t[b'/' as usize] = 63;
    t[b'_' as usize] = 63;
    t
};

/// What a character of Base64 stands for; above 63 for others.
pub fn value64(b: u8) -> u8 {
    T64[usize::from(b)]
}

/// RFC 4648 sections 4 and 5, padding optional, both alphabets at once.
pub fn base64(s: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    base64_into(s, &mut out).then_some(out)
}

/// Into `out`, whose bytes mean nothing unless the answer is true.
pub fn base64_into(s: &[u8], out: &mut Vec<u8>) -> bool {
    let Some(last) = s.iter().rposition(|&b| b != b'=') else {
        return false;
    };
    let s = &s[..=last];
    if s.len() % 4 == 1 {
        return false;
    }
    let (quads, rest) = s.as_chunks::<4>();
    out.clear();
    out.resize(quads.len() * 3, 0);
    for (quad, slot) in quads.iter().zip(out.as_chunks_mut::<3>().0) {
        let v = quad.map(|b| T64[usize::from(b)]);
        if (v[0] | v[1] | v[2] | v[3]) > 63 {
            return false;
        }
        let n =
            u32::from(v[0]) << 18 | u32::from(v[1]) << 12 | u32::from(v[2]) << 6 | u32::from(v[3]);
        slot.copy_from_slice(&n.to_be_bytes()[1..]);
    }
    let (mut bits, mut held) = (0u32, 0);
    for &b in rest {
        let v = T64[usize::from(b)];
        if v > 63 {
            return false;
        }
        bits = bits << 6 | u32::from(v);
        held += 6;
        if held >= 8 {
            held -= 8;
            out.push((bits >> held) as u8);
        }
    }
    true
}

const T16: [u8; 256] = {
    let mut t = [255u8; 256];
    let mut i = 0;
    while i < 16 {
        t[b"0123456789abcdef"[i] as usize] = i as u8;
        t[b"0123456789ABCDEF"[i] as usize] = i as u8;
        i += 1;
    }
    t
};

/// RFC 4648 section 8, either case.
pub fn base16(s: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    base16_into(s, &mut out).then_some(out)
}

/// Into `out`, whose bytes mean nothing unless the answer is true.
pub fn base16_into(s: &[u8], out: &mut Vec<u8>) -> bool {
    let (pairs, rest) = s.as_chunks::<2>();
    if !rest.is_empty() {
        return false;
    }
    out.clear();
    out.resize(pairs.len(), 0);
    let mut all = 0;
    for (pair, slot) in pairs.iter().zip(out.iter_mut()) {
        let (high, low) = (T16[usize::from(pair[0])], T16[usize::from(pair[1])]);
        all |= high | low;
        *slot = high << 4 | low & 15;
    }
    all < 16
}

/// Hex in groups between dashes, of any lengths; as `base16_into`.
pub fn dashed16_into(s: &[u8], out: &mut Vec<u8>) -> bool {
    if !s.contains(&b'-') {
        return base16_into(s, out);
    }
    out.clear();
    let (mut held, mut all) = (None, 0);
    for b in s.iter().filter(|b| **b != b'-') {
        let digit = T16[usize::from(*b)];
        all |= digit;
        held = match held {
            None => Some(digit),
            Some(high) => {
                out.push(high << 4 | digit & 15);
                None
            }
        };
    }
    held.is_none() && all < 16
}

/// RFC 4648 section 6 (or 7 with `hex`), either case, padding optional.
pub fn base32(s: &[u8], hex: bool) -> Option<Vec<u8>> {
    let s = &s[..s.iter().rposition(|&b| b != b'=')? + 1];
    let mut out = Vec::with_capacity(s.len() * 5 / 8 + 1);
    let (mut bits, mut held) = (0u32, 0);
    for &b in s {
        let v = match (b.to_ascii_uppercase(), hex) {
            (b @ b'A'..=b'Z', false) => b - b'A',
            (b @ b'2'..=b'7', false) => b - b'2' + 26,
            (b @ b'0'..=b'9', true) => b - b'0',
            (b @ b'A'..=b'V', true) => b - b'A' + 10,
            _ => return None,
        };
        bits = (bits << 5 | u32::from(v)) & 0xffff;
        held += 5;
        if held >= 8 {
            held -= 8;
            out.push((bits >> held) as u8);
        }
    }
    Some(out)
}

/// Longest text taken as Base58, Base62 or Base36: the conversion is quadratic.
pub const MAX_RADIX: usize = 4096;

/// A big number written in `alphabet` (most significant first) as bytes; leading zero digits
/// stand for zero bytes when `zeros`.
pub fn radix(s: &[u8], alphabet: &[u8], zeros: bool) -> Option<Vec<u8>> {
    if s.len() > MAX_RADIX {
        return None;
    }
    let mut index = [255u8; 256];
    for (i, &b) in alphabet.iter().enumerate() {
        index[usize::from(b)] = i as u8;
    }
    let base = alphabet.len() as u64;
    // Limbs of 32 bits, least significant first; five digits at a time.
    let mut limbs: Vec<u32> = Vec::with_capacity(s.len() / 5 + 1);
    for chunk in s.chunks(5) {
        let (mut scale, mut add) = (1u64, 0u64);
        for &b in chunk {
            let v = index[usize::from(b)];
            if v == 255 {
                return None;
            }
            scale *= base;
            add = add * base + u64::from(v);
        }
        for limb in &mut limbs {
            let n = u64::from(*limb) * scale + add;
            *limb = n as u32;
            add = n >> 32;
        }
        if add > 0 {
            limbs.push(add as u32);
        }
    }
    let mut out: Vec<u8> = Vec::with_capacity(limbs.len() * 4 + 4);
    if zeros {
        out.extend(s.iter().take_while(|&&b| b == alphabet[0]).map(|_| 0u8));
    }
    let tail: Vec<u8> = limbs.iter().rev().flat_map(|l| l.to_be_bytes()).collect();
    let first = tail.iter().position(|&b| b != 0).unwrap_or(tail.len());
    out.extend_from_slice(&tail[first..]);
    Some(out)
}

pub const BASE58: &[u8] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
pub const FLICKR58: &[u8] = b"123456789abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ";
pub const BASE62: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
pub const BASE62_LOWER: &[u8] = b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
pub const BASE36: &[u8] = b"0123456789abcdefghijklmnopqrstuvwxyz";

const Z85: &[u8; 85] =
    b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#";
const RFC1924: &[u8; 85] =
    b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~";

/// The three Base85 alphabets.
#[derive(Clone, Copy)]
pub enum Base85 {
    Ascii85,
    Z85,
    Rfc1924,
}

pub fn base85(s: &[u8], kind: Base85) -> Option<Vec<u8>> {
    let index = |b: u8| -> Option<u32> {
        match kind {
            Base85::Ascii85 => (b'!'..=b'u').contains(&b).then(|| u32::from(b - b'!')),
            Base85::Z85 => Z85.iter().position(|&c| c == b).map(|i| i as u32),
            Base85::Rfc1924 => RFC1924.iter().position(|&c| c == b).map(|i| i as u32),
        }
    };
    let mut out = Vec::with_capacity(s.len() * 4 / 5 + 4);
    let (mut n, mut held) = (0u64, 0usize);
    for &b in s {
        if b == b'z' && held == 0 && matches!(kind, Base85::Ascii85) {
            out.extend_from_slice(&[0; 4]);
            continue;
        }
        n = n * 85 + u64::from(index(b)?);
        held += 1;
        if held == 5 {
            out.extend_from_slice(&u32::try_from(n).ok()?.to_be_bytes());
            (n, held) = (0, 0);
        }
    }
    if held == 1 {
        return None;
    }
    if held > 1 {
        for _ in held..5 {
            n = n * 85 + 84;
        }
        out.extend_from_slice(&u32::try_from(n).ok()?.to_be_bytes()[..held - 1]);
    }
    Some(out)
}

/// RFC 9285.
pub fn base45(s: &[u8]) -> Option<Vec<u8>> {
    const A: &[u8; 45] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";
    let v = |b: u8| A.iter().position(|&c| c == b).map(|i| i as u32);
    let mut out = Vec::with_capacity(s.len() * 2 / 3 + 2);
    for c in s.chunks(3) {
        match *c {
            [a, b, d] => out.extend_from_slice(
                &u16::try_from(v(a)? + 45 * v(b)? + 2025 * v(d)?)
                    .ok()?
                    .to_be_bytes(),
            ),
            [a, b] => out.push(u8::try_from(v(a)? + 45 * v(b)?).ok()?),
            _ => return None,
        }
    }
    Some(out)
}
