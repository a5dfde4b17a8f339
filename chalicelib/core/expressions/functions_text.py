"""Template functions of texts, and of values written as text."""

import base64
import hashlib
import json
import re
from urllib.parse import quote

from chalicelib.core.expressions.signature import (
    ANY,
    NUMBER,
    TEXT,
    as_text,
    check_items,
    check_text,
    compact,
    optional,
    rest,
    signature,
    whole,
)
from chalicelib.core.values.charsets import decode_text, is_charset
from chalicelib.core.values.decimals import Number
from chalicelib.core.values.errors import EvaluationError, MalformedError
from chalicelib.core.values.json import Json
from chalicelib.core.values.json_text import read_json
from chalicelib.core.values.pattern import compile_glob, compile_pattern

_OTHER_CHARSET = "write base64_decode(text, 'iso-8859-1') for another charset"
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]*={0,2}")
_ALGORITHMS = ("sha256", "sha384", "sha512")


class TextFunctions:
    """Cut, put together, compare and encode."""

    @signature(TEXT, rest(ANY))
    def _func_format(self, template: str, *values: Json) -> str:
        """format(template, value, ...): the template with each ``{}`` replaced by the next value; non-texts as JSON.

        format('{} of {}', `1`, 'many') -> "1 of many"
        """
        places = template.split("{}")
        if len(places) != len(values) + 1:
            raise EvaluationError(f"format() has {len(places) - 1} places {{}} for {len(values)} values")
        pieces = [places[0]]
        length = len(template)
        for value, place in zip(values, places[1:], strict=True):
            pieces += [as_text(value), place]
            check_text(length := length + len(pieces[-2]))
        return "".join(pieces)

    @signature(TEXT, TEXT)
    def _func_split(self, text: str, separator: str) -> list[str]:
        """split(text, separator): the parts between the separators.

        split('a,b,,c', ',') -> ["a", "b", "", "c"]
        """
        if not separator:
            raise EvaluationError("split() needs a separator that is not empty")
        check_items(text.count(separator) + 1)
        return text.split(separator)

    @signature(TEXT, TEXT, TEXT)
    def _func_replace(self, text: str, old: str, new: str) -> str:
        """replace(text, old, new): every occurrence of the text ``old`` replaced.

        replace('a-b-c', '-', '+') -> "a+b+c"
        """
        if not old:
            raise EvaluationError("replace() cannot replace an empty text")
        check_text(len(text) + text.count(old) * (len(new) - len(old)))
        return text.replace(old, new)

    @signature(TEXT)
    def _func_trim(self, text: str) -> str:
        """trim(text): without white space at both ends.

        trim('  word ') -> "word"
        """
        return text.strip()

    @signature(TEXT)
    def _func_upper(self, text: str) -> str:
        """upper(text): in capitals.

        upper('straße') -> "STRASSE"
        """
        return text.upper()

    @signature(TEXT)
    def _func_lower(self, text: str) -> str:
        """lower(text): in small letters.

        lower('SeDo') -> "sedo"
        """
        return text.lower()

    @signature(TEXT, NUMBER, optional(NUMBER))
    def _func_substring(self, text: str, start: Number, end: Number | None = None) -> str:
        """substring(text, start, end?): the characters from start (0 is the first) up to end; below 0 from the end.

        substring('orchestrate', `0`, `4`) -> "orch"
        substring('orchestrate', `-4`) -> "rate"
        """
        return text[whole(start, "start") : None if end is None else whole(end, "end")]

    @signature(TEXT, TEXT)
    def _func_match(self, text: str, pattern: str) -> list[str | None] | None:
        """match(text, pattern): the first match of an RE2 pattern and its groups, or null.

        match('order-42', '([a-z]+)-([0-9]+)') -> ["order-42", "order", "42"]
        match('order', '[0-9]') -> null
        """
        found = compile_pattern(pattern).search(text)
        return None if found is None else [found.group(), *found.groups()]

    @signature(TEXT, TEXT)
    def _func_glob(self, text: str, pattern: str) -> bool:
        """glob(text, pattern): whether all of the text matches; ``*`` is any run of characters, ``?`` a single one.

        glob('invoice-7.pdf', '*.pdf') -> true
        glob('invoice-7.pdf', 'invoice-?') -> false
        """
        return compile_glob(pattern).fullmatch(text) is not None

    @signature(TEXT)
    def _func_base64_encode(self, text: str) -> str:
        """base64_encode(text): its UTF-8 in base64 (RFC 4648).

        base64_encode('sedo') -> "c2Vkbw=="
        """
        return base64.b64encode(text.encode()).decode()

    @signature(TEXT, optional(TEXT))
    def _func_base64_decode(self, text: str, charset: str = "utf-8") -> str:
        r"""base64_decode(text, charset?): the text that is given in base64 (RFC 4648), in UTF-8 or another charset.

        The alphabet of URLs is read, too (base64url), and text without its padding.

        base64_decode('c2Vkbw==') -> "sedo"
        base64_decode('eyJzdWIiOiJhPz8_In0') -> "{\"sub\":\"a???\"}"
        base64_decode('Z3L832U=', 'iso-8859-1') -> "grüße"
        """
        if not is_charset(charset):
            raise EvaluationError(f"base64_decode() knows no charset {charset[:40]!r}: it is a name as iso-8859-1")
        if not _BASE64.fullmatch(text) or len(text.rstrip("=")) % 4 == 1:
            raise EvaluationError("base64_decode() cannot read it: it is not base64")
        plain = text.rstrip("=").replace("-", "+").replace("_", "/")
        decoded = decode_text(base64.b64decode(plain + "=" * (-len(plain) % 4)), charset)
        if decoded is None:
            raise EvaluationError(f"base64_decode() cannot read it: it is no text in {charset[:40]}: {_OTHER_CHARSET}")
        return decoded

    @signature(ANY, optional(TEXT))
    def _func_hash(self, value: Json, algorithm: str = "sha256") -> str:
        """hash(value, algorithm?): hex digest of a text, or of the JSON of another value with its keys sorted.

        The algorithm is sha256, sha384 or sha512.

        hash('sedo') -> "7bd86fd2110cb43d22b2bb9b693b45734b60bf75dcc76d02d49c6f38e73734fe"
        """
        if algorithm not in _ALGORITHMS:
            raise EvaluationError(f"hash() knows {', '.join(_ALGORITHMS)}, not {algorithm!r}")
        text = value if isinstance(value, str) else json.dumps(value, separators=(",", ":"), sort_keys=True)
        return hashlib.new(algorithm, text.encode()).hexdigest()

    @signature(ANY)
    def _func_to_json(self, value: Json) -> str:
        r"""to_json(value): the value as JSON text.

        to_json([`1`, 'a']) -> "[1,\"a\"]"
        """
        return compact(value)

    @signature(TEXT)
    def _func_from_json(self, text: str) -> Json:
        """from_json(text): the value that a JSON text stands for.

        A name that stands twice in an object is refused, as in a body.

        from_json('{"a": [1, 2.50]}') -> {"a": [1, 2.5]}
        """
        content = text.encode()
        try:
            return read_json(content, len(content))
        except MalformedError as error:
            raise EvaluationError(f"from_json() cannot read it: {error.problems[0].message}") from None

    @signature(TEXT)
    def _func_url_encode(self, text: str) -> str:
        """url_encode(text): percent-encoded, to be one part of a URL (RFC 3986).

        url_encode('a b/c') -> "a%20b%2Fc"
        """
        return quote(text, safe="")
