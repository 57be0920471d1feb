# SPDX-License-Identifier: GPL-2.0-only
"""symbols.py COUNTS SAID ROWS: counts of blocks (count.c) by function, with the symbols in SAID."""

import bisect
import collections
import sys

USER_SPACE = 1 << 47


def read_symbols(path):
    """(address, name) in order; BPF programs without the hash of their name."""
    symbols = []
    for line in open(path, errors="replace"):
        words = line.split()
        if len(words) >= 4 and words[0] == "@symbol":
            name = words[3]
            if name.startswith("bpf_prog_"):
                name = "BPF:" + name.split("_", 3)[-1]
            symbols.append((int(words[1], 16), name))
    return sorted(symbols)


def main(counts, said, rows):
    symbols = read_symbols(said)
    addresses = [address for address, _ in symbols]
    instructions, calls = collections.Counter(), collections.Counter()
    for line in open(counts):
        address, spent, executions = line.split()
        address = int(address, 16)
        name = "(user space)"
        if address >= USER_SPACE:
            index = bisect.bisect_right(addresses, address) - 1
            name = symbols[index][1] if index >= 0 else "(unknown)"
            if index >= 0 and symbols[index][0] == address:
                calls[name] += int(executions)
        instructions[name] += int(spent)
    total = sum(instructions.values())
    print(f"{total} instructions")
    for name, spent in instructions.most_common(rows):
        each = f"{spent / calls[name]:9.1f}" if calls[name] else "        -"
        print(f"{100 * spent / total:6.2f} % {spent:12} {calls[name]:9} {each}  {name}")


main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
