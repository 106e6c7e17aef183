"""Texts: what a template says to a reader, found where it stands, so that no text can be forgotten.

In: a parsed template. Out: the same template with every text between tags, and every text of an attribute that is
read or heard, asked of the catalogue. The English text is the key: what stands between two tags, with `{1}` and `{2}`
for what is put in. Marks of emphasis stay in it, so that a sentence is one text.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from jinja2 import Environment, nodes

SPOKEN: Final = frozenset({"title", "aria-label", "placeholder", "alt", "label"})
"""Attributes whose text a reader sees or hears."""
TOLD_BY_SCRIPT: Final = "data-say-"
"""What the names of attributes begin with whose text a script says."""
INLINE: Final = re.compile(r"</?(?:b|strong|small|kbd|em)>")
"""Marks that stay within a text."""
ATTRIBUTE: Final = re.compile(r"([\w-]+)\s*=\s*$")
WORD: Final = re.compile(r"[^\W\d_]{2,}")
ASK: Final = "translated"
"""What a template asks the catalogue by."""


def is_text(text: str) -> bool:
    """Whether anything of it is said in words. Marks and names of characters are no words."""
    return WORD.search(re.sub(r"&\w+;|\{\d+\}", "", INLINE.sub("", text))) is not None


class SpeakingEnvironment(Environment):
    """An environment whose templates ask the catalogue for their texts, by the global `translated`."""

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        template = super()._parse(source, name, filename)
        _Reader().read(template.body)
        return template


def texts_of(environment: Environment, source: str) -> Iterator[str]:
    """The texts of a template, as they are asked for."""
    for call in environment.parse(source).find_all(nodes.Call):
        if isinstance(call.node, nodes.Name) and call.node.name == ASK:
            asked = call.args[0]
            told = [asked] if isinstance(asked, nodes.Const) else asked.find_all(nodes.Const)
            yield from (each.value for each in told if isinstance(each.value, str))


@dataclass
class _Reader:
    """Goes through a template in its order. within: where it is: in a text, a tag, or an attribute that is quoted."""

    within: str = "text"
    quote: str = ""
    tag: str = ""
    run: list[nodes.Expr] = field(default_factory=list)

    def read(self, body: list[nodes.Node]) -> None:
        """The nodes of a body, texts replaced in place."""
        for node in body:
            if isinstance(node, nodes.Output):
                node.nodes = self._output(node.nodes)
            elif isinstance(node, nodes.Assign) and isinstance(node.node, nodes.Expr):
                node.node = _spoken(node.node)
            elif isinstance(node, nodes.If):
                self._branches([node.body, *([each] for each in node.elif_), node.else_])
            else:
                _ask_for_handed(node)
                parts = [getattr(node, name, None) for name in ("body", "else_")]
                self._branches([part for part in parts if isinstance(part, list)])

    def _branches(self, bodies: list[Any]) -> None:
        """Bodies of which one is shown: all begin where the reader is, and end where the first one ends."""
        before = (self.within, self.quote, self.tag)
        after = before
        for place, body in enumerate(bodies):
            self.within, self.quote, self.tag = before
            self.read(body)
            after = (self.within, self.quote, self.tag) if place == 0 else after
        self.within, self.quote, self.tag = after

    def _output(self, told: list[nodes.Expr]) -> list[nodes.Expr]:
        made: list[nodes.Expr] = []
        self.run = []
        for node in told:
            if not isinstance(node, nodes.TemplateData):
                (self.run if self.within in {"text", "spoken"} else made).append(node)
                continue
            for piece in self._pieces(node.data):
                if piece == "":
                    made += self._said()
                else:
                    (self.run if self.within in {"text", "spoken"} else made).append(nodes.TemplateData(piece))
        return [*made, *self._said()]

    def _pieces(self, data: str) -> Iterator[str]:
        """The data cut where a text begins or ends; an empty piece ends one. `within` is that of the piece."""
        at = 0
        while at < len(data):
            if self.within == "text":
                end = self._next_tag(data, at)
                if end > at:
                    yield data[at:end]
                if end < len(data):
                    yield ""
                    self.within, self.tag = "tag", ""
                at = end
            elif self.within == "tag":
                match = re.compile(r"""[>"']""").search(data, at)
                end = match.end() if match else len(data)
                self.tag += data[at:end]
                if match is None:
                    yield data[at:end]
                elif match.group() == ">":
                    yield data[at:end]
                    self.within = "text"
                else:
                    yield data[at:end]
                    named = ATTRIBUTE.search(self.tag[:-1])
                    self.quote = match.group()
                    self.within = "spoken" if named and _is_spoken(named[1]) else "quoted"
                at = end
            else:
                end = data.find(self.quote, at)
                end = len(data) if end < 0 else end
                if end > at:
                    yield data[at:end]
                if end < len(data):
                    if self.within == "spoken":
                        yield ""
                    self.within = "tag"
                    yield self.quote
                    end += 1
                    self.tag = ""
                at = end

    @staticmethod
    def _next_tag(data: str, at: int) -> int:
        """Where the next tag begins that ends a text."""
        while (at := data.find("<", at)) >= 0:
            inline = INLINE.match(data, at)
            if inline is None:
                return at
            at = inline.end()
        return len(data)

    def _said(self) -> list[nodes.Expr]:
        """What was gathered, as one question to the catalogue where it has words."""
        run, self.run = self.run, []
        values = [node for node in run if not isinstance(node, nodes.TemplateData)]
        places = iter(range(1, len(values) + 1))
        text = "".join(node.data if isinstance(node, nodes.TemplateData) else f"{{{next(places)}}}" for node in run)
        spoken = [_spoken(value) for value in values]
        if not is_text(text):
            others = iter(spoken)
            return [node if isinstance(node, nodes.TemplateData) else next(others) for node in run]
        core = text.strip()
        before, _, after = text.partition(core)
        asked = nodes.Call(nodes.Name(ASK, "load"), [nodes.Const(" ".join(core.split())), *spoken], [], None, None)
        ends = [nodes.TemplateData(end) for end in (before, after)]
        return [ends[0], asked, ends[1]]


