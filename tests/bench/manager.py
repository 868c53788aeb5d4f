#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""The same work by multiprocessing.Manager and by commands to kshare.

Both from Python, the commands by fcntl.ioctl().  Prints what the programs
beside it print.
"""

import ctypes
import fcntl
import json
import multiprocessing
import multiprocessing.managers
import os
import signal
import statistics
import struct
import sys
import time

RUNS = 5
LOOPS = 20 if os.environ.get("KSHARE_BENCH_QUICK") else 200
ICOUNT = bool(os.environ.get("KSHARE_BENCH_ICOUNT"))

IOC_CMD = 0xBB81
OP_CREATE, OP_CLIENT_CLONE, OP_CLIENT_BIND = 5, 6, 7
OP_CLASS_REGISTER, OP_INSTANCE_CREATE = 44, 52
OP_CALL, OP_SERVE, OP_REPLY_AND_SERVE = 53, 55, 57
OP_CELL_SET, OP_CELL_WAIT = 65, 72
OP_DICT_SET, OP_LOCK_ACQUIRE, OP_LOCK_RELEASE = 129, 192, 193
OP_QUEUE_PUT, OP_QUEUE_GET = 232, 234
TYPE_CELL, TYPE_DICT, TYPE_LOCK, TYPE_QUEUE = 2, 4, 7, 14
NONE, INT, STR, BYTES, REF = 0, 2, 5, 6, 7
UNTIL_NE = 0x1000

# One method, which may be called, and no field
CLASS = struct.pack("=IIIIII64s64sII", 24, 0, 1, 0, 136, 72, b"ask", b"", 1, 0)

device = os.open("/dev/kshare", os.O_RDWR | os.O_CLOEXEC)


def integer(number):
    return struct.pack("=BBBBIq", INT, 0, 0, 0, 0, number)


def text(string):
    return struct.pack("=BBBBI8s", STR, 0, len(string), 0, len(string), string)


def reference(handle):
    return struct.pack("=BBBBIII", REF, 0, 0, 0, 0, handle, 0)


def command(op, handle=0, key=bytes(16), value=bytes(16), out=0, out_len=0, nr=0, flags=0):
    return bytearray(struct.pack("=IIII16s16s16sQII", 80, op, handle, flags, bytes(16), key,
                                 value, out, out_len, nr))


def run(*args, **kwargs):
    return fcntl.ioctl(device, IOC_CMD, command(*args, **kwargs))


class Kshare:
    """The operations that are measured, by commands."""

    def __init__(self):
        self.dict = run(OP_CREATE, nr=TYPE_DICT)
        self.lock = run(OP_CREATE, nr=TYPE_LOCK)
        self.queues = [run(OP_CREATE, nr=TYPE_QUEUE) for _ in range(2)]
        self.place = run(OP_CREATE, nr=TYPE_CELL)
        self.clone = run(OP_CLIENT_CLONE)
        self.host_clone = run(OP_CLIENT_CLONE)
        self.out = ctypes.create_string_buffer(128)

    def bind(self):
        global device
        device = self.clone
        run(OP_CLIENT_BIND)

    def set(self, i):
        run(OP_DICT_SET, self.dict, key=text(b"key"), value=integer(i))

    def acquire_and_release(self, _):
        run(OP_LOCK_ACQUIRE, self.lock)
        run(OP_LOCK_RELEASE, self.lock)

    def put(self, which, number):
        run(OP_QUEUE_PUT, self.queues[which], value=integer(number))

    def get(self, which):
        run(OP_QUEUE_GET, self.queues[which], out=ctypes.addressof(self.out), out_len=32)
        return struct.unpack_from("=q", self.out, 24)[0]

    def host(self):
        """A process that serves a class; of its only instance the caller gets a handle."""
        global device
        pid = os.fork()
        if not pid:
            try:
                device = self.host_clone
                run(OP_CLIENT_BIND)
                self.serve()
            finally:
                os._exit(1)
        run(OP_CELL_WAIT, self.place, flags=UNTIL_NE, out=ctypes.addressof(self.out), out_len=32)
        self.instance = struct.unpack_from("=I", self.out, 24)[0]
        return pid

    def serve(self):
        out = {"out": ctypes.addressof(self.out), "out_len": 128}
        description = ctypes.create_string_buffer(CLASS, len(CLASS))
        value = struct.pack("=BBBBIQ", BYTES, 0, 0, 0, len(CLASS), ctypes.addressof(description))
        handle = run(OP_CLASS_REGISTER, key=text(b"asked"), value=value)
        run(OP_CELL_SET, self.place, value=reference(run(OP_INSTANCE_CREATE, handle)))
        run(OP_SERVE, handle, **out)
        while True:
            number = struct.unpack_from("=Q", self.out, 8)[0]
            run(OP_REPLY_AND_SERVE, handle, key=integer(number), **out)

    def call(self, _):
        run(OP_CALL, self.instance, out=ctypes.addressof(self.out), out_len=32)


class Asked:
    def ask(self):
        pass


multiprocessing.managers.SyncManager.register("Asked", Asked)


class Manager:
    """The same by a manager's proxies."""

    def __init__(self, manager):
        self.dict = manager.dict()
        self.lock = manager.Lock()
        self.queues = [manager.Queue() for _ in range(2)]
        self.asked = manager.Asked()

    def bind(self):
        pass

    def set(self, i):
        self.dict["key"] = i

    def acquire_and_release(self, _):
        self.lock.acquire()
        self.lock.release()

    def put(self, which, number):
        self.queues[which].put(number)

    def get(self, which):
        return self.queues[which].get()

    def call(self, _):
        self.asked.ask()


def ping_pong(way):
    def once(i):
        way.put(0, i)
        if way.get(1) != i:
            sys.exit("manager: another token came back")
    return once


def echo(way):
    """A process that gives back what it gets."""
    pid = os.fork()
    if not pid:
        try:
            way.bind()
            while True:
                way.put(1, way.get(0))
        finally:
            os._exit(1)
    return pid


def measure(operation):
    times = []
    for i in range(LOOPS // 10 + 1):
        operation(i)
    for _ in range(RUNS):
        begin = time.monotonic_ns()
        for i in range(LOOPS):
            operation(i)
        times.append((time.monotonic_ns() - begin) / LOOPS)
    return min(times) if ICOUNT else statistics.median(times)


def report(name, value, baseline, base):
    print(json.dumps({
        "name": name, "value": round(value, 1), "unit": "instructions" if ICOUNT else "ns",
        "baseline": baseline, "ratio": round(value / base, 3), "goal": 0,
        "kernel": os.uname().release,
    }), flush=True)


def main():
    # All on one processor: an idle one that is emulated takes its host long to wake.
    os.sched_setaffinity(0, {0})
    context = multiprocessing.get_context("fork")
    with context.Manager() as manager:
        ways = [Kshare(), Manager(manager)]
        children = [echo(way) for way in ways] + [ways[0].host()]
        for name, operations in (
                ("dict_set", [way.set for way in ways]),
                ("call", [way.call for way in ways]),
                ("lock_and_unlock", [way.acquire_and_release for way in ways]),
                ("queue_ping_pong", [ping_pong(way) for way in ways])):
            ours, theirs = (measure(operation) for operation in operations)
            report("python_" + name, ours, "manager_" + name, theirs)
            report("manager_" + name, theirs, "python_" + name, ours)
        for child in children:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)


main()
