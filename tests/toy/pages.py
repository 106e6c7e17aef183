"""The page of the toy desk."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from engine.outputs.read import summary
from panel_app.markup import inline
from panel_app.pages.page import Page
from panel_app.settings import PageSettings

if TYPE_CHECKING:
    from panel.viewable import Viewable

    from panel_app.session import Session


class ToyPageSettings(PageSettings):
    logo: str = Field("", description="Address of a picture of the shop.")

    @property
    def image_addresses(self) -> tuple[str, ...]:
        return (self.logo,) if self.logo else ()


def build(session: Session) -> Viewable:
    told = inline("<h1>{{ quiet | count }} quiet stores</h1>", quiet=summary(session.run)["quiet"])
    return session.html(told, label="toy")


PAGES = (Page("toy", "Toy", build),)
CSS = ".toy { color: teal; }\n"
