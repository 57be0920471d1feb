# SPDX-License-Identifier: GPL-2.0-only
"""One row of bench/scaling/run's table, from what the machine said (standard input)."""
import json
import sys

cpus, domains = int(sys.argv[1]), int(sys.argv[2])
said = {}
text = sys.stdin.read()
for line in text.splitlines():
    word, _, rest = line.strip().partition(" ")
    if word in ("@before", "@load", "@after"):
        said[word] = json.loads(rest)
if len(said) < 3 or "\nenabled\n" not in text:
    sys.exit(f"{cpus} CPUs in {domains} domains: the run was disturbed:\n{text[-1000:]}")


def total(field):
    return sum(a[field] - b[field] for a, b in
               zip(said["@after"]["domains"], said["@before"]["domains"]))


def median(histogram, scale):
    values = sorted(d[histogram]["p50"] for d in said["@after"]["domains"] if d["decisions"])
    return values[len(values) // 2] / scale if values else 0


busy_s = total("busy_ns") / 1e9
wall_s = busy_s / cpus      # the load keeps all CPUs busy
decisions = total("decisions")
if domains != len(said["@after"]["domains"]):
    sys.exit(f"asked for {domains} domains, scheduled {len(said['@after']['domains'])}")
print(f"| {cpus} | {domains} | {decisions / wall_s:,.0f} | {decisions / busy_s:,.0f} "
      f"| {total('dispatcher_ns') / max(1, total('consumed')):,.0f} "
      f"| {total('consumed') / max(1, total('batches')):.1f} "
      f"| {median('deciding_ns', 1e3):.1f} | {median('decision_ns', 1e3):.1f} "
      f"| {100 * total('dispatcher_ns') / total('busy_ns'):.1f} % "
      f"| {100 * total('rescued') / max(1, decisions):.2f} % |", flush=True)
