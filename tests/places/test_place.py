"""What is typed for a place is a local path or a place, and never a path with a password in it."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import InputError
from engine.places.place import Place, local_path, place_of, refuse_credentials, shown

CANARY = "canary-3f9e"
WITH_SECRETS = (
    f"postgresql://ann:{CANARY}@host/name",
    f"postgresql://ann:{CANARY}/more@host/name",
    f"postgresql://ann:x?{CANARY}@host/name",
    f"postgresql://ann:x#{CANARY}@host/name",
    f"postgresql://ann%3A{CANARY}@host/name",
    f"postgresql://host/name?password={CANARY}",
    f"postgresql://host/name?table=a&sslpassword={CANARY}",
    f"postgresql:ann:{CANARY}@host/name",
    f"postgresql:/ann:{CANARY}@host/name",
    f"POSTGRESQL://ann:{CANARY}@host/name",
    f"mysql://ann:{CANARY}@host/name",
    f"s3://KEY:{CANARY}@bucket/runs",
    f"s3://KEY:{CANARY}/more@bucket/runs",
    f"az://container/folder?sig={CANARY}",
    f"gs://bucket/folder?token={CANARY}",
    f"delta+s3://KEY:{CANARY}@bucket/lake",
    f"delta+mysql://ann:{CANARY}@host/lake",
    f"iceberg://ann:{CANARY}@catalog/space",
    f"https://ann:{CANARY}@example.com/tables",
    f"file://ann:{CANARY}@host/tables",
)


@pytest.mark.parametrize("text", ["data/in", "./s3:/odd", "a:b", "2026-03-31", "C:\\tables", "", "~/in", "a@b:c"])
def test_what_is_no_uri_is_a_local_path(text):
    assert place_of(text) == Path(text)
    assert local_path(text) == Path(text)


def test_a_file_uri_is_a_local_path():
    assert place_of("file:///data/with%20space") == Path("/data/with space")


@pytest.mark.parametrize(
    ("text", "kind", "address", "path", "table"),
    [
        ("s3://bucket/runs/chain/", "s3", "bucket", "runs/chain", "{table}"),
        ("gs://bucket", "gs", "bucket", "", "{table}"),
        ("az://container/folder", "az", "container", "folder", "{table}"),
        ("postgresql://host:5433/name?table=retail.{table}", "postgresql", "host:5433", "name", "retail.{table}"),
        ("postgresql://ann@host/name?table=sales", "postgresql", "ann@host", "name", "sales"),
        ("delta+s3://bucket/lake", "delta", "bucket", "lake", "{table}"),
        ("iceberg://main/retail", "iceberg", "main", "retail", "retail.{table}"),
        ("iceberg://main/retail.sales", "iceberg", "main", "retail.sales", "retail.sales"),
        ("duckdb:///data/shop.duckdb?table=main.{table}", "duckdb", "", "/data/shop.duckdb", "main.{table}"),
    ],
)
def test_a_place_is_taken_apart(text, kind, address, path, table):
    place = place_of(text)
    assert isinstance(place, Place)
    assert (place.kind, place.address, place.path, place.table) == (kind, address, path, table)
    assert str(place) == text


def test_delta_tables_lie_in_a_place_of_their_own():
    local, remote = place_of("delta+file:///data/lake"), place_of("delta+s3://bucket/lake")
    assert isinstance(local, Place)
    assert isinstance(remote, Place)
    assert local.inner == Path("/data/lake")
    assert remote.inner == place_of("s3://bucket/lake")


def test_each_table_has_its_own_name_or_all_have_one():
    many, one = place_of("duckdb:///f?table=t_{table}"), place_of("duckdb:///f?table=sales")
    assert isinstance(many, Place)
    assert isinstance(one, Place)
    assert (many.name_of("stores"), many.names_one_table) == ("t_stores", False)
    assert (one.name_of("stores"), one.names_one_table) == ("sales", True)


@pytest.mark.parametrize(
    "text",
    ["s3:/bucket/runs", "s3://", "s3://b?x=1", "s3://b/r#x", "postgresql://host", "postgresql://host/db?schema=x",
     "postgresql://host:name/db", "delta:///lake", "iceberg://main", "duckdb://host/file", "duckdb:///f?table=",
     "file://host/folder", "s3://ann@bucket/runs"],
)  # fmt: skip
def test_a_malformed_place_is_refused_with_its_form(text):
    with pytest.raises(InputError, match="is malformed\n    do   : write it as "):
        place_of(text)


def test_an_unknown_scheme_is_refused_with_those_that_are_known():
    with pytest.raises(InputError, match=r"has the scheme ftp, which is not known\n.*s3://BUCKET.*as \./ftp:"):
        place_of("ftp://host/tables")


def test_a_place_elsewhere_is_no_local_path():
    with pytest.raises(InputError, match="s3://bucket/x: is no local path"):
        local_path("s3://bucket/x")


@pytest.mark.parametrize("text", WITH_SECRETS)
def test_no_message_repeats_a_password(text):
    with pytest.raises(InputError) as refused:
        place_of(text)
    assert CANARY not in str(refused.value)
    assert CANARY not in repr(refused.value)
    assert CANARY not in shown(text)


@pytest.mark.parametrize("text", WITH_SECRETS)
@pytest.mark.parametrize("before", ["", "--out=", "growth=", "-f="])
def test_a_word_with_a_password_is_refused_with_the_variable_to_set(before, text):
    with pytest.raises(InputError, match="take it out, and set ") as refused:
        refuse_credentials(["run", before + text])
    assert CANARY not in str(refused.value)


def test_words_without_a_password_pass():
    words = ["run", "s3://bucket/a@b", "postgresql://ann@host:5432/name", "select ':@'", "https://host:80/a@b", "-x"]
    refuse_credentials([*words, "--set", "currency=€", "a:b@c"])


@given(st.text("ab:@/?#&=%.-", max_size=12), st.sampled_from(["postgresql", "s3", "delta+s3", "mysql", "iceberg"]))
def test_whatever_stands_around_a_password_it_is_never_repeated(signs, scheme):
    text = f"{scheme}://ann:{signs}{CANARY}{signs}@host/name"
    with pytest.raises(InputError) as refused:
        place_of(text)
    assert CANARY not in str(refused.value)
