import logging

import httpx
import pytest

from andiron.delivery.quiet import quietly


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
