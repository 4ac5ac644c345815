"""HTML mail as text, by selectolax: lines where a browser would show lines, in time that its length bounds."""

from __future__ import annotations

import html
import re

from selectolax.lexbor import LexborHTMLParser

DEPTH_MAX = 10_000
"""Elements open at once, at most; the parser's time grows with their square (20,000: 0.9 s on one core)."""

_LINES = "p,div,br,li,ul,ol,table,tr,h1,h2,h3,h4,h5,h6,blockquote,pre,hr,address,section,article,header,footer,dl,dt,dd"
_UNSHOWN = ["script", "style", "head", "title", "template", "noscript"]
_LINE = "\ue000"
"""Stands for the end of a line while white space is not yet folded: a private character, which no person writes."""
_OPENING = re.compile(r"<[A-Za-z]")
_TAG = re.compile(r"<[^<>]*>")
_WHITE = re.compile(r"[ \t\r\n\f]+")
_BLANK_LINES = re.compile(r"(?:[ \t\u00a0]*\n){3,}")


def html_text(markup: str) -> str:
    """What a person sees of it. Links and pictures are left out: what is sent to mislead is not made clickable."""
    if len(_OPENING.findall(markup)) - markup.count("</") > DEPTH_MAX:
        return html.unescape(_TAG.sub("\n", markup))
    text = _shown(markup)
    return text if text.strip() else html.unescape(_TAG.sub("\n", markup))


def _shown(markup: str) -> str:
    tree = LexborHTMLParser(markup.replace(_LINE, ""))
    tree.strip_tags(_UNSHOWN)
    for each in tree.css(_LINES):
        each.insert_before(_LINE)
        each.insert_after(_LINE)
    for each in tree.css("td,th"):
        each.insert_after(" ")
    root = tree.root
    texts = [] if root is None else [n.text_content or "" for n in root.traverse(include_text=True) if n.tag == "-text"]
    lines = "".join("\n" if each == _LINE else _WHITE.sub(" ", each) for each in texts)
    return _BLANK_LINES.sub("\n\n", "\n".join(line.strip() for line in lines.split("\n"))).strip()
