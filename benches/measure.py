"""Measures processes from outside: the measuring half of side-by-side.sh (see there for what is measured and how),
and what subscribers.py and live_report.py measure with.

In: the addresses of the nginx under test and where files lie, as arguments. Out: Markdown on standard output,
progress on standard error. Ends no process but those it has started.
"""

import argparse
import json
import os
import platform
import re
import shutil
import signal
import statistics
import subprocess
import sys
import time
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
TICKS = os.sysconf("SC_CLK_TCK")
WORK_FILES = os.path.join(HERE, "work")
CONNECTIONS = 64
WORK = {
    "get": "one GET, 13-byte body",
    "json": "one GET, 10 KB JSON",
    "flow": "token → authorised GET",
    "tls": "HTTPS, keep-alive",
}
H2_WORK = {
    "h2-64x1": "HTTP/2 over TLS, 64 connections × 1 stream",
    "h2-4x16": "HTTP/2 over TLS, 4 connections × 16 streams",
}
# Connections, and requests at a time on each.
SHARES = {"h2-64x1": (64, 1), "h2-4x16": (4, 16)}
OPEN_WORK = "open"
PATHS = {"json": "/10k.json"}


def log(text):
    print(text, file=sys.stderr, flush=True)


# ---------------------------------------------------------------- processes, from outside


def stat(pid):
    """The fields of /proc/PID/stat behind the name; the parent is [1], CPU ticks are [11] to [14]."""
    with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
        return file.read().rpartition(")")[2].split()


def family(root):
    """The stat fields of a process and everything below it, by process id."""
    below, fields = {}, {}
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            fields[int(name)] = stat(name)
        except OSError:  # it has just ended
            continue
        below.setdefault(int(fields[int(name)][1]), []).append(int(name))
    found, queue = {}, [root]
    while queue:
        pid = queue.pop()
        if pid in fields:
            found[pid] = fields[pid]
            queue.extend(below.get(pid, []))
    return found


def cpu(root):
    """User and system seconds of a process tree, children that have ended included."""
    rows = family(root).values()
    return sum(int(r[i]) for r in rows for i in (11, 12, 13, 14)) / TICKS


def peak_memory(root):
    """The sum of the processes' high-water marks, in MiB."""
    total = 0
    for pid in family(root):
        try:
            with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as file:
                found = re.search(r"^VmHWM:\s+(\d+)", file.read(), re.M)
        except OSError:
            continue
        total += int(found.group(1)) if found else 0
    return total / 1024


