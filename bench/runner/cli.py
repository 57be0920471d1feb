# SPDX-License-Identifier: GPL-2.0-only
"""bench/run: options, the interleaved runs with their progress, and what is written."""

import argparse
import datetime
import json
import os
import pathlib
import shlex
import shutil
import signal
import subprocess
import sys
import time

from . import backends, report, session, workloads

ROOT = backends.ROOT
EPILOG = """
A scheduler is eevdf (the kernel's own), ccx (build/scx_ccx), ccx with arguments, or a command line;
LABEL=COMMAND names it. Examples:
  bench/run --suite frames
  bench/run --schedulers 'eevdf,ccx,lavd=scx_lavd --performance' --workloads pipe --rounds 5
Exit code: 0 done, 1 some run was disturbed, 2 usage, 3 nothing to run it on.
"""


class Scheduler(session.Scheduler):
    """executable: the file behind command[0], to be copied into guests."""

    executable = ""


class UsageError(Exception):
    pass


def _split(text):
    """At commas outside quotes."""
    lexer = shlex.shlex(text, posix=False, punctuation_chars="")
    lexer.whitespace, lexer.whitespace_split, lexer.commenters = ",", True, ""
    return [part.strip().strip("'\"") for part in lexer if part.strip()]


def parse_scheduler(text, guest):
    """guest: commands must be found by their name there; on this machine by their path."""
    label, equals, command = text.partition("=")
    if not equals or not label.replace("-", "").replace("_", "").replace(".", "").isalnum():
        label, command = text, text
    words = shlex.split(command)
    if not words:
        raise UsageError(f"empty scheduler in '{text}'")
    if words == ["eevdf"]:
        return Scheduler(label)
    executable = str(ROOT / "build/scx_ccx") if words[0] == "ccx" else shutil.which(words[0])
    if not executable or not os.access(executable, os.X_OK):
        hint = "; build it first" if words[0] == "ccx" else ""
        raise UsageError(f"scheduler '{text}': no executable {executable or words[0]}{hint}")
    executable = os.path.realpath(executable)
    name = os.path.basename(executable) if guest else executable
    scheduler = Scheduler(label, [name, *words[1:]])
    if words[0] == "ccx":
        scheduler.statistics = f"{name} stats --json"
    scheduler.executable = executable
    return scheduler


class Run:
    """All results of one invocation."""

    def __init__(self, schedulers, chosen, rounds):
        self.schedulers, self.workloads, self.rounds = schedulers, chosen, rounds
        self.samples = []  # dicts: scheduler, seed, round, and the fields of a session.Result
        self.about = {}
        self.skipped = []
        self.command = shlex.join(["bench/run", *sys.argv[1:]])
        self.title = "Schedulers compared: " + ", ".join(s.label for s in schedulers)

    @property
    def subtitle(self):
        words = [f"{key} {value}" for key, value in self.about.items()]
        return "; ".join(words) + "."

    def _of(self, scheduler, workload):
        wanted = (scheduler, workload)
        return [s for s in self.samples if (s["scheduler"], s["workload"]) == wanted]

    def values(self, scheduler, workload, key):
        good = [s for s in self._of(scheduler, workload) if not s["disturbed"]]
        return [s["metrics"][key] for s in good if s["metrics"].get(key) is not None]

    def disturbed(self, scheduler, workload):
        return [s for s in self._of(scheduler, workload) if s["disturbed"]]

    def count(self, scheduler, workload):
        return len(self._of(scheduler, workload))

    def notes(self):
        lines = [f"skipped {name}: {why}" for name, why in self.skipped]
        for sample in self.samples:
            if sample["disturbed"]:
                lines.append(
                    f"disturbed: {sample['workload']} under {sample['scheduler']}, "
                    f"seed {sample['seed']}: " + "; ".join(sample["disturbed"])
                )
        return lines

    def write(self, directory):
        directory.mkdir(parents=True, exist_ok=True)
        raw = {"about": self.about, "command": self.command, "samples": self.samples,
               "schedulers": {s.label: s.command for s in self.schedulers}}
        (directory / "raw.json").write_text(json.dumps(raw, indent=1) + "\n", encoding="utf-8")
        (directory / "table.md").write_text(report.markdown(self), encoding="utf-8")
        (directory / "report.html").write_text(report.page(self), encoding="utf-8")


