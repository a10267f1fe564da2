#!/usr/bin/env bash
# Two demo shops beside each other: one step of the second takes longer by a fifth, and 8 pairs of blocks of 20 s have
# to name it; then a shop with itself, where they have to be silent.
#
#   benches/live.sh [PERCENT]        20 when left out
#
# Exits 1 when the step is not found, another one is, or a shop differs from itself. TOLLGATE names another binary than
# target/release/tollgate; PAIRS and BLOCK (seconds) make it shorter. A machine too busy for a schedule makes blocks invalid
# (exit 7): PROFILE=users has three users without one.
set -euo pipefail
cd "$(dirname "$0")/.."
tollgate=${TOLLGATE:-target/release/tollgate}
slower=${1:-20}
pairs=${PAIRS:-8}
block=${BLOCK:-20}
profile=${PROFILE:-rate}

dir=$(mktemp -d)
shops=()
cleanup() {
    for shop in "${shops[@]}"; do kill "$shop" 2>/dev/null || true; done
    rm -rf "$dir"
}
trap cleanup EXIT

serve() { # file, arguments...
    local file=$1
    shift
    "$tollgate" demo --serve 0 "$@" > "$dir/$file" 2> /dev/null &
    shops+=($!)
    for _ in $(seq 100); do [ -s "$dir/$file" ] && return; sleep 0.05; done
    echo 'the demo shop did not start'
    exit 2
}
serve base
serve head --slower "$slower"
serve again

cat > "$dir/live.yaml" <<'YAML'
scenario: live
target: ${SHOP}
flows:
  browse:
    steps:
      - get: /
        name: landing
      - get: /api/products?limit=5&slow=40ms
        name: list
      - get: /api/products/1
        name: product
profiles:
  rate: { rate: 45 req/s, warmup: 2s, duration: 1m }
  users: { users: 3, warmup: 2s, duration: 1m }
YAML

# Load averages before and after, since neighbours are what a pair shares.
busy() { cut -d ' ' -f 1 /proc/loadavg; }

compare() { # head, folder
    local before code=0
    before=$(busy)
    SHOP=$(cat "$dir/$1") "$tollgate" run "$dir/live.yaml" --profile "$profile" --seed 7 --out "$dir/$2" \
        --compare-to "$(cat "$dir/base")" --pairs "$pairs" --duration "$((pairs * block))s" 2> /dev/null || code=$?
    echo "exit $code; load $before before, $(busy) after"
    return "$code"
}

echo "== $pairs pairs of $block s, one step slower by $slower %"
code=0
compare head slower || code=$?
[ "$code" = 5 ] || { echo "not found: exit $code"; exit 1; }
grep -q 'regression p[0-9]* of browse/list: ' "$dir/slower/comparison.txt" || { echo 'the wrong step'; exit 1; }
# Sums that hold the step are slower, too, and users come round less often; no other step takes longer.
! grep -qE 'regression p[0-9]+ of browse/(landing|product): ' "$dir/slower/comparison.txt" || { echo 'another step, too'; exit 1; }
echo "== the same with itself"
compare again same
