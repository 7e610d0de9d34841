#!/usr/bin/env bash
# Records the byte streams beside this file anew: a real client talks to a real
# server on loopback, through socat, which writes down what one side sent.
#
#   capture.sh              all captures
#   capture.sh NAME...      some of them; the names: capture.sh -l
#
# Files are written to this script's directory, or to $OUT. Nothing is
# installed: what is missing is named with its Debian package. Linux only
# (/proc/net/tcp). Streams hold times, random numbers and ports, so a new
# recording differs in bytes from an old one, not in its framing.
set -u
export LC_ALL=C TZ=UTC
PATH=$PATH:/usr/sbin:/usr/games
for dir in /usr/lib/postgresql/*/bin; do PATH=$PATH:$dir; done

SELF=$(cd "$(dirname "$0")" && pwd)/$(basename "$0")
OUT=${OUT:-$(dirname "$SELF")}
LIMIT=${LIMIT:-90} # seconds for one capture
ALL=(postgres-server postgres-cut dns-server mariadb-server http2-server tls-server
     bgp-speaker 9p-server redis-server smtp-server smtp-client http-server gtp-server
     http-curl-client http-python-client http-requests-client http-aiohttp-client
     http-node-client http-caddy-client http-nginx-server http-nginx-close http-node-server
     http-aiohttp-server http-python-close http-caddy-server)

# ---- shared parts ----------------------------------------------------------

die() { echo "capture.sh: $*" >&2; exit 1; }

# need COMMAND=PACKAGE...: names every Debian package that is missing.
need() {
    local pair missing=()
    for pair in "$@" socat=socat timeout=coreutils setpriv=util-linux; do
        command -v "${pair%%=*}" >/dev/null || missing+=("${pair#*=}")
    done
    [ ${#missing[@]} -eq 0 ] || die "$NAME needs the Debian packages: ${missing[*]}"
}

PIDS=()
cleanup() {
    local pid
    for pid in "${PIDS[@]}"; do kill "$pid" 2>/dev/null; done
    for pid in "${PIDS[@]}"; do
        for _ in {1..50}; do kill -0 "$pid" 2>/dev/null || break; sleep 0.1; done
        kill -KILL "$pid" 2>/dev/null
    done
    wait 2>/dev/null
    rm -rf "$TMP" 2>/dev/null || { sleep 1; rm -rf "$TMP"; } # a dying server may still write
}

# start COMMAND...: in the background, its talk into a log; its id in $PID.
start() {
    "$@" </dev/null >>"$TMP/log" 2>&1 &
    PID=$!
    PIDS+=("$PID")
}

listening() {
    grep -qE ": [0-9A-F]{8}:$(printf %04X "$1") [0-9A-F]{8}:0000 0A " /proc/net/tcp
}

# free_port VARIABLE: a port that nobody listens on.
free_port() {
    local port
    for _ in {1..100}; do
        port=$((20000 + RANDOM % 10000))
        if ! listening "$port"; then printf -v "$1" %s "$port"; return; fi
    done
    die "no free port"
}

await() {
    for _ in {1..300}; do listening "$1" && return; sleep 0.1; done
    cat "$TMP/log" >&2
    die "$NAME: nothing came up on port $1"
}

# tap server|client PORT [SOCAT-OPTIONS]: passes one connection on to PORT and
# writes what the server (or the client) sent to $TMP/stream. Its port: $TAP.
tap() {
    local dump=-R
    [ "$1" = client ] && dump=-r
    free_port TAP
    start socat -t 5 "$dump" "$TMP/stream" \
        "TCP-LISTEN:$TAP,bind=127.0.0.1,reuseaddr" "TCP:127.0.0.1:$2${3:-}"
    TAP_PID=$PID
    await "$TAP"
}

# keep: waits for the end of the connection and puts the stream in its place.
keep() {
    for _ in {1..300}; do kill -0 "$TAP_PID" 2>/dev/null || break; sleep 0.1; done
    kill -0 "$TAP_PID" 2>/dev/null && { cat "$TMP/log" >&2; die "$NAME: the connection did not end"; }
    [ -s "$TMP/stream" ] || { cat "$TMP/log" >&2; die "$NAME: the stream is empty"; }
    cat "$TMP/stream" >"$OUT/$NAME.bin"
    echo "$NAME.bin: $(wc -c <"$OUT/$NAME.bin") bytes"
}

# ---- PostgreSQL ------------------------------------------------------------

postgres_up() {
    need psql=postgresql-client initdb=postgresql postgres=postgresql
    local as=()
    if [ "$(id -u)" -eq 0 ]; then # the server refuses to run as root
        as=(setpriv --reuid=nobody --regid=nogroup --clear-groups)
        chown nobody "$TMP"
    fi
    cd "$TMP" || exit 1
    "${as[@]}" initdb -D "$TMP/db" -U demo -A trust -E UTF8 --no-locale --no-sync >>"$TMP/log" 2>&1 ||
        { cat "$TMP/log" >&2; die "initdb failed"; }
    free_port PORT
    start "${as[@]}" postgres -D "$TMP/db" -p "$PORT" -c listen_addresses=127.0.0.1 \
        -c unix_socket_directories= -c fsync=off -c shared_buffers=16MB
    await "$PORT"
    for _ in {1..50}; do pg_isready -q -h 127.0.0.1 -p "$PORT" && break; sleep 0.1; done
}

conninfo() { echo "host=127.0.0.1 port=$TAP user=demo dbname=postgres sslmode=disable gssencmode=disable"; }

postgres-server() {
    postgres_up
    tap server "$PORT"
    psql -X -q "$(conninfo)" >>"$TMP/log" 2>&1 <<'SQL'
CREATE TABLE reading (id int PRIMARY KEY, sensor text NOT NULL, value numeric, note text);
CREATE TABLE IF NOT EXISTS reading (id int);
INSERT INTO reading SELECT i, 'sensor-' || i % 7, round(i * 1.37, 2),
    CASE WHEN i % 5 = 0 THEN repeat('lorem ipsum ', i % 11) END FROM generate_series(1, 150) i;
SELECT * FROM reading ORDER BY id;
SELECT sensor, count(*), avg(value) FROM reading GROUP BY sensor ORDER BY sensor;
SELECT * FROM missing;
COPY (SELECT id, sensor, value FROM reading WHERE id <= 60 ORDER BY id) TO STDOUT;
LISTEN news;
NOTIFY news, 'hello';
SELECT repeat('0123456789', 300);
DROP TABLE reading;
SQL
    keep
}

# The client is killed while rows still come in: the stream ends inside a frame.
postgres-cut() {
    postgres_up
    tap server "$PORT"
    start psql -X -q "$(conninfo)" \
        -c "SELECT i, repeat('x', 20 + i % 50), pg_sleep(0.005) FROM generate_series(1, 100000) i"
    sleep 2
    kill -KILL "$PID"
    wait "$PID" 2>/dev/null
    keep
}

# ---- DNS over TCP ----------------------------------------------------------

dns-server() {
    need named=bind9 dig=bind9-dnsutils
    free_port PORT
    cat >"$TMP/named.conf" <<CONF
options {
    directory "$TMP"; pid-file none; session-keyfile "$TMP/session.key";
    listen-on port $PORT { 127.0.0.1; }; listen-on-v6 { none; };
    recursion no; notify no; dnssec-validation no;
    version none; hostname none; server-id none; allow-transfer { 127.0.0.1; };
};
controls { };
zone "example.test" { type primary; file "zone"; };
CONF
    {
        echo '$TTL 3600'
        echo '@ SOA ns.example.test. admin.example.test. 1 7200 900 1209600 300'
        echo '@ NS ns.example.test.'
        echo '@ MX 10 mail.example.test.'
        echo '@ TXT "v=spf1 -all"'
        echo 'ns A 192.0.2.1'
        echo 'mail A 192.0.2.2'
        echo 'mail AAAA 2001:db8::2'
        echo 'www CNAME mail'
        for i in {1..250}; do
            echo "node$i A 198.51.100.$i"
            echo "node$i TXT \"rack $((i % 9)), slot $i\""
        done
        for i in {1..40}; do echo "pool A 203.0.113.$i"; done
    } >"$TMP/zone"
    start named -g -c "$TMP/named.conf" -n 1
    await "$PORT"
    tap server "$PORT"
    local names=()
    for i in {1..40}; do names+=("node$i.example.test" A "node$i.example.test" TXT); done
    dig +tcp +keepopen +tries=1 @127.0.0.1 -p "$TAP" \
        example.test SOA example.test MX www.example.test A pool.example.test A \
        absent.example.test A elsewhere.test A "${names[@]}" example.test AXFR \
        >>"$TMP/log" 2>&1
    keep
}

# ---- MariaDB ---------------------------------------------------------------

mariadb-server() {
    need mariadbd=mariadb-server-core mariadb-install-db=mariadb-server-core mariadb=mariadb-client-core
    local as=()
    [ "$(id -u)" -eq 0 ] && as=(--user=root)
    mariadb-install-db --no-defaults "${as[@]}" --datadir="$TMP/db" --skip-test-db \
        --auth-root-authentication-method=normal >>"$TMP/log" 2>&1 ||
        { cat "$TMP/log" >&2; die "mariadb-install-db failed"; }
    printf '%s\n' "CREATE DATABASE demo;" "CREATE USER demo@'127.0.0.1';" \
        "GRANT ALL ON demo.* TO demo@'127.0.0.1';" >"$TMP/init.sql" # a statement a line
    free_port PORT
    start mariadbd --no-defaults "${as[@]}" --datadir="$TMP/db" --socket="$TMP/sock" \
        --pid-file="$TMP/pid" --bind-address=127.0.0.1 --port="$PORT" --init-file="$TMP/init.sql" \
        --skip-name-resolve --skip-log-bin
    await "$PORT"
    sleep 1
    tap server "$PORT"
    mariadb --no-defaults --protocol=tcp -h 127.0.0.1 -P "$TAP" -u demo --skip-ssl --force \
        >>"$TMP/log" 2>&1 <<'SQL'
USE demo;
CREATE TABLE item (id INT PRIMARY KEY, name VARCHAR(40), price DECIMAL(8,2), note TEXT);
INSERT INTO item SELECT seq, CONCAT('item ', seq), seq * 1.25, IF(seq % 4, NULL, REPEAT('ab', seq)) FROM seq_1_to_150;
SELECT * FROM item ORDER BY id;
SELECT COUNT(*), SUM(price) FROM item;
SELECT * FROM missing;
UPDATE item SET price = price + 1 WHERE id <= 10;
SELECT REPEAT('0123456789', 400);
DROP TABLE item;
SQL
    keep
}

# ---- HTTP/2 ----------------------------------------------------------------

http2-server() {
    need nghttpd=nghttp2-server nghttp=nghttp2-client
    mkdir "$TMP/docs"
    local i urls=()
    free_port PORT
    for i in 1 2 3 4 5 6; do seq $((i * 100)) >"$TMP/docs/$i.txt"; done
    start nghttpd --no-tls -a 127.0.0.1 -d "$TMP/docs" "$PORT"
    await "$PORT"
    tap server "$PORT"
    for i in 1 2 3 4 5 6 missing; do urls+=("http://127.0.0.1:$TAP/$i.txt"); done
    nghttp -n "${urls[@]}" >>"$TMP/log" 2>&1
    keep
}

# ---- TLS -------------------------------------------------------------------

tls-server() {
    need openssl=openssl
    openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost \
        -keyout "$TMP/key" -out "$TMP/cert" >>"$TMP/log" 2>&1
    free_port PORT
    start openssl s_server -accept "127.0.0.1:$PORT" -key "$TMP/key" -cert "$TMP/cert" -rev
    await "$PORT"
    tap server "$PORT"
    {
        sleep 0.5
        for i in {1..40}; do
            printf 'line %s: %*s\n' "$i" $((i * 7)) "the server sends it back reversed"
            sleep 0.05
        done
        sleep 0.5
    } | openssl s_client -quiet -no_ign_eof -connect "127.0.0.1:$TAP" >>"$TMP/log" 2>&1
    keep
}

# ---- BGP -------------------------------------------------------------------

bgp-speaker() {
    need bird=bird2 birdc=bird2
    [ "$(id -u)" -eq 0 ] || die "$NAME: bird opens its BGP sockets as root only"
    free_port PORT
    local i
    cat >"$TMP/b.conf" <<CONF
router id 192.0.2.2;
protocol device { }
protocol bgp peer {
    local 127.0.0.2 port $PORT as 65002;
    neighbor 127.0.0.1 as 65001;
    multihop; passive; strict bind;
    ipv4 { import all; export none; };
}
CONF
    start bird -f -c "$TMP/b.conf" -s "$TMP/b.ctl" -P "$TMP/b.pid"
    await "$PORT"
    free_port TAP
    start socat -t 5 -r "$TMP/stream" "TCP-LISTEN:$TAP,bind=127.0.0.3,reuseaddr" \
        "TCP:127.0.0.2:$PORT,bind=127.0.0.1"
    TAP_PID=$PID
    await "$TAP"
    {
        cat <<CONF
router id 192.0.2.1;
protocol device { }
protocol static origin {
    ipv4;
CONF
        for i in {0..199}; do
            echo "    route 198.18.$i.0/$((24 + i % 5)) blackhole {" \
                "bgp_community.add((65001, $((i % 60)))); bgp_path.prepend($((64512 + i % 30))); };"
        done
        cat <<CONF
}
protocol bgp peer {
    local 127.0.0.1 as 65001;
    neighbor 127.0.0.3 port $TAP as 65002;
    multihop; hold time 3; keepalive time 1; connect delay time 1;
    ipv4 { import none; export all; next hop self; };
}
CONF
    } >"$TMP/a.conf"
    start bird -f -c "$TMP/a.conf" -s "$TMP/a.ctl" -P "$TMP/a.pid"
    sleep 8
    birdc -s "$TMP/a.ctl" disable peer >>"$TMP/log" 2>&1 || { cat "$TMP/log" >&2; die "bird failed"; }
    keep
}

# ---- 9P --------------------------------------------------------------------

9p-server() {
    need diod=diod diodcat=diod
    mkdir "$TMP/tree"
    local i
    for i in {1..12}; do seq $((i * 40)) >"$TMP/tree/$i.txt"; done
    free_port PORT
    start diod -f -n -l "127.0.0.1:$PORT" -e "$TMP/tree" -L stderr -c /dev/null
    await "$PORT"
    tap server "$PORT"
    (cd "$TMP/tree" && diodcat -s "127.0.0.1:$TAP" -m 1024 -a "$TMP/tree" ./*.txt) >>"$TMP/log" 2>&1
    keep
}

# ---- Redis -----------------------------------------------------------------

redis-server() {
    need redis-server=redis-server redis-cli=redis-tools
    free_port PORT
    start "$(type -P redis-server)" --bind 127.0.0.1 --port "$PORT" --save '' --dir "$TMP"
    await "$PORT"
    tap server "$PORT"
    {
        echo PING
        echo 'SET greeting "hello world"'
        echo GET greeting
        echo GET absent
        for i in {1..60}; do echo "RPUSH queue job-$i"; echo "HSET user:$i name demo visits $((i * 3))"; done
        echo LRANGE queue 0 -1
        echo HGETALL user:7
        echo INCR greeting
        echo NOSUCHCOMMAND
        echo CLIENT LIST
        echo CLIENT HELP
        echo MEMORY DOCTOR
        echo LOLWUT VERSION 5
        echo INFO keyspace
        echo INFO commandstats
        echo COMMAND LIST
        echo COMMAND INFO get set lrange
    } | redis-cli -h 127.0.0.1 -p "$TAP" --pipe >>"$TMP/log" 2>&1
    keep
}

# ---- SMTP ------------------------------------------------------------------

smtp() {
    PYTHON=${PYTHON:-python3}
    "$PYTHON" -c 'import aiosmtpd' 2>/dev/null || PYTHON=/usr/bin/python3
    "$PYTHON" -c 'import aiosmtpd' 2>/dev/null || die "$NAME needs the Debian package python3-aiosmtpd"
    need
    free_port PORT
    cat >"$TMP/server.py" <<'PY'
import asyncio, sys
from aiosmtpd.handlers import Sink
from aiosmtpd.smtp import SMTP

async def main():
    loop = asyncio.get_running_loop()
    make = lambda: SMTP(Sink(), hostname="localhost", loop=loop)
    server = await loop.create_server(make, "127.0.0.1", int(sys.argv[1]))
    await server.serve_forever()

asyncio.run(main())
PY
    cat >"$TMP/client.py" <<'PY'
import smtplib, sys
from email.message import EmailMessage

with smtplib.SMTP("127.0.0.1", int(sys.argv[1]), local_hostname="localhost") as smtp:
    smtp.vrfy("demo@example.test")
    for n in range(1, 13):
        mail = EmailMessage()
        mail["From"], mail["To"] = "demo@example.test", "reader@example.test"
        mail["Subject"] = f"Report {n}"
        mail.set_content("".join(f"{'.' * (i % 4)}line {i} of report {n}\n" for i in range(n * 2)))
        if n % 3 == 0:
            mail.add_attachment(bytes(range(256)) * n, "application", "octet-stream", filename="all.bin")
            mail.set_boundary(f"=-report-{n}-=")
        smtp.send_message(mail)
    try:
        smtp.sendmail("demo@example.test", [], "no reader")
    except smtplib.SMTPException:
        pass
    smtp.docmd("NOSUCH", "command")
PY
    start "$PYTHON" "$TMP/server.py" "$PORT"
    await "$PORT"
    tap "$1" "$PORT"
    "$PYTHON" "$TMP/client.py" "$TAP" >>"$TMP/log" 2>&1
    keep
}
smtp-server() { smtp server; }
smtp-client() { smtp client; }

# ---- HTTP/1.1, answers to HEAD: heads without bodies -------------------------

http-server() {
    need lighttpd=lighttpd curl=curl
    mkdir "$TMP/docs"
    local i
    for i in {1..40}; do seq "$i" >"$TMP/docs/$i.txt"; done
    free_port PORT
    cat >"$TMP/conf" <<CONF
server.document-root = "$TMP/docs"
server.bind = "127.0.0.1"
server.port = $PORT
server.max-keep-alive-requests = 1000
mimetype.assign = ( ".txt" => "text/plain; charset=utf-8" )
CONF
    start lighttpd -D -f "$TMP/conf"
    await "$PORT"
    tap server "$PORT"
    curl -sI --noproxy '*' "http://127.0.0.1:$TAP/[1-45].txt" >>"$TMP/log" 2>&1
    keep
}

# ---- HTTP/1.1, whole messages -------------------------------------------------

# node_up: a server of Node.js that takes any request, and whose answers differ by path.
node_up() {
    need node=nodejs curl=curl
    cat >"$TMP/server.js" <<'JS'
const http = require("http");
http.createServer((request, response) => {
    let length = 0;
    request.on("data", (data) => { length += data.length; });
    request.on("end", async () => {
        switch (request.url) {
        case "/chunks":
            for (let i = 1; i <= 5; i++) response.write(`part ${i}: ${"x".repeat(i * 20)}\n`);
            return response.end();
        case "/trailers":
            response.writeHead(200, { "Content-Type": "text/plain", Trailer: "X-Sum" });
            response.write("with a trailer\n");
            response.addTrailers({ "X-Sum": "15" });
            return response.end();
        case "/early":
            response.writeEarlyHints({ link: "</style.css>; rel=preload; as=style" });
            return response.end("early hints came first\n");
        case "/empty":
            response.writeHead(204);
            return response.end();
        case "/same":
            response.writeHead(304, { ETag: '"demo"' });
            return response.end();
        case "/teapot":
            response.writeHead(418, "I am a teapot", { "Content-Type": "application/json", "Set-Cookie": ["a=1", "b=2; Path=/"] });
            return response.end('{"teapot":true}');
        default:
            return response.end(`${request.method} ${request.url}: ${length} bytes\n`);
        }
    });
}).listen(+process.argv[2], "127.0.0.1");
JS
    free_port PORT
    start node "$TMP/server.js" "$PORT"
    await "$PORT"
}

# curl on one connection, with what the server sends into the log.
curl_all() { curl -s --http1.1 --noproxy '*' "$@" >>"$TMP/log" 2>&1; }

http-curl-client() {
    node_up
    tap client "$PORT"
    local url=http://127.0.0.1:$TAP
    seq 60 >"$TMP/numbers"
    curl_all "$url/" --next "$url/a%20b?q=1&r=%C3%A4" -H 'Accept: text/html' -H 'X-Empty;' --compressed \
        --next "$url/form" --data 'name=demo&value=1' \
        --next "$url/chunked" -H 'Transfer-Encoding: chunked' --data-binary "@$TMP/numbers" \
        --next "$url/expect" -H 'Expect: 100-continue' --data-binary "@$TMP/numbers" \
        --next "$url/upload" -T "$TMP/numbers" \
        --next "$url/stdin" -T - <"$TMP/numbers" \
        --next "$url/multipart" -F 'field=value' -F "file=@$TMP/numbers" \
        --next "$url/head" -I --next "$url/" -X OPTIONS --request-target '*' \
        --next "$url/gone" -X DELETE -u demo:demo -b a=1
    keep
}

http-node-server() {
    node_up
    tap server "$PORT"
    local url=http://127.0.0.1:$TAP
    curl_all "$url/" --next "$url/chunks" --next "$url/trailers" --next "$url/early" --next "$url/empty" \
        --next "$url/same" --next "$url/teapot" --next "$url/expect" -H 'Expect: 100-continue' --data 'a=1' \
        --next "$url/form" --data 'name=demo' --next "$url/last" -H 'Connection: close'
    keep
}

http-node-client() {
    node_up
    cat >"$TMP/client.js" <<'JS'
const http = require("http");
const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
const send = (options, write) => new Promise((resolve, reject) => {
    const request = http.request({ host: "127.0.0.1", port: +process.argv[2], agent, ...options }, (response) => {
        response.resume();
        response.on("end", resolve);
    });
    request.on("error", reject);
    write(request);
    request.end();
});
(async () => {
    await send({ path: "/" }, () => {});
    await send({ path: "/length", method: "POST" }, (request) => request.end("all at once"));
    await send({ path: "/chunks", method: "POST" }, (request) => {
        for (let i = 1; i <= 6; i++) request.write(`${i},`.repeat(i * 7));
    });
    await send({ path: "/trailers", method: "PUT", headers: { Trailer: "X-Sum" } }, (request) => {
        request.write("with a trailer");
        request.addTrailers({ "X-Sum": "14" });
    });
    await send({ path: "/names", headers: { "x-MiXed-CaSe": "yes", "X-List": ["a", "b"], "X-Latin": "caf\xe9" } }, () => {});
    agent.destroy();
})();
JS
    tap client "$PORT"
    node "$TMP/client.js" "$TAP" >>"$TMP/log" 2>&1
    keep
}

# Modules of Python that Debian packages may have brought to another interpreter than the first.
python_with() {
    PYTHON=${PYTHON:-python3}
    "$PYTHON" -c "import $1" 2>/dev/null || PYTHON=/usr/bin/python3
    "$PYTHON" -c "import $1" 2>/dev/null || die "$NAME needs the Debian package python3-$1"
}

http-python-client() {
    node_up
    python_with http
    tap client "$PORT"
    "$PYTHON" - "$TAP" >>"$TMP/log" 2>&1 <<'PY'
import http.client, sys

client = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]))
def send(*args, **named):
    client.request(*args, **named)
    client.getresponse().read()

send("GET", "/")
send("POST", "/length", body=b"0123456789" * 10, headers={"Content-Type": "text/plain"})
send("POST", "/chunks", body=(b"%d," % i * i for i in range(1, 20)), encode_chunked=True, headers={"Transfer-Encoding": "chunked"})
send("PUT", "/generator", body=iter([b"one", b"two", b"three"]))
send("POST", "/nothing")
send("HEAD", "/head")
send("DELETE", "/gone", headers={"X-Latin": "caf\xe9"})
client.close()
PY
    keep
}

http-requests-client() {
    node_up
    python_with requests
    tap client "$PORT"
    "$PYTHON" - "$TAP" >>"$TMP/log" 2>&1 <<'PY'
import requests, sys

url = f"http://127.0.0.1:{sys.argv[1]}"
with requests.Session() as session:
    session.trust_env = False
    session.get(url + "/", params={"q": "a b", "ä": "ö"})
    session.post(url + "/form", data={"name": "demo", "value": "1 + 1"})
    session.post(url + "/json", json={"numbers": list(range(50))})
    session.post(url + "/chunks", data=(b"line %d\n" % i for i in range(12)))
    session.post(url + "/empty", data="")
    session.options(url + "/")
    session.delete(url + "/gone", auth=("demo", "demo"), cookies={"a": "1"})
PY
    keep
}

http-aiohttp-client() {
    node_up
    python_with aiohttp
    tap client "$PORT"
    "$PYTHON" - "$TAP" >>"$TMP/log" 2>&1 <<'PY'
import aiohttp, asyncio, sys

async def lines():
    for i in range(8):
        yield b"line %d " % i + b"." * i * 10 + b"\n"

async def main():
    url = f"http://127.0.0.1:{sys.argv[1]}"
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=1)) as session:
        async def send(method, path, **named):
            async with session.request(method, url + path, **named) as response:
                await response.read()
        await send("GET", "/", params={"q": "a b"})
        await send("POST", "/form", data={"name": "demo"})
        await send("POST", "/json", json={"numbers": list(range(50))})
        await send("POST", "/chunks", data=lines())
        await send("POST", "/deflate", data=b"the same again, " * 40, compress=True)
        await send("PUT", "/expect", data=b"waited for", expect100=True)
        form = aiohttp.FormData()
        form.add_field("file", b"\x00\x01\x02" * 20, filename="all.bin")
        await send("POST", "/multipart", data=form)

asyncio.run(main())
PY
    keep
}

http-aiohttp-server() {
    need curl=curl
    python_with aiohttp
    free_port PORT
    cat >"$TMP/server.py" <<'PY'
import asyncio, sys
from aiohttp import web

async def chunks(request):
    response = web.StreamResponse()
    await response.prepare(request)
    for i in range(6):
        await response.write(b"part %d " % i + b"." * i * 10 + b"\n")
        await asyncio.sleep(0.02)
    await response.write_eof()
    return response

async def deflate(request):
    response = web.Response(text="the same again, " * 40)
    response.enable_compression()
    return response

async def echo(request):
    return web.Response(body=await request.read(), headers={"X-Latin": "caf\xe9"})

app = web.Application()
app.add_routes([
    web.get("/", lambda request: web.json_response({"path": request.path})),
    web.get("/chunks", chunks), web.get("/deflate", deflate), web.post("/echo", echo),
    web.get("/empty", lambda request: web.Response(status=204)),
])
asyncio.set_event_loop(asyncio.new_event_loop())
web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), access_log=None)
PY
    start "$PYTHON" "$TMP/server.py" "$PORT"
    await "$PORT"
    tap server "$PORT"
    local url=http://127.0.0.1:$TAP
    curl_all "$url/" --next "$url/chunks" --next "$url/deflate" --compressed --next "$url/empty" --next "$url/missing" \
        --next "$url/echo" --data 'a=1' --next "$url/echo" -H 'Expect: 100-continue' --data 'b=2' --next "$url/" -X PUT
    keep
}

# A server of HTTP/1.0 whose script says nothing of a length: the end of the connection ends the answer.
http-python-close() {
    need curl=curl
    python_with http
    free_port PORT
    mkdir -p "$TMP/docs/cgi-bin"
    printf '#!/bin/sh\necho "Content-Type: text/plain"\necho "X-Demo: yes"\necho\nseq 150\n' >"$TMP/docs/cgi-bin/numbers"
    chmod -R a+rx "$TMP"
    (cd "$TMP/docs" && exec "$PYTHON" -m http.server --cgi --bind 127.0.0.1 "$PORT") </dev/null >>"$TMP/log" 2>&1 &
    PIDS+=("$!")
    await "$PORT"
    tap server "$PORT"
    curl_all "http://127.0.0.1:$TAP/cgi-bin/numbers"
    keep
}

nginx_up() {
    need nginx=nginx-light curl=curl
    mkdir "$TMP/docs" "$TMP/docs/folder" "$TMP/logs"
    seq 120 >"$TMP/docs/numbers.txt"
    echo '<!DOCTYPE html><title>Demo</title><p>Hello' >"$TMP/docs/index.html"
    chmod -R a+rX "$TMP"
    free_port PORT
    cat >"$TMP/conf" <<CONF
daemon off; master_process off; pid $TMP/pid; error_log $TMP/log;
events { }
http {
    access_log off; gzip on; gzip_min_length 1; gzip_http_version 1.0; if_modified_since before; gzip_types text/plain; types { text/html html; text/plain txt; }
    client_body_temp_path $TMP/a; proxy_temp_path $TMP/b; fastcgi_temp_path $TMP/c; uwsgi_temp_path $TMP/d; scgi_temp_path $TMP/e;
    server {
        listen 127.0.0.1:$PORT; root $TMP/docs;
        location /moved { return 301 /index.html; }
    }
}
CONF
    start nginx -p "$TMP" -c "$TMP/conf"
    await "$PORT"
}

http-nginx-server() {
    nginx_up
    tap server "$PORT"
    local url=http://127.0.0.1:$TAP
    curl_all "$url/" --next "$url/numbers.txt" --next "$url/numbers.txt" --compressed --next "$url/numbers.txt" -r 10-49 \
        --next "$url/numbers.txt" -r 0-9,20-29 --next "$url/numbers.txt" -r 9999- --next "$url/" -z 'Fri, 01 Jan 2038 00:00:00 GMT' \
        --next "$url/missing" --next "$url/moved" --next "$url/folder" --next "$url/" -d a=1 --next "$url/" -H 'Host:'
    keep
}

# To a client of HTTP/1.0 the compressed answer cannot come in chunks: the end of the connection ends it.
http-nginx-close() {
    nginx_up
    tap server "$PORT"
    curl_all -0 --compressed "http://127.0.0.1:$TAP/numbers.txt"
    keep
}

# Caddy is written in Go: these are Go's net/http. It keeps its state below HOME.
caddy_up() {
    need caddy=caddy curl=curl
    start env HOME="$TMP" XDG_DATA_HOME="$TMP" XDG_CONFIG_HOME="$TMP" caddy run --config "$TMP/Caddyfile" --adapter caddyfile
    await "$1"
}

http-caddy-server() {
    mkdir "$TMP/docs"
    for i in {1..5}; do seq $((i * 20)) >"$TMP/docs/$i.txt"; done
    free_port PORT
    cat >"$TMP/Caddyfile" <<CONF
{
    admin off
    auto_https off
}
http://127.0.0.1:$PORT {
    bind 127.0.0.1
    root * $TMP/docs
    encode gzip
    templates /page.html
    respond /short "short" 200
    redir /moved /short
    file_server browse
}
CONF
    { echo '<ul>'; for i in {1..1200}; do echo "<li>{{ $i }}"; done; echo '</ul>'; } >"$TMP/docs/page.html"
    caddy_up "$PORT"
    tap server "$PORT"
    local url=http://127.0.0.1:$TAP
    curl_all "$url/short" --next "$url/1.txt" --next "$url/5.txt" --compressed --next "$url/page.html" --compressed --next "$url/2.txt" -r 5-14 \
        --next "$url/missing" --next "$url/moved" --next "$url/1.txt" -z 'Fri, 01 Jan 2038 00:00:00 GMT' --next "$url/short" -H 'Connection: close'
    keep
}

# What a client sends is passed on by Caddy, which is a client itself.
http-caddy-client() {
    node_up
    tap client "$PORT"
    local proxy url
    free_port proxy
    url=http://127.0.0.1:$proxy
    cat >"$TMP/Caddyfile" <<CONF
{
    admin off
    auto_https off
}
http://127.0.0.1:$proxy {
    bind 127.0.0.1
    reverse_proxy 127.0.0.1:$TAP
}
CONF
    caddy_up "$proxy"
    seq 60 >"$TMP/numbers"
    curl_all "$url/" --next "$url/form" --data 'name=demo' --next "$url/chunked" -T - <"$TMP/numbers" \
        --next "$url/upload" -T "$TMP/numbers" --next "$url/head" -I --next "$url/gone" -X DELETE
    cleanup_last
    keep
}

# Ends the program that was started last.
cleanup_last() { kill "$PID"; wait "$PID" 2>/dev/null; }

# ---- Go Text Protocol: answers end with an empty line --------------------------

gtp-server() {
    need gnugo=gnugo
    free_port PORT
    start gnugo --mode gtp --level 1 --seed 1 --gtp-listen "127.0.0.1:$PORT"
    await "$PORT"
    tap server "$PORT"
    {
        printf '%s\n' '1 protocol_version' '2 name' '3 version' '4 list_commands' \
            '5 boardsize 9' '6 clear_board' '7 komi 6.5' '8 nosuchcommand' '9 play black Z99'
        for i in {1..12}; do
            printf '%s\n' "$((i))0 genmove black" "$((i))1 genmove white" "$((i))2 showboard"
        done
        printf '%s\n' '200 final_score' '201 quit'
    } | socat -t 20 - "TCP:127.0.0.1:$TAP" >>"$TMP/log" 2>&1
    keep
}

# ---- main ------------------------------------------------------------------

if [ "${1:-}" = --one ]; then
    NAME=$2
    TMP=$(mktemp -d) || exit 1
    trap cleanup EXIT
    trap 'exit 1' INT TERM
    "$NAME"
    exit
fi

[ "${1:-}" = -l ] && { printf '%s\n' "${ALL[@]}"; exit; }
mkdir -p "$OUT" && OUT=$(cd "$OUT" && pwd) || exit 1
failed=0
for name in "${@:-${ALL[@]}}"; do
    case " ${ALL[*]} " in
        *" $name "*) OUT=$OUT timeout -k 15 "$LIMIT" bash "$SELF" --one "$name" || { echo "capture.sh: $name failed" >&2; failed=1; } ;;
        *) die "no capture is called '$name'; capture.sh -l lists them" ;;
    esac
done
exit "$failed"