class Client:
    """A load generator pinned to the client's core, in a process group of its own."""

    def __init__(self, options, argv, env=None):
        self.output = open(os.path.join(options.dir, "client.out"), "w+", encoding="utf-8", errors="replace")
        self.process = subprocess.Popen(
            ["taskset", "-c", options.client_core, *argv],
            env={**os.environ, **(env or {})},
            cwd=options.dir,
            stdin=subprocess.DEVNULL,
            stdout=self.output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self.pid = self.process.pid

    def running(self):
        return self.process.poll() is None

    def end(self):
        """Asks, waits, insists; returns what it printed."""
        for ask, patience in ((signal.SIGINT, 8), (signal.SIGKILL, 5)):
            if not self.running():
                break
            os.killpg(self.pid, ask)
            try:
                self.process.wait(patience)
            except subprocess.TimeoutExpired:
                continue
        self.output.seek(0)
        text = self.output.read()
        self.output.close()
        return text


class Failed(Exception):
    """A round that says nothing about cost."""


# ---------------------------------------------------------------- the generators


def generators(options):
    """The installed ones: name → the function that gives (argv, environment) for a kind of work, or None."""
    seconds = "60"

    def base(work):
        return {"tls": options.https, **dict.fromkeys(H2_WORK, options.h2)}.get(work, options.http)

    def url(work):
        return base(work) + PATHS.get(work, "/")

    def tollgate(work):
        file = {"flow": "flow.yaml", "tls": "tls.yaml", **dict.fromkeys(H2_WORK, "h2.yaml")}.get(work, "get.yaml")
        argv = [options.tollgate, "run", os.path.join(WORK_FILES, file), "-q", "-p", "closed", "--duration", seconds + "s"]
        argv += ["--target", base(work), "-e", "CA=" + options.ca, "-e", "URL_PATH=" + PATHS.get(work, "/")]
        if work in H2_WORK:
            argv += ["--workers", "1", "-e", f"STREAMS={SHARES[work][1]}"]
        return argv + ["--out", os.path.join(options.dir, "report")], {}

    def wrk(work):
        if work in H2_WORK:
            return None
        script = ["-s", os.path.join(WORK_FILES, "flow.lua")] if work == "flow" else []
        return ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", *script, url(work)], {}

    def h2load(work):
        if work not in H2_WORK:
            return None
        connections, streams = SHARES[work]
        return ["h2load", "-t1", f"-c{connections}", f"-m{streams}", "-D", seconds, url(work)], {}

    def oha(work):
        if work == "flow":
            return None
        connections, streams = SHARES.get(work, (CONNECTIONS, 1))
        how = ["--http2", "-p", str(streams)] if work in H2_WORK else []
        return ["oha", "--no-tui", "--insecure", *how, "-c", str(connections), "-z", seconds + "s", url(work)], {}

    def k6(work):
        if work in H2_WORK:
            return None
        argv = [options.k6, "run", "-q", "--no-usage-report", "--vus", str(CONNECTIONS), "--duration", seconds + "s"]
        env = {"BASE": base(work), "WORK": work, "URL_PATH": PATHS.get(work, "/")}
        return argv + [os.path.join(WORK_FILES, "k6.js")], env

    def goose(work):
        if work == "tls" or work in H2_WORK:
            return None
        argv = [options.goose, "--host", options.http, "--users", str(CONNECTIONS), "--increase-rate", str(CONNECTIONS)]
        argv += ["--run-time", seconds + "s", "--no-reset-metrics", "--no-telnet", "--no-websocket", "-q"]
        return argv, {"SCN": "flow" if work == "flow" else "get", "PATH_": PATHS.get(work, "/")}

    found = {"tollgate": tollgate}
    peers = {"wrk": (wrk, shutil.which("wrk")), "h2load": (h2load, shutil.which("h2load")), "oha": (oha, shutil.which("oha"))}
    peers |= {"goose": (goose, options.goose), "k6": (k6, options.k6)}
    for name, (make, there) in peers.items():
        if there:
            found[name] = make
        else:
            log(f"{name} is not here: left out")
    return found


# ---------------------------------------------------------------- closed loop


def status(options):
    """Of nginx: connections besides this one, and requests that it has answered, this one included."""
    with urllib.request.urlopen(options.http + "/status", timeout=10) as answer:
        words = answer.read().split()
    return int(words[2]) - 1, int(words[9])


def served(options):
    return status(options)[1]


def shares(connections):
    """`closed` for a generator that has to keep so many connections."""

    def measure(options, name, argv, env):
        result = closed(options, name, argv, env)
        if result["connections"] != connections:
            raise Failed(f"{name} keeps {result['connections']} connections, not {connections}")
        return result

    return measure


def closed(options, name, argv, env):
    """Microseconds of CPU per request, requests a second, and connections."""
    client = Client(options, argv, env)
    try:
        before, polls, limit = served(options), 0, time.monotonic() + 30
        while served(options) - before - polls < 100:
            polls += 1
            if not client.running() or time.monotonic() > limit:
                raise Failed(f"{name} sends nothing: {client.end()[-500:]}")
            time.sleep(0.02)
        time.sleep(options.warmup)
        n0, t0, c0 = served(options), time.monotonic(), cpu(client.pid)
        time.sleep(options.seconds)
        (connections, n1), t1, c1 = status(options), time.monotonic(), cpu(client.pid)
        if not client.running():
            raise Failed(f"{name} ended too early: {client.end()[-500:]}")
    finally:
        text = client.end()
    faultless(options, name, text)
    requests = n1 - n0 - 1
    if requests < 100:
        raise Failed(f"{name}: {requests} requests only")
    return {"us": (c1 - c0) / requests * 1e6, "rps": requests / (t1 - t0), "connections": connections}


def report(options):
    """What tollgate has written of its run."""
    with open(os.path.join(options.dir, "report", "result.json"), encoding="utf-8") as file:
        return json.load(file)


def faultless(options, name, text):
    """Failed requests are cheap; a round with some is not used."""
    if name == "wrk" and ("Non-2xx" in text or "Socket errors" in text):
        raise Failed("wrk: " + text[-300:])
    if name.startswith("tollgate"):
        totals = report(options)["totals"]
        # Requests on their way when the run is interrupted are aborted, which is no failure of theirs.
        wrong = totals["check_failed"] + totals["failed"] + totals["timed_out"]
        if wrong:
            raise Failed(f"tollgate: {wrong} requests failed")


# ---------------------------------------------------------------- open loop


def arrivals(options):
    """500 requests a second for ten seconds at an answer after 10 ms: name → (argv, environment)."""
    url = options.slow + "/api/products?slow=10ms&limit=1"
    argv = [options.tollgate, "run", os.path.join(WORK_FILES, "get.yaml"), "-q", "-p", "open", "--target", options.slow]
    argv += ["-e", "URL_PATH=/api/products?slow=10ms&limit=1", "--out", os.path.join(options.dir, "report")]
    found = {"tollgate": (argv, {})}
    if shutil.which("oha"):
        found["oha"] = (["oha", "--no-tui", "-c", "64", "-q", "500", "-z", "10s", url], {})
    if options.k6:
        found["k6"] = ([options.k6, "run", "-q", "--no-usage-report", os.path.join(WORK_FILES, "k6.js")], {"WORK": "open", "URL": url})
    return found


def opened(options, name, argv, env, meanwhile=lambda: None, patience=60):
    """CPU seconds of a whole run, exec to exit, reports included; peak memory in MiB."""
    client = Client(options, argv, env)
    memory, usage, limit = 0.0, None, time.monotonic() + patience
    try:
        # wait4 and not Client.running(): it tells the CPU time of the whole life, to the microsecond.
        while usage is None and time.monotonic() < limit:
            memory = max(memory, peak_memory(client.pid))
            meanwhile()
            time.sleep(0.02)
            done, code, spent = os.wait4(client.pid, os.WNOHANG)
            if done:
                client.process.returncode, usage = os.waitstatus_to_exitcode(code), spent
    finally:
        text = client.end()
    if usage is None or client.process.returncode not in (0, 7):
        raise Failed(f"{name}: exit {client.process.returncode}: {text[-500:]}")
    used = usage.ru_utime + usage.ru_stime
    faultless(options, name, text)
    return {"cpu": used, "memory": memory}


# ---------------------------------------------------------------- the table


def middle(values, digits):
    if not values:
        return "failed"
    low, high = min(values), max(values)
    return f"{statistics.median(values):.{digits}f} [{low:.{digits}f}–{high:.{digits}f}]"


def rounds(options, title, contestants, measure):
    """Interleaved rounds; name → list of results."""
    results = {name: [] for name in contestants}
    for number in range(options.rounds):
        for name, (argv, env) in contestants.items():
            try:
                results[name].append(measure(options, name, argv, env))
                shown = ", ".join(f"{key} {value:.2f}" for key, value in results[name][-1].items())
            except Failed as failure:
                shown = str(failure)
            log(f"{title}, round {number + 1}, {name}: {shown}")
    return results


def first_line(argv):
    try:
        done = subprocess.run(argv, capture_output=True, text=True, timeout=20, check=False)
        return (done.stdout + done.stderr).strip().splitlines()[0].strip()
    except (OSError, IndexError, subprocess.TimeoutExpired):
        return None


def machine(options, versions):
    """A line on where and of what this is: commands that tell versions, as far as they are there."""
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        model = re.search(r"^model name\s*:\s*(.*)$", file.read(), re.M)
    versions = [first_line(argv) for argv in [[options.tollgate, "--version"], *versions]]
    load = os.getloadavg()[0]
    print(f"{time.strftime('%Y-%m-%d')}, {os.cpu_count()} cores ({model.group(1) if model else platform.machine()}),", end=" ")
    print(f"Linux {platform.release()}, load before the start {load:.1f}; " + "; ".join(v.split(" Copyright")[0] for v in versions if v) + ".")


def closed_table(options, titles, reference):
    """Kinds of work beside each other, each in terms of the reference."""
    titles = {work: title for work, title in titles.items() if work in options.work}
    if not titles:
        return
    found = generators(options)
    print(f"| work | generator | CPU µs per request | ÷ {reference} | requests/s |\n|---|---|---|---|---|")
    for work, title in titles.items():
        contestants = {n: c for n, c in ((n, make(work)) for n, make in found.items()) if c}
        results = rounds(options, title, contestants, shares(SHARES[work][0]) if work in SHARES else closed)
        cost = {name: [r["us"] for r in rows] for name, rows in results.items()}
        for name, rows in results.items():
            ratio = "–"
            if cost.get(reference) and cost[name]:
                ratio = f"{statistics.median(cost[name]) / statistics.median(cost[reference]):.2f}"
            rate = f"{statistics.median([r['rps'] for r in rows]):,.0f}" if rows else "–"
            label = "wrk + Lua" if (name, work) == ("wrk", "flow") else name
            print(f"| {title} | {label} | {middle(cost[name], 2)} | {ratio} | {rate} |", flush=True)
    print()


def open_table(options):
    if OPEN_WORK not in options.work:
        return
    results = rounds(options, "500 req/s open loop", arrivals(options), opened)
    print("| work | generator | CPU s, exec to exit | peak memory, MiB |\n|---|---|---|---|")
    for name, rows in results.items():
        seconds, memory = [r["cpu"] for r in rows], [r["memory"] for r in rows]
        print(f"| 500 req/s for 10 s, answers after 10 ms | {name} | {middle(seconds, 2)} | {middle(memory, 1)} |")


def main():
    every = [*WORK, *H2_WORK, OPEN_WORK]
    parser = argparse.ArgumentParser()
    for name in ("tollgate", "nginx", "http", "https", "h2", "slow", "ca", "dir", "goose", "k6", "client-core"):
        parser.add_argument("--" + name, default="")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--warmup", type=float, default=1.5)
    parser.add_argument("--work", nargs="+", choices=every, default=every)
    options = parser.parse_args()
    versions = [["wrk", "-v"], ["h2load", "--version"], [options.nginx, "-v"], ["oha", "--version"]]
    machine(options, versions + ([[options.k6, "version"]] if options.k6 else []))
    print(f"{options.rounds} interleaved rounds of {options.seconds:g} s; median [least–most].\n")
    closed_table(options, WORK, "wrk")
    closed_table(options, H2_WORK, "h2load")
    open_table(options)


if __name__ == "__main__":
    main()
