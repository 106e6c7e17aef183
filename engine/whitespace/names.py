"""Names: text as it was meant, for names that are shown and divisions that are compared.

In: texts of a delivery. Out: the same in one form of Unicode, without stray blanks, with UTF-8 that was once read as
Windows-1252 put right.
"""

import unicodedata
from collections.abc import Iterable


def tidy(text: str) -> str:
    """A text in composed form (NFC), blanks run together and trimmed, mojibake put right.

    >>> tidy("  MÃ¼ller   GmbH ")
    'Müller GmbH'
    """
    return " ".join(unicodedata.normalize("NFC", unmangled(text)).split())


def unmangled(text: str) -> str:
    """The text before its UTF-8 was read as Windows-1252, where that explains it; else the text.

    A text that was whole before is hardly ever valid UTF-8 once written in Windows-1252.
    """
    if text.isascii():
        return text
    try:
        return text.encode("cp1252").decode("utf-8")
    except UnicodeError:
        return text


def alike(text: str) -> str:
    """What two spellings of a name share: without case, marks and signs.

    >>> alike("Müller GmbH") == alike("MULLER GMBH.")
    True
    """
    plain = "".join(letter for letter in unicodedata.normalize("NFKD", text.casefold()) if letter.isalnum())
    return plain or text.casefold()


def one_spelling(names: Iterable[str]) -> dict[str, str]:
    """For every name the one spelling of all names that differ from it in case or blanks alone: the first by text."""
    chosen: dict[str, str] = {}
    tidied = {name: tidy(name) for name in names}
    for spelt in sorted(tidied.values()):
        chosen.setdefault(spelt.casefold(), spelt)
    return {name: chosen[spelt.casefold()] for name, spelt in tidied.items()}
