# SPDX-License-Identifier: GPL-2.0-only
"""Makes numbers of what programs print: our own JSON, and the text of other people's tools."""

import json
import re


def _ours(text):
    for line in reversed(text.splitlines()):
        if line.startswith("{"):
            result = json.loads(line)
            if not result.get("complete"):
                raise ValueError("was interrupted")
            return result["metrics"], result.get("detail", {})
    raise ValueError("printed no JSON")


def _hackbench(text):
    match = re.search(r"^Time: ([0-9.]+)", text, re.M)
    if not match:
        raise ValueError("printed no time")
    return {"seconds": float(match.group(1))}, {}


def _cyclictest(text):
    rows = re.findall(r"Min:\s*(\d+).*?Avg:\s*(\d+)\s+Max:\s*(\d+)", text)
    if not rows:
        raise ValueError("printed no threads")
    return {
        "min_us": float(min(int(row[0]) for row in rows)),
        "avg_us": sum(int(row[1]) for row in rows) / len(rows),
        "max_us": float(max(int(row[2]) for row in rows)),
    }, {}


def _stress_ng(text):
    rows = re.findall(r"metrc: \[\d+\] \S+\s+\d+\s+[0-9.]+\s+[0-9.]+\s+[0-9.]+\s+([0-9.]+)", text)
    if not rows:
        raise ValueError("printed no metrics")
    return {"ops_per_s": sum(float(row) for row in rows)}, {}


def _perf(text):
    match = re.search(r"^\s*([0-9.]+)\s*$", text, re.M)
    if not match:
        raise ValueError("printed no time (wants perf bench -f simple)")
    return {"seconds": float(match.group(1))}, {}


_FOREIGN = {
    "hackbench": _hackbench,
    "cyclictest": _cyclictest,
    "stress-ng": _stress_ng,
    "perf": _perf,
}

# Words that come before the program itself in a command.
_PREFIXES = {"taskset": 3, "nice": 3, "chrt": 3}


def program_of(command):
    """The program whose numbers a command prints: `taskset -c 0 fairness -t 2` -> fairness."""
    words = command.split()
    while words and words[0] in _PREFIXES:
        words = words[_PREFIXES[words[0]]:]
    return words[0] if words else ""


def is_ours(command):
    return program_of(command) not in _FOREIGN


def parse(command, text):
    """(metrics, detail) of one command's output; ValueError says what is wrong with it."""
    return _FOREIGN.get(program_of(command), _ours)(text)
