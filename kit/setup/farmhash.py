"""FarmHash's 32-bit and 64-bit fingerprints in Python, for TFDV, which imports them as `farmhash`.

The package that it asks for, pyfarmhash, exists as C++ source only and would make a compiler and Python's
headers a requirement of the kit. The values are the same, bit for bit; the steps are those of
https://github.com/google/farmhash (Fingerprint32 is farmhashmk::Hash32, Fingerprint64 is farmhashna::Hash64).
TFDV hashes feature names with them, and in its skew detector whole features; some 10 microseconds each.
"""

from __future__ import annotations

_32 = (1 << 32) - 1
_64 = (1 << 64) - 1
_C1, _C2 = 0xCC9E2D51, 0x1B873593
_K0, _K1, _K2 = 0xC3A5C85C97CB3127, 0xB492B66FBE98F273, 0x9AE16A3B2F90404F


def fingerprint32(data: str) -> int:
    """Return the 32-bit fingerprint of a text's UTF-8 bytes."""
    text = data.encode()
    length = len(text)
    if length <= 4:
        return _short32(text)
    if length <= 12:
        return _medium32(text)
    if length <= 24:
        return _longer32(text)
    return _long32(text)


def fingerprint64(data: str) -> int:
    """Return the 64-bit fingerprint of a text's UTF-8 bytes."""
    text = data.encode()
    length = len(text)
    if length <= 16:
        return _short64(text)
    if length <= 32:
        return _medium64(text)
    if length <= 64:
        return _longer64(text)
    return _long64(text)


def _word(text: bytes, start: int, size: int) -> int:
    """Read an unsigned little-endian number; a negative start counts from the end."""
    start = start if start >= 0 else len(text) + start
    return int.from_bytes(text[start : start + size], "little")


def _right32(value: int, count: int) -> int:
    return (value >> count | value << (32 - count)) & _32


def _right64(value: int, count: int) -> int:
    return (value >> count | value << (64 - count)) & _64


def _finish32(h: int) -> int:
    h = ((h ^ h >> 16) * 0x85EBCA6B) & _32
    h = ((h ^ h >> 13) * 0xC2B2AE35) & _32
    return h ^ h >> 16


def _murmur(a: int, h: int) -> int:
    a = _right32(a * _C1 & _32, 17) * _C2 & _32
    return (_right32(h ^ a, 19) * 5 + 0xE6546B64) & _32


def _short32(text: bytes) -> int:
    b, c = 0, 9
    for byte in text:
        signed = byte - 256 if byte > 127 else byte  # as C++'s signed char
        b = (b * _C1 + signed) & _32
        c ^= b
    return _finish32(_murmur(b, _murmur(len(text), c)))


def _medium32(text: bytes) -> int:
    length = len(text)
    a, b, c, d = length, length * 5, 9, length * 5
    a += _word(text, 0, 4)
    b += _word(text, -4, 4)
    c += _word(text, (length >> 1) & 4, 4)
    return _finish32(_murmur(c & _32, _murmur(b & _32, _murmur(a & _32, d))))


def _longer32(text: bytes) -> int:
    length = len(text)
    a = _word(text, (length >> 1) - 4, 4)
    b = _word(text, 4, 4)
    c = _word(text, -8, 4)
    d = _word(text, length >> 1, 4)
    e = _word(text, 0, 4)
    f = _word(text, -4, 4)
    h = (d * _C1 + length) & _32
    a = (_right32(a, 12) + f) & _32
    h = (_murmur(c, h) + a) & _32
    a = (_right32(a, 3) + c) & _32
    h = (_murmur(e, h) + a) & _32
    a = (_right32((a + f) & _32, 12) + d) & _32
    h = (_murmur(b, h) + a) & _32
    return _finish32(h)


def _mixed32(value: int) -> int:
    return _right32(value * _C1 & _32, 17) * _C2 & _32


