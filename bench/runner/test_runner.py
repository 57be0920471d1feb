#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Tests of the runner that need no guest: python3 bench/runner/test_runner.py"""

import os
import pathlib
import subprocess
import sys
import tempfile
import unittest
from unittest import mock

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

from runner import backends, cli, report, session, stats, tools, workloads  # noqa: E402

GOOD = '{"workload":"pipe","complete":true,"metrics":{"usecs_per_op":5.0},"detail":{}}'
CCX = session.Scheduler("ccx", ["scx_ccx"], "scx_ccx stats --json")


def pick(*names):
    return workloads.select(workloads.load(), names, [])[0]


def one(text, workload="pipe", scheduler=CCX):
    return session.parse(scheduler, pick(workload), text)[0][workload]


def transcript(state="enabled enabled", out=GOOD, code=0, extra=""):
    return (f"@@ begin pipe\n@@ state {state}\n{extra}@@ out 0 {out}\n@@ exit rc {code}\n"
            "@@ statistics {}\n@@ end pipe\n")


class Sessions(unittest.TestCase):
    def test_good_run_gives_numbers(self):
        result = one("[    1.0] noise @@ kernel 6.18\r\n" + transcript())
        self.assertEqual(result.disturbed, [])
        self.assertEqual(result.metrics, {"pipe.usecs_per_op": 5.0})
        self.assertEqual(result.statistics, {})

    def test_every_disturbance_is_told(self):
        cases = {
            "not enabled": transcript(state="disabled enabled"),
            "attached again": transcript(extra="@@ restarted\n"),
            "kernel log": transcript(extra='@@ log [1.0] sched_ext: "x": runnable task stall\n'),
            "exit code 1": transcript(code=1),
            "timed out": transcript(code=124),
            "interrupted": transcript(out=GOOD.replace("true", "false")),
            "no JSON": transcript(out="Segmentation fault"),
            "ended early": "@@ begin pipe\n@@ state enabled enabled\n",
            "did not start": "@@ fatal the scheduler did not start\n",
        }
        for words, text in cases.items():
            with self.subTest(words):
                self.assertIn(words, "; ".join(one(text).disturbed))

    def test_killed_scheduler_is_no_disturbance_where_it_was_asked_for(self):
        text = ("@@ begin starve-killed\n@@ state disabled disabled\n"
                '@@ log sched_ext: "x" disabled (runnable task stall)\n'
                '@@ out 0 {"complete":true,"metrics":{"sleeper_max_ms":1.0}}\n'
                "@@ exit rc 0\n@@ end starve-killed\n")
        self.assertEqual(one(text, "starve-killed").disturbed, [])

    def test_every_script_is_valid_shell(self):
        everything = list(workloads.load().workloads.values())
        for scheduler in (CCX, session.Scheduler("eevdf")):
            text = session.script(scheduler, everything, 1000.0)
            subprocess.run(["sh", "-n"], input=text, text=True, check=True)

    def test_same_program_twice_has_two_names(self):
        twice = workloads.Workload("x", "", ["hogs -n 1", "hogs -n 2", "taskset -c 0 hogs"], [])
        self.assertEqual([key for key, _ in session._programs(twice)], ["hogs", "hogs#2", "hogs#3"])


class Tools(unittest.TestCase):
    def test_foreign_output(self):
        self.assertEqual(tools.parse("hackbench", "Running\nTime: 0.503\n")[0], {"seconds": 0.503})
        text = "T: 0 ( 1) P: 0 I:1 C: 5 Min: 8 Act: 9 Avg: 10 Max: 30\n" \
               "T: 1 ( 2) P: 0 I:1 C: 5 Min: 7 Act: 9 Avg: 20 Max: 40\n"
        self.assertEqual(tools.parse("cyclictest -q", text)[0],
                         {"min_us": 7.0, "avg_us": 15.0, "max_us": 40.0})
        text = "stress-ng: metrc: [1] cpu   2105  1.00  1.04  0.00  2103.88  2020.45  52.06  2404\n"
        self.assertEqual(tools.parse("stress-ng --cpu 2", text)[0], {"ops_per_s": 2103.88})
        self.assertEqual(tools.parse("perf bench", "0.014\n")[0], {"seconds": 0.014})

    def test_program_behind_prefix(self):
        self.assertEqual(tools.program_of("taskset -c 0 fairness -t 2"), "fairness")


