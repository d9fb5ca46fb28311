"""The picture for the README: requests a second, as multiples of PostGraphile's, drawn as SVG by hand."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final
from xml.sax.saxutils import escape

from bench.contenders import FIELDGATE, MERCURIUS, POSTGRAPHILE, STRAWBERRY

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bench.results import Measurement

FILE: Final = Path(__file__).parent.parent / "docs" / "performance.svg"

_COLOURS: Final = {FIELDGATE: "#2f6f4f", MERCURIUS: "#8fa6b8", POSTGRAPHILE: "#b9a27f", STRAWBERRY: "#c98a8a"}
_LABELS: Final = {
    FIELDGATE: "Fieldgate",
    MERCURIUS: "Mercurius (JIT)",
    POSTGRAPHILE: "PostGraphile 5 = 1",
    STRAWBERRY: "Strawberry",
}
_WIDTH, _LEFT, _BAR, _GAP, _TOP = 760, 130, 13, 12, 54
_STYLE: Final = "font:12px system-ui,sans-serif;fill:#555"


def draw(titles: Mapping[str, str], measured: Mapping[str, Mapping[str, Measurement]]) -> str:
    """The picture. Workloads that PostGraphile did not take part in are left out."""
    shown = {name: titles[name] for name in measured if POSTGRAPHILE in measured[name] and name in titles}
    ratios = {
        (workload, contender): measured[workload][contender].rps / measured[workload][POSTGRAPHILE].rps
        for workload in shown
        for contender in _COLOURS
        if contender in measured[workload]
    }
    scale = (_WIDTH - _LEFT - 60) / max(ratios.values(), default=1.0)
    group = len(_COLOURS) * _BAR + _GAP
    height = _TOP + len(shown) * group + 8
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img">',
        "<title>Requests a second, as multiples of PostGraphile's</title>",
        f'<text x="8" y="20" style="{_STYLE};font-weight:600">Requests a second, in units of PostGraphile\'s</text>',
        *_legend(),
    ]
    for row, workload in enumerate(shown):
        top = _TOP + row * group
        parts.append(f'<text x="8" y="{top + 22}" style="{_STYLE};font-weight:600">{escape(workload)}</text>')
        parts += [
            _bar(top + place * _BAR, colour, ratios[workload, name], scale)
            for place, (name, colour) in enumerate(_COLOURS.items())
            if (workload, name) in ratios
        ]
    return "\n".join([*parts, "</svg>", ""])


def _legend() -> list[str]:
    parts = []
    for place, (name, colour) in enumerate(_COLOURS.items()):
        x = 8 + place * 170
        parts.append(f'<rect x="{x}" y="31" width="10" height="10" fill="{colour}"/>')
        parts.append(f'<text x="{x + 15}" y="40" style="{_STYLE}">{escape(_LABELS[name])}</text>')
    return parts


def _bar(y: int, colour: str, ratio: float, scale: float) -> str:
    width = max(1.0, ratio * scale)
    bar = f'<rect x="{_LEFT}" y="{y}" width="{width:.1f}" height="{_BAR - 2}" fill="{colour}"/>'
    return f'{bar}<text x="{_LEFT + width + 5:.1f}" y="{y + 10}" style="{_STYLE};font-size:11px">{ratio:.2g}</text>'
