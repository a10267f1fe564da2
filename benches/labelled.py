#!/usr/bin/env python3
"""`tollgate trend` on labelled histories of real systems, with one setting for all of them.

usage: benches/labelled.py [FOLDER]        the folder, or $TOLLGATE_LABELLED; TOLLGATE names the binary; EVERY=10 looks
                                           at the nights of every tenth series only

FOLDER holds `sap_annotated.jsonl.gz` (one series a line: id, values, clusters [[index, votes], ...], n_annotators),
`score.py` (its scorer) and, where it is there, `sap_small/` (short series in raw measurements, and labels.csv). The
data are not ours to publish: where they are missing, this says so and ends with 0.
"""
import csv, gzip, json, os, subprocess, sys, tempfile
from statistics import median

HERE = os.path.dirname(os.path.abspath(__file__))
TOLLGATE = os.environ.get("TOLLGATE", os.path.join(HERE, "../target/release/tollgate"))
MEMORY, NEAR = 60, 5


def trend(path, *arguments):
    ran = subprocess.run([TOLLGATE, "trend", path, "--format", "json", *arguments], capture_output=True, text=True)
    if ran.returncode not in (0, 5):
        sys.exit(f"{path}: exit {ran.returncode}: {ran.stderr}")
    return json.loads(ran.stdout)["series"]


def whole(folder, series, scratch):
    """The series whole, scored by the folder's own scorer."""
    for one in series:
        with open(f"{scratch}/{one['id']}.csv", "w") as out:
            out.write("run,value\n" + "".join(f"{i},{v}\n" for i, v in enumerate(one["values"])))
    found = {one["id"]: [c["index"] for c in trend(f"{scratch}/{one['id']}.csv")[0]["changes"]] for one in series}
    with open(f"{scratch}/predictions.json", "w") as out:
        json.dump(found, out)
    print("whole series: ", end="", flush=True)
    subprocess.run([sys.executable, f"{folder}/score.py", f"{scratch}/predictions.json"], check=True)


def slower(one):
    """Steps for the worse of 3 % or more that most people marked: 20 builds before beside 20 behind."""
    values, people = one["values"], one["n_annotators"]
    need = 3 if people >= 4 else min(people, 2)
    marks = [index for index, votes in one["clusters"] if votes >= need and 20 <= index < len(values) - 12]
    return [m for m in marks if median(values[m:m + 20]) > 1.03 * median(values[max(0, m - 20):m])]


def nights(series, scratch, what, told, *arguments):
    """Every build is a night: what is told the moment it can be, once a place."""
    alerts = fine = builds = quiet = inside = marked = 0
    delays = []
    for one in series:
        values, marks = one["values"], [index for index, _ in one["clusters"]]
        path = f"{scratch}/nights.csv"
        with open(path, "w") as out:
            out.write("metric,run,value\n")
            for now in range(21, len(values) + 1):
                first = max(0, now - MEMORY)
                out.writelines(f"{now},{i},{values[i]}\n" for i in range(first, now))
        edges = [0, *sorted(marks), len(values)]
        calm = [(a, b) for a, b in zip(edges, edges[1:]) if b - a >= MEMORY]
        builds += len(values) - 20
        quiet += sum(b - max(a, 20) for a, b in calm if b > 20)
        seen, first = [], {}
        for night in trend(path, *arguments):
            now = int(night["name"])
            if not night["changes"] or not told(night):
                continue
            place = max(0, now - MEMORY) + night["changes"][-1]["index"]
            if any(abs(place - other) <= NEAR for other in seen):
                continue
            seen.append(place)
            alerts += 1
            fine += any(abs(place - mark) <= NEAR for mark in marks)
            middle = any(a + NEAR < place < b - NEAR for a, b in calm)
            first.setdefault(place, now)
            inside += middle
        for mark in slower(one):
            marked += 1
            delays += [now - mark for place, now in first.items() if abs(place - mark) <= NEAR][:1]
    print(f"every build a night, {what}: {builds} nights, {alerts} alerts ({100 * alerts / builds:.2f} per 100), "
          f"{100 * fine / alerts:.0f} % within {NEAR} builds of a mark; quiet stretches of {MEMORY} builds or more: "
          f"{quiet} nights, {inside} alerts ({100 * inside / quiet:.2f} per 100), {100 * inside / alerts:.1f} % of all alerts; "
          f"{len(delays)} of {marked} steps for the worse of 3 % or more that most people marked, half of these {median(delays):.0f} builds after them at the latest")


def short(folder):
    """Short series in raw measurements: one regression each, or none."""
    with open(f"{folder}/labels.csv") as text:
        labels = list(csv.DictReader(text, delimiter=";"))
    found = flagged = regressions = 0
    for label in labels:
        path = f"{folder}/{label['Dataset']}"
        with open(path) as text:
            columns = csv.DictReader(text).fieldnames
        value = columns[-1]
        said = trend(path, "--run", "GHC", "--value", value)[0]["changes"]
        wanted = int(label["Change Point"]) > 0
        regressions += wanted
        found += wanted and bool(said)
        flagged += not wanted and bool(said)
    print(f"short series: {found} of {regressions} regressions found, {flagged} of {len(labels) - regressions} others flagged")


def main():
    folder = sys.argv[1] if len(sys.argv) > 1 else os.environ.get("TOLLGATE_LABELLED", "")
    data = os.path.join(folder, "sap_annotated.jsonl.gz")
    if not folder or not os.path.exists(data):
        print(f"skipped: no labelled series in `{folder}`; name their folder")
        return
    with gzip.open(data, "rt") as text:
        series = [json.loads(line) for line in text]
    with tempfile.TemporaryDirectory() as scratch:
        whole(folder, series, scratch)
        if os.path.isdir(f"{folder}/sap_small"):
            short(f"{folder}/sap_small")
        some = series[:: int(os.environ.get("EVERY", "1"))]
        nights(some, scratch, "every change from 1 %", lambda night: True)
        nights(some, scratch, "every change from 3 %", lambda night: True, "--min-percent", "3")
        nights(some, scratch, "exit 5 of a nightly run (regressions from 3 %)", lambda night: night["state"] == "regression", "--min-percent", "3")


main()
