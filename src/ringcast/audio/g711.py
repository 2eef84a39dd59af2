"""G.711 µ-law and A-law as lookup tables (ITU-T G.711).

Linear samples are 16 bits: µ-law's 14-bit values times 4, A-law's 13-bit values times 8, as every
telephony codec does. Encoding follows the decision values of the standard; a negative sample
that lies on a decision value goes to the inner interval (one's complement, as ITU-T G.191 does).
"""

from __future__ import annotations

from typing import Any, Final, TypeVar

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "ALAW_DECODE",
    "ALAW_SILENCE",
    "ALAW_TO_ULAW",
    "ULAW_DECODE",
    "ULAW_SILENCE",
    "ULAW_TO_ALAW",
    "decode_alaw",
    "decode_ulaw",
    "encode_alaw",
    "encode_ulaw",
]

_Table = TypeVar("_Table", bound=NDArray[Any])

ULAW_SILENCE: Final = 0xFF
"""The µ-law code of +0."""
ALAW_SILENCE: Final = 0xD5
"""The A-law code of the smallest positive value: A-law has no zero."""


def _ulaw_decoding() -> NDArray[np.int16]:
    code = ~np.arange(256, dtype=np.uint8)  # sent inverted: G.711, table 2a, note 2
    exponent = (code >> 4 & 7).astype(np.int32)
    mantissa = (code & 15).astype(np.int32)
    magnitude = ((2 * mantissa + 33 << exponent) - 33) * 4
    return np.where(code & 0x80, -magnitude, magnitude).astype(np.int16)


def _alaw_decoding() -> NDArray[np.int16]:
    code = np.arange(256, dtype=np.uint8) ^ 0x55  # even bits inverted: G.711, table 1a, note 2
    exponent = (code >> 4 & 7).astype(np.int32)
    mantissa = (code & 15).astype(np.int32)
    # Segments 0 and 1 have the same step, so the hidden bit appears from segment 1 on.
    linear = (2 * mantissa + 1 + np.where(exponent > 0, 32, 0)) << np.maximum(exponent - 1, 0)
    return np.where(code & 0x80, linear * 8, -linear * 8).astype(np.int16)


def _every_sample() -> NDArray[np.int32]:
    """Return all linear samples, in the order of their unsigned bit patterns."""
    return np.arange(65536, dtype=np.uint16).view(np.int16).astype(np.int32)


def _ulaw_encoding() -> NDArray[np.uint8]:
    sample = _every_sample()
    magnitude = np.where(sample < 0, ~sample, sample) >> 2
    biased = np.minimum(magnitude + 33, 0x1FFF)  # overload: the outermost interval
    exponent = np.frexp(biased)[1] - 6  # frexp is exact where log2 need not be
    mantissa = biased >> exponent + 1 & 15
    sign = np.where(sample < 0, 0x80, 0)
    code: NDArray[np.int32] = ~(sign | exponent << 4 | mantissa) & 0xFF
    return code.astype(np.uint8)


def _alaw_encoding() -> NDArray[np.uint8]:
    sample = _every_sample()
    magnitude = np.where(sample < 0, ~sample, sample) >> 4
    exponent = np.maximum(np.frexp(magnitude)[1] - 4, 0)
    mantissa = magnitude >> np.maximum(exponent - 1, 0) & 15
    sign = np.where(sample < 0, 0, 0x80)
    code: NDArray[np.int32] = (sign | exponent << 4 | mantissa) ^ 0x55
    return code.astype(np.uint8)


def _read_only(table: _Table) -> _Table:
    table.setflags(write=False)
    return table


ULAW_DECODE: Final[NDArray[np.int16]] = _read_only(_ulaw_decoding())
"""The linear sample of each µ-law code; 256 of int16."""
ALAW_DECODE: Final[NDArray[np.int16]] = _read_only(_alaw_decoding())
"""The linear sample of each A-law code; 256 of int16."""
_ULAW_ENCODE: Final = _read_only(_ulaw_encoding())
_ALAW_ENCODE: Final = _read_only(_alaw_encoding())


def encode_ulaw(samples: NDArray[np.int16]) -> NDArray[np.uint8]:
    """Return the µ-law codes of 16-bit linear samples, in the same shape."""
    return _ULAW_ENCODE[samples.astype(np.int16, copy=False).view(np.uint16)]


def encode_alaw(samples: NDArray[np.int16]) -> NDArray[np.uint8]:
    """Return the A-law codes of 16-bit linear samples, in the same shape."""
    return _ALAW_ENCODE[samples.astype(np.int16, copy=False).view(np.uint16)]


def decode_ulaw(codes: bytes | bytearray | memoryview | NDArray[np.uint8]) -> NDArray[np.int16]:
    """Return the 16-bit linear samples of µ-law codes."""
    return ULAW_DECODE[_codes(codes)]


def decode_alaw(codes: bytes | bytearray | memoryview | NDArray[np.uint8]) -> NDArray[np.int16]:
    """Return the 16-bit linear samples of A-law codes."""
    return ALAW_DECODE[_codes(codes)]


def _codes(codes: bytes | bytearray | memoryview | NDArray[np.uint8]) -> NDArray[np.uint8]:
    return codes if isinstance(codes, np.ndarray) else np.frombuffer(codes, dtype=np.uint8)


ULAW_TO_ALAW: Final[NDArray[np.uint8]] = _read_only(encode_alaw(ULAW_DECODE))
"""The A-law code nearest to each µ-law code; 256 of uint8."""
ALAW_TO_ULAW: Final[NDArray[np.uint8]] = _read_only(encode_ulaw(ALAW_DECODE))
"""The µ-law code nearest to each A-law code; 256 of uint8."""
