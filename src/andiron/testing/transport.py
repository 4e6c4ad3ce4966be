"""A transport of httpx that answers from memory and keeps what it was asked."""

from collections import deque
from collections.abc import Callable

import httpx

Choice = httpx.Response | Exception | Callable[[httpx.Request], httpx.Response]


class RecordingTransport(httpx.MockTransport):
    """Give it to a client, sync or async: `httpx.Client(transport=mock_transport)`.

    Every request gets `answer`, but for the next ones that `then` says something else about. An exception is raised.
    """

    def __init__(self, answer: Choice | None = None) -> None:
        super().__init__(self._answer)
        self.answer: Choice = answer or httpx.Response(200)
        self.requests: list[httpx.Request] = []
        self._next: deque[Choice] = deque()

    def then(self, *answers: Choice) -> None:
        """Answer the next requests with these, one each."""
        self._next.extend(answers)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        choice = self._next.popleft() if self._next else self.answer
        if isinstance(choice, Exception):
            raise choice
        if isinstance(choice, httpx.Response):
            # A response belongs to one request; what is said once may be said again.
            return httpx.Response(choice.status_code, headers=choice.headers, content=choice.content)
        return choice(request)
