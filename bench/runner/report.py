# SPDX-License-Identifier: GPL-2.0-only
"""The table (Markdown, also printed) and the HTML page with plots."""

import html

from . import stats

COLOURS = ("#4878a8", "#c8553d", "#5b8c5a", "#8c6bb1", "#b08d2a", "#5aa2a8", "#a05a7d", "#777777")
WIDTH, ROW, LEFT, RIGHT = 760, 26, 190, 90


def _number(value, digits):
    return f"{value:.{digits}f}"


def _cell(summary, digits):
    if summary is None:
        return "-"
    text = _number(summary.median, digits)
    if summary.count > 1:
        text += f" ({_number(summary.low, digits)}..{_number(summary.high, digits)})"
    return text


def _ratio_text(ratio):
    if ratio is None:
        return "-"
    text = f"{ratio.value:.3f}"
    if ratio.low is not None:
        text += f" [{ratio.low:.3f}, {ratio.high:.3f}]"
    return text


def _verdict(ratio, better):
    """better, worse, or nothing when the interval does not tell."""
    if ratio is None or not ratio.clear():
        return ""
    return "better" if (ratio.value < 1) == (better == "lower") else "worse"


def rows(run):
    """One row for each workload, metric and scheduler: everything a table or plot needs."""
    base_label = run.schedulers[0].label
    for workload in run.workloads:
        for metric in workload.metrics:
            base = run.values(base_label, workload.name, metric.key)
            for scheduler in run.schedulers:
                values = run.values(scheduler.label, workload.name, metric.key)
                ratio = None
                if scheduler.label != base_label:
                    ratio = stats.ratio(values, base)
                yield {
                    "workload": workload.name,
                    "metric": metric,
                    "scheduler": scheduler.label,
                    "values": values,
                    "summary": stats.summarise(values),
                    "ratio": ratio,
                    "verdict": _verdict(ratio, metric.better),
                    "disturbed": run.disturbed(scheduler.label, workload.name),
                    "runs": run.count(scheduler.label, workload.name),
                }


def _value_text(row):
    """The number, or why there is none, or both."""
    bad = len(row["disturbed"])
    if bad and row["summary"] is None:
        return f"DISTURBED ({bad} of {row['runs']} runs)"
    text = _cell(row["summary"], row["metric"].digits)
    return text + (f", {bad} of {row['runs']} runs disturbed" if bad else "")


