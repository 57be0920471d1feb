# SPDX-License-Identifier: GPL-2.0-only
"""
One session: one scheduler, some workloads, one after the other.

A session is a shell script (POSIX, busybox will do) that runs as root on a machine with sched_ext:
this one or a guest. It starts the scheduler, waits until sched_ext is enabled, runs the workloads
and prints a protocol of lines that begin with @@; parse() makes results of them. The same script
serves every backend, so all measure alike.
"""

import json
import re
import shlex
from dataclasses import dataclass, field

from . import tools

# What in the kernel's log says that a run must not count.
BAD_LOG = (
    r"sched_ext: .*(error|stall|abort|unregistered|disabled due)|runnable task stall|BUG:|WARNING:|"
    r"rcu.*stall|soft lockup|hung_task|blocked for more than|Out of memory|page allocation failure"
)
# A scheduler gets this many tenths of a second to be enabled: big ones load slowly in the lab.
ENABLE_TENTHS = 600

_PRELUDE = r"""
export LC_ALL=C
CPUS=$(grep -c '^processor' /proc/cpuinfo); export CPUS
D=$(mktemp -d); S=/sys/kernel/sched_ext; SP=
say() { echo "@@ $*"; }
state() { cat $S/state 2>/dev/null || echo none; }
seq() { cat $S/enable_seq 2>/dev/null || echo 0; }
log_lines() { dmesg 2>/dev/null | wc -l; }
# the lines of $1, each with the words that parse() sorts by
show() { sed "s/^/@@ $2 /" "$1"; }
finish() {
	[ -z "$SP" ] || { kill -CONT $SP; kill -INT $SP; } 2>/dev/null
	n=0
	while [ -n "$SP" ] && kill -0 $SP 2>/dev/null && [ $n -lt 100 ]; do sleep 0.1; n=$((n + 1)); done
	[ -z "$SP" ] || kill -KILL $SP 2>/dev/null
	rm -rf "$D"
}
trap finish EXIT
trap 'exit 130' INT TERM
say kernel $(uname -r)
say cpus $CPUS
"""

_CALIBRATE = r"""
if [ -z "$BENCH_MIPS" ]; then
	BENCH_MIPS=$(hogs -n 1 -s 0.02 -w 0 --json | sed 's/.*"mips":\([0-9.]*\).*/\1/')
	export BENCH_MIPS
fi
say mips $BENCH_MIPS
"""

_NO_SCHEDULER = r"""
[ "$(state)" != enabled ] || { say fatal already attached: $(cat $S/root/ops); exit 3; }
WANT=$(state)
"""

_START_SCHEDULER = r"""
[ "$(state)" != none ] || {{ say fatal this kernel has no sched_ext; exit 3; }}
[ "$(state)" != enabled ] || {{ say fatal already attached: $(cat $S/root/ops); exit 3; }}
{command} >$D/scheduler.log 2>&1 &
SP=$!
n=0
until [ "$(state)" = enabled ]; do
	if ! kill -0 $SP 2>/dev/null || [ $n -ge {tenths} ]; then
		tail -n 20 $D/scheduler.log >$D/tail; show $D/tail scheduler-log
		say fatal the scheduler did not start
		exit 3
	fi
	sleep 0.1; n=$((n + 1))
done
WANT=enabled
say ops $(cat $S/root/ops)
sleep {settle}
"""

_WORKLOAD = r"""
say begin {name}
{warmup}L=$(log_lines); Q=$(seq); P=
{starts}{disturb}for p in $P; do wait $p; echo "rc $?" >>$D/rc; done
{undisturb}say state $(state) $WANT
[ "$(seq)" = "$Q" ] || say restarted
dmesg 2>/dev/null | tail -n +$((L + 1)) >$D/log; show $D/log log
{shows}{statistics}rm -f $D/rc $D/out.* $D/log
say end {name}
"""


@dataclass
class Scheduler:
    """label: how the report calls it; command: argv, empty for the kernel's own scheduler."""

    label: str
    command: list = field(default_factory=list)
    statistics: str = ""  # a shell command that prints its counters as JSON


@dataclass
class Result:
    """One workload run once."""

    workload: str
    metrics: dict = field(default_factory=dict)
    detail: dict = field(default_factory=dict)
    statistics: object = None  # the scheduler's counters: JSON, or what it said instead
    disturbed: list = field(default_factory=list)  # why it must not count


def _programs(workload):
    """(key, command as run) of each command; the second frames is frames#2."""
    seen = {}
    for command in workload.run:
        name = tools.program_of(command)
        seen[name] = seen.get(name, 0) + 1
        key = name if seen[name] == 1 else f"{name}#{seen[name]}"
        yield key, command + (" --json" if tools.is_ours(command) else "")


