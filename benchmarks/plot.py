"""append.svg: events stored a second by clients, in process and over the network."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("svg")

from matplotlib import pyplot as plt
from matplotlib.axes import Axes

from benchmarks.figures import Row
from benchmarks.report import LABELS

PANELS = (("in_process", "A. In process"), ("network", "B. Over the network"))
# Okabe and Ito's colours, which readers who see few colours can tell apart; ours are solid.
_STYLES: dict[str, tuple[str, str, str]] = {
    "propose": ("#D55E00", "-", "o"),
    "door": ("#0072B2", "-", "s"),
    "door_threads": ("#56B4E9", "-", "^"),
    "library": ("#333333", "--", "D"),
    "library_16": ("#888888", "--", "v"),
    "http": ("#D55E00", "-", "o"),
    "validate": ("#E69F00", ":", "s"),
    "umadb": ("#009E73", "--", "D"),
}


def draw(results: Mapping[str, Any], path: Path) -> None:
    """Writes the plot; its letters are paths, so that it looks the same everywhere."""
    with mpl.rc_context({"svg.fonttype": "path", "svg.hashsalt": "benchmarks", "font.size": 10}):
        picture, axes = plt.subplots(1, 2, figsize=(11, 6), sharey=True, layout="constrained")
        for axis, (name, title) in zip(axes, PANELS, strict=True):
            _panel(axis, results.get(name, {}).get("rows", []), title)
        axes[0].set_ylabel("events stored durably a second")
        picture.savefig(path, metadata={"Date": None})
        plt.close(picture)


def _panel(axis: Axes, rows: Sequence[Row], title: str) -> None:
    axis.set_title(title, loc="left", fontweight="bold")
    axis.set_xscale("log", base=4)
    axis.set_yscale("log")
    counts = sorted({row["clients"] for row in rows})
    axis.set_xticks(counts, [str(count) for count in counts])
    axis.minorticks_off()
    axis.set_xlabel("clients, each waiting for its answer")
    axis.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    axis.tick_params(labelleft=True)
    axis.grid(visible=True, color="#DDDDDD", linewidth=0.8)
    axis.spines[["top", "right"]].set_visible(False)
    for contender in dict.fromkeys(row["contender"] for row in rows):
        _line(axis, [row for row in rows if row["contender"] == contender], contender)
    if rows:
        axis.legend(
            loc="upper center", bbox_to_anchor=(0.5, -0.13), ncols=2, frameon=False, fontsize=9
        )


def _line(axis: Axes, rows: Sequence[Row], contender: str) -> None:
    by_clients: dict[int, list[float]] = {}
    for row in rows:
        by_clients.setdefault(row["clients"], []).append(row["stored_per_second"])
    counts = sorted(by_clients)
    medians = [statistics.median(by_clients[count]) for count in counts]
    colour, line, marker = _STYLES[contender]
    label = LABELS[contender].replace("`", "")
    axis.plot(counts, medians, line, color=colour, marker=marker, markersize=5, label=label)
    axis.fill_between(
        counts,
        [min(by_clients[count]) for count in counts],
        [max(by_clients[count]) for count in counts],
        color=colour,
        alpha=0.12,
        linewidth=0,
    )
    axis.annotate(
        f"{medians[-1]:,.0f}", (counts[-1], medians[-1]), (6, 0), textcoords="offset points",
        fontsize=8, color=colour, va="center",
    )  # fmt: skip
