"""Independent oracle of the sealed dataset (docs/protocol.md, Sealed dataset).

Written from the specification with Python's standard library only (AES from FIPS 197, GCM from
SP 800-38D, CBOR from RFC 8949); shares no code with enclave/data. Slow: for vectors only.

Usage: python3 test/oracle/sealed_dataset.py > test/vectors/sealed-dataset.json
"""
import hashlib
import hmac
import json
import struct


def xtime(a: int) -> int:
    return ((a << 1) ^ 0x11B if a & 0x80 else a << 1) & 0xFF


def gf(a: int, b: int) -> int:
    out = 0
    while b:
        if b & 1:
            out ^= a
        a, b = xtime(a), b >> 1
    return out


def sbox_of(x: int) -> int:
    inverse = next((y for y in range(1, 256) if gf(x, y) == 1), 0)
    out = 0x63
    for shift in range(5):
        out ^= ((inverse << shift) | (inverse >> (8 - shift))) & 0xFF
    return out


SBOX = [sbox_of(x) for x in range(256)]


def expand(key: bytes) -> list:
    words = [list(key[i : i + 4]) for i in range(0, 32, 4)]
    rcon = 1
    for i in range(8, 60):
        word = list(words[-1])
        if i % 8 == 0:
            word = [SBOX[b] for b in word[1:] + word[:1]]
            word[0] ^= rcon
            rcon = xtime(rcon)
        elif i % 8 == 4:
            word = [SBOX[b] for b in word]
        words.append([a ^ b for a, b in zip(words[i - 8], word)])
    return [sum(words[i : i + 4], []) for i in range(0, 60, 4)]


def aes(keys: list, block: bytes) -> bytes:
    state = [a ^ b for a, b in zip(block, keys[0])]
    for turn in range(1, 15):
        state = [SBOX[b] for b in state]
        state = [state[(i + 4 * (i % 4)) % 16] for i in range(16)]
        if turn < 14:
            mixed = []
            for c in range(0, 16, 4):
                col = state[c : c + 4]
                for r in range(4):
                    mixed.append(
                        gf(col[r], 2) ^ gf(col[(r + 1) % 4], 3) ^ col[(r + 2) % 4] ^ col[(r + 3) % 4]
                    )
            state = mixed
        state = [a ^ b for a, b in zip(state, keys[turn])]
    return bytes(state)


def ghash(h: int, data: bytes) -> int:
    y = 0
    for at in range(0, len(data), 16):
        x, v, z = y ^ int.from_bytes(data[at : at + 16], "big"), h, 0
        for bit in range(127, -1, -1):
            if (x >> bit) & 1:
                z ^= v
            v = (v >> 1) ^ (0xE1 << 120) if v & 1 else v >> 1
        y = z
    return y


def pad(data: bytes) -> bytes:
    return data + bytes(-len(data) % 16)


def gcm(key: bytes, nonce: bytes, aad: bytes, plain: bytes) -> bytes:
    keys = expand(key)
    out = bytearray()
    for at in range(0, len(plain), 16):
        stream = aes(keys, nonce + struct.pack(">I", 2 + at // 16))
        out += bytes(a ^ b for a, b in zip(plain[at : at + 16], stream))
    lengths = struct.pack(">QQ", 8 * len(aad), 8 * len(out))
    h = int.from_bytes(aes(keys, bytes(16)), "big")
    tag = ghash(h, pad(aad) + pad(bytes(out)) + lengths)
    mask = int.from_bytes(aes(keys, nonce + struct.pack(">I", 1)), "big")
    return bytes(out) + (tag ^ mask).to_bytes(16, "big")


def hkdf(secret: bytes, info: bytes) -> bytes:
    key = hmac.new(bytes(32), secret, hashlib.sha256).digest()
    return hmac.new(key, info + b"\x01", hashlib.sha256).digest()


def head(major: int, n: int) -> bytes:
    if n < 24:
        return bytes([major << 5 | n])
    for info, form, limit in ((24, ">B", 1 << 8), (25, ">H", 1 << 16), (26, ">I", 1 << 32)):
        if n < limit:
            return bytes([major << 5 | info]) + struct.pack(form, n)
    raise ValueError(n)


def item(value) -> bytes:
    if isinstance(value, int):
        return head(0, value)
    if isinstance(value, str):
        return head(3, len(value.encode())) + value.encode()
    return head(2, len(value)) + value


def seal(case: dict, data_key: bytes, plain: bytes) -> bytes:
    commitment = hmac.new(
        hkdf(data_key, b"nmp-sealed-dataset/1 commit"), plain, hashlib.sha256
    ).digest()
    fields = [
        ("version", 1),
        ("provider", case["provider"]),
        ("key_id", case["keyId"]),
        ("encrypted_key", bytes.fromhex(case["encryptedKey"])),
        ("chunk_bytes", case["chunkBytes"]),
        ("name", case["name"]),
        ("format", case["format"]),
        ("nonce_prefix", bytes.fromhex(case["noncePrefix"])),
        ("commitment", commitment),
    ]
    body = head(5, len(fields)) + b"".join(item(k) + item(v) for k, v in fields)
    start = b"NMPSEAL1" + struct.pack(">I", len(body)) + body
    aad = hashlib.sha256(start).digest()
    key = hkdf(data_key, b"nmp-sealed-dataset/1 encrypt")
    size = case["chunkBytes"]
    chunks = [plain[at : at + size] for at in range(0, len(plain), size)] or [b""]
    out = start
    for index, chunk in enumerate(chunks):
        last = 1 if index == len(chunks) - 1 else 0
        nonce = bytes.fromhex(case["noncePrefix"]) + struct.pack(">IB", index, last)
        out += gcm(key, nonce, aad, chunk)
    return out


def bytes_of(label: str, length: int) -> bytes:
    out = b""
    while len(out) < length:
        out += hashlib.sha256(f"{label} {len(out)}".encode()).digest()
    return out[:length]


def main() -> None:
    # FIPS 197, appendix C.3: the oracle itself is checked before it says anything.
    probe = aes(expand(bytes(range(32))), bytes.fromhex("00112233445566778899aabbccddeeff"))
    assert probe.hex() == "8ea2b7ca516745bfeafc49904b496089"
    vectors = []
    for name, provider, length, chunk in (
        ("empty", "local", 0, 64),
        ("shorter than a chunk", "kms", 63, 64),
        ("exactly one chunk", "kms", 64, 64),
        ("two chunks and a byte", "kms", 129, 64),
        ("five chunks", "local", 300, 65),
    ):
        arn = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
        data_key, plain = bytes_of(f"key {name}", 32), bytes_of(f"plain {name}", length)
        case = {
            "case": name,
            "provider": provider,
            "keyId": arn if provider == "kms" else hashlib.sha256(name.encode()).hexdigest(),
            "encryptedKey": bytes_of(f"encrypted {name}", 184 if provider == "kms" else 60).hex(),
            "chunkBytes": chunk,
            "name": "lab-results",
            "format": "csv",
            "noncePrefix": bytes_of(f"prefix {name}", 7).hex(),
        }
        vectors.append(
            {
                **case,
                "dataKey": data_key.hex(),
                "plaintext": plain.hex(),
                "sealed": seal(case, data_key, plain).hex(),
            }
        )
    print(json.dumps({"version": 1, "vectors": vectors}, indent=2))


main()
