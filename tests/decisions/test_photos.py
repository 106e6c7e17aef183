"""Photos of stores: kept by their pixels alone, bounded, and never what is no photo."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from engine.decisions.shelf.photos import FOLDER, PhotoSettings, keep_photo, photo_file, rewritten
from engine.errors import InputError, NotFoundError

SETTINGS = PhotoSettings()
ORIENTATION, MAKER, PLACE = 0x0112, 0x010F, 0x8825


def picture(width: int = 400, height: int = 300, form: str = "JPEG", **more) -> bytes:
    pixels = np.random.default_rng(5).integers(0, 255, (height, width, 3), np.uint8)
    written = io.BytesIO()
    Image.fromarray(pixels).save(written, form, **more)
    return written.getvalue()


def with_exif(orientation: int = 1) -> bytes:
    """A photo that tells who took it, and where."""
    exif = Image.Exif()
    exif[ORIENTATION], exif[MAKER] = orientation, "SECRETPHONE"
    exif.get_ifd(PLACE)[1] = "N"
    return picture(exif=exif, comment=b"SECRETCOMMENT")


def test_what_a_photo_tells_beside_its_pixels_is_gone():
    before = with_exif()
    assert b"SECRETPHONE" in before
    assert b"SECRETCOMMENT" in before
    after = rewritten(before, SETTINGS)
    assert b"SECRET" not in after
    with Image.open(io.BytesIO(after)) as opened:
        assert not opened.getexif()
        assert set(opened.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}


def test_a_photo_stands_upright_as_its_camera_meant():
    with Image.open(io.BytesIO(rewritten(with_exif(orientation=6), SETTINGS))) as opened:
        assert opened.size == (300, 400)


def test_a_photo_is_no_longer_than_the_settings_say():
    with Image.open(io.BytesIO(rewritten(picture(), PhotoSettings(photo_side_pixels=200)))) as opened:
        assert opened.size == (200, 150)


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_every_form_of_a_photo_becomes_a_jpeg_called_by_its_content(tmp_path, form):
    content = picture(form=form)
    name = keep_photo(tmp_path, content, SETTINGS)
    assert keep_photo(tmp_path, content, SETTINGS) == name
    assert [file.name for file in (tmp_path / FOLDER).iterdir()] == [name]
    assert photo_file(tmp_path, name).read_bytes() == rewritten(content, SETTINGS)


@pytest.mark.parametrize(
    "content", [b"", b"%PDF-1.7", b"<svg onload='alert(1)'/>", picture(form="GIF"), picture()[:2000]]
)
def test_what_is_no_photo_by_its_content_is_refused(tmp_path, content):
    with pytest.raises(InputError, match="is no photo that can be read"):
        keep_photo(tmp_path, content, SETTINGS)
    assert not (tmp_path / FOLDER).exists()


def test_what_is_too_large_is_refused_before_it_is_unpacked():
    with pytest.raises(InputError, match=r"has 1\.4 MB, and 0\.1 are the most"):
        rewritten(picture(800, 600, "PNG"), PhotoSettings(photo_megabytes=0.1))
    blank = io.BytesIO()
    Image.new("1", (2000, 2000)).save(blank, "PNG")
    with pytest.raises(InputError, match="2,000 by 2,000 pixels"):
        rewritten(blank.getvalue(), PhotoSettings(photo_megapixels=1))


@pytest.mark.parametrize("name", ["../decisions.sqlite", "0" * 32 + ".jpg", "x.jpg"])
def test_a_photo_that_is_not_there_is_told(tmp_path, name):
    (tmp_path / "decisions.sqlite").touch()
    with pytest.raises(NotFoundError, match="there is no photo"):
        photo_file(tmp_path, name)
