"""Does the same requests with Python's http.client and urllib and prints a line for each answer. Argument: the URL."""

import base64
import http.client
import os
import sys
import urllib.error
import urllib.parse
import urllib.request

BASE = urllib.parse.urlsplit(sys.argv[1])
ASKS = [
    ("GET", "/plain?a=b&a=%20", None),
    ("HEAD", "/plain", None),
    ("POST", "/body", b"text"),
    ("PUT", "/body", b""),
    ("DELETE", "/body", b"text"),
    ("PROPFIND", "/plain", None),
    ("PURGE", "/plain", None),
    ("GET", "/reason", None),
    ("GET", "/status/204", None),
    ("GET", "/status/503", None),
    ("GET", "/chunks", None),
    ("GET", "/close", None),
    ("GET", "/large", None),
]


def show(what, response):
    body = response.read().decode()
    shown = f"{len(body)} characters" if len(body) > 200 else body
    print(what, response.status, response.reason, shown)


def connection():
    return http.client.HTTPConnection(BASE.hostname, BASE.port, timeout=5)


def on_one_connection():
    own = connection()
    for method, path, body in ASKS:
        own.request(method, path, body=body)
        show(f"{method} {path}", own.getresponse())


def in_chunks():
    own = connection()
    own.request("POST", "/body", body=iter([b"te", b"xt"]), encode_chunked=True)
    show("POST /body in chunks", own.getresponse())


def over_http10():
    own = connection()
    own._http_vsn, own._http_vsn_str = 10, "HTTP/1.0"
    own.request("GET", "/plain")
    show("GET /plain over HTTP/1.0", own.getresponse())


def with_urllib():
    try:
        show("urllib /plain", urllib.request.urlopen(BASE.geturl() + "/plain", timeout=5))
        urllib.request.urlopen(BASE.geturl() + "/status/503", timeout=5)
    except urllib.error.HTTPError as error:
        print("urllib /status/503", error.code, error.reason)


def web_socket():
    own = connection()
    key = base64.b64encode(os.urandom(16)).decode()
    headers = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Key": key, "Sec-WebSocket-Version": "13"}
    own.putrequest("GET", "/socket")
    for name, value in headers.items():
        own.putheader(name, value)
    own.endheaders()
    socket = own.sock
    file = socket.makefile("rb")
    status = file.readline().decode().strip()
    while file.readline().strip():
        pass
    socket.sendall(bytes([0x81, 0x85, 0, 0, 0, 0]) + b"hello")
    first, length = file.read(2)
    print("WebSocket", status, file.read(length).decode())


for part in (on_one_connection, in_chunks, over_http10, with_urllib, web_socket):
    part()
