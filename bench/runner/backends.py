# SPDX-License-Identifier: GPL-2.0-only
"""Where sessions run: this machine, a guest of tests/vm/run, or the virtual-time lab."""

import os
import pathlib
import shutil
import signal
import subprocess
import tempfile

from . import tools

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
SYSTEM_PROGRAMS = ("hackbench", "cyclictest", "stress-ng", "perf", "taskset")


class BackendError(Exception):
    """This backend cannot be used here; the message says why."""


def _programs(workloads):
    names = []
    for workload in workloads:
        for command in [workload.warmup, *workload.run]:
            words = command.split()
            if words:
                names += [words[0], tools.program_of(command)]
    return list(dict.fromkeys(names + ["hogs"]))


def find_program(name, bench_dir):
    """The file of a workload's program: ours first, then the system's. None if there is none."""
    ours = bench_dir / name
    if ours.is_file():
        return str(ours)
    return shutil.which(name)


def missing(workload, bench_dir):
    """The programs of a workload that are not to be found."""
    return [name for name in _programs([workload]) if not find_program(name, bench_dir)]


def _run(argv, limit_s, **more):
    """Runs a command in a session of its own; if it must be ended, all of that. Its output."""
    process = subprocess.Popen(
        argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
        start_new_session=True, stdin=subprocess.DEVNULL, **more,
    )
    try:
        output, _ = process.communicate(timeout=limit_s)
        return output + f"\n@@ code {process.returncode}\n"
    except subprocess.TimeoutExpired:
        _end(process)
        return process.communicate()[0] + "\n@@ fatal the session took too long\n"
    except BaseException:
        _end(process)
        raise


def _members(session_id):
    """Processes of a session we started. (timeout(1) leaves the process group, not the session.)"""
    members = []
    for entry in os.scandir("/proc"):
        if entry.name.isdigit():
            try:
                stat = pathlib.Path(entry.path, "stat").read_text(errors="replace")
            except OSError:
                continue  # gone meanwhile
            if int(stat.rpartition(")")[2].split()[3]) == session_id:
                members.append(int(entry.name))
    return members


def _end(process):
    """TERM first: the script then stops the scheduler it started."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        for pid in _members(process.pid):
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                pass
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            continue


class Backend:
    """session() runs a script and returns its output. precise: times mean what they say."""

    name = ""
    precise = True

    def __init__(self, options):
        self.options = options

    def describe(self):
        return {}

    def mips(self):
        """Million instructions a second of a P core, or None: the first session will tell."""
        return None

    def session(self, script, scheduler, workloads, seed):
        raise NotImplementedError

    def _script_file(self, directory, script):
        path = os.path.join(directory, "session.sh")
        with open(path, "w", encoding="utf-8") as stream:
            stream.write(script)
        os.chmod(path, 0o755)
        return path

    def _limit(self, workloads):
        return self.options.session_limit or 120 + sum(w.limit for w in workloads)


class Host(Backend):
    """This machine. Schedulers are started by their full path."""

    name = "host"

    def __init__(self, options):
        super().__init__(options)
        if not os.path.isdir("/sys/kernel/sched_ext"):
            raise BackendError("this kernel has no sched_ext (/sys/kernel/sched_ext is missing)")
        if os.geteuid() != 0:
            raise BackendError("attaching schedulers needs root")

    def session(self, script, scheduler, workloads, seed):
        with tempfile.TemporaryDirectory(prefix="ccx-bench-") as directory:
            path = self._script_file(directory, script)
            environment = dict(os.environ)
            environment["PATH"] = f"{self.options.bench_dir}:{environment.get('PATH', '')}"
            return _run(["sh", path], self._limit(workloads), env=environment)

    def describe(self):
        return {"machine": os.uname().nodename}


class Vm(Backend):
    """A guest of tests/vm/run. Under TCG only ratios mean anything."""

    name = "vm"
    precise = False

    def __init__(self, options):
        super().__init__(options)
        self.tool = ROOT / "tests/vm/run"
        if not os.access(self.tool, os.X_OK):
            raise BackendError(f"{self.tool} is missing")

    def session(self, script, scheduler, workloads, seed):
        with tempfile.TemporaryDirectory(prefix="ccx-bench-") as directory:
            path = self._script_file(directory, script)
            argv = ["nice", "-n", "10", str(self.tool), "--kernel", self.options.kernel,
                    "--smp", self.options.smp, "--memory", self.options.memory,
                    "--timeout", str(int(self._limit(workloads)))]
            for name in _programs(workloads):
                argv += ["--add", f"{find_program(name, self.options.bench_dir)}:/work/{name}"]
            if scheduler.command:
                name = os.path.basename(scheduler.command[0])
                argv += ["--add", f"{scheduler.executable}:/work/{name}"]
            argv += ["--add", f"{path}:/work/session.sh", "--", "sh", "/work/session.sh"]
            return _run(argv, self._limit(workloads) + 60)

    def describe(self):
        return {"kernel": self.options.kernel, "smp": self.options.smp}


class Lab(Backend):
    """The virtual-time machine: a P core is 1000 MIPS, and a seed gives the same run again."""

    name = "lab"

    def __init__(self, options):
        super().__init__(options)
        self.tool = lab_tool()
        if not self.tool:
            raise BackendError("no virtual-time lab: set CCX_LAB to the directory with run-lab")

    def mips(self):
        return 1000.0

    def session(self, script, scheduler, workloads, seed):
        with tempfile.TemporaryDirectory(prefix="ccx-bench-") as directory:
            path = self._script_file(directory, script)
            limit = self.options.session_limit or 3600
            argv = ["nice", "-n", "10", str(self.tool), "-p", self.options.preset,
                    "-k", self.options.kernel, "-r", str(seed), "-t", str(int(limit)),
                    "-m", self.options.memory]
            if self.options.extra:
                argv += ["-x", self.options.extra]
            for name in _programs(workloads):
                argv += ["-l", find_program(name, self.options.bench_dir)]
            if scheduler.command:
                argv += ["-l", scheduler.executable]
            return _run(argv + [path], limit + 60)

    def describe(self):
        return {"kernel": self.options.kernel, "preset": self.options.preset,
                "extra": self.options.extra or "none"}


def lab_tool():
    """run-lab of $CCX_LAB, or of ../shared/lab beside the repository; None without either."""
    for directory in (os.environ.get("CCX_LAB"), ROOT.parent / "shared/lab"):
        if directory and os.access(pathlib.Path(directory) / "run-lab", os.X_OK):
            return pathlib.Path(directory) / "run-lab"
    return None


def choose(name, options):
    """The backend of that name; for auto: this machine, else the lab, else a guest."""
    kinds = {"host": Host, "lab": Lab, "vm": Vm}
    if name != "auto":
        return kinds[name](options)
    reasons = []
    for kind in (Host, Lab, Vm):
        try:
            return kind(options)
        except BackendError as error:
            reasons.append(f"{kind.name}: {error}")
    raise BackendError("; ".join(reasons))
