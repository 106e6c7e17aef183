"""Channels: brings a message to where a subscription wants it, by apprise, which knows how each channel is spoken to.

In: an address, a message and how hard to try. Out: why it did not arrive, None where it did.
"""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from engine.decisions.alerts.addresses import CHANNELS, Address
from engine.decisions.alerts.subscriptions import DeliverySettings
from engine.errors import InputError, Problem

LONGEST_REASON: Final = 200
TALKATIVE: Final = ("apprise", "urllib3")
"""Loggers of what sends: they may tell of an address."""
UNREADABLE: Final = "its address is none of mail, Slack, Teams or a webhook that can be read"


@dataclass(frozen=True)
class Message:
    """What is sent. attachment: a file to go with it, where the channel takes one."""

    title: str
    body: str
    attachment: Path | None = None


def need_apprise() -> ModuleType:
    """Apprise. Raises InputError where it is not installed."""
    try:
        with warnings.catch_warnings():
            # Some of its nearly two hundred channels import what Python will drop; none of them is used here.
            warnings.simplefilter("ignore", DeprecationWarning)
            import apprise

            apprise.Apprise.instantiate("json://localhost")
    except ModuleNotFoundError:
        advice = "install it with  pip install 'darkshelf[alerts]'"
        raise InputError([Problem("alert", "needs apprise, which is not installed", advice)]) from None
    return apprise


def deliver(address: Address, message: Message, settings: DeliverySettings) -> str | None:
    """Send a message, as often as the settings allow; None where it arrived, else why not, without secrets."""
    apprise = need_apprise()
    with _listening() as heard:
        asset = apprise.AppriseAsset(app_id="darkshelf", app_desc="darkshelf", app_url="", async_mode=False)
        service = apprise.Apprise.instantiate(address.url, asset=asset)
        if service is None or not _schemes(service) & CHANNELS.keys():
            return UNREADABLE
        service.socket_connect_timeout = service.socket_read_timeout = settings.timeout_seconds
        service.retry, service.wait = settings.tries - 1, settings.pause_seconds
        hub = apprise.Apprise(asset=asset)
        hub.add(service)
        takes = message.attachment is not None and service.attachment_support
        arrived = hub.notify(
            title=message.title,
            body=message.body,
            body_format=apprise.NotifyFormat.TEXT,
            attach=str(message.attachment) if takes else None,
        )
    return None if arrived else _reason(address, heard)


def _schemes(service: Any) -> set[str]:
    """The schemes that lead to a service."""
    named = (service.protocol or (), service.secure_protocol or ())
    return {scheme for each in named for scheme in ((each,) if isinstance(each, str) else each)}


def _reason(address: Address, heard: list[str]) -> str:
    told = next((line for line in reversed(heard) if line.strip()), "it was not taken")
    return address.without_secrets(" ".join(told.split()))[:LONGEST_REASON]


@contextmanager
def _listening() -> Iterator[list[str]]:
    """What apprise logs within the block, line by line; nobody else hears it."""
    heard: list[str] = []
    handler = logging.Handler(logging.WARNING)
    handler.emit = lambda record: heard.append(record.getMessage())  # type: ignore[method-assign]
    before = {logger: logger.propagate for logger in map(logging.getLogger, TALKATIVE)}
    for logger in before:
        logger.addHandler(handler)
        logger.propagate = False
    try:
        yield heard
    finally:
        for logger, propagated in before.items():
            logger.removeHandler(handler)
            logger.propagate = propagated