def markdown(run):
    base = run.schedulers[0].label
    lines = [
        f"# {run.title}", "", run.subtitle, "",
        f"Median (lowest..highest) of {run.rounds} runs; ratios to {base} with 95 % bootstrap "
        "intervals. better / worse: the interval leaves out 1.", "",
        f"| workload | metric | scheduler | median (range) | ratio to {base} | |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for row in rows(run):
        metric = row["metric"]
        arrow = "lower" if metric.better == "lower" else "higher"
        unit = f"{metric.unit}, " if metric.unit else ""
        lines.append(
            f"| {row['workload']} | {metric.key} ({unit}{arrow} is better) | {row['scheduler']} | "
            f"{_value_text(row)} | {_ratio_text(row['ratio'])} | {row['verdict']} |"
        )
    notes = run.notes()
    if notes:
        lines += ["", "Notes:", ""] + [f"- {note}" for note in notes]
    return "\n".join(lines + ["", "Command: `" + run.command + "`", ""])


def _plot(group):
    """One metric: a row for each scheduler with a dot for each run and a bar at the median."""
    values = [value for row in group for value in row["values"]]
    if not values:
        return "<p class=bad>no undisturbed run</p>"
    top = max(values) * 1.05 or 1.0
    scale = (WIDTH - LEFT - RIGHT) / top
    height = ROW * len(group) + 24
    parts = [f'<svg viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" role="img">']
    for tick in range(5):
        x = LEFT + (WIDTH - LEFT - RIGHT) * tick / 4
        label = f"{top * tick / 4:.3g}"
        parts.append(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="0" y2="{height - 18}" class=grid />')
        parts.append(f'<text x="{x:.1f}" y="{height - 4}" class=tick>{label}</text>')
    for index, row in enumerate(group):
        colour = COLOURS[index % len(COLOURS)]
        y = ROW * index + ROW / 2
        name = html.escape(row["scheduler"][:26])
        parts.append(f'<text x="{LEFT - 8}" y="{y + 4}" class=name>{name}</text>')
        if row["summary"] is None:
            parts.append(f'<text x="{LEFT + 6}" y="{y + 4}" class=bad>disturbed</text>')
            continue
        width = row["summary"].median * scale
        parts.append(f'<rect x="{LEFT}" y="{y - 8}" width="{width:.1f}" height="16" '
                     f'fill="{colour}" fill-opacity="0.35" />')
        for value in row["values"]:
            x = LEFT + value * scale
            parts.append(f'<circle cx="{x:.1f}" cy="{y}" r="3" fill="{colour}" />')
        text = _number(row["summary"].median, row["metric"].digits)
        end = LEFT + row["summary"].high * scale + 8
        parts.append(f'<text x="{end:.1f}" y="{y + 4}" class=value>{text}</text>')
    return "".join(parts) + "</svg>"


_STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; max-width: 60em; margin: 2em auto; padding: 0 1em }
body { color: #222; font-variant-numeric: tabular-nums }
h1 { font-size: 1.5em }
h2 { font-size: 1.15em; margin-top: 2em; border-top: 1px solid #ddd; padding-top: 1em }
h3 { font-size: 1em; margin: 1.2em 0 0.2em }
table { border-collapse: collapse; margin: 0.5em 0 }
td, th { padding: 0.15em 0.7em; text-align: left; border-bottom: 1px solid #eee }
.grid { stroke: #e4e4e4 } .tick { font-size: 11px; fill: #888; text-anchor: middle }
.name { font-size: 13px; text-anchor: end; fill: #333 } .value { font-size: 12px; fill: #333 }
.bad { color: #b00020; fill: #b00020; font-weight: 600 }
.better { color: #1b7a34 } .worse { color: #b00020 }
code { background: #f4f4f4; padding: 0.1em 0.3em } svg { max-width: 100%; height: auto }
"""


def _table(group, base):
    lines = ["<table><tr><th>scheduler<th>median (range)"
             f"<th>ratio to {html.escape(base)} [95 %]<th></tr>"]
    for row in group:
        bad = ' class="bad"' if row["summary"] is None else ""
        lines.append(
            f"<tr><td>{html.escape(row['scheduler'])}<td{bad}>{html.escape(_value_text(row))}"
            f"<td>{_ratio_text(row['ratio'])}<td class=\"{row['verdict']}\">{row['verdict']}</tr>"
        )
    return "".join(lines) + "</table>"


def page(run):
    """The whole report as one HTML page that needs nothing else."""
    groups, abouts = {}, {workload.name: workload.about for workload in run.workloads}
    for row in rows(run):
        groups.setdefault(row["workload"], {}).setdefault(row["metric"].key, []).append(row)
    parts = [
        "<!doctype html><html lang=en><meta charset=utf-8>",
        f"<title>{html.escape(run.title)}</title><style>{_STYLE}</style>",
        f"<h1>{html.escape(run.title)}</h1><p>{html.escape(run.subtitle)}",
        f"<p>Each dot is a run, the bar is the median of {run.rounds}. Ratios are of medians, with "
        "95 % bootstrap intervals; green and red only where the interval leaves out 1.",
    ]
    for workload, metrics in groups.items():
        parts.append(f"<h2>{html.escape(workload)}</h2><p>{html.escape(abouts[workload])}")
        for key, group in metrics.items():
            metric = group[0]["metric"]
            unit = f"{metric.unit}, " if metric.unit else ""
            parts.append(f"<h3>{html.escape(key)} ({unit}{metric.better} is better)</h3>")
            parts.append(_plot(group) + _table(group, run.schedulers[0].label))
    notes = "".join(f"<li>{html.escape(note)}" for note in run.notes())
    if notes:
        parts.append(f"<h2>Notes</h2><ul>{notes}</ul>")
    facts = "".join(f"<tr><td>{html.escape(str(key))}<td>{html.escape(str(value))}</tr>"
                    for key, value in run.about.items())
    parts.append(f"<h2>How this came about</h2><table>{facts}</table>"
                 f"<p><code>{html.escape(run.command)}</code>")
    return "\n".join(parts)
