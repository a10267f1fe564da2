#!/usr/bin/env python3
"""What the live report (`tollgate run --ui`) costs: CPU per request without it, with it, and with a page that looks at it.

usage: benches/live_report.py [--rounds 5] [--steps 60] [--rate 500] [--seconds 20]

Needs two cores, taskset and target/release/tollgate (or TOLLGATE=another). One flow of so many steps at the demo shop
(core 0), so many requests a second, constant arrivals; tollgate on core 1. The page is fetched every two seconds, as
the page itself does. The cost is CPU time of the whole life, exec to exit, reports included, divided by the requests
sent. Rounds are interleaved, since a busy machine makes requests dearer, and not for all alike.
"""
import argparse
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

sys.dont_write_bytecode = True
import measure

PLAIN, ALONE, WATCHED = "tollgate", "tollgate --ui, nobody looks", "tollgate --ui, a page looks"
EVERY = 2  # seconds


class Page:
    """Somebody who looks at the live report, once its address is known."""

    def __init__(self, output):
        self.output, self.url, self.due, self.seen, self.size = output, None, 0, 0, 0

    def look(self):
        now = time.monotonic()
        if now < self.due:
            return
        if not self.url:
            with open(self.output, encoding="utf-8", errors="replace") as file:
                found = re.search(r"http://127\.0\.0\.1:\d+/", file.read())
            self.url = found and found.group(0)
            return
        self.due = now + EVERY
        try:
            with urllib.request.urlopen(self.url, timeout=5) as answer:
                self.size = len(answer.read())
                self.seen += 1
        except (OSError, urllib.error.URLError):  # the run has ended
            pass


def run(options, name, argv, env):
    """A whole run: CPU microseconds per request, pages that were looked at and the size of the last one."""
    page = Page(os.path.join(options.dir, "client.out"))
    meanwhile = page.look if name == WATCHED else lambda: None
    result = measure.opened(options, name, argv, env, meanwhile, patience=options.seconds + 30)
    totals = measure.report(options)["totals"]
    if name == WATCHED and page.seen < options.seconds / EVERY / 2:
        raise measure.Failed(f"{page.seen} pages only")
    requests = totals["sent"] + totals["warmup_sent"]
    return {"us": result["cpu"] / requests * 1e6, "requests": requests, "pages": page.seen, "KiB": page.size / 1024}


def scenario(options, url):
    """One flow of so many different steps."""
    path = os.path.join(options.dir, "steps.yaml")
    with open(path, "w", encoding="utf-8") as file:
        file.write(f"scenario: steps\ntarget: {url}\nflows:\n  all:\n    steps:\n")
        for step in range(options.steps):
            file.write(f"      - get: /api/products/{1 + step % 9}?n={step}\n        name: s{step}\n")
        file.write(f"profiles:\n  load: {{ rate: {options.rate} req/s, arrivals: constant, duration: {options.seconds}s }}\n")
    return path


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--rate", type=int, default=500)
    parser.add_argument("--seconds", type=int, default=20)
    options = parser.parse_args()
    options.client_core = "1"
    options.tollgate = os.path.abspath(os.environ.get("TOLLGATE", os.path.join(measure.HERE, "../target/release/tollgate")))
    measure.machine(options, [])
    print(f"{options.steps} steps, {options.rate} req/s for {options.seconds} s; {options.rounds} interleaved rounds; median [least–most].\n")
    shop = subprocess.Popen(
        ["taskset", "-c", "0", options.tollgate, "demo", "--serve", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        with tempfile.TemporaryDirectory() as options.dir:
            argv = [options.tollgate, "run", scenario(options, shop.stdout.readline().strip()), "-p", "load", "-q"]
            argv += ["--out", os.path.join(options.dir, "report")]
            contestants = {PLAIN: (argv, {}), ALONE: ([*argv, "--ui"], {}), WATCHED: ([*argv, "--ui"], {})}
            results = measure.rounds(options, "live report", contestants, run)
    finally:
        shop.kill()
        shop.wait()
    plain = statistics.median([row["us"] for row in results[PLAIN]] or [float("nan")])
    print("| run | CPU µs per request | ÷ plain | pages |\n|---|---|---|---|")
    for name, rows in results.items():
        costs = [row["us"] for row in rows]
        ratio = f"{statistics.median(costs) / plain:.2f}" if costs else "–"
        pages = f"{rows[-1]['pages']} of {rows[-1]['KiB']:.0f} KiB" if rows and rows[-1]["pages"] else "–"
        print(f"| {name} | {measure.middle(costs, 1)} | {ratio} | {pages} |")
    print(f"\nLoad after it {os.getloadavg()[0]:.1f}.")


main()
