"""An object store and databases for tests: on this machine alone, and gone when they are done."""

from __future__ import annotations

import logging
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import quote
from urllib.request import Request, urlopen

import pytest
from sqlalchemy import make_url

from tests.decisions.servers import new_database

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import URL

BUCKET = "darkshelf-tests"
SECRET = "canary-3f9e"
"""The secret key that the store is asked with: nothing may repeat it."""


@contextmanager
def object_store() -> Iterator[str]:
    """A store that speaks S3 on the loopback, with one empty bucket, and an environment that leads to it."""
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    address = "http://{}:{}".format(*server.get_host_and_port())
    with pytest.MonkeyPatch.context() as patch:
        for name, value in led_to(address).items():
            patch.setenv(name, value)
        try:
            with urlopen(Request(f"{address}/{BUCKET}", method="PUT"), timeout=30):
                yield address
        finally:
            server.stop()


def led_to(address: str) -> dict[str, str]:
    """The environment that leads to a store on this machine."""
    return {
        "AWS_ACCESS_KEY_ID": "tests",
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": address,
        "AWS_ALLOW_HTTP": "true",
        "NO_PROXY": ",".join(filter(None, (os.environ.get("NO_PROXY"), "127.0.0.1"))),
    }


def database(server: URL, name: str) -> str:
    """The place of a fresh database of a server on a socket."""
    url = make_url(new_database(server, name))
    return f"postgresql://{url.username}@{quote(str(url.query['host']), safe='')}/{url.database}"
