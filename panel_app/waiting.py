"""What the reader sees while the server works, and when it is gone. One for each open page.

Panel's own busy bar follows the work for every reader; this one follows one reader's alone. Behind whatever the
browser tells the server it sends a question. The server takes both in their order, so that an answer to the question
means that what came before is done, whether it went well or not.
"""

from pathlib import Path
from typing import Any

import panel as pn
from panel.custom import JSComponent

HERE = Path(__file__).parent
CSS = (HERE / "assets" / "waiting.css").read_text(encoding="utf-8")


class Waiting(JSComponent):
    """Asks whether the work is done, in the reader's name; shows it in `templates/waiting.html`."""

    _esm = HERE / "assets" / "waiting.js"

    def __init__(self, **params: Any) -> None:
        super().__init__(width=0, height=0, margin=0, **params)

    def _handle_msg(self, data: Any) -> None:
        document = pn.state.curdoc
        if data == {"done": False} and document is not None:
            # Charts are drawn in the ticks after this one: the answer comes behind them.
            document.add_next_tick_callback(lambda: self._send_msg({"done": True}))
