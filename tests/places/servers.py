"""An object store and databases for tests: on this machine alone, and gone when they are done."""

from __future__ import annotations

import base64
import hashlib
import hmac
import logging
import os
import subprocess
from contextlib import contextmanager
from email.utils import formatdate
from typing import TYPE_CHECKING
from urllib.parse import quote
from urllib.request import Request, urlopen

import pytest
from sqlalchemy import make_url

from tests.decisions.receivers import free_port
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


CONTAINER = "darkshelf-tests"
ACCOUNT = "tests"
VERSION = "2021-08-06"
"""Of the protocol that the container is made by."""


@contextmanager
def azure_store(program: str) -> Iterator[str]:
    """A store that speaks as Azure does on the loopback, with one container, and an environment that leads to it.

    program: Azurite's for blobs.
    """
    key, port = base64.b64encode(SECRET.encode() * 4).decode(), free_port()
    address = f"http://127.0.0.1:{port}/{ACCOUNT}"
    words = ["--blobHost", "127.0.0.1", "--blobPort", str(port), "--inMemoryPersistence", "--skipApiVersionCheck"]
    server = subprocess.Popen(
        [program, *words, "--disableTelemetry"],
        env={**os.environ, "AZURITE_ACCOUNTS": f"{ACCOUNT}:{key}"},
        stdout=subprocess.PIPE,
        text=True,
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AZURE_STORAGE_ACCOUNT_NAME", ACCOUNT)
        patch.setenv("AZURE_STORAGE_ACCOUNT_KEY", key)
        patch.setenv("AZURE_STORAGE_ENDPOINT", address)
        patch.setenv("AZURE_ALLOW_HTTP", "true")
        patch.setenv("NO_PROXY", ",".join(filter(None, (os.environ.get("NO_PROXY"), "127.0.0.1"))))
        try:
            assert server.stdout is not None
            assert any("successfully listens" in line for line in server.stdout)
            with urlopen(_new_container(address, key), timeout=30):
                yield address
        finally:
            server.terminate()
            server.communicate(timeout=30)


def _new_container(address: str, key: str) -> Request:
    """What is asked for a container, signed: the library only writes into one."""
    moment = formatdate(usegmt=True)
    named = f"x-ms-date:{moment}\nx-ms-version:{VERSION}\n/{ACCOUNT}/{ACCOUNT}/{CONTAINER}\nrestype:container"
    signed = hmac.new(base64.b64decode(key), ("PUT" + "\n" * 12 + named).encode(), hashlib.sha256).digest()
    headers = {
        "x-ms-date": moment,
        "x-ms-version": VERSION,
        "Content-Length": "0",
        "Authorization": f"SharedKey {ACCOUNT}:{base64.b64encode(signed).decode()}",
    }
    return Request(f"{address}/{CONTAINER}?restype=container", method="PUT", headers=headers)