def _long32(text: bytes) -> int:
    length = len(text)
    h, g, f = length, _C1 * length & _32, _C1 * length & _32
    a0, a1, a2, a3, a4 = (_mixed32(_word(text, -back, 4)) for back in (4, 8, 16, 12, 20))
    h = (_right32(h ^ a0, 19) * 5 + 0xE6546B64) & _32
    h = (_right32(h ^ a2, 19) * 5 + 0xE6546B64) & _32
    g = (_right32(g ^ a1, 19) * 5 + 0xE6546B64) & _32
    g = (_right32(g ^ a3, 19) * 5 + 0xE6546B64) & _32
    f = (_right32((f + a4) & _32, 19) + 113) & _32
    for start in range(0, (length - 1) // 20 * 20, 20):
        a, b, c, d, e = (_word(text, start + offset, 4) for offset in (0, 4, 8, 12, 16))
        h, g, f = (h + a) & _32, (g + b) & _32, (f + c) & _32
        h = (_murmur(d, h) + e) & _32
        g = (_murmur(c, g) + a) & _32
        f = (_murmur((b + e * _C1) & _32, f) + d) & _32
        f = (f + g) & _32
        g = (g + f) & _32
    g = _right32(_right32(g, 11) * _C1 & _32, 17) * _C1 & _32
    f = _right32(_right32(f, 11) * _C1 & _32, 17) * _C1 & _32
    h = (_right32((h + g) & _32, 19) * 5 + 0xE6546B64) & _32
    h = _right32(h, 17) * _C1 & _32
    h = (_right32((h + f) & _32, 19) * 5 + 0xE6546B64) & _32
    return _right32(h, 17) * _C1 & _32


def _joined(u: int, v: int, multiplier: int) -> int:
    a = (u ^ v) * multiplier & _64
    a ^= a >> 47
    b = (v ^ a) * multiplier & _64
    b ^= b >> 47
    return b * multiplier & _64


def _short64(text: bytes) -> int:
    length = len(text)
    multiplier = _K2 + length * 2
    if length >= 8:
        a, b = _word(text, 0, 8) + _K2 & _64, _word(text, -8, 8)
        c = (_right64(b, 37) * multiplier + a) & _64
        d = (_right64(a, 25) + b) * multiplier & _64
        return _joined(c, d, multiplier)
    if length >= 4:
        return _joined(length + (_word(text, 0, 4) << 3), _word(text, -4, 4), multiplier)
    if length:
        y = text[0] + (text[length >> 1] << 8)
        z = length + (text[-1] << 2)
        mixed = (y * _K2 ^ z * _K0) & _64
        return (mixed ^ mixed >> 47) * _K2 & _64
    return _K2


def _medium64(text: bytes) -> int:
    multiplier = _K2 + len(text) * 2
    a = _word(text, 0, 8) * _K1 & _64
    b = _word(text, 8, 8)
    c = _word(text, -8, 8) * multiplier & _64
    d = _word(text, -16, 8) * _K2 & _64
    u = (_right64(a + b & _64, 43) + _right64(c, 30) + d) & _64
    v = (a + _right64(b + _K2 & _64, 18) + c) & _64
    return _joined(u, v, multiplier)


def _longer64(text: bytes) -> int:
    multiplier = _K2 + len(text) * 2
    a = _word(text, 0, 8) * _K2 & _64
    b = _word(text, 8, 8)
    c = _word(text, -8, 8) * multiplier & _64
    d = _word(text, -16, 8) * _K2 & _64
    y = (_right64(a + b & _64, 43) + _right64(c, 30) + d) & _64
    z = _joined(y, (a + _right64(b + _K2 & _64, 18) + c) & _64, multiplier)
    e = _word(text, 16, 8) * multiplier & _64
    f = _word(text, 24, 8)
    g = (y + _word(text, -32, 8)) * multiplier & _64
    h = (z + _word(text, -24, 8)) * multiplier & _64
    u = (_right64(e + f & _64, 43) + _right64(g, 30) + h) & _64
    v = (e + _right64(f + a & _64, 18) + g) & _64
    return _joined(u, v, multiplier)


def _seeded(text: bytes, start: int, a: int, b: int) -> tuple[int, int]:
    """Mix 32 bytes into two numbers."""
    w, x, y, z = (_word(text, start + offset, 8) for offset in (0, 8, 16, 24))
    a = a + w & _64
    b = _right64(b + a + z & _64, 21)
    c = a
    a = a + x + y & _64
    b = b + _right64(a, 44) & _64
    return a + z & _64, b + c & _64


def _long64(text: bytes) -> int:
    seed = 81
    x, y = seed, (seed * _K1 + 113) & _64
    z = (y * _K2 + 113) & _64
    z = (z ^ z >> 47) * _K2 & _64
    v, w = (0, 0), (0, 0)
    x = (x * _K2 + _word(text, 0, 8)) & _64
    end = (len(text) - 1) // 64 * 64
    for start in range(0, end, 64):
        x = _right64(x + y + v[0] + _word(text, start + 8, 8) & _64, 37) * _K1 & _64
        y = _right64(y + v[1] + _word(text, start + 48, 8) & _64, 42) * _K1 & _64
        x ^= w[1]
        y = y + v[0] + _word(text, start + 40, 8) & _64
        z = _right64(z + w[0] & _64, 33) * _K1 & _64
        v = _seeded(text, start, v[1] * _K1 & _64, x + w[0] & _64)
        w = _seeded(text, start + 32, z + w[1] & _64, y + _word(text, start + 16, 8) & _64)
        z, x = x, z
    # The last 64 bytes overlap what was read before.
    multiplier = _K1 + ((z & 0xFF) << 1) & _64
    start = len(text) - 64
    w = (w[0] + ((len(text) - 1) & 63) & _64, w[1])
    v = (v[0] + w[0] & _64, v[1])
    w = (w[0] + v[0] & _64, w[1])
    x = _right64(x + y + v[0] + _word(text, start + 8, 8) & _64, 37) * multiplier & _64
    y = _right64(y + v[1] + _word(text, start + 48, 8) & _64, 42) * multiplier & _64
    x ^= w[1] * 9 & _64
    y = y + v[0] * 9 + _word(text, start + 40, 8) & _64
    z = _right64(z + w[0] & _64, 33) * multiplier & _64
    v = _seeded(text, start, v[1] * multiplier & _64, x + w[0] & _64)
    w = _seeded(text, start + 32, z + w[1] & _64, y + _word(text, start + 16, 8) & _64)
    z, x = x, z
    mixed = (y ^ y >> 47) * _K0 & _64
    first = _joined(v[0], w[0], multiplier) + mixed + z & _64
    return _joined(first, _joined(v[1], w[1], multiplier) + x & _64, multiplier)
