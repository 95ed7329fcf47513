"""A shop that speaks PayKeeper, for tests: its handler is written as the clients' are.

The secret is its argument. Writes JSON lines to its standard output: first its port, then one for
each notification. Reads from its standard input what to answer from then on: `right`, `bare` (OK
without the hash) or `wrong` (a hash under another secret). Ends with its standard input.
"""

import hashlib
import json
import sys
import threading
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

secret = sys.argv[1]
mode = "right"
lock = threading.Lock()


def say(**said):
    with lock:
        print(json.dumps(said), flush=True)


def md5(text):
    return hashlib.md5(text.encode()).hexdigest()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"])).decode("ascii")
        fields = dict(urllib.parse.parse_qsl(body, keep_blank_values=True, strict_parsing=True))
        number, answer = fields["id"], {
            "right": "OK " + md5(fields["id"] + secret),
            "bare": "OK",
            "wrong": "OK " + md5(fields["id"] + "another"),
        }[mode]
        whole = number + fields["sum"] + fields["clientid"] + fields["orderid"] + secret
        say(
            path=self.path,
            type=self.headers["content-type"],
            body=body,
            fields=fields,
            authentic=fields["key"] == md5(whole),
            answered=mode,
        )
        self.send_response(200)
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer.encode())

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
say(port=server.server_address[1])
for line in sys.stdin:
    mode = line.strip()
    say(now=mode)
