"""Definitions in YAML that does more than say what JSON can say, or that is none."""

from collections.abc import Iterator
from itertools import pairwise

from tests.hostile.case import Case, create_yaml

STEPS = "steps:\n- {id: a, type: echo, message: x}\n"
BASE = f"id: y\n{STEPS}"
NAMES = "abcdefghij"
LAUGHS = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{name}: &{name} [{','.join([f'*{before}'] * 9)}]\n" for before, name in pairwise(NAMES)
)
TEXTS: dict[str, bytes | str] = {
    "a billion laughs": LAUGHS,
    "a billion laughs by merge": BASE
    + "".join(f"m{i}: &m{i} {{<<: *m{i - 1}, <<: *m{i - 1}}}\n" for i in range(1, 40)),
    "an anchor": f"id: &a y\n{STEPS}",
    "an alias": "id: *a\n",
    "an anchor on all": f"&x\n{BASE}",
    "a list in itself": "&a [*a]",
    "a merge key": f"{BASE}<<: {{a: 1}}\n",
    "a merge key in a list": "id: y\nsteps:\n- {<<: [{id: a}], type: echo}\n",
    "a tag that calls": f"{BASE}x: !!python/object/apply:os.system ['id']\n",
    "a tag that names": "!!python/name:os.system x",
    "a tag that imports": "!!python/module:os x",
    "a tag that makes an object": "!!python/object/new:subprocess.Popen [['id']]",
    "a tag of text": f"id: !!str y\n{STEPS}",
    "a tag of its own": f"!foo\n{BASE}",
    "a tag of bytes": "id: !!binary aGk=\n",
    "a tag of a set": "!!set {a, b}",
    "a tag of an ordered map": "!!omap [a: 1]",
    "a tag of a time": "id: !!timestamp 2026-01-31\n",
    "a tag of nothing": "! y\n",
    "a tag with escapes": "!<%ff%ff> x",
    "a tag of 100,000 characters": "!" + "a" * 100_000 + " x",
    "another handle for tags": "%TAG ! tag:x,2000:\n---\n!a b",
    "a handle for tags that nothing uses": f"%TAG !e! tag:example.com,2000:\n---\n{BASE}",
    "15,000 handles for tags": "".join(f"%TAG !a{i}! x\n" for i in range(15_000)) + f"---\n{BASE}",
    "15,000 handles for tags, after a mark": "\ufeff"
    + "".join(f"%TAG !a{i}! x\r" for i in range(15_000))
    + f"---\n{BASE}",
    "15,000 handles for tags, behind": f"{BASE}...\n" + "".join(f"%TAG !a{i}! x\n" for i in range(15_000)) + "---\n",
    "20,000 times one handle": "%TAG !a! x\n" * 20_000 + f"---\n{BASE}",
    "an unknown directive": f"%FOO bar\n---\n{BASE}",
    "a version of YAML that is none": f"%YAML 3.0\n---\n{BASE}",
    "a version of YAML of 100,000 digits": "%YAML 1." + "9" * 100_000 + f"\n---\n{BASE}",
    "a version of YAML twice": f"%YAML 1.1\n%YAML 1.1\n---\n{BASE}",
    "two documents": f"{BASE}---\n{BASE}",
    "50,000 empty documents": "---\n" * 50_000,
    "50,000 ends": "...\n" * 50_000,
    "an octal number": "id: 010\nsteps: 0o17\n",
    "a number in base 60": "id: y\nsteps: 1:30\n",
    "a date": "id: y\nsteps: 2026-01-31\n",
    "a word that was true once": "id: y\nsteps: yes\n",
    "a tab that indents": "id: y\nsteps:\n\t- {id: a}\n",
    "a key twice": f"{BASE}id: z\n",
    "a key twice in a step": "id: y\nsteps: [{id: a, id: b, type: echo, message: x}]\n",
    "a key twice, once quoted": f'{BASE}"id": z\n',
    "a key twice, once escaped": f'{BASE}"\\x69d": z\n',
    "a key that is a list": "? [a]\n: b\n",
    "a key that is an object": "? {a: b}\n: b\n",
    "a key that is a number": "1: a\n",
    "a key that is null": "~: a\n",
    "a key that is true": "true: a\n",
    "a key that is nothing": ": a\n",
    "a key of 100,000 characters": BASE + "a" * 100_000 + ": b\n",
    "a key of 100,000 characters, explicit": BASE + "? " + "a" * 100_000 + "\n: b\n",
    "an anchor of 100,000 characters": "&" + "a" * 100_000 + " x",
    "200,000 lists that do not end": "[" * 200_000,
    "50,000 objects that do not end": "{a: " * 50_000,
    "100,000 lists in each other": "- " * 100_000,
    "600 objects in each other": "".join(" " * i + "a:\n" for i in range(600)),
    "55 lists in each other": f"{BASE}stash: {{x: {'[' * 55}{']' * 55}}}\n",
    "60,000 question marks": "? " * 60_000,
    "60,000 colons": ": " * 60_000,
    "100,000 commas": "[" + "," * 100_000,
    "5,000 digits": "id: y\nx: " + "9" * 5_000,
    "a number beyond infinity": "id: y\nx: 1e999\n",
    "infinity as an id": "id: .inf\nsteps: .nan\n",
    "a control character": b"id: \x01\n",
    "a control character behind others": "id: ééééé\x01\n".encode(),
    "no character": "é\uffff".encode(),
    "NUL": b"id: y\x00",
    "UTF-16": BASE.encode("utf-16"),
    "UTF-16 without a mark": BASE.encode("utf-16-le"),
    "UTF-32": BASE.encode("utf-32"),
    "Latin-1": "id: é".encode("latin-1"),
    "UTF-7": "id: +AGE-\n".encode("ascii"),
    "a quote that does not end": 'id: "' + "a" * 200_000,
    "50,000 lines of text alone": "|\n" + " a\n" * 50_000,
    "a reserved sign": "id: @x\n",
    "a backtick": "id: `x\n",
    "a broken escape": 'id: "\\xZZ"',
    "half a surrogate pair": f'id: y\ntitle: "\\ud800"\n{STEPS}',
    "a character beyond the last": 'id: "\\UFFFFFFFF"\n',
    "nothing": "",
    "60,000 comments": "# x\n" * 60_000,
    "text": "hello",
    "null": "~",
    "a list": "- a\n",
    "a template of Jinja": "{{ 7 * 7 }}",
    "an entity of XML": "<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><a>&x;</a>",
    "an include of another system": f"{BASE}x: !include /etc/passwd\n",
    "a shell in a key": "$(id): `id`\n",
}


def cases() -> Iterator[Case]:
    for name, body in TEXTS.items():
        yield create_yaml("YAML", name, body)
    yield create_yaml("YAML", "300 KB", BASE + "# " + "x" * 300_000, 413)
