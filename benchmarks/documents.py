"""Inputs as they come: orders of a shop, the same for a seed on every machine.

They are JSON of ids, names, addresses, words and prices. zlib makes half of 1 KB of them, a quarter of 10 KB and a
fifth of 100 KB: there is much repetition in the names of members, and little in their values.
"""

from random import Random

from chalicelib.core.values.json import Json, encode

FIRST = ("Ada", "Bruno", "Chiara", "Dmitri", "Elif", "Fatou", "Grzegorz", "Hana", "Iris", "Jorge", "Kamala", "Liam")
LAST = ("Almeida", "Becker", "Castillo", "Dubois", "Eriksen", "Fontana", "Gupta", "Haugen", "Ivanova", "Jansen")
STREETS = ("Station Road", "Rua das Flores", "Lindenallee", "Via Roma", "Harbour Lane", "Kungsgatan", "Calle Mayor")
CITIES = (("Lisboa", "PT"), ("Bremen", "DE"), ("Torino", "IT"), ("Bergen", "NO"), ("Malmö", "SE"), ("Zaragoza", "ES"))
THINGS = ("kettle", "lamp", "notebook", "rope", "chair", "teapot", "drill", "blanket", "mirror", "bicycle", "radio")
KINDS = ("small", "large", "green", "walnut", "steel", "folding", "quiet", "spare", "double", "antique", "soft")
TEXT = """
please leave it with the neighbour at number four if nobody opens the door and ring twice because the bell is weak
we were promised the second half of this order for thursday kindly check that before you send the invoice again
"""


NOTE_BYTES = 200
"""Of the note at the end, and no more: a line more or less is made up for."""


def order(size: int, seed: int) -> dict[str, Json]:
    """Make an order whose JSON has exactly ``size`` bytes, of at least 1,000."""
    random = Random(seed)
    lines: list[Json] = []
    made = {**_head(random), "lines": lines, "note": ""}
    left = size - len(encode(made)) - NOTE_BYTES
    while left > 0:
        lines.append(_line(random))
        left -= len(encode(lines[-1])) + len(",")
    made["note"] = _words(random, size - len(encode(made)))
    return made


def _head(random: Random) -> dict[str, Json]:
    first, last = random.choice(FIRST), random.choice(LAST)
    city, country = random.choice(CITIES)
    return {
        "id": f"ord-{random.getrandbits(48):012x}",
        "placedAt": f"2026-{random.randint(1, 12):02d}-{random.randint(1, 28):02d}T{random.randint(0, 23):02d}:15:42Z",
        "currency": "EUR",
        "customer": {
            "id": f"cus-{random.getrandbits(48):012x}",
            "name": f"{first} {last}",
            "email": f"{first}.{last}@example.org".lower(),
            "phone": f"+49 {random.randint(10**8, 10**9)}",
        },
        "address": {
            "street": f"{random.choice(STREETS)} {random.randint(1, 180)}",
            "postcode": f"{random.randint(10_000, 99_999)}",
            "city": city,
            "country": country,
        },
    }


def _line(random: Random) -> Json:
    return {
        "sku": f"{random.getrandbits(40):010x}",
        "name": f"{random.choice(KINDS)} {random.choice(THINGS)}",
        "quantity": random.randint(1, 12),
        "price": random.randint(199, 25_000) / 100,
        "gift": random.random() < 0.1,  # noqa: PLR2004 - one of ten
    }


def _words(random: Random, size: int) -> str:
    words = TEXT.split()
    return " ".join(random.choice(words) for _ in range(size))[:size]
