# A process of an ordinary user that is authorised and then asks the broker for more than was approved:
# `broker-client.py BROKER APPROVED OTHER` (two kernel names) has pkexec start the broker for reading APPROVED and tries
# the messages of native/broker/protocol.h. Prints a line "WHAT STATUS" for each; status is a number, or "ended".
import array
import os
import socket
import struct
import subprocess
import sys

MAGIC, VERSION = 0x42544C50, 1
NAME, OPEN, REREAD, UNMOUNT, POWER_OFF = range(1, 6)
READ, WRITE = 1, 2
broker, approved, other = sys.argv[1:4]


def device(kernel_name, access):
    major, minor = open(f'/sys/class/block/{kernel_name}/dev').read().split(':')
    size = int(open(f'/sys/class/block/{kernel_name}/size').read()) * 512
    try:
        sequence = int(open(f'/sys/class/block/{kernel_name}/diskseq').read())
    except FileNotFoundError:
        sequence = 0
    return struct.pack('IIQQII', int(major), int(minor), size, sequence, access, 0)


def name(*devices):
    return struct.pack('IIII', MAGIC, VERSION, NAME, len(devices)) + b''.join(devices) + bytes(32) * (33 - len(devices))


def request(verb, index, access=READ, mount=0):
    return struct.pack('IIIIIIQ', MAGIC, VERSION, verb, index, access, 0, mount)


class Session:
    def __init__(self):
        self.end, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        argv = ['pkexec', '--disable-internal-agent', broker, '--read', approved]
        self.process = subprocess.Popen(argv, stdin=theirs, stderr=subprocess.DEVNULL)
        theirs.close()

    def ask(self, what, message):
        try:
            self.end.send(message)
            reply, files, _, _ = self.end.recvmsg(4096, socket.CMSG_SPACE(16 * 4))
        except (BrokenPipeError, ConnectionResetError):
            reply, files = b'', []
        taken = array.array('i')
        for _, _, data in files:
            taken.frombytes(data[: len(data) - len(data) % 4])
        status = struct.unpack_from('I', reply, 12)[0] if reply else 'ended'
        print(what, status, f'with {len(taken)} descriptors' if taken else '', flush=True)
        for fd in taken:
            os.close(fd)

    def close(self):
        self.end.close()
        self.process.wait()


def session(*steps):
    one = Session()
    for step in steps:
        one.ask(*step)
    one.close()


right = name(device(approved, READ))
session(('names another disk:', name(device(other, READ))), ('then opens it:', request(OPEN, 0)))
session(('names it for writing:', name(device(approved, WRITE))), ('then opens it:', request(OPEN, 0, WRITE)))
session(('names one more:', name(device(approved, READ), device(other, READ))))
session(
    ('names what was approved:', right),
    ('opens it for writing:', request(OPEN, 0, WRITE)),
    ('opens what has no name:', request(OPEN, 1)),
    ('switches it off:', request(POWER_OFF, 0)),
    ('names again:', name(device(other, READ))),
)
session(('names what was approved:', right), ('reads it:', request(OPEN, 0)))
session(('sends rubbish:', b'rubbish'))
