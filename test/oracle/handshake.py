"""Computes test/vectors/handshake.json with Python's hashlib and hmac: a second reading of
docs/protocol.md, Elicitation handshake. Usage: python3 test/oracle/handshake.py"""
import hashlib
import hmac
import json
import pathlib


def lp(data: bytes) -> bytes:
    return len(data).to_bytes(4, "big") + data


def sha384(data: bytes) -> bytes:
    return hashlib.sha384(data).digest()


def varint(n: int) -> bytes:
    out = b""
    while n > 0x7F:
        out += bytes([n & 0x7F | 0x80])
        n >>= 7
    return out + bytes([n])


def field(number: int, data: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(data)) + data


def number(index: int, value: int) -> bytes:
    return varint(index << 3) + varint(value)


def expand(key: bytes, info: bytes, length: int) -> bytes:
    out, block, i = b"", b"", 1
    while len(out) < length:
        block = hmac.new(key, block + info + bytes([i]), hashlib.sha384).digest()
        out, i = out + block, i + 1
    return out[:length]


def pattern(seed: int, length: int) -> bytes:
    return bytes((seed + 7 * i) & 0xFF for i in range(length))


nonce, public_key, ciphertext = pattern(1, 32), pattern(2, 1216), pattern(3, 1120)
shared_secret, statement = pattern(4, 32), pattern(5, 200)
client_peer, node_peer = pattern(6, 38), pattern(7, 38)
token = "AAECAwQFBgcICQoLDA0ODw"

m1 = field(1, b"did:nmp:client") + number(16, 1) + field(17, nonce)
m2 = (
    number(1, 1) + field(2, token.encode()) + field(4, public_key)
    + number(16, 1) + field(18, statement) + number(19, 3600)
)
transcript = sha384(
    lp(b"nmp-elicit/v1 transcript") + lp(m1) + lp(m2) + lp(client_peer) + lp(node_peer)
)
full = sha384(lp(b"nmp-elicit/v1 ciphertext") + lp(transcript) + lp(ciphertext))
key = hmac.new(full, shared_secret, hashlib.sha384).digest()
c2n = expand(key, b"nmp-elicit/v1 client to node" + full, 48)
n2c = expand(key, b"nmp-elicit/v1 node to client" + full, 48)
streams = []
for stream in (0, 1, 2**40):
    info = b"nmp-elicit/v1 stream" + stream.to_bytes(8, "big")
    entry: dict[str, object] = {"stream": str(stream)}
    for direction, secret in (("clientToNode", c2n), ("nodeToClient", n2c)):
        # Key (32), IV (12), secret of the next key (48); then the same again from that secret.
        generations = [expand(secret, info, 92)]
        for _ in range(2):
            generations.append(expand(generations[-1][44:], b"nmp-elicit/v1 rekey", 92))
        entry[direction] = [generation.hex() for generation in generations]
    streams.append(entry)

vector = {
    "clientNonce": nonce.hex(), "publicKey": public_key.hex(), "ciphertext": ciphertext.hex(),
    "sharedSecret": shared_secret.hex(), "statement": statement.hex(), "token": token,
    "clientPeerId": client_peer.hex(), "nodePeerId": node_peer.hex(),
    "m1": m1.hex(), "m2WithoutDocument": m2.hex(), "transcript": transcript.hex(),
    "full": full.hex(),
    "clientSignatureMessage": (lp(b"nmp-elicit/v1 client signature") + lp(full)).hex(),
    "extracted": key.hex(), "clientToNode": c2n.hex(), "nodeToClient": n2c.hex(),
    "streams": streams,
}
target = pathlib.Path(__file__).resolve().parent.parent / "vectors" / "handshake.json"
target.write_text(json.dumps(vector, indent=2) + "\n")
