"""Binds a UNIX socket at PATH as descriptor 3, and becomes the program that follows: as systemd starts its services."""

import os
import socket
import sys

listener = socket.socket(socket.AF_UNIX)
listener.bind(sys.argv[1])
listener.listen(8)
os.dup2(listener.fileno(), 3)
# It may have had that number already, and then dup2 leaves it as it was.
os.set_inheritable(3, True)
os.execv(sys.argv[2], sys.argv[2:])
