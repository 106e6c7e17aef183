"""Names and policies as texts: which names are ours, and what a policy allows."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tornado.httputil import HTTPHeaders, HTTPServerRequest, RequestStartLine

from panel_app.door.headers import content_policy, foreign_hosts, headers_transform, host_name, with_port
from panel_app.serve import own_hosts
from panel_app.settings import load_settings

OURS = {"localhost", "127.0.0.1", "[::1]", "shelves.example.com"}


@given(st.one_of(st.sampled_from(sorted(OURS)), st.from_regex(r"[a-z0-9.\[\]:-]{1,40}", fullmatch=True)))
def test_every_name_but_ours_is_foreign(name: str) -> None:
    assert (re.match(foreign_hosts(OURS), name) is None) == (name in OURS)


@pytest.mark.parametrize(
    ("address", "origins", "hosts"),
    [
        pytest.param(
            "127.0.0.1", [], ["127.0.0.1:5006", "localhost:5006", "[::1]:5006"], id="this machine by each name"
        ),
        pytest.param("10.0.0.5", [], ["10.0.0.5:5006"], id="one address"),
        pytest.param("10.0.0.5", ["Shelves.example.com"], ["10.0.0.5:5006", "shelves.example.com:80"], id="a proxy"),
        pytest.param(
            "0.0.0.0", [], ["0.0.0.0:5006", "127.0.0.1:5006", "localhost:5006", "[::1]:5006"], id="every address"
        ),
    ],
)
def test_our_own_hosts(address: str, origins: list[str], hosts: list[str]) -> None:
    assert own_hosts(address, 5006, origins) == hosts


def test_a_host_with_and_without_its_port() -> None:
    assert [host_name(text) for text in ("a.example:80", "a.example", "[::1]:5006")] == [
        "a.example",
        "a.example",
        "[::1]",
    ]
    assert [with_port(text) for text in ("a.example", "[::1]", "a.example:443")] == [
        "a.example:80",
        "[::1]:80",
        "a.example:443",
    ]


def test_a_policy_allows_what_the_settings_name_and_no_more() -> None:
    tiles = load_settings(assignments={"shelf.map_tiles": "https://tiles.example.com/{z}/{x}/{y}.png"})
    request = HTTPServerRequest(start_line=RequestStartLine("GET", "/", "HTTP/1.1"), headers=HTTPHeaders(Host="x"))
    made = headers_transform(tiles)(request)
    _, headers, _ = made.transform_first_chunk(200, {}, b"", True)
    assert "img-src 'self' data: blob: https://tiles.example.com;" in headers["Content-Security-Policy"]
    assert headers["Referrer-Policy"] == "strict-origin"
    framed = headers_transform(load_settings(assignments={"frame_origins": "https://portal.example.com"}))(request)
    _, headers, _ = framed.transform_first_chunk(200, {}, b"", True)
    assert headers["Content-Security-Policy"].endswith("frame-ancestors 'self' https://portal.example.com")
    assert "X-Frame-Options" not in headers, "it knows no other origin and would refuse this one"


def test_inline_scripts_need_the_nonce() -> None:
    scripts = re.search(r"script-src ([^;]+);", content_policy("abc", "", ""))
    assert scripts is not None
    assert "'nonce-abc'" in scripts[1]
    assert "'unsafe-inline'" not in scripts[1]
