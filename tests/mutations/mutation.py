"""One change to a formula, and the tests that should see it."""

from __future__ import annotations

from typing import NamedTuple

PANEL = ("tests/shelf/test_panel.py",)
EXPECT = ("tests/shelf/test_expect.py",)
DETECT = ("tests/shelf/test_detect.py",)
MEASURE = ("tests/shelf/test_measure.py",)
EVIDENCE = ("tests/shelf/test_evidence.py",)
DIAGNOSE = ("tests/shelf/test_diagnose.py",)
RECOMMEND = ("tests/shelf/test_recommend.py",)
FEATURES = ("tests/shelf/test_features.py",)
SUMMARY = ("tests/shelf/test_summary.py",)
SERIES = ("tests/shelf/test_series.py",)
STATS = ("tests/test_stats.py",)


class Mutation(NamedTuple):
    """One change. old: occurs once in the file. breaks: what is wrong afterwards. tests: which should see it."""

    file: str
    old: str
    new: str
    breaks: str
    tests: tuple[str, ...]
