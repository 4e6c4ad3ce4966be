"""Writes an entry as one line of JSON, as `schema/log-line.schema.json` describes it: redacted, bounded, and always a line.

It runs on the application's thread for each record, so it keeps what comes again: texts and attributes that are short, with
redaction done, and whatever is the same for the process, the second or the place in the code.
"""

import json
import re
import time
from collections.abc import Callable
from json.encoder import encode_basestring_ascii
from typing import Any

from opentelemetry.trace import get_current_span

from andiron.delivery.attributes import WITHHELD
from andiron.delivery.levels import Level
from andiron.delivery.thorough import Thorough
from andiron.delivery.values import Simplifier, cut, digits
from andiron.redaction import Redactor
from andiron.sdk import context, in_force
from andiron.sdk.jsonlog.entry import SEVERITIES, Entry

LIMIT = 65_536
"""Bytes of a line; what is cut says so, and the line has `truncated`."""
PROCESS = {"service": "unknown_service", "environment": "unknown", "application_version": "unknown"}
"""Fields of the process, and what stands there before anybody said."""
LEFT_OUT = "andiron.left_out"
"""The attribute that counts those which a line has no room for."""
LONGEST_NAME = 256
"""Characters of an attribute's key and of a logger's name."""
REMEMBERED = 4096
"""Entries of each memory; a full one starts anew."""
SHORT = 100
"""Characters of what is worth remembering."""
REPEATING = frozenset({str, int, bool, type(None)})
HEADS = [f'"level":"{name.lower()}","severity_number":{number},"message":' for number, name in enumerate(SEVERITIES)]
SURROGATE = re.compile(r"(\\\\|\\ud[89ab][0-9a-f]{2}\\ud[c-f][0-9a-f]{2})|\\ud[89a-f][0-9a-f]{2}")
"""An escaped backslash or a pair, which stay; or half a pair, which strict readers refuse."""

quoted = encode_basestring_ascii
"""A string as JSON, in ASCII: it passes streams of every encoding."""


