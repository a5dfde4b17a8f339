"""Text in the character sets that people have."""

import codecs
import re

_CODECS = re.compile(
    r"ascii|big5|cp[0-9]+|euc_(jp|kr)|gb(18030|2312|k)|iso2022_jp|iso8859-[0-9]+|koi8-[ru]|shift_jis|utf-(8|16|32)(-[lb]e)?"
)
"""Python's names of character sets: it has other codecs under such names, which are none."""


def is_charset(name: str) -> bool:
    """Tell whether there is a character set of a name (IANA "Character Sets")."""
    return decode_text(b"", name) is not None


def decode_text(content: bytes, charset: str, *, complete: bool = True) -> str | None:
    """Read text by the name of its character set (IANA "Character Sets"); None: it is none, or there is no such set.

    A byte order mark of UTF-8 is left out, and of what is not complete the character that the cut goes through.
    """
    try:
        codec = codecs.lookup(charset).name
        if not _CODECS.fullmatch(codec):
            return None
        reader = codecs.getincrementaldecoder("utf-8-sig" if codec == "utf-8" else codec)
        return reader().decode(content, final=complete)
    except (LookupError, ValueError):  # a name with a null in it is a ValueError
        return None
