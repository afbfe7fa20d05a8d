# An attacker beside a process: `reach.py PID` tries to take every descriptor of it (pidfd_getfd), to open what
# /proc/PID/fd names, to read its memory and to trace it. Prints one line for each that worked, then "tried".
import ctypes
import os
import sys

PIDFD_GETFD = 438
PTRACE_SEIZE = 0x4206
pid = int(sys.argv[1])
libc = ctypes.CDLL(None, use_errno=True)

pidfd = os.pidfd_open(pid)
for fd in range(64):
    if libc.syscall(PIDFD_GETFD, pidfd, fd, 0) >= 0:
        print(f'took descriptor {fd}')
    try:
        os.close(os.open(f'/proc/{pid}/fd/{fd}', os.O_RDONLY | os.O_NONBLOCK))
        print(f'opened descriptor {fd}')
    except OSError:
        pass
try:
    os.close(os.open(f'/proc/{pid}/mem', os.O_RDWR))
    print('opened memory')
except OSError:
    pass
if libc.ptrace(PTRACE_SEIZE, pid, None, None) == 0:
    print('traced')
print('tried')
