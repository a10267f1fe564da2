#!/usr/bin/env bash
# What a request costs the client, in units that repeat on a busy machine:
#   - user instructions per request, under callgrind: a GET of one product of the demo shop with a check on the status,
#     one request after the other on one connection. Three runs: few requests, many, and few at a shop that takes its
#     time. They tell apart start-up and reports, the price of a request, and the price of a second (each second's
#     histograms are closed and written), which on a busy machine would be mistaken for requests.
#   - system calls per request, under strace: 64 users on 64 connections, two runs of different duration, differences
#     divided, so that start-up and reports cancel. All calls of all threads count, waiting (epoll_wait, shared by the connections that are ready) too.
# The shop is another process and is not counted.
#
#   benches/instructions.sh [INSTRUCTIONS [SYSCALLS]]
#
# Exits 1 when a measured value is above its bound; without bounds it only measures. Leaves out, and says so, what
# needs a tool that is not installed. TOLLGATE names another binary than target/release/tollgate;
# DETAILS=1 prints what the three runs counted.
set -euo pipefail
cd "$(dirname "$0")/.."
tollgate=${TOLLGATE:-target/release/tollgate}
instructions_bound=${1:-}
syscalls_bound=${2:-}
[ -x "$tollgate" ] || { echo "$tollgate is missing: cargo build --release"; exit 2; }

dir=$(mktemp -d)
server=
cleanup() {
    [ -z "$server" ] || kill "$server" 2>/dev/null || true
    rm -rf "$dir"
}
trap cleanup EXIT

"$tollgate" demo --serve 0 > "$dir/url" 2> /dev/null &
server=$!
for _ in $(seq 100); do [ -s "$dir/url" ] && break; sleep 0.05; done
url=$(cat "$dir/url")
[ -n "$url" ] || { echo 'the demo shop did not start'; exit 1; }

# run NAME COMMAND...: a run with ${options[@]} under COMMAND; its report lies in $dir/NAME. That a run under a tool is
# called invalid (exit 7: the generator is slow there) does not matter; a failed request does.
run() {
    local name=$1 code=0
    shift
    "$@" "$tollgate" run benches/work/get.yaml -q --workers 1 --target "$url" "${options[@]}" \
        --out "$dir/$name" > "$dir/$name.out" 2>&1 || code=$?
    case $code in 0 | 7) ;; *) cat "$dir/$name.out"; exit 1 ;; esac
    [ "$(total "$name" errors)" = 0 ] || { cat "$dir/$name.out"; echo 'requests failed'; exit 1; }
}

# total NAME KEY: a number of the report's totals, which come before the steps.
total() { sed -n "s/^    \"$2\": \([0-9]*\),\{0,1\}$/\1/p" "$dir/$1/result.json" | head -n 1; }

# judge WHAT VALUE BOUND
judge() {
    if [ -z "$3" ]; then
        echo "$1 per request: $2"
    elif awk -v value="$2" -v bound="$3" 'BEGIN { exit !(value <= bound) }'; then
        echo "$1 per request: $2 (bound $3)"
    else
        echo "$1 per request: $2, ABOVE the bound $3"
        failed=1
    fi
}
failed=0
few=2000
many=12000

counted() { sed -n 's/^\(summary\|totals\): \([0-9]*\)$/\2/p' "$dir/$1.callgrind" | head -n 1; }
elapsed() { sed -n 's/^    "elapsed_s": \([0-9.]*\),$/\1/p' "$dir/$1/result.json"; }
# callgrind NAME PASSES SLOW
callgrind() {
    options=(-p passes -e "PASSES=$2" -e "URL_PATH=/api/products?limit=1&slow=$3")
    run "$1" valgrind --tool=callgrind --callgrind-out-file="$dir/$1.callgrind"
    [ "$(total "$1" sent)" = "$2" ] || { echo "$1: not $2 requests"; exit 1; }
}
if command -v valgrind > /dev/null; then
    callgrind few $few 0ms
    callgrind many $many 0ms
    callgrind slow $few 4ms
    value=$(awk -v few="$(counted few)" -v many="$(counted many)" -v slow="$(counted slow)" \
        -v tfew="$(elapsed few)" -v tmany="$(elapsed many)" -v tslow="$(elapsed slow)" -v n=$((many - few)) 'BEGIN {
            second = (slow - few) / (tslow - tfew)
            printf "%.0f", (many - few - second * (tmany - tfew)) / n
        }')
    judge 'user instructions' "$value" "$instructions_bound"
    [ -z "${DETAILS:-}" ] || for name in few many slow; do echo "  $name: $(counted $name) in $(elapsed $name) s"; done
else
    echo 'skipped: valgrind is not installed'
fi

calls() { awk '$1 + 0 == $1 && $NF != "total" { calls += $4 } END { print calls }' "$dir/$1.strace"; }
if command -v strace > /dev/null; then
    for seconds in 2 6; do
        options=(-p closed --duration "${seconds}s" -e URL_PATH=/api/health)
        run "s$seconds" strace -f -c -o "$dir/s$seconds.strace"
    done
    value=$(awk -v c1="$(calls s2)" -v c2="$(calls s6)" -v n1="$(total s2 sent)" -v n2="$(total s6 sent)" \
        'BEGIN { printf "%.2f", (c2 - c1) / (n2 - n1) }')
    judge 'system calls' "$value" "$syscalls_bound"
else
    echo 'skipped: strace is not installed'
fi
exit "$failed"
