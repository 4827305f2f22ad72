"""Independent oracle of the dataset commitment (docs/protocol.md, Dataset commitment).

Written from the specification with Python's standard library only; shares no code with
enclave/data. Writes test/vectors/dataset-commitment.json.

Usage: python3 test/oracle/dataset_commitment.py > test/vectors/dataset-commitment.json
"""
import hashlib
import hmac
import json
import struct

CODES = {"utf8": 0, "int32": 1, "float64": 2, "bool": 3}


def hkdf_sha256(secret: bytes, info: bytes, length: int = 32) -> bytes:
    """RFC 5869 with an empty salt."""
    key = hmac.new(bytes(32), secret, hashlib.sha256).digest()
    block, out, counter = b"", b"", 1
    while len(out) < length:
        block = hmac.new(key, block + info + bytes([counter]), hashlib.sha256).digest()
        out += block
        counter += 1
    return out[:length]


def bitmap(flags: list) -> bytes:
    out = bytearray((len(flags) + 7) // 8)
    for index, flag in enumerate(flags):
        if flag:
            out[index // 8] |= 1 << (index % 8)
    return bytes(out)


def values(kind: str, cells: list) -> bytes:
    if kind == "utf8":
        texts = [("" if cell is None else cell).encode() for cell in cells]
        offsets, total = [0], 0
        for text in texts:
            total += len(text)
            offsets.append(total)
        return struct.pack(f"<{len(offsets)}I", *offsets) + b"".join(texts)
    if kind == "bool":
        return bitmap([cell is True for cell in cells])
    filled = [0 if cell is None else cell for cell in cells]
    return struct.pack(f"<{len(filled)}{'i' if kind == 'int32' else 'd'}", *filled)


def leaf(salt: bytes, name: str, kind: str, cells: list) -> bytes:
    encoded = name.encode()
    return hashlib.sha256(
        b"\x00"
        + salt
        + struct.pack("<I", len(encoded))
        + encoded
        + bytes([CODES[kind]])
        + struct.pack("<I", len(cells))
        + bitmap([cell is not None for cell in cells])
        + values(kind, cells)
    ).digest()


def tree(leaves: list) -> bytes:
    """RFC 9162, section 2.1.1, on leaf hashes."""
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return hashlib.sha256(b"\x01" + tree(leaves[:k]) + tree(leaves[k:])).digest()


def path(leaves: list, index: int) -> list:
    """RFC 9162, section 2.1.3.1."""
    if len(leaves) == 1:
        return []
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    if index < k:
        return path(leaves[:k], index) + [tree(leaves[k:])]
    return path(leaves[k:], index - k) + [tree(leaves[:k])]


def vector(title: str, salt: bytes, columns: list) -> dict:
    salts = [hkdf_sha256(salt, b"nmp-column/v1|" + name.encode()) for name, _, _ in columns]
    leaves = [leaf(s, *column) for s, column in zip(salts, columns)]
    return {
        "title": title,
        "salt": salt.hex(),
        "columns": [
            {
                "name": name,
                "type": kind,
                "cells": cells,
                "salt": salts[i].hex(),
                "leaf": leaves[i].hex(),
                "path": [node.hex() for node in path(leaves, i)],
            }
            for i, (name, kind, cells) in enumerate(columns)
        ],
        "commitment": tree(leaves).hex(),
    }


TEXT = ["", "a", None, "\u00fc\u20ac\U0001f600", "line\nbreak", "b" * 300, "0", None, "last"]
INTS = [0, -1, None, 2147483647, -2147483648, 7, None, None, 42]
FLOATS = [0.5, -1e300, None, 5e-324, 120.9, 1.0, 3.0, None, 1e21]
FLAGS = [True, False, None, True, True, False, False, True, None]

VECTORS = [
    vector("one column, no rows", bytes(32), [("a", "utf8", [])]),
    vector("one column of each type", bytes(range(32)), [
        ("text", "utf8", TEXT),
        ("whole", "int32", INTS),
        ("real", "float64", FLOATS),
        ("flag", "bool", FLAGS),
    ]),
    vector("seven columns, uneven tree", hashlib.sha256(b"nmp").digest(), [
        (f"c{i}", kind, [None, cell]) for i, (kind, cell) in enumerate([
            ("int32", 1), ("bool", False), ("utf8", "x"), ("float64", 2.5),
            ("int32", -7), ("utf8", ""), ("bool", True),
        ])
    ]),
    vector("all null", bytes([255] * 32), [
        ("n", "utf8", [None] * 8),
        ("m", "bool", [None] * 8),
    ]),
]

print(json.dumps({"source": "test/oracle/dataset_commitment.py", "vectors": VECTORS}, indent=1))
