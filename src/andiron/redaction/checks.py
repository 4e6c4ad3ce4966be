"""Checksums that tell a number of a card or an account from any other number."""

from collections.abc import Callable


def luhn(text: str) -> bool:
    """Whether the digits of `text` end in the check digit of a payment card."""
    digits = [int(each) for each in text if each in "0123456789"]
    doubled = sum(sum(divmod(2 * each, 10)) for each in digits[-2::-2])
    return (sum(digits[-1::-2]) + doubled) % 10 == 0


def mod97(text: str) -> bool:
    """Whether `text` has the check digits of an IBAN (ISO 13616)."""
    plain = text.replace(" ", "")
    return int("".join(str(int(each, 36)) for each in plain[4:] + plain[:4])) % 97 == 1


CHECKS: dict[str, Callable[[str], bool]] = {"luhn": luhn, "mod97": mod97}
