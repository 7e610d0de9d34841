#!/usr/bin/env python3
"""Makes the streams beside this file that no program sent: `./make.py` writes them all, always the same bytes.

Each is what a program of its protocol would send: the formats are those of the
documents named below, their checksums are right unless said otherwise, and
names and addresses are of the documentation ranges. Needs nothing but Python.
"""

import pathlib
import random
import struct
import zlib

HERE = pathlib.Path(__file__).parent


def irc_server():
    """RFC 1459: lines of at most 512 bytes. One client still writes Latin-1."""
    nicks = ["zoë", "jürgen", "naoko", "søren", "irène"]
    words = ["grüße an alle", "はい、了解です", "ça marche", "smørrebrød, anyone?", "see you at 18:00", "привет", "👍"]
    lines = [f":irc.example.test {n:03} demo :{text}" for n, text in [(1, "Welcome, demo"), (2, "Your host is irc.example.test"), (376, "End of /MOTD command.")]]
    for i in range(40):
        lines.append(f":{nicks[i % 5]}!u@192.0.2.{i % 5 + 1} PRIVMSG #café :{words[i % 7]}")
        if i % 10 == 9:
            lines.append("PING :irc.example.test")
    lines = [line.encode() + b"\r\n" for line in lines]
    lines.insert(20, ":renée!u@192.0.2.9 PRIVMSG #café :déjà vu\r\n".encode("latin-1"))
    return b"".join(lines)