def _workload_script(workload, scheduler):
    starts, shows = [], []
    for index, (_, command) in enumerate(_programs(workload)):
        quoted = shlex.quote("exec " + command)
        starts.append(
            f"timeout {workload.limit} sh -c {quoted} >$D/out.{index} 2>$D/out.err{index} &\n"
            'P="$P $!"\n'
        )
        shows.append(f"show $D/out.{index} 'out {index}'; show $D/out.err{index} 'err {index}'\n")
    shows.append("show $D/rc exit\n")
    disturb = undisturb = ""
    if workload.signal and scheduler.command:
        disturb = f"sleep {workload.after_s}; kill -{workload.signal} $SP\n"
        undisturb = "kill -CONT $SP 2>/dev/null\n"
        if workload.signal == "KILL":
            # a dead scheduler is what was asked for: the machine must have gone back to its own
            undisturb += 'wait $SP 2>/dev/null; SP=; n=0\nwhile [ "$(state)" = enabled ] && '
            undisturb += "[ $n -lt 100 ]; do sleep 0.1; n=$((n + 1)); done; WANT=disabled\n"
    statistics = ""
    if scheduler.statistics and workload.signal != "KILL":
        statistics = f"timeout 10 {scheduler.statistics} >$D/out.s 2>&1; show $D/out.s statistics\n"
    return _WORKLOAD.format(
        name=workload.name,
        warmup=f"{workload.warmup} >/dev/null 2>&1\n" if workload.warmup else "",
        starts="".join(starts),
        disturb=disturb,
        undisturb=undisturb,
        shows="".join(shows),
        statistics=statistics,
    )


def script(scheduler, workloads, mips=None, settle_s=0.3):
    """The session's shell script. mips: what a P core does, if it is known already."""
    text = "#!/bin/sh\n# Written by bench/run.\n"
    if mips:
        text += f"export BENCH_MIPS={mips:.9g}\n"
    text += _PRELUDE + _CALIBRATE
    if scheduler.command:
        text += _START_SCHEDULER.format(
            command=shlex.join(scheduler.command), tenths=ENABLE_TENTHS, settle=settle_s
        )
    else:
        text += _NO_SCHEDULER
    for workload in workloads:
        text += _workload_script(workload, scheduler)
    return text + "say done\n"


def _statistics(lines):
    text = "\n".join(lines)
    try:
        return json.loads(text) if text else None
    except ValueError:
        return text


class _Reader:
    """Sorts the protocol's lines; one workload's worth at a time."""

    def __init__(self, scheduler, workloads):
        self.scheduler = scheduler
        self.workloads = {workload.name: workload for workload in workloads}
        self.results = {}
        self.facts = {}
        self.lines = None

    def feed(self, line):
        at = line.find("@@ ")
        if at < 0:
            return
        word, _, rest = line[at + 3:].rstrip("\r\n").partition(" ")
        if word == "begin":
            self.lines = {}
        elif word == "end" and self.lines is not None:
            self.results[rest] = self._finish(self.workloads[rest])
            self.lines = None
        elif word == "code":
            self.facts[word] = rest  # of the whole session; it may have ended within a workload
        elif self.lines is not None:
            self.lines.setdefault(word, []).append(rest)
        elif word in ("fatal", "scheduler-log"):
            self.facts.setdefault(word, []).append(rest)
        else:
            self.facts[word] = rest or "yes"

    def _numbered(self, word, index):
        prefix = f"{index} "
        return [row[len(prefix):] for row in self.lines.get(word, []) if row.startswith(prefix)]

    def _finish(self, workload):
        result = Result(workload.name, statistics=_statistics(self.lines.get("statistics", [])))
        for index, (key, command) in enumerate(_programs(workload)):
            try:
                metrics, detail = tools.parse(command, "\n".join(self._numbered("out", index)))
            except ValueError as error:
                said = " ".join(self._numbered("err", index))[-200:]
                result.disturbed.append(f"{key} {error}" + (f": {said}" if said else ""))
                continue
            result.metrics.update({f"{key}.{name}": value for name, value in metrics.items()})
            result.detail[key] = detail
        self._judge(workload, result)
        return result

    def _judge(self, workload, result):
        codes = [row.split()[-1] for row in self.lines.get("exit", [])]
        for code in codes:
            if code != "0":
                late = code in ("124", "143")  # coreutils' timeout, busybox's
                result.disturbed.append("timed out" if late else f"exit code {code}")
        state, _, want = self.lines.get("state", [""])[0].partition(" ")
        if state != want:
            result.disturbed.append(f"sched_ext is {state or 'unknown'}, not {want}")
        if "restarted" in self.lines:
            result.disturbed.append("the scheduler was attached again meanwhile")
        if workload.signal == "KILL" and self.scheduler.command:
            return  # the kernel's log says that the scheduler went, as it was told to
        bad = [row for row in self.lines.get("log", []) if re.search(BAD_LOG, row)]
        if bad:
            result.disturbed.append("kernel log: " + bad[0][:200])


def parse(scheduler, workloads, text):
    """({workload name: Result}, facts) of a session's output. Every workload gets a Result."""
    reader = _Reader(scheduler, workloads)
    for line in text.splitlines():
        reader.feed(line)
    why = "; ".join(reader.facts.get("fatal", []))
    tail = " | ".join(reader.facts.get("scheduler-log", [])[-3:])
    if not why:
        why = f"the session ended early, exit code {reader.facts.get('code', 'unknown')}"
        said = [row for row in text.splitlines() if "@@ " not in row and row.strip()]
        tail = " | ".join(said[-3:])
    for workload in workloads:
        if workload.name not in reader.results:
            reason = why + (f" ({tail})" if tail else "")
            reader.results[workload.name] = Result(workload.name, disturbed=[reason])
    return reader.results, reader.facts
