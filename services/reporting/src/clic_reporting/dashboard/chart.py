"""The dashboard's charts: Vega-Lite by altair, drawn as SVG by vl-convert.

A chart's address says what it draws, so that any instance can draw it, a browser keeps it, and a page never waits for
it. Colours are the page's: names in the drawing, values in a style of its own for light and dark.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import functools
import re
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any, NamedTuple
from urllib.parse import urlencode

import altair as alt
import vl_convert

from clic_chassis.error import RefusedError
from clic_contracts.vocabulary import Language
from clic_reporting.core.dashboard import TREND_MONTHS, Month

CHARTS = ("flow", "pending", "on_time")
DRAWN_MAX = 256
"""Drawings that are kept, some 15 kB each."""
TICKS = 5
_POINT = re.compile(r"([0-9]{4})-(0[1-9]|1[0-2])((?:,(?:[0-9]{1,12}|x)){1,2})")
_WIDE = {"flow": (960, 240), "pending": (440, 190), "on_time": (440, 190)}
_NARROW = (290, 190)
"""Width and height of what is drawn on, without the scales; the first for wide screens, the second for telephones."""
_MONTHS = {
    Language.FR: ("janv.", "févr.", "mars", "avr.", "mai", "juin", "juil.", "août", "sept.", "oct.", "nov.", "déc."),
    Language.EN: ("Jan.", "Feb.", "Mar.", "Apr.", "May", "June", "July", "Aug.", "Sept.", "Oct.", "Nov.", "Dec."),
}
_SERIES = {
    Language.FR: {"flow": ("Reçues", "Traitées"), "pending": ("En attente",), "on_time": ("À temps",)},
    Language.EN: {"flow": ("Received", "Treated"), "pending": ("Pending",), "on_time": ("On time",)},
}
_STYLE = (
    "<style>:root{--ink:#1b2733;--quiet:#4d5b69;--line:#d4dbe2;--first:#1c6aa3;--second:#a87412}"
    "@media screen and (prefers-color-scheme:dark){:root{--ink:#e8edf2;--quiet:#b3bfcb;--line:#34424f;"
    "--first:#5aa5dc;--second:#d3a945}}</style>"
)
_FONT = 'system-ui, "Segoe UI", Roboto, "Liberation Sans", Arial, sans-serif'

_MONTH_AXIS = alt.Axis(
    labelExpr="split(datum.label, ' ')", labelAngle=0, labelOverlap="parity", ticks=False, labelPadding=6
)
_NUMBERS: dict[Language, dict[str, Any]] = {
    Language.FR: {
        "decimal": ",", "thousands": "\u202f", "grouping": [3], "currency": ["", "\u00a0$"], "percent": "\u00a0%",
    },
    Language.EN: {"decimal": ".", "thousands": ",", "grouping": [3], "currency": ["$", ""]},
}  # fmt: skip


class ChartError(RefusedError):
    """An address asks for a drawing that there is none of."""

    code = "invalid_chart"


class Point(NamedTuple):
    """A month and its values; None: there is none."""

    year: int
    month: int
    values: tuple[int | None, ...]


def chart_addresses(months: Sequence[Month], language: Language) -> dict[str, tuple[str, str]]:
    """The addresses of the trends' charts by name: for wide screens, and for narrow ones."""
    told: dict[str, list[tuple[dt.date, tuple[int | None, ...]]]] = {
        "flow": [(each.month, (each.received, each.treated)) for each in months],
        "pending": [(each.month, (each.pending,)) for each in months],
        "on_time": [
            (each.month, (round(1000 * each.on_time.met / each.on_time.measured) if each.on_time.measured else None,))
            for each in months
        ],
    }
    return {
        name: (_address(name, points, language), _address(name, points, language, narrow="1"))
        for name, points in told.items()
    }


def _address(
    name: str, points: Sequence[tuple[dt.date, tuple[int | None, ...]]], language: Language, **more: str
) -> str:
    data = ";".join(
        f"{month:%Y-%m},{','.join('x' if value is None else str(max(0, value)) for value in values)}"
        for month, values in points
    )
    return f"/dashboard/charts/{name}.svg?{urlencode({'lang': language, **more, 'd': data}, safe=',;')}"