def mpeg_ts():
    """ISO/IEC 13818-1: packets of 188 bytes, of a program's tables, its stream, and stuffing. CRC-32/MPEG-2 in the tables."""

    def crc(data):
        value = 0xFFFFFFFF
        for byte in data:
            value ^= byte << 24
            for _ in range(8):
                value = (value << 1 ^ (0x04C11DB7 if value & 1 << 31 else 0)) & 0xFFFFFFFF
        return struct.pack(">I", value)

    def packet(pid, counter, payload, start=False):
        header = struct.pack(">BHB", 0x47, start << 14 | pid, 0x10 | counter & 15)
        return header + payload.ljust(184, b"\xff")

    pat = bytes.fromhex("00b00d0001c100000001f000")
    pmt = bytes.fromhex("02b0120001c10000e100f0001be100f000")
    tables = [b"\0" + table + crc(table) for table in (pat, pmt)]
    noise = random.Random(188)
    packets, counter = [], 0
    for i in range(40):
        if i % 20 < 2:
            packets.append(packet([0, 0x1000][i % 20], i // 20, tables[i % 20], True))
        elif i % 7 == 6:
            packets.append(packet(0x1FFF, 0, b""))
        else:
            start = i % 10 == 2
            lead = b"\0\0\x01\xe0\0\0\x80\x80\x05" + struct.pack(">B", 0x21) + b"\0\x01\0\x01\0\0\x01\x09\xf0" if start else b""
            packets.append(packet(0x100, counter, (lead + noise.randbytes(184))[:184], start))
            counter += 1
    return b"".join(packets)


def varint(number):
    out = b""
    while number > 127:
        out, number = out + bytes([number & 127 | 128]), number >> 7
    return out + bytes([number])


def protobuf_log():
    """Delimited messages of Protocol Buffers: { int64 time = 1; int32 level = 2; string text = 3; bytes trace = 4; }"""
    noise = random.Random(3)
    out = b""
    for i in range(60):
        text = f"request {1000 + i} to /items/{i * i % 97} took {noise.randrange(900)} ms".encode()
        message = b"\x08" + varint(1700000000000 + 977 * i) + b"\x10" + varint(i % 4) + b"\x1a" + varint(len(text)) + text
        if i % 12 == 11:
            trace = noise.randbytes(150 + 40 * i)
            message += b"\x22" + varint(len(trace)) + trace
        out += varint(len(message)) + message
    return out


def mqtt_broker():
    """MQTT 3.1.1, sections 2 and 3, from a broker: CONNACK, SUBACK, PUBLISH, PINGRESP."""
    noise = random.Random(4)
    out = b"\x20\x02\0\0" + b"\x90\x03\0\x01\x01"
    for i in range(50):
        topic = f"house/room{i % 6}/climate".encode()
        readings = ",".join(f"{18 + noise.random() * 6:.2f}" for _ in range(24 if i % 10 == 9 else 2))
        payload = f'{{"n":{i},"celsius":[{readings}]}}'.encode()
        body = struct.pack(">H", len(topic)) + topic + (struct.pack(">H", i + 1) if i % 3 == 0 else b"") + payload
        out += bytes([0x32 if i % 3 == 0 else 0x30]) + varint(len(body)) + body
        if i % 16 == 15:
            out += b"\xd0\0"
    return out


def syslog_client():
    """RFC 5424 messages with octet counting, RFC 6587, section 3.4.1."""
    programs = ["sshd", "cron", "kernel", "postfix/smtpd"]
    out = b""
    for i in range(60):
        time = f"2024-05-01T12:{i:02}:{i * 7 % 60:02}.{i * 37 % 1000:03}Z"
        text = f"<{[34, 78, 6, 22][i % 4]}>1 {time} host{i % 3}.example.test {programs[i % 4]} {400 + i} - - event {i}"
        text += "\n  continued on a second line" if i % 9 == 8 else ""
        out += f"{len(text)} {text}".encode()
    return out


def http_chunks():
    """The body of an answer in the chunked coding of RFC 9112, section 7.1: without extensions and trailers."""
    out = b""
    for i in range(30):
        chunk = b"".join(b"data: {\"tick\": %d, \"row\": %d}\n\n" % (i, row) for row in range(1 + i * 5 % 8))
        out += b"%x\r\n%s\r\n" % (len(chunk), chunk)
    return out + b"0\r\n\r\n"


def qmtp_server():
    """D. J. Bernstein, Quick Mail Transfer Protocol: an answer for each recipient, each a netstring."""
    out = b""
    for i in range(40):
        answer = [b"Kok %d qp %d" % (1700000000 + i, 4100 + i), b"Zsorry, that mailbox is locked (#4.2.1)", b"Dsorry, no mailbox here by that name (#5.1.1)"]
        answer = answer[2 if i % 11 == 7 else 1 if i % 7 == 5 else 0]
        out += b"%d:%s," % (len(answer), answer)
    return out


def ubx_receiver():
    """u-blox: UBX frames among NMEA 0183 sentences, after a start in the middle of a sentence. A byte was garbled in one frame, and one lost in another."""

    def ubx(kind, number, payload):
        body = bytes([kind, number]) + struct.pack("<H", len(payload)) + payload
        a = b = 0
        for byte in body:
            a = a + byte & 255
            b = b + a & 255
        return b"\xb5\x62" + body + bytes([a, b])

    def nmea(text):
        check = 0
        for byte in text.encode():
            check ^= byte
        return f"${text}*{check:02X}\r\n".encode()

    out = b"4,M,46.9,M,,*5B\r\n" + ubx(5, 1, b"\x06\x01")
    for i in range(30):
        second = 345600000 + 1000 * i
        out += nmea(f"GNRMC,1200{i:02}.00,A,4717.{11400 + i},N,00833.{91590 + i},E,0.004,77.52,010524,,,A")
        position = ubx(1, 2, struct.pack("<IiiiiII", second, 85652650 + i, 472852233 + i, 451040, 404000, 3000 + i, 4000))
        if i == 11:
            position = position[:14] + bytes([position[14] ^ 0x10]) + position[15:]
        if i == 21:
            position = position[:9] + position[10:]
        out += position
        out += ubx(1, 3, struct.pack("<IBBBBII", second, 3, 0xDD, 0, 8, 27000, 90000 + 1000 * i))
        if i % 10 == 4:
            out += ubx(4, 2, b"ANTSTATUS=OK")
    return out


def cobs(data):
    out = b""
    parts = data.split(b"\0")
    for part in parts:
        while len(part) >= 254:
            out, part = out + b"\xff" + part[:254], part[254:]
        out += bytes([len(part) + 1]) + part
    return out + b"\0"


def cobs_sensor():
    """S. Cheshire and M. Baker, Consistent Overhead Byte Stuffing: records of a sensor (number, milliseconds, three axes, CRC-32), and dumps of its memory. Once a byte was lost, and the frame ends too soon."""
    noise = random.Random(5)
    out = b"\0"
    for i in range(60):
        record = struct.pack("<HI3h", i, 20 * i, *(noise.randrange(-300, 300) if axis < 2 else 1000 + i for axis in range(3)))
        if i % 15 == 14:
            record += noise.randbytes(300) + bytes(40)
        frame = cobs(record + struct.pack("<I", zlib.crc32(record)))
        out += frame[:-2] + frame[-1:] if i == 30 else frame
    return out


def slip_router():
    """RFC 1055: IPv4 packets with UDP and ICMP in them, an end before each too. The addresses begin with 192: 0xc0, which is escaped."""

    def total(data):
        data += b"\0" * (len(data) % 2)
        value = sum(struct.unpack(f">{len(data) // 2}H", data))
        while value >> 16:
            value = (value & 0xFFFF) + (value >> 16)
        return struct.pack(">H", 0xFFFF - value)

    out = b""
    for i in range(40):
        source, target = bytes([192, 0, 2, 1]), bytes([192, 0, 2, 2 + i % 3])
        if i % 4 == 3:
            echo = b"\0\0" + struct.pack(">HH", 219, i) + bytes(range(176, 232))
            protocol, body = 1, b"\0\0" + total(b"\0\0\0\0" + echo[2:]) + echo[2:]
        else:
            text = f"gauge.{i % 5}.level:{i * 19 % 512}|g".encode()
            head = struct.pack(">HHH", 40000 + i, 8125, 8 + len(text))
            check = total(source + target + struct.pack(">BBH", 0, 17, 8 + len(text)) + head + b"\0\0" + text)
            protocol, body = 17, head + check + text
        header = struct.pack(">BBHHHBB", 0x45, 0, 20 + len(body), 0x5B00 + i, 0x4000, 64, protocol)
        header += total(header + b"\0\0" + source + target) + source + target
        packet = (header + body).replace(b"\xdb", b"\xdb\xdd").replace(b"\xc0", b"\xdb\xdc")
        out += b"\xc0" + packet + b"\xc0"
    return out


for make in (irc_server, mpeg_ts, protobuf_log, mqtt_broker, syslog_client, http_chunks, qmtp_server, ubx_receiver, cobs_sensor, slip_router):
    (HERE / (make.__name__.replace("_", "-") + ".bin")).write_bytes(make())
