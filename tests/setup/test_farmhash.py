"""The expected values were printed by pyfarmhash 0.3.2, the package that kit/setup/farmhash.py stands in for."""

from __future__ import annotations

import farmhash
import pytest

from kit.setup.farmhash import fingerprint32, fingerprint64

SENTENCE = "Grüße an alle 世界, " * 60
# One length in bytes for each way through the algorithm, and both sides of every border.
EXPECTED = [
    (0, 0xDC56D17A, 0x9AE16A3B2F90404F),
    (1, 0x80F3415A, 0x9B07A379AB32F2D9),
    (2, 0xBC319835, 0x8C3CAB870F458F66),
    (3, 0x35889C1D, 0x8128487808A5B025),
    (4, 0x53A1ABF2, 0x33140713056AECDE),
    (5, 0xE2D675EC, 0x5FB6CB1114486C52),
    (7, 0x5A1CD181, 0x3EE50AF928947123),
    (8, 0x338D2608, 0xE825DA391F0ADAF8),
    (9, 0xAE8A562E, 0x950BD810CB50E9DC),
    (12, 0xD7A95633, 0x9224BF893BEA9B81),
    (13, 0xAA8061AA, 0x1D9B2438CC02E978),
    (16, 0x03FA7A3C, 0x06A7060DFF0FABE7),
    (17, 0xA5561FE2, 0x5816B95DB88F1402),
    (20, 0x46D531BB, 0x40A49C424B9EB3A2),
    (24, 0xB4A4C906, 0x216AFCCFD22E93CA),
    (25, 0x4576B1B4, 0x72AE37198CCFDCE0),
    (32, 0xD5471F20, 0x8D488A8DB327B807),
    (33, 0x85603C03, 0x75150189B4C56E2),
    (40, 0xB74AC64C, 0xAA7F52FADB891C0E),
    (64, 0x3723B1ED, 0x3BE1462AEDA28475),
    (65, 0x104A690, 0xCD6335F2BE066849),
    (128, 0xF4F7B0F5, 0x8B1A7A6FD37E6ABB),
    (129, 0xEE4C0B4A, 0x6F5BB60CA24EF0BC),
    (1000, 0x64E8BA99, 0xFCDC3F89A0095EF0),
]


def text_of(length: int) -> str:
    """Return a text with that many bytes; a character that does not fit is replaced by x."""
    text = SENTENCE.encode()[:length].decode(errors="ignore")
    return text + "x" * (length - len(text.encode()))


@pytest.mark.parametrize(("length", "expected32", "expected64"), EXPECTED)
def test_values_are_pyfarmhashs(length: int, expected32: int, expected64: int) -> None:
    assert fingerprint32(text_of(length)) == expected32
    assert fingerprint64(text_of(length)) == expected64


def test_tfdv_finds_it_by_the_name_it_imports() -> None:
    assert farmhash.fingerprint64("feature") == fingerprint64("feature")
