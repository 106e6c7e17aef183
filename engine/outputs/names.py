"""Names of findings that are of several ids: one text for all of them, whatever signs they have in them."""

from urllib.parse import quote, unquote


def joined(*ids: object) -> str:
    """One text for some ids, such as `12/A%2F7` for 12 and "A/7"."""
    return "/".join(quote(str(each), safe="") for each in ids)


def parted(name: str) -> tuple[str, ...]:
    """The ids that a text of `joined` was made of."""
    return tuple(unquote(part) for part in name.split("/"))