def read_points(name: str, data: str) -> tuple[Point, ...]:
    """The points of an address.

    Raises:
        ChartError: it is not one of ours.
    """
    series = 2 if name == "flow" else 1
    found = []
    for part in data.split(";", TREND_MONTHS):
        match = _POINT.fullmatch(part)
        values = match[3][1:].split(",") if match else []
        if match is None or len(values) != series:
            raise ChartError("`d` is not the months of this chart: take its address from the page")
        found.append(Point(int(match[1]), int(match[2]), tuple(None if each == "x" else int(each) for each in values)))
    if name not in CHARTS or len(found) > TREND_MONTHS:
        raise ChartError(f"there is no such chart: {', '.join(CHARTS)}, of {TREND_MONTHS} months at most")
    return tuple(found)


class Drawings:
    """Draws charts off the loop, one at a time, and keeps the last ones."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[object, ...], str] = OrderedDict()
        self._one = asyncio.Semaphore(1)

    async def svg(self, name: str, points: tuple[Point, ...], language: Language, *, narrow: bool) -> str:
        """A chart as SVG."""
        key = (name, points, language, narrow)
        async with self._one:  # Two readers of one page: the second finds what the first had drawn.
            if key not in self._kept:
                self._kept[key] = await asyncio.to_thread(_drawn, *key)
                while len(self._kept) > DRAWN_MAX:
                    self._kept.popitem(last=False)
        self._kept.move_to_end(key)
        return self._kept[key]


def _drawn(name: str, points: tuple[Point, ...], language: Language, narrow: bool) -> str:  # noqa: FBT001 - as the key has it
    values = [
        {"month": month, "place": place, "series": series, "value": value / 1000 if name == "on_time" else value}
        for place, each in enumerate(points)
        for month in (f"{_MONTHS[language][each.month - 1]} {each.year}",)
        for series, value in zip(_SERIES[language][name], each.values, strict=True)
        if value is not None
    ]
    compiled = _compiled(name, language, narrow)
    data = [{**each, "values": values} if each["name"] == "rows" else each for each in compiled["data"]]
    svg: str = vl_convert.vega_to_svg({**compiled, "data": data}, format_locale=_NUMBERS[language])
    start = svg.index(">") + 1
    return svg[:start] + _STYLE + svg[start:]


@functools.cache
def _compiled(name: str, language: Language, narrow: bool) -> Any:  # noqa: FBT001 - as the key has it
    """The chart as Vega, without its data: made once, as that takes longer than a drawing."""
    width, height = _NARROW if narrow else _WIDE[name]
    series = list(_SERIES[language][name])
    x = alt.X("month:O", title=None, sort=alt.EncodingSortField("place"), axis=_MONTH_AXIS)
    if name == "on_time":
        y = alt.Y("value:Q", title=None, scale=alt.Scale(domain=[0, 1]), axis=_axis(".0%", tick_min_step=0.2))
    else:
        counts = alt.Scale(zero=True, nice=TICKS)
        y = alt.Y("value:Q", title=None, stack=None, scale=counts, axis=_axis(",d", tick_min_step=1))
    drawn = alt.Chart(alt.NamedData("rows")).encode(x=x, y=y)
    if name == "flow":
        colours = alt.Scale(domain=series, range=["var(--first)", "var(--second)"])
        legend = alt.Legend(orient="top", symbolType="square")
        drawn = drawn.mark_bar().encode(
            xOffset=alt.XOffset("series:N", sort=series),
            color=alt.Color("series:N", title=None, sort=series, scale=colours, legend=legend),
        )
    else:
        point = alt.OverlayMarkDef(size=45, fill="var(--first)")
        drawn = drawn.mark_line(point=point, stroke="var(--first)", strokeWidth=2.5)
    drawn = (
        drawn.properties(width=width, height=height, background="transparent")
        .configure(font=_FONT)
        .configure_view(stroke=None)
        .configure_axis(gridColor="var(--line)", domainColor="var(--line)", labelColor="var(--ink)", labelFontSize=12)
        .configure_legend(labelColor="var(--ink)", labelFontSize=13)
    )
    return vl_convert.vegalite_to_vega(drawn.to_dict())


def _axis(number_format: str, *, tick_min_step: float) -> alt.Axis:
    return alt.Axis(format=number_format, tickCount=TICKS, tickMinStep=tick_min_step, domain=False, ticks=False)
