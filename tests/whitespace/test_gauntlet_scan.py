"""The static scan: clocks in code and in SQL, whatever they are imported as."""

from __future__ import annotations

import pytest

from engine.whitespace.gauntlet.static_scan import ALLOWED, ENGINE, Allowance, clocks_in, sources


def found(source: str) -> list[tuple[str, str]]:
    return clocks_in([("file.py", source)], [])


@pytest.mark.parametrize(
    "source",
    [
        "import datetime\ndatetime.datetime.now()",
        "import datetime as dt\ndt.date.today()",
        "from datetime import datetime\ndatetime.utcnow()",
        "from datetime import date as day\nday.today()",
        "from datetime import date\nnewest = date.today",
        "import pandas as pd\npd.Timestamp.now()",
        "import time\ntime.time()",
        "from time import time as clock\nclock()",
        "import numpy as np\nnp.datetime64('now')",
        "sql = 'select * from sales where day <= CURRENT_DATE'",
        "sql = f'select {column} from sales where day <= now()'",
        "sql = 'select today( )'",
    ],
)
def test_a_clock_is_found(source):
    assert len(found(source)) == 1


@pytest.mark.parametrize(
    "source",
    [
        "import time\ntime.perf_counter()",
        "import datetime as dt\ndt.date(2020, 6, 30)",
        "view.today",
        "'''What happened until now() is known.'''",
        "word = 'nowhere'",
    ],
    ids=["a stopwatch", "a date", "a name of ours", "prose", "a part of a word"],
)
def test_what_is_no_clock_is_left_alone(source):
    assert found(source) == []


def test_a_finding_says_where():
    assert found("import time\n\ntime.time()") == [("file.py:3", "clock: time.time")]


def test_what_is_allowed_is_no_finding_and_an_allowance_without_use_is_one():
    allowed = [Allowance("file.py", "clock", "the run is named by it")]
    assert clocks_in([("file.py", "import time\ntime.time()")], allowed) == []
    assert clocks_in([("file.py", "")], allowed) == [("file.py", "allowance without use: clock")]


def test_nothing_between_a_delivery_and_a_rank_reads_a_clock():
    texts = [(file.relative_to(ENGINE).as_posix(), file.read_text("utf-8")) for file in sources(ENGINE)]
    assert clocks_in(texts, ALLOWED) == []
    assert "whitespace/panel.py" in dict(texts)