def _spoken(node: nodes.Expr) -> nodes.Expr:
    """An expression whose own words are asked for, too: those it chooses between, joins, or hands to a macro."""
    if isinstance(node, nodes.Const):
        return _asked(node)
    if isinstance(node, nodes.CondExpr):
        node.expr1 = _spoken(node.expr1)
        node.expr2 = _spoken(node.expr2) if node.expr2 is not None else None
    elif isinstance(node, nodes.Or | nodes.And):
        node.left, node.right = _spoken(node.left), _spoken(node.right)
    elif isinstance(node, nodes.Concat):
        node.nodes = [_spoken(each) for each in node.nodes]
    elif isinstance(node, nodes.Call) and isinstance(node.node, nodes.Name):
        node.args = [_handed(arg) for arg in node.args]
        for keyword in node.kwargs:
            keyword.value = _handed(keyword.value)
    elif isinstance(node, nodes.Getitem):
        node.node = _spoken(node.node)
    return node


def _ask_for_handed(node: nodes.Node) -> None:
    """Ask for what a macro is handed by itself, and by a block that calls it."""
    if isinstance(node, nodes.Macro):
        node.defaults = [_handed(default) for default in node.defaults]
    elif isinstance(node, nodes.CallBlock):
        _spoken(node.call)


def _handed(node: nodes.Expr) -> nodes.Expr:
    """What a macro is handed: words where it begins with a capital letter, else a key."""
    first = node.nodes[0] if isinstance(node, nodes.Concat) else node
    is_said = isinstance(first, nodes.Const) and str(first.value)[:1].isupper()
    return _spoken(node) if is_said else node


def _is_spoken(attribute: str) -> bool:
    return attribute in SPOKEN or attribute.startswith(TOLD_BY_SCRIPT)


def _asked(node: Any) -> nodes.Expr:
    """A constant text as a question to the catalogue, the blanks around it kept."""
    told = node.value
    if not isinstance(told, str) or not is_text(told):
        return node  # type: ignore[no-any-return]
    asked = nodes.Call(nodes.Name(ASK, "load"), [nodes.Const(told.strip())], [], None, None)
    before, _, after = told.partition(told.strip())
    return nodes.Concat([nodes.Const(before), asked, nodes.Const(after)]) if before or after else asked
