"""The page of the pantry."""

from engine.outputs.read import facts
from panel_app.markup import inline
from panel_app.pages.page import Page
from panel_app.session import Session
from tests.panel_app.pantry import JARS


def build(session: Session):
    told = inline("<h1>{{ jars | count }} jars</h1>", jars=facts(session.run, JARS)["jars"])
    return session.html(told, label="pantry")


PAGES = (Page("pantry", "Pantry", build),)
CSS = ".jar { color: teal; }\n"
