"""Libraries without what only debuggers read: symbols and sections make some of them several times as large.

A loader reads the segments of a library, which its program headers name, and nothing behind the last of them (System V
ABI, "Program Loading").
"""

import struct

ELF64_LITTLE = b"\x7fELF\x02\x01"
"""How libraries begin, of arm64 and of x86_64 alike."""
HEADER_BYTES, SEGMENT_BYTES = 64, 56


def stripped(library: bytes) -> bytes:
    """Cut a library behind its last segment; what is none stays as it is."""
    if not library.startswith(ELF64_LITTLE):
        return library
    (segments,), (count,) = struct.unpack_from("<Q", library, 32), struct.unpack_from("<H", library, 56)
    ends = [HEADER_BYTES, segments + count * SEGMENT_BYTES]
    for place in range(segments, segments + count * SEGMENT_BYTES, SEGMENT_BYTES):
        offset, _, _, size = struct.unpack_from("<4Q", library, place + 8)
        ends.append(offset + size)
    kept = bytearray(library[: max(ends)])
    struct.pack_into("<Q", kept, 40, 0)  # there are no sections
    struct.pack_into("<3H", kept, 58, 0, 0, 0)
    return bytes(kept)