class Statistics(unittest.TestCase):
    def test_clear_difference(self):
        ratio = stats.ratio([1.0, 1.1, 1.2], [2.0, 2.1, 2.2])
        self.assertTrue(ratio.clear())
        self.assertEqual(report._verdict(ratio, "lower"), "better")
        self.assertEqual(report._verdict(ratio, "higher"), "worse")

    def test_noise_is_no_difference(self):
        self.assertFalse(stats.ratio([1.0, 2.0, 3.0], [1.5, 2.0, 2.5]).clear())

    def test_nothing_to_compare(self):
        self.assertIsNone(stats.ratio([], [1.0]))
        self.assertIsNone(stats.ratio([1.0], [0.0]))
        self.assertIsNone(stats.ratio([1.0], [2.0]).low)


class Options(unittest.TestCase):
    def test_scheduler_lists(self):
        self.assertEqual(cli._split("eevdf,ccx --mode server,'x=sleep 1,2'"),
                         ["eevdf", "ccx --mode server", "x=sleep 1,2"])
        self.assertEqual(cli.parse_scheduler("base=eevdf", True).label, "base")
        self.assertEqual(cli.parse_scheduler("sleep --a=b", True).command, ["sleep", "--a=b"])
        with self.assertRaises(cli.UsageError):
            cli.parse_scheduler("no-such-scheduler", True)


class Lab(unittest.TestCase):
    def test_options_reach_the_lab(self):
        charges = "wake=2000;migr_core=10000;migr_llc=50000"
        with tempfile.TemporaryDirectory() as directory:
            tool = pathlib.Path(directory, "run-lab")
            tool.write_text('#!/bin/sh\nprintf "arg %s\\n" "$@"\n', encoding="utf-8")
            tool.chmod(0o755)
            with mock.patch.dict(os.environ, {"CCX_LAB": directory}), \
                    mock.patch.object(backends, "find_program", lambda name, _: f"/bench/{name}"):
                options = cli._options(["--preset", "smt-8", "--extra", charges])
                lab = backends.Lab(options)
                output = lab.session("true", cli.Scheduler("eevdf"), pick("pipe"), 3)
                arguments = [line[4:] for line in output.splitlines() if line.startswith("arg ")]
                told = dict(zip(arguments[::2], arguments[1::2]))
                self.assertEqual((told["-p"], told["-r"], told["-x"]), ("smt-8", "3", charges))
                self.assertEqual(lab.describe()["extra"], charges)
                lab = backends.Lab(cli._options(["--preset", "smt-8"]))
                output = lab.session("true", cli.Scheduler("eevdf"), pick("pipe"), 3)
                self.assertNotIn("arg -x", output.splitlines())
                self.assertEqual(lab.describe()["extra"], "none")


class Waits(unittest.TestCase):
    def test_sorts_of_wake_ups(self):
        trace = """
          wakeup-10 [000] d..2. 1.000000: sched_waking: comm=wakeup pid=11 prio=120 target_cpu=001
          wakeup-10 [000] d..2. 1.000002: sched_waking: comm=wakeup pid=12 prio=120 target_cpu=002
          <idle>-0 [001] d..2. 1.000010: sched_switch: prev_comm=swapper/1 prev_pid=0 prev_prio=120 prev_state=R ==> next_comm=wakeup next_pid=11 next_prio=120
          <idle>-0 [002] d..2. 1.000032: sched_switch: prev_comm=swapper/2 prev_pid=0 prev_prio=120 prev_state=R ==> next_comm=wakeup next_pid=12 next_prio=120
          <idle>-0 [001] dNh3. 1.000100: sched_waking: comm=wakeup pid=11 prio=120 target_cpu=001
          <idle>-0 [001] d..2. 1.000105: sched_switch: prev_comm=swapper/1 prev_pid=0 prev_prio=120 prev_state=R ==> next_comm=wakeup next_pid=11 next_prio=120
          wakeup-11 [001] d..2. 1.000200: sched_waking: comm=wakeup pid=10 prio=120 target_cpu=000
          <idle>-0 [000] d..2. 1.000207: sched_switch: prev_comm=swapper/0 prev_pid=0 prev_prio=120 prev_state=R ==> next_comm=wakeup next_pid=10 next_prio=120
          cat-99 [003] d..2. 1.000300: sched_waking: comm=other pid=98 prio=120 target_cpu=003
        """
        waits = pathlib.Path(__file__).resolve().parent.parent / "waits"
        done = subprocess.run([waits], input=trace, capture_output=True, text=True, check=True)
        self.assertEqual(done.stdout.splitlines(), [
            "worker, by a message: 2 mean 20 p50 30 p90 30 p99 30 max 30",
            "worker, by its timer: 1 mean 5 p50 5 p90 5 p99 5 max 5",
            "message thread: 1 mean 7 p50 7 p90 7 p99 7 max 7",
        ])
        done = subprocess.run([waits, "nobody"], input=trace, capture_output=True, text=True)
        self.assertEqual(done.returncode, 1)
        self.assertIn("no wake-up of nobody", done.stderr)


if __name__ == "__main__":
    unittest.main()
