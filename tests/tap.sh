# shellcheck shell=bash
# TAP for suites in bash that run on this machine: check, result, skip, finish. Those in the guest have tests/vm/lib.sh.
tap_number=0 tap_failed=0 tap_skipped=0
tap_said=$(mktemp)

# result NAME CODE: one test; if it failed, with what is in $tap_said
result() {
	tap_number=$((tap_number + 1))
	if [ "$2" = 0 ]; then
		echo "ok $tap_number - $1"
	else
		tap_failed=$((tap_failed + 1))
		echo "not ok $tap_number - $1"
		tail -n 40 "$tap_said" | sed 's/^/# /'
	fi
}
# check NAME COMMAND...: passes if the command succeeds, whose output is shown if it does not; its exit code is kept
check() {
	local name=$1 code=0
	shift
	"$@" >"$tap_said" 2>&1 || code=$?
	result "$name" $code
	return $code
}
skip() { # NAME REASON
	tap_number=$((tap_number + 1)) tap_skipped=$((tap_skipped + 1))
	echo "ok $tap_number - $1 # skipped: $2"
}
note() { echo "# $*"; }
# the plan and the closing line; fails if any test failed
finish() {
	rm -f "$tap_said"
	echo "1..$tap_number"
	echo "$((tap_number - tap_failed - tap_skipped)) passed, $tap_failed failed, $tap_skipped skipped"
	[ $tap_failed = 0 ]
}
