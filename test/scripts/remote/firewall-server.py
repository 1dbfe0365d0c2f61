"""firewall-server.py FILE PORT...: listens on the TCP ports, both families, and sends each connection a byte a second;
notes the port of each datagram to 8472 and 30053 in FILE, which exists once everything listens."""
import socket
import sys
import threading
import time

file, ports = sys.argv[1], [int(port) for port in sys.argv[2:]]


def stream(connection):
    try:
        while True:
            connection.sendall(b".")
            time.sleep(1)
    except OSError:
        connection.close()


def accept(listener):
    while True:
        threading.Thread(target=stream, args=(listener.accept()[0],), daemon=True).start()


def note(receiver, port):
    while True:
        receiver.recvfrom(2048)
        with open(file, "a") as notes:
            notes.write(f"{port}\n")


for port in ports:
    listener = socket.create_server(("", port), family=socket.AF_INET6, dualstack_ipv6=True)
    threading.Thread(target=accept, args=(listener,), daemon=True).start()
for port in (8472, 30053):
    receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    receiver.bind(("", port))
    threading.Thread(target=note, args=(receiver, port), daemon=True).start()
open(file, "w").close()
time.sleep(3600)
