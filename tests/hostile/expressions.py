"""Expressions and templates that no definition may have, or that cost without end where they are rendered."""

from collections.abc import Iterator
from typing import Any

from tests.hostile.case import DEFINITIONS, Case, create, definition, text

REFUSED: dict[str, str] = {
    "1,000 parentheses": "${" + "(" * 1_000 + "a" + ")" * 1_000 + "}",
    "300 parentheses": "${" + "(" * 300 + "a" + ")" * 300 + "}",
    "900 negations": "${" + "!" * 900 + "a}",
    "100 lists in each other": "${" + "[" * 100 + "a" + "]" * 100 + "}",
    "100 objects in each other": "${" + "{a: " * 100 + "a" + "}" * 100 + "}",
    "100 filters in each other": "${" + "[?" * 100 + "a" + "]" * 100 + "}",
    "100 functions in each other": "${" + "length(" * 100 + "a" + ")" * 100 + "}",
    "100 expressions as values": "${ " + "map(&" * 100 + "a" + ", a)" * 100 + " }",
    "2,000 characters": "${ " + "a" * 2_000 + " }",
    "a literal of 2,000 numbers": "${ `[" + "1," * 2_000 + "1]` }",
    "a literal that is no JSON": "${ `{a: 1}` }",
    "a literal that does not end": "${ `[1 }",
    "a text that does not end": "${ 'a }",
    "no end": "${ input.a",
    "nothing": "${ }",
    "a placeholder in a placeholder": "${ ${ input.a } }",
    "Python": "${ __import__('os').system('id') }",
    "Jinja": "${ {{ 7 * 7 }} }",
    "a lambda": "${ lambda: 1 }",
    "a function that is not there": "${ eval('1') }",
    "a secret where none may be": "${secret('name')}",
    "a token where none may be": "${step.token}",
    "too many arguments": "${ length(a, b, c) }",
    "no argument": "${ length() }",
    "another sign": "${ a ; b }",
    "a control character": "${ a\x00b }",
    "half a surrogate pair": "${ '\ud800' }",
}

CHAINS: dict[str, tuple[str, str]] = {
    "names": ("input.a{}", ".a"),
    "filters": ("a{}", "[?a]"),
    "pipes": ("a{}", "|a"),
    "indexes": ("a{}", "[0]"),
    "projections": ("$.a{}", "[*].a"),
    "a list": ("[a{}]", "|[a,a,a,a,a,a,a,a,a]"),
    "quotes that do not end": ("a{}", "\\'"),
}
"""Expressions of a KB, no two of which are the same: how each begins, and what is put behind it."""

LIST = list(range(1_000))
LONG = "a" * 2_000
INPUT: dict[str, Any] = {"l": LIST, "s": LONG, "o": {"a": 1}, "p": "(a+)+b", "f": [0.5] * 40_000}
BOMBS: dict[str, str] = {
    "a pattern that repeats a billion times": "match('a', '((a{1000}){1000}){1000}')",
    "a pattern that looks ahead": "match('a', '(?=a)')",
    "a pattern of 900 states": "match(join('', map(&'aaaaaaaaaaaaaaaaaa', range(`9000`))), '[^b]{900}c')",
    "a glob of 900 states": "glob(join('', map(&'aaaaaaaaaaaaaaaaaaaa', range(`9000`))), '*b" + "?" * 900 + "c')",
    "5,000 patterns": "map(&match('a', join('', ['[^a]{800}', to_string(@)])), range(`5000`))",
    "a list of itself, 24 times": "[@,@]" + " | [@,@]" * 23,
    "an object of itself, 24 times": "{a: @, b: @}" + " | {a: @, b: @}" * 23,
    "lists in each other, for all": "input.l[*].[@,@,@][*].[@,@,@][].[@,@,@][].[@,@,@]",
    "a map of a map": "map(&map(&[@,@,@,@,@,@,@,@], `[1,2,3,4,5,6,7,8,9,10]`), input.l)",
    "a map of a map of a map": "map(&map(&map(&@, range(`100`)), range(`100`)), range(`100`))",
    "a map of sorts": "map(&sort(range(`1000`)), range(`1000`))",
    "a sort of sorts": "sort_by(range(`10000`), &length(sort(range(@))))",
    "JSON of JSON": "to_json(" * 20 + "input.s" + ")" * 20,
    "joined with itself": "input.s" + " | join(@, [@,@,@])" * 8,
    "a sum of sums": "sum(map(&sum(map(&sum(range(`1000`)), range(`100`))), range(`100`)))",
    "replaced by itself": "replace(input.s, 'a', input.s)",
    "replaced three times": "replace(" * 3 + "input.s" + ", 'a', 'aaaaaaaaaa')" * 3,
    "formatted": "format('{}{}{}{}{}{}{}{}', input, input, input, input, input, input, input, input)",
    "a range of a billion": "range(`1000000000`)",
    "a range below": "range(`0`, `-1000000000`, `-1`)",
    "a range of step 0": "range(`0`, `10`, `0`)",
    "a range to infinity": "range(`1e308`)",
    "9 to the 99,999,999": "power(`9`, `99999999`)",
    "powers of powers": "power(power(power(`9`,`999`),`4`),`999`)",
    "a power beyond infinity": "power(`10.5`, `1e300`)",
    "a root of what has none": "power(`-8`, `0.3`)",
    "a product of long numbers": "multiply(power(`9`,`4000`), power(`9`,`4000`))",
    "a division by 0": "divide(`1`, `0`)",
    "a remainder of 0": "modulo(`1`, `0`)",
    "chunks of 0": "chunk(input.l, `0`)",
    "JSON of 5,000 digits": "from_json(join('', map(&'9', range(`5000`))))",
    "JSON of 10,000 levels": "from_json(join('', map(&'[', range(`10000`))))",
    "base64 of itself": "base64_encode(input.s)" + " | base64_encode(@)" * 24,
    "pairs of pairs": "zip(range(`100000`), range(`100000`)) | zip(@, @) | zip(@, @)",
    "no list": "map(&@, input.s)",
    "what is required": "required(input.nothing, 'it is not there')",
    "a time that is none": "parse_time('x')",
    "a time beyond the calendar": "add_time(now(), `1e18`)",
    "a pattern of the input that does not parse": "match(input.s, input.o)",
    "a key that is none": "get(input.o, input.l)",
}
MANY: dict[str, str] = {
    "a hash": "hash(input.f)",
    "a sum": "sum(input.i)",
    "a mean": "avg(input.i)",
    "the greatest": "max(input.i)",
    "a search": "contains(input.i, `2`)",
    "a comparison": "input.a == input.b",
    "a set": "length(unique(input.i))",
    "an empty text": "join('', input.e)",
    "a flat list": "length(flatten_deep(input.n))",
    "a number that is none": "to_number(input.d)",
    "a pattern": "match(input.t, '[^b]{400}c')",
    "a glob": "glob(input.t, '*b" + "?" * 400 + "c')",
    "a length of JSON": "length(to_string(input.i))",
    "small lists from JSON": "length(from_json(input.j))",
    "small objects from JSON": "length(from_json(input.m))",
    "small chunks": "length(chunk(input.c, `1`))",
    "pairs": "length(zip(input.z, input.z))",
    "small lists without repetitions": "length(unique(input.u))",
    "one object of 100": "length(merge(" + ", ".join(["input.g"] * 100) + "))",
}
"""Expressions that look through much and yield little, thousands of each in one template."""
MUCH: dict[str, dict[str, Any]] = {
    "hash": {"f": [0.5] * 50_000},
    "match": {"t": "a" * 250_000},
    "glob": {"t": "a" * 250_000},
    "input.a": {"a": [1] * 60_000, "b": [1] * 60_000},
    "to_number": {"d": "1" * 250_000},
    "join": {"e": [""] * 80_000},
    "length(flatten_deep": {"n": [[]] * 80_000},
    "length(from_json(input.j": {"j": f"[{','.join(['[]'] * 80_000)}]"},
    "length(from_json(input.m": {"m": f"[{','.join(['{}'] * 80_000)}]"},
    "length(chunk": {"c": [*range(100_000)]},
    "length(zip": {"z": [*range(20_000)]},
    "length(unique(input.u": {"u": [[number] for number in range(1_000)]},
    "length(merge": {"g": {f"k{number}": number for number in range(20_000)}},
}


