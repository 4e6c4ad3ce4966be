"""Secrets to plant, each unlike any other, so that one that is found says where it was planted.

The application that plants them (`planted_application.py`) writes the list of what it planted; the test searches for all of it.
"""

import base64
import binascii
import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from andiron.redaction.checks import luhn, mod97

OWN_RULES = 'keys = ["customer_number"]\n[patterns]\norder = "ORD-[0-9]{6}"\n'
"""The rules of the application's own: one name, one pattern."""


def encoded(claims: object) -> str:
    """JSON in the alphabet of tokens."""
    return base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")


def checked(digits: str) -> str:
    """`digits` and the check digit of a card."""
    return next(f"{digits}{last}" for last in range(10) if luhn(f"{digits}{last}"))


def iban(account: str) -> str:
    """The German account number with its check digits."""
    return next(f"DE{check:02d}{account}" for check in range(100) if mod97(f"DE{check:02d}{account}"))


def forms(number: int) -> dict[str, tuple[str, str]]:
    """Each kind of secret: how it stands in a text, and the part of it that must not be found anywhere."""
    digits = f"{number:06d}"
    pieces = {
        "password": f"Pl4nt3d-{digits}-pw",
        "json": f"Pl4nt3d-{digits}-js",
        "url": f"Pl4nt3d-{digits}-ur",
        "query": f"Pl4nt3d-{digits}-qu",
        "cookie": f"Pl4nt3d-{digits}-co",
        "bearer": f"b34r3r-{digits}-abcdef",
        "basic": base64.b64encode(f"planted:{digits}!!".encode()).decode(),
        "jwt": encoded({"sub": digits}),
        "email": f"planted-{digits}",
        "card": checked(f"400012340{digits}"),
        "iban": iban(f"37040044{digits}0000"),
        "phone": f"151 2{digits}0",
        "ipv4": f"198.{number // 40000 + 20}.{number // 200 % 200 + 20}.{number % 200 + 20}",
        "ipv6": f"2001:db8:{number // 1000 + 1000}:{number % 1000 + 1000}::",
        "aws": f"AKIA{digits}PLANTEDKEY",
        "github": f"ghp_{digits}PlantedPlantedPlanted",
        "openai": f"sk-proj-{digits}PlantedPlanted",
        "pem": f"MIIplanted{digits}",
        "order": f"ORD-{digits}",
    }
    around = {
        "password": "password={}",
        "json": '{{"apiKey": "{}"}}',
        "url": "postgres://app:{}@db.example/shop",
        "query": "https://shop.example/?access_token={}&page=2",
        "bearer": "Bearer {}",
        "basic": "Basic {}",
        "jwt": "eyJhbGciOiJIUzI1NiJ9.{}.c2lnbmF0dXJl",
        "email": "{}@example.com",
        "phone": "+49 {}",
        "ipv6": "{}1",
        "cookie": "\nSet-Cookie: sid={}; HttpOnly\n",
        "pem": "-----BEGIN RSA PRIVATE KEY-----\n{}\n-----END RSA PRIVATE KEY-----",
    }
    return {kind: (around.get(kind, "{}").format(piece), piece) for kind, piece in pieces.items()}


ALL = tuple(forms(0))
ONE_LINE = tuple(kind for kind in ALL if kind not in ("cookie", "pem"))
NO_BRACES = tuple(kind for kind in ALL if kind != "json")
"""For templates, where braces are something else."""


class Planter:
    """Makes secrets and remembers them: `secrets` by what must not be found, `kept` by what must."""

    def __init__(self) -> None:
        self.secrets: dict[str, str] = {}
        self.kept: dict[str, str] = {}

    def text(self, path: str, kinds: Iterable[str] = ALL) -> str:
        """A text of all `kinds`, and a harmless word before them."""
        found = forms(number := len(self.kept) + 1)
        self.kept[word := f"harmless{number:06d}"] = path
        for kind in kinds:
            self.secrets[found[kind][1]] = f"{path}: {kind}"
        return " ".join([word, *(found[kind][0] for kind in kinds)])

    def line(self, path: str) -> str:
        """The same on one line."""
        return self.text(path, ONE_LINE)

    def one(self, path: str, kind: str) -> str:
        """One secret alone, as it stands in a text; nothing is said of a harmless word."""
        word, _, secret = self.text(path, [kind]).partition(" ")
        self.kept[word] = ""
        return secret

    def named(self, path: str) -> str:
        """A value that only the name around it betrays."""
        value = f"Pl4nt3d-{len(self.secrets):06d}-named"
        self.secrets[value] = f"{path}: by name"
        return value

    def word(self, path: str) -> str:
        """A harmless word alone."""
        self.kept[word := f"harmless{len(self.kept) + 1:06d}"] = path
        return word

    def save(self, file: Path) -> None:
        """Write the list."""
        file.write_text(json.dumps({"secrets": self.secrets, "kept": self.kept}))


class Planted(NamedTuple):
    """The list, read back."""

    secrets: dict[str, str]
    kept: dict[str, str]

    @classmethod
    def read(cls, file: Path) -> "Planted":
        """What an application wrote."""
        return cls(**json.loads(file.read_text()))

    def survivors(self, data: bytes) -> list[str]:
        """Where the secrets come from that `data` holds."""
        data = unwrapped(data)
        return sorted({path for secret, path in self.secrets.items() if secret.encode() in data})

    def neighbours(self, data: bytes) -> set[str]:
        """The paths whose harmless words `data` holds."""
        data = unwrapped(data)
        return {path for word, path in self.kept.items() if path and word.encode() in data}


def unwrapped(data: bytes) -> bytes:
    """`data`, and what is written in it in base64 or hexadecimal."""
    inner = []
    for found in re.findall(rb"[A-Za-z0-9+/]{24,}={0,2}", data):
        for decode in (base64.b64decode, binascii.unhexlify):
            try:
                inner.append(decode(found))
            except binascii.Error:
                continue
    return b"\n".join([data, *inner])
