"""The keeper as a service: systemd starts it again when it dies, or is silent for longer than WatchdogSec."""

import os
import socket

import keeper


def alive() -> None:
    address = os.environ.get("NOTIFY_SOCKET", "")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
        notify.sendto(b"WATCHDOG=1", address.replace("@", "\0", 1))


keeper.main("/etc/pgha/pgbouncer.ini", alive)
