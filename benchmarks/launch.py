"""Runs one command and says, as JSON, what it cost: a process of its own, because it has to be small.

Linux counts to a program's peak memory what the process that started it held at that moment, so whatever is larger than the program
would be measured in its place. This one needs about 9 MiB. Its own start is not in the figures.

Usage: python -I -S launch.py OUTPUT_FILE TIMEOUT_S COMMAND...
"""

import os
import signal
import sys
import time

_OUTPUT_MODE = 0o600


def main() -> None:
    output, timeout_s, command = sys.argv[1], int(sys.argv[2]), sys.argv[3:]
    descriptor = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _OUTPUT_MODE)
    actions = [(os.POSIX_SPAWN_DUP2, descriptor, 1), (os.POSIX_SPAWN_DUP2, descriptor, 2)]
    started = time.monotonic()
    pid = os.posix_spawn(command[0], command, os.environ, file_actions=actions)
    signal.signal(signal.SIGALRM, lambda *_: os.kill(pid, signal.SIGKILL))
    signal.alarm(timeout_s)
    _, status, usage = os.wait4(pid, 0)
    wall_s = time.monotonic() - started
    cost = (wall_s, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, os.waitstatus_to_exitcode(status))
    print('{{"wall_s": {}, "cpu_s": {}, "peak_mib": {}, "exit_code": {}}}'.format(*cost))


main()
