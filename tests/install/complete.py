#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""complete.py WANTED KEYS COMMAND...   types KEYS at an interactive shell and waits until WANTED is on its screen

The shell runs on a terminal of its own. Exit code 0 when it came, 1 when it did not within 20 s (the screen is
printed then). KEYS may have \\t for the tabulator key; nothing is executed unless they have \\n.
"""
import os
import pty
import re
import select
import sys
import time

wanted, keys, command = sys.argv[1], sys.argv[2].encode().decode("unicode_escape"), sys.argv[3:]
pid, terminal = pty.fork()
if pid == 0:
    os.environ.update(TERM="dumb", PS1="READY> ", PROMPT="READY> ", HISTFILE="/dev/null", COLUMNS="200", LINES="50")
    os.execvp(command[0], command)
screen, typed, end = "", False, time.time() + 20
while time.time() < end:
    if select.select([terminal], [], [], 0.2)[0]:
        try:
            screen += os.read(terminal, 65536).decode(errors="replace")
        except OSError:
            break
    if not typed and "READY> " in screen:
        typed, screen = True, ""
        os.write(terminal, keys.encode())
    # what a terminal would not show
    if typed and wanted in re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]|\x07|[^\x20-\x7e\n]\x08", "", screen):
        os.kill(pid, 9)
        sys.exit(0)
os.kill(pid, 9)
print(f"complete.py: {keys!r} did not give {wanted!r} but: {screen!r}", file=sys.stderr)
sys.exit(1)
