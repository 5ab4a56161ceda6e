#!/usr/bin/python3
"""Runs Chromium so that it can't hear of network interfaces: a socket of AF_NETLINK is refused to it.

It would drop what it is about to load (ERR_NETWORK_CHANGED) whenever the host's addresses change, as they do when other
tests start engines.
"""

import ctypes
import os
import platform
import struct
import sys

# The kernel's name of the architecture, and the number of its call `socket`.
AUDIT_ARCH, SOCKET = {"x86_64": (0xC000003E, 41), "aarch64": (0xC00000B7, 198)}[platform.machine()]
AF_NETLINK = 16
EAFNOSUPPORT = 97
PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 38, 22, 2
LOAD, JUMP_IF_EQUAL, RETURN = 0x20, 0x15, 0x06
ALLOW, ERRNO = 0x7FFF0000, 0x00050000

# Each: code, steps to skip if true, steps to skip if false, operand. Offsets are those of `struct seccomp_data`.
FILTER = [
    (LOAD, 0, 0, 4),
    (JUMP_IF_EQUAL, 0, 5, AUDIT_ARCH),
    (LOAD, 0, 0, 0),
    (JUMP_IF_EQUAL, 0, 3, SOCKET),
    (LOAD, 0, 0, 16),
    (JUMP_IF_EQUAL, 0, 1, AF_NETLINK),
    (RETURN, 0, 0, ERRNO | EAFNOSUPPORT),
    (RETURN, 0, 0, ALLOW),
]


class Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_char_p)]


libc = ctypes.CDLL(None, use_errno=True)
code = b"".join(struct.pack("HBBI", *step) for step in FILTER)
for call in (
    (PR_SET_NO_NEW_PRIVS, ctypes.c_ulong(1), ctypes.c_ulong(0)),
    (PR_SET_SECCOMP, ctypes.c_ulong(SECCOMP_MODE_FILTER), ctypes.byref(Program(len(FILTER), code))),
):
    if libc.prctl(*call, ctypes.c_ulong(0), ctypes.c_ulong(0)) != 0:
        sys.exit(f"prctl {call[0]}: {os.strerror(ctypes.get_errno())}")
os.execv("/usr/bin/chromium", ["chromium", *sys.argv[1:]])