def cases() -> Iterator[Case]:
    for name, expression in REFUSED.items():
        for place, document in places(expression).items():
            yield create("expression", f"{name}, in {place}", text(document))
    yield from long_chains()
    for number, (name, expression) in enumerate(BOMBS.items()):
        document = definition(f"bomb-{number}", stash={"x": f"${{ {expression} }}"})
        start = f"{DEFINITIONS}/bomb-{number}/execute"
        given = create("expression", name, text(document))
        yield Case("expression", name, 400, start, text({"input": INPUT}), given=given)
    for number, (name, expression) in enumerate(MANY.items()):
        document = definition(
            f"many-{number}", stash={"x": [f"${{ {expression} }}"] * min(5_000, 80_000 // len(expression))}
        )
        given = create("expression", name, text(document))
        start = f"{DEFINITIONS}/many-{number}/execute"
        value = next((much for begin, much in MUCH.items() if expression.startswith(begin)), {"i": [1] * 120_000})
        yield Case("expression", f"{name}, again and again", 400, start, text({"input": value}), given=given)


def long_chains() -> Iterator[Case]:
    """Chains of a KB: more of them than a definition may have, as many as it may but for its end, and by includes."""
    nowhere = {"id": "z", "type": "echo", "message": 1, "next": "nowhere"}
    for name, (begin, link) in CHAINS.items():
        chains = [begin.format(number) + link * ((1_010 - len(begin)) // len(link)) for number in range(160)]
        steps = [{"id": f"s{at}", "type": "echo", "message": f"${{ {chain} }}"} for at, chain in enumerate(chains)]
        whens = [{"id": f"s{at}", "type": "succeed", "when": chain} for at, chain in enumerate(chains)]
        yield create("expression", f"160 chains of {name}", text(definition(steps=steps)))
        yield create("expression", f"160 conditions that are chains of {name}", text(definition(steps=whens)))
        yield create("expression", f"48 chains of {name}", text(definition(steps=[*steps[:48], nowhere])))
    part = [{"id": "part", "type": "transform", "output": [f"${{ input{'.a' * 490} }}"] * 48}]
    given = create("expression", "a part", text(definition("part-of-chains", part)))
    parts = [
        {"id": f"b{at}", "type": "parallel", "branches": [{"id": "b", "steps": [{"include": "part-of-chains"}]}]}
        for at in range(5)
    ]
    steps = [{"id": "own", "type": "echo", "message": [f"${{ stash{'.a' * 490} }}"] * 200}]
    whole = text(definition(steps=steps + parts))
    yield Case("expression", "440 chains, most of them included", 400, DEFINITIONS, whole, given=given)


def places(expression: str) -> dict[str, Any]:
    """Put an expression where a definition has one."""
    echo = {"id": "a", "type": "echo", "message": expression}
    return {
        "a step": definition(steps=[echo]),
        "a shape": definition(steps=[{"id": "a", "type": "transform", "output": {"x": [expression]}}]),
        "the stash": definition(stash={"x": expression}),
    }