class JsonLines:
    """Renders entries. It never raises; any number of threads may use it at once."""

    def __init__(self, *, redact: bool | Redactor = True) -> None:
        self._own = redact is not True
        self._redactor = (in_force.redactor() if redact else None) if isinstance(redact, bool) else Thorough(redact)
        self._encode = json.JSONEncoder(allow_nan=False, default=_foreign, separators=(",", ":")).encode
        self._second = (-1, "")
        self._static: dict[str, str] = {}
        self._process = _process({})
        self._texts: dict[str, str] = {}
        self._pairs: dict[tuple[str, type, Any], str] = {}
        self._sources: dict[tuple[str, int, str], str] = {}

    def line_of(self, read: Callable[..., Entry], *record: Any) -> str:
        """The line of a library's record, which `read` makes an entry of."""
        try:
            entry = read(*record)
        except Exception as error:  # noqa: BLE001 - a record that somebody made by hand may lack anything
            return self._broken(error)
        return self.line(entry)

    def line(self, entry: Entry) -> str:
        """The line of `entry`, without its end."""
        try:
            line = self._render(entry, LIMIT)
            if len(line) > LIMIT:
                line = self._shortened(entry)
            return SURROGATE.sub(_whole, line) if "\\ud" in line else line
        except Exception as error:  # noqa: BLE001 - the application goes on, and its operator learns of it
            return self._broken(error, entry)

    def _broken(self, error: Exception, entry: Entry | None = None) -> str:
        """Stands for what cannot be written, and has nothing in it that may be why."""
        second, rest = divmod(time.time_ns(), 1_000_000_000)
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))
        logger = getattr(entry, "logger", None)
        return (
            f'{{"timestamp":"{stamp}.{rest // 1000:06d}Z",{HEADS[Level.ERROR]}'
            f"{quoted(f'A log record could not be written: {type(error).__name__}')},"
            f'"logger":{quoted(cut(logger, LONGEST_NAME) if type(logger) is str else "andiron")}{self._process},"attributes":{{}}}}'
        )

    def _shortened(self, entry: Entry) -> str:
        """The line with each string cut, the more the longer it is; at last without the attributes."""
        few = entry._replace(attributes={LEFT_OUT: len(entry.attributes)})
        for longest, tried in ((8192, entry), (1024, entry), (256, entry), (1024, few)):
            line = self._render(tried, longest, ',"truncated":true')
            if len(line) <= LIMIT:
                break
        return line

    def _render(self, entry: Entry, longest: int, mark: str = "") -> str:  # noqa: C901, PLR0912 - one branch a field; a call for each would cost as much as the field
        if not self._own and self._redactor is not (rules := in_force.redactor()):
            # `configure` was called; what is remembered is by other rules.
            self._redactor, self._texts, self._pairs, self._sources = rules, {}, {}, {}
        time_ns, severity, message, logger, attributes, failure, stack, source, trace, duration = entry
        second, rest = divmod(time_ns, 1_000_000_000)
        stamp = self._second
        if stamp[0] != second:
            stamp = self._second = (second, time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second)))
        if self._static != context.static:
            now = dict(context.static)
            self._process = _process(now)
            self._static = now
        texts = self._texts
        line = (
            f'{{"timestamp":"{stamp[1]}.{rest // 1000:06d}Z",{HEADS[severity]}'
            f'{texts.get(message) or self._text(message, longest)},"logger":'
            f"{texts.get(logger) or self._text(logger, LONGEST_NAME)}{self._process}"
        )
        if trace is None:
            span = get_current_span().get_span_context()
            trace = (span.trace_id, span.span_id)
        if trace[0]:
            line += f',"trace_id":"{trace[0]:032x}","span_id":"{trace[1]:016x}"'
        if (value := context.request_id.get()) is not None:
            line += f',"request_id":{texts.get(value) or self._text(value, LONGEST_NAME)}'
        if (value := context.session_id.get()) is not None:
            line += f',"session_id":{texts.get(value) or self._text(value, LONGEST_NAME)}'
        if (value := context.user_id.get()) is not None:
            line += f',"user_id":{texts.get(value) or self._text(value, LONGEST_NAME)}'
        if duration is not None:
            line += f',"duration":{duration:.6f}'
        if failure is not None:
            line += (
                f',"exception":{{"type":{self._text(failure.type, LONGEST_NAME)},'
                f'"message":{self._text(failure.message, longest)},"stacktrace":{self._trace(failure.stacktrace, longest)}}}'
            )
        if stack:
            line += f',"stack":{self._trace(stack, longest)}'
        if source is not None:
            line += self._sources.get(source) or self._source(source)
        if not attributes:
            return f'{line},"attributes":{{}}{mark}}}'
        pairs = []
        memory = self._pairs
        for key, value in attributes.items():
            kind = type(value)
            found = memory.get((key, kind, value)) if kind in REPEATING else None
            pairs.append(found or self._pair(key, value, longest))
        return f'{line},"attributes":{{{",".join(pairs)}}}{mark}}}'

    def _text(self, text: str, longest: int) -> str:
        """A string, patterns redacted."""
        if type(text) is not str:
            text = str(Simplifier(LIMIT).plain(text))
        made = text
        if self._redactor is not None:
            # What stands at the edge of this first cut may be half a secret, but is never seen: the line is too long with it.
            made = _guarded(self._redactor.text, cut(text, LIMIT))
        made = quoted(cut(made, longest))
        if len(text) <= SHORT <= longest:
            _remember(self._texts, text, made)
        return made

    def _trace(self, text: str, longest: int) -> str:
        """A stacktrace; where it is too long, its middle goes."""
        if self._redactor is not None:
            text = _guarded(self._redactor.stacktrace, cut(text, LIMIT, keep_end=True))
        return quoted(cut(text, longest, keep_end=True))

    def _source(self, source: tuple[str, int, str]) -> str:
        file, number, function = source
        made = (
            f',"source":{{"file":{self._text(file or "", 1024)},"line":{max(0, int(number or 0))},'
            f'"function":{self._text(function or "", LONGEST_NAME)}}}'
        )
        _remember(self._sources, source, made)
        return made

    def _pair(self, key: Any, value: Any, longest: int) -> str:
        """An attribute: plain, then redacted, then JSON."""
        name = key if type(key) is str else str(Simplifier(LONGEST_NAME).plain(key))
        made = Simplifier(LIMIT).plain(value)
        if (redactor := self._redactor) is not None:
            made = _guarded(lambda plain: redactor.attribute(name, plain), made)
            name = _guarded(redactor.text, name)
        if longest < LIMIT:
            made = Simplifier(longest).plain(made)
        try:
            encoded = self._encode(made)
        except ValueError:  # not a number, infinite, or an integer of more digits than Python prints
            encoded = self._encode(_finite(made))
        pair = f"{quoted(cut(name, LONGEST_NAME))}:{encoded}"
        if type(value) in REPEATING and len(pair) <= SHORT:
            _remember(self._pairs, (key, type(value), value), pair)
        return pair


def _process(static: dict[str, str]) -> str:
    """What is the same on every line of a process."""
    return "".join(
        f',"{name}":{quoted(cut(str(static.get(name) or default), LONGEST_NAME))}' for name, default in PROCESS.items()
    )


def _guarded(redact: Callable[[Any], Any], value: Any) -> Any:
    """What cannot be redacted does not go out."""
    try:
        return redact(value)
    except Exception:  # noqa: BLE001 - a rule may raise anything
        return WITHHELD


def _remember(memory: dict[Any, str], key: Any, made: str) -> None:
    if len(memory) >= REMEMBERED:
        memory.clear()
    memory[key] = made


def _foreign(value: Any) -> str:
    """Of plain values, JSON lacks bytes alone."""
    return bytes(value).decode("utf-8", "backslashreplace")


def _finite(value: Any) -> Any:
    """A plain value without numbers that JSON lacks."""
    if isinstance(value, dict):
        return {key: _finite(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_finite(part) for part in value]
    if isinstance(value, float):
        return value if value - value == 0 else str(value)
    return digits(value) if type(value) is int and value.bit_length() > 10_000 else value


def _whole(match: re.Match[str]) -> str:
    return match[1] or r"\ufffd"
