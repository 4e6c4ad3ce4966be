"""Protobuf's wire format, as far as OTLP needs it: varints, and lengths in front of bytes."""


def varint(number: int) -> bytes:
    """`number`, which is not negative, seven bits a byte."""
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


VARINTS = tuple(varint(number) for number in range(2048))
"""Nearly every length and count of a record: looking one up takes a fifth of making it."""
STRING_VALUES = tuple(
    b"\x12" + varint(number + 1 + len(varint(number))) + b"\x0a" + varint(number) for number in range(2040)
)
"""What stands in a KeyValue between its key and the bytes of a string, by their number."""


def sized(data: bytes) -> bytes:
    """`data` with its length in front."""
    size = len(data)
    return (VARINTS[size] if size < 2048 else varint(size)) + data


def utf8(text: str) -> bytes:
    """`text` in UTF-8, with a question mark for each half of a surrogate pair."""
    try:
        return text.encode()
    except UnicodeEncodeError:
        return text.encode(errors="replace")
