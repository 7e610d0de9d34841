"""Says what h11 or httptools (llhttp) makes of streams of messages.

    pip install -r tests/oracles/requirements.txt
    python3 tests/oracles/judge.py h11 < streams > verdicts

A line of the input is a stream: `-` for requests, or what its responses answer (GET, HEAD or CONNECT), and its bytes in hex. The line of the output for it is JSON: the messages that were read, the
last of them perhaps in part, how it ended, and why. Bytes are text in Latin-1. A stream is fed whole, and not ended: httptools cannot be told an end.

    between   all was read, and no message has begun
    inside    more is needed
    handoff   what is unread is another protocol's
    refused   with the reason
"""

import json
import sys

import h11
import httptools


class Verdict:
    def __init__(self):
        self.messages = []

    def begin(self, line):
        self.messages.append({"line": line, "fields": [], "body": [], "trailers": [], "whole": False})

    def fields(self, part, fields):
        self.messages[-1][part] += [[name.decode("latin-1"), value.decode("latin-1")] for name, value in fields]

    def body(self, data):
        self.messages[-1]["body"].append(data.decode("latin-1"))

    def whole(self):
        self.messages[-1]["whole"] = True

    def said(self, end, reason=""):
        for message in self.messages:
            message["body"] = "".join(message["body"])
        return {"messages": self.messages, "end": end, "reason": reason}


def h11_reader(request):
    """A connection that awaits a request, or the answer to one, which proposes an upgrade."""
    if request is None:
        return h11.Connection(h11.SERVER)
    headers = [("Host", "a"), ("Connection", "upgrade"), ("Upgrade", "x")]
    reader = h11.Connection(h11.CLIENT)
    reader.send(h11.Request(method=request, target="a:1" if request == "CONNECT" else "/", headers=headers))
    reader.send(h11.EndOfMessage())
    return reader


def by_h11(request, stream):
    """Each message by a fresh connection, since only one direction is there."""
    verdict = Verdict()
    while stream:
        reader = h11_reader(request)
        reader.receive_data(stream)
        try:
            end = h11_message(reader, verdict)
        except h11.RemoteProtocolError as error:
            return verdict.said("refused", str(error))
        if end != "between":
            return verdict.said(end)
        stream = reader.trailing_data[0]
    return verdict.said("between")


def h11_message(reader, verdict):
    while True:
        event = reader.next_event()
        if event is h11.NEED_DATA:
            return "inside"
        if event is h11.PAUSED:
            return "handoff"
        if isinstance(event, h11.Request):
            verdict.begin(f"{latin(event.method)} {latin(event.target)} {latin(event.http_version)}")
            verdict.fields("fields", event.headers.raw_items())
        elif isinstance(event, (h11.Response, h11.InformationalResponse)):
            verdict.begin(f"{event.status_code} {latin(event.reason)} {latin(event.http_version)}")
            verdict.fields("fields", event.headers.raw_items())
            if event.status_code == 101:
                return "handoff"
            if isinstance(event, h11.InformationalResponse):
                verdict.whole()
                return "between"
        elif isinstance(event, h11.Data):
            verdict.body(bytes(event.data))
        elif isinstance(event, h11.EndOfMessage):
            if reader.their_state is h11.SWITCHED_PROTOCOL:
                return "handoff"
            verdict.fields("trailers", event.headers.raw_items())
            verdict.whole()
            return "between"


class LlhttpEvents:
    """Callbacks of httptools, which gives trailers as it gives fields."""

    def __init__(self, verdict, is_request):
        self.verdict, self.is_request, self.reader = verdict, is_request, None
        self.open = False

    def on_message_begin(self):
        self.line, self.fields, self.has_head, self.open = b"", [], False, True
        self.trailers = []

    def on_url(self, url):
        self.line += url

    def on_status(self, status):
        self.line += status

    def on_header(self, name, value):
        (self.trailers if self.has_head else self.fields).append((name, value))

    def on_headers_complete(self):
        self.has_head = True
        first = latin(self.reader.get_method()) if self.is_request else self.reader.get_status_code()
        self.verdict.begin(f"{first} {latin(self.line)} {self.reader.get_http_version()}")
        self.verdict.fields("fields", self.fields)

    def on_body(self, body):
        self.verdict.body(body)

    def on_message_complete(self):
        self.verdict.fields("trailers", self.trailers)
        self.verdict.whole()
        self.open = False


def by_httptools(request, stream):
    verdict = Verdict()
    events = LlhttpEvents(verdict, request is None)
    events.reader = (httptools.HttpRequestParser if request is None else httptools.HttpResponseParser)(events)
    try:
        events.reader.feed_data(stream)
    except httptools.HttpParserUpgrade:
        return verdict.said("handoff")
    except httptools.HttpParserError as error:
        # What comes of a 101 that names no protocol.
        if str(error) == "Pause on CONNECT/Upgrade":
            return verdict.said("handoff")
        return verdict.said("refused", str(error))
    return verdict.said("inside" if events.open else "between")


def latin(text):
    return bytes(text).decode("latin-1")


def main():
    by = {"h11": by_h11, "httptools": by_httptools}[sys.argv[1]]
    for line in sys.stdin:
        answers, stream = line.split(" ")
        verdict = by(None if answers == "-" else answers, bytes.fromhex(stream))
        sys.stdout.write(json.dumps(verdict) + "\n")


main()
