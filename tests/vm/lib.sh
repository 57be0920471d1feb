#!/bin/sh
# What the suites that run in the guest share: TAP, starting and stopping the scheduler, its figures.
# A suite sources this, calls begin, then check and the like, and finish at its end.
state=/sys/kernel/sched_ext/state
log=/tmp/scx_ccx.log
number=0 failed=0 skipped=0
cpus=$(nproc)

ok() { number=$((number + 1)); echo "ok $number - $1"; }
not_ok() { number=$((number + 1)); failed=$((failed + 1)); echo "not ok $number - $1"; }
skip() { number=$((number + 1)); skipped=$((skipped + 1)); echo "ok $number - $1 # skipped: $2"; }
note() { echo "# $*"; }
begin() {
	note "kernel $(uname -r), $cpus CPUs"
	[ -e $state ] || { echo "1..0 # skipped: this kernel has no sched_ext"; exit 1; }
}
# the plan, the summary that tests/vm/check adds up, and the exit code; after a failure also what the program and the kernel said
finish() {
	if [ $failed != 0 ]; then
		note "the program said last:"; tail -n 60 $log | sed 's/^/#   /'
		note "the kernel said:"; dmesg | grep -A 30 -E 'sched_ext|BUG|WARNING|Oops' | tail -n 60 | sed 's/^/#   /'
	fi
	echo "1..$number"
	echo "$((number - failed - skipped)) passed, $failed failed, $skipped skipped"
	[ $failed = 0 ]
}
# check NAME COMMAND...: one test
check() {
	name=$1; shift
	if "$@"; then ok "$name"; else not_ok "$name"; note "failed: $*"; fi
}
# Looks without another process where it can: all CPUs of an emulated machine share what the host has.
# clock: whole seconds since the machine started, in $up_s
clock() { IFS=. read -r up_s rest </proc/uptime; }
# within SECONDS COMMAND...: waits until the command succeeds, for so many seconds or one more
within() {
	clock; give_up=$((up_s + $1 + 1)); shift
	until "$@"; do
		clock; [ "$up_s" -lt $give_up ] || return 1
		sleep 0.2
	done
}
state_is() { read -r is <$state; [ "$is" = "$1" ]; }
start() {
	scx_ccx "$@" >$log 2>&1 &
	pid=$!
	within 60 state_is enabled || { note "did not start"; sed 's/^/# /' $log; return 1; }
	sequence=$(cat /sys/kernel/sched_ext/enable_seq)
}
# attached: it runs, and the kernel has not thrown it out since it started
attached() { state_is enabled && kill -0 $pid && [ "$(cat /sys/kernel/sched_ext/enable_seq)" = "$sequence" ]; }
# stop [SIGNAL]: ends the scheduler and keeps its exit code
stop() {
	kill -"${1:-INT}" $pid 2>/dev/null
	wait $pid; code=$?
	within 60 state_is disabled
}
restarts() { grep -c 'starting again' $log; }
can_unplug() { [ -w /sys/devices/system/cpu/cpu$((cpus - 1))/online ]; }
# plug CPU 0|1: a CPU goes or comes
plug() { echo "$2" >/sys/devices/system/cpu/cpu$1/online; }
# hotplug CPU 0|1: the same, and the scheduler goes on with the CPUs that are there
hotplug() {
	before=$(restarts)
	plug "$1" "$2"
	within 30 has_cpus "$(grep -c ^processor /proc/cpuinfo)" && [ "$(restarts)" = "$before" ]
}
has_cpus() { [ "$(stat '[.domains[].cpus] | add' 2>/dev/null)" = "$1" ]; }
# replug CPU 0|1: the same where it is attached again for it (the CPUs' counters are read, domains are packed)
replug() {
	want=$(($(restarts) + 1))
	plug "$1" "$2"
	within 60 attached_again
}
attached_again() { state_is enabled && [ "$(restarts)" -ge $want ]; }
# upper_half 0|1: the CPUs of the upper half go or come, one by one: whole domains, so it is attached again
upper_half() { for i in $(seq $((cpus / 2)) $((cpus - 1))); do plug "$i" "$1"; done; }
# half 0|1: the same, until a session runs on what is there
half() {
	asked=$(up)
	upper_half "$1"
	within 90 session_since $((cpus / (2 - $1))) "$asked"
}
# session_since CPUS SECONDS: a session runs on so many CPUs that began after that
session_since() {
	scx_ccx stats --json 2>/dev/null |
		jq "([.domains[].cpus] | add == $1) and $(up) - .uptime_ns / 1000000000 > $2 - 1" | grep -q true
}
# up: whole seconds since the machine started
up() { clock; echo "$up_s"; }
# status FIELD: a number of the program's /proc/PID/status; files: how many it has open
status() { sed -n "s/^$1:[^0-9]*\([0-9]*\).*/\1/p" "/proc/$pid/status"; }
files() { find "/proc/$pid/fd" -mindepth 1 | wc -l; }
gone() { ! kill -0 "$1" 2>/dev/null; }
# Not ours to answer for: a mark that the kernel leaves on a task when a scheduler ends (docs/kernels.md).
no_kernel_error() {
	! dmesg | grep -E 'sched_ext: .*(runtime error|stall|triggered exit)|BUG:|WARNING:|Oops' |
		grep -v 'WARNING: .* at kernel/sched/ext.c:.* scx_dsq_insert_commit+'
}
stat() { scx_ccx stats --json | jq "$1"; }
# one CPU method: among all of them are some that the emulated CPU does not know
load() { stress-ng --quiet --cpu $((cpus + 2)) --cpu-method int64 --switch "$cpus" --fork 2 --timeout "$1"; }
# come_and_go SECONDS: twice as many tasks as CPUs, each at work a fifth of the time, none of them latency-critical
come_and_go() {
	these=
	for i in $(seq $((cpus * 2))); do chrt -b 0 named batch nap & these="$these $!"; done
	sleep "$1"
	kill $these
}
# value KEY LINE: of what programs like spread print, KEY=VALUE after KEY=VALUE
value() { echo "$2" | tr ' ' '\n' | sed -n "s/^$1=//p"; }
# at_most A B [C]: A is no more than the larger of B and C
at_most() { awk -v a="$1" -v b="$2" -v c="${3:-0}" 'BEGIN { exit !(a != "" && a <= (b > c ? b : c)) }'; }
# idle_share SECONDS: of all CPU time from now on, in which nothing ran, in per cent
idle() { awk '$1 == "cpu" { print $5 }' /proc/stat; }
idle_share() {
	before=$(idle); from=$(cut -d' ' -f1 /proc/uptime)
	sleep "$1"
	after=$(idle); to=$(cut -d' ' -f1 /proc/uptime)
	awk -v i=$((after - before)) -v a="$from" -v b="$to" -v n="$cpus" 'BEGIN { printf "%.1f\n", i / (b - a + 0.001) / n }'
}
