#!/usr/bin/env python3
"""proxy_server FOLDER PORT [USER:PASSWORD]: a CONNECT proxy for tests on a port of 127.0.0.1 that it prints. Wherever a client wants to go, it comes to PORT of 127.0.0.1;
where it wanted to go is a line of FOLDER/proxied. With credentials nobody gets through without them. `forbidden.test` is refused. It ends with its standard input.
"""
import base64
import os
import selectors
import socket
import sys
import threading

folder, target = sys.argv[1], int(sys.argv[2])
wanted = 'Basic ' + base64.b64encode(sys.argv[3].encode()).decode() if len(sys.argv) > 3 else None


def read_head(client):
    head = b''
    while not head.endswith(b'\r\n\r\n'):
        piece = client.recv(1)
        if not piece:
            raise OSError('the client went away')
        head += piece
    lines = head.decode().split('\r\n')
    return lines[0], {name.lower(): value for name, value in (line.split(': ', 1) for line in lines[1:] if line)}


def refusal(place, headers):
    if wanted and headers.get('proxy-authorization') != wanted:
        return '407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm="test"'
    return '403 Forbidden' if place.startswith('forbidden.test:') else None


def copy(client, server):
    other = {client: server, server: client}
    with selectors.DefaultSelector() as selector:
        for sock in other:
            selector.register(sock, selectors.EVENT_READ)
        while True:
            for key, _ in selector.select():
                data = key.fileobj.recv(65536)
                if not data:
                    return
                other[key.fileobj].sendall(data)


def serve(client):
    with client:
        line, headers = read_head(client)
        method, place, _ = line.split(' ')
        refused = 'CONNECT' != method and '405 Method Not Allowed' or refusal(place, headers)
        if refused:
            client.sendall(('HTTP/1.1 %s\r\nContent-Length: 0\r\nConnection: close\r\n\r\n' % refused).encode())
            return
        with open(os.path.join(folder, 'proxied'), 'a', encoding='utf8') as file:
            file.write(place + '\n')
        with socket.create_connection(('127.0.0.1', target)) as server:
            client.sendall(b'HTTP/1.1 200 Connection established\r\n\r\n')
            copy(client, server)


def quietly(client):
    try:
        serve(client)
    except OSError:
        pass  # one side has gone


def accept(listener):
    while True:
        client, _ = listener.accept()
        threading.Thread(target=quietly, args=(client,), daemon=True).start()


def main():
    listener = socket.create_server(('127.0.0.1', 0))
    threading.Thread(target=accept, args=(listener,), daemon=True).start()
    print(listener.getsockname()[1], flush=True)
    sys.stdin.read()


main()