def _sessions(chosen, isolate):
    """Lists of workloads that share a session."""
    shared = [w for w in chosen if not (isolate or w.alone or w.signal)]
    lists = [shared] if shared else []
    return lists + [[w] for w in chosen if w not in shared]


def _clock(seconds):
    minutes, seconds = divmod(int(seconds + 0.5), 60)
    return f"{minutes} min {seconds:02d} s" if minutes else f"{seconds} s"


def _measure(run, backend, options):
    """Interleaved: round 1 under every scheduler, then round 2, and so on."""
    lists = _sessions(run.workloads, options.isolate)
    plan = [(index, seed, part, scheduler) for index, seed in enumerate(options.seeds)
            for part in lists for scheduler in run.schedulers]
    mips, started = backend.mips(), time.monotonic()
    for done, (index, seed, part, scheduler) in enumerate(plan):
        script = session.script(scheduler, part, mips)
        output = backend.session(script, scheduler, part, seed)
        results, facts = session.parse(scheduler, part, output)
        mips = mips or float(facts.get("mips", 0)) or None
        for fact in ("kernel", "cpus", "mips"):
            if fact in facts:
                run.about[fact] = facts[fact]
        for result in results.values():
            run.samples.append({"scheduler": scheduler.label, "seed": seed, "round": index,
                                **vars(result)})
        if options.keep_output:
            options.report.mkdir(parents=True, exist_ok=True)
            name = f"session-{done + 1:03d}-{scheduler.label.split()[0]}-{seed}.log"
            (options.report / name).write_text(output, encoding="utf-8")
        run.write(options.report)  # an interrupted run keeps what it has
        passed = time.monotonic() - started
        left = passed / (done + 1) * (len(plan) - done - 1)
        bad = sum(1 for result in results.values() if result.disturbed)
        print(f"[{done + 1}/{len(plan)}] {scheduler.label}, seed {seed}, "
              f"{len(part)} workloads{f', {bad} DISTURBED' if bad else ''}; "
              f"{_clock(passed)} so far, about {_clock(left)} left", file=sys.stderr, flush=True)


def _commit():
    try:
        text = subprocess.run(["git", "-C", str(ROOT), "describe", "--always", "--dirty"],
                              capture_output=True, text=True, check=True).stdout.strip()
        return text or "unknown"
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def _options(argv):
    parser = argparse.ArgumentParser(
        prog="bench/run",
        description="Compare schedulers on this machine, in a guest, or in the lab.",
        epilog=EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--schedulers", default="eevdf,ccx", metavar="LIST",
        help="with commas between; default %(default)s")
    add("--scheduler", action="append", default=[], metavar="ONE", help="one more, commas and all")
    add("--workloads", default="", metavar="LIST", help="names from --list")
    add("--suite", action="append", default=[], metavar="NAME",
        help="a named set; may be repeated; default standard")
    add("--list", action="store_true", help="show workloads and suites")
    add("--rounds", type=int, default=0, metavar="N",
        help="runs of each; default 3, or what --seeds says")
    add("--seeds", default="", metavar="LIST",
        help="of the lab, e.g. 1,2,3 or 1-4; default 1-ROUNDS")
    add("--report", type=pathlib.Path, default=ROOT / "build/bench-report", metavar="DIR",
        help="raw.json, table.md, report.html; default build/bench-report")
    add("--backend", choices=("auto", "host", "vm", "lab"), default="auto",
        help="default: this machine if it can, else the lab, else a guest")
    add("--preset", default="", help="lab: the machine; default what the suite says, else ccx-8")
    add("--kernel", default="6.18", help="lab and vm; default %(default)s")
    add("--smp", default="2x4", help="vm: domains x cores [x threads]; default %(default)s")
    add("--memory", default="1G", help="lab and vm; default %(default)s")
    add("--extra", default="", metavar="SETTINGS", help="lab: e.g. 'wake=2000;migr_llc=50000'")
    add("--isolate", action="store_true", help="one session (boot) for each workload")
    add("--session-limit", type=float, default=0, metavar="S",
        help="real seconds until a session is given up")
    add("--keep-output", action="store_true", help="keep what sessions printed, in the report")
    add("--bench-dir", type=pathlib.Path, metavar="DIR",
        default=pathlib.Path(os.environ.get("CCX_BENCH_DIR", ROOT / "build/bench")),
        help="where the programs are; default $CCX_BENCH_DIR or build/bench")
    return parser.parse_args(argv)


