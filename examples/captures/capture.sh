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
     bgp-speaker 9p-server redis-server smtp-server smtp-client http-server gtp-server)

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
