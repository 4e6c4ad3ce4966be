import logging
import subprocess
import sys

import httpx
import pytest

from andiron.delivery.quiet import quietly

COLLECTING = """
import gc
from andiron.delivery.quiet import quietly
gc.set_threshold(1)
for _ in range(20_000):
    with quietly(), quietly():
        [[] for _ in range(3)]
"""


def asked() -> None:
    with httpx.Client(transport=httpx.MockTransport(lambda request: httpx.Response(200, request=request))) as client:
        client.get("http://andiron.test/v1/traces")


def test_requests_of_the_delivery_do_not_speak_in_the_applications_log(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        with quietly():
            asked()
            logging.getLogger("httpcore.http11").debug("send_request_headers.started")
        assert caplog.messages == []
        asked()
    assert [record.name for record in caplog.records] == ["httpx"]


@pytest.mark.requirement("OB-07")
def test_a_collection_at_any_moment_does_not_end_the_process() -> None:
    """The collector's callback must not set a context variable: it may have begun within another's setting."""
    subprocess.run([sys.executable, "-c", COLLECTING], check=True, timeout=60)