def _seeds(options):
    seeds = []
    for part in filter(None, options.seeds.split(",")):
        first, _, last = part.partition("-")
        try:
            seeds += range(int(first), int(last or first) + 1)
        except ValueError:
            raise UsageError(f"--seeds: '{part}' is not a number or a range") from None
    if options.rounds and seeds and len(seeds) != options.rounds:
        raise UsageError(f"--rounds {options.rounds} does not fit {len(seeds)} seeds")
    return seeds or list(range(1, (options.rounds or 3) + 1))


def _print_list(catalogue):
    print("Suites:")
    for suite in catalogue.suites.values():
        print(f"  {suite.name:20} {suite.about}\n{'':23}{', '.join(suite.workloads)}")
    print("Workloads:")
    for workload in catalogue.workloads.values():
        print(f"  {workload.name:20} {workload.about}")


def _prepare(options, catalogue):
    names = list(filter(None, options.workloads.split(",")))
    suites = options.suite or ([] if names else ["standard"])
    chosen, preset = workloads.select(catalogue, names, suites)
    options.preset = options.preset or preset or "ccx-8"
    options.seeds = _seeds(options)
    backend = backends.choose(options.backend, options)
    texts = _split(options.schedulers) + options.scheduler
    schedulers = [parse_scheduler(text, backend.name != "host") for text in texts]
    # EEVDF against EEVDF is a fair question (how much is noise?): tell the two apart
    for index, scheduler in enumerate(schedulers):
        if any(other.label == scheduler.label for other in schedulers[:index]):
            scheduler.label += f"#{index + 1}"
    run = Run(schedulers, [], len(options.seeds))
    for workload in chosen:
        lacking = backends.missing(workload, options.bench_dir)
        if lacking:
            run.skipped.append((workload.name, "not installed or built: " + ", ".join(lacking)))
        else:
            run.workloads.append(workload)
    if not run.workloads:
        raise UsageError("nothing to run: " + "; ".join(f"{n}: {why}" for n, why in run.skipped))
    run.about = {"date": datetime.date.today().isoformat(), "commit": _commit(),
                 "backend": backend.name, **backend.describe()}
    if not backend.precise:
        run.about["times"] = "emulated, only ratios count"
    return run, backend


def main(argv):
    options = _options(argv)
    try:
        catalogue = workloads.load()
        if options.list:
            signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # bench/run --list | head
            _print_list(catalogue)
            return 0
        run, backend = _prepare(options, catalogue)
    except (UsageError, workloads.CatalogueError) as error:
        print(f"bench/run: {error}", file=sys.stderr)
        return 2
    except backends.BackendError as error:
        print(f"bench/run: cannot measure here: {error}", file=sys.stderr)
        return 3
    try:
        _measure(run, backend, options)
    except KeyboardInterrupt:
        print("bench/run: interrupted; the report has what was measured so far", file=sys.stderr)
    run.write(options.report)
    print(report.markdown(run))
    print(f"bench/run: report in {options.report}/report.html", file=sys.stderr)
    return 1 if any(sample["disturbed"] for sample in run.samples) else 0
