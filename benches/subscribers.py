#!/usr/bin/env python3
"""Many who listen: memory and message latency of WebSocket and event-stream subscribers, as a Markdown table.

usage: benches/subscribers.py [--counts 1000 5000] [--seconds 60]

Needs two cores, taskset, target/release/tollgate (or TOLLGATE=another), and node with two packages, the servers:
`npm install --prefix DIR ws better-sse`, then NODE_PATH=DIR/node_modules. A server that is missing is left out, and
that is told. A full run takes eight minutes.

A subscriber gets a message a second, at a phase of its own (work/publish.js), and checks each (work/sockets.yaml,
work/events.yaml). The server is pinned to core 0, tollgate to core 1.
  - Memory: the peak of the whole run, reports included, above that of a run with 10 subscribers, for each further one.
  - Latency: from the time stamp that the server puts into a message by its own clock, just before it writes it, to its
    arrival. A server that is late with a message is not seen; a client that is late with reading it is.
"""
import argparse
import os
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
import measure

FEW = 10
RAMP, ENDING = 10, 30
KINDS = {"WebSocket": ("ws", "sockets.yaml"), "event stream": ("better-sse", "events.yaml")}


def missing(package):
    """Why a server cannot be started, or nothing."""
    if not measure.first_line(["node", "--version"]):
        return "node is not installed"
    found = subprocess.run(["node", "-e", f"require.resolve('{package}')"], capture_output=True, check=False)
    if found.returncode:
        return f"`npm install --prefix DIR {package}`, then NODE_PATH=DIR/node_modules"
    return None


def listen(options, kind, url, users):
    """One run; None when it says nothing."""
    argv = [options.tollgate, "run", os.path.join(measure.WORK_FILES, KINDS[kind][1]), "-q", "-p", "load"]
    argv += ["--target", url, "-e", f"USERS={users}", "--duration", f"{options.seconds}s"]
    argv += ["--out", os.path.join(options.dir, "report")]
    try:
        result = measure.opened(options, "tollgate", argv, {}, patience=options.seconds + RAMP + ENDING)
    except measure.Failed as failure:
        measure.log(f"{kind}, {users}: {failure}")
        return None
    report = measure.report(options)
    measure.log(f"{kind}, {users}: {result['memory']:.1f} MiB, CPU {result['cpu']:.1f} s, {report['sentence']}")
    return result | {"exit": report["exit"], "messages": report["totals"]["messages"]}


def row(options, kind, users, few, many):
    """A line of the table."""
    heard, latency = many["messages"], many["messages"]["latency_ms"]["latency"]
    each = (many["memory"] - few["memory"]) * 1024 / (users - FEW)
    wanted = users * options.seconds
    said = "pass" if many["exit"]["code"] == 0 else f"exit {many['exit']['code']}: {many['exit']['reason']}"
    print(
        f"| {kind} | {users:,} | {many['memory']:.1f} MiB | {each:.1f} KiB | {heard['received']:,} of {wanted:,} | "
        f"{latency['p50']:.2f} ms | {latency['p99']:.2f} ms | {latency['max']:.1f} ms | {said} |",
        flush=True,
    )


def serve(options, kind):
    """All runs at one server."""
    server = subprocess.Popen(
        ["taskset", "-c", "0", "node", os.path.join(measure.WORK_FILES, "publish.js"), KINDS[kind][0]],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        url = server.stdout.readline().strip()
        few = listen(options, kind, url, FEW)
        for users in options.counts:
            many = listen(options, kind, url, users)
            if few and many:
                row(options, kind, users, few, many)
            else:
                print(f"| {kind} | {users:,} | failed |", flush=True)
    finally:
        server.kill()
        server.wait()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--counts", type=int, nargs="+", default=[1000, 5000])
    parser.add_argument("--seconds", type=int, default=60)
    options = parser.parse_args()
    options.client_core = "1"
    options.tollgate = os.path.abspath(os.environ.get("TOLLGATE", os.path.join(measure.HERE, "../target/release/tollgate")))
    measure.machine(options, [["node", "-p", "'node ' + process.version"]])
    print(f"A message a second for each, {options.seconds} s after a ramp of {RAMP} s.\n")
    print("| server | subscribers | peak memory | each | messages | latency p50 | p99 | max | verdict |")
    print("|---|---|---|---|---|---|---|---|---|", flush=True)
    with tempfile.TemporaryDirectory() as options.dir:
        for kind, (package, _) in KINDS.items():
            why = missing(package)
            if why:
                measure.log(f"{kind}: left out, {package} is missing: {why}")
            else:
                serve(options, kind)
    print(f"\nLoad after it {os.getloadavg()[0]:.1f}.")


main()
