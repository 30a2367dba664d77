"""Change-event files: the samples in tests/data, pieces of them, and what must never be logged."""

import json
import pathlib

DATA = pathlib.Path(__file__).resolve().parents[1] / "data"
MONTH = DATA / "W1.jsonl"
MONTH_ENTRIES = 3330
MONTH_DOSSIERS = 600
BASE = DATA / "W2base.jsonl"
BASE_ENTRIES = 2395
AFTERNOON = DATA / "W2.jsonl"
AFTERNOON_ENTRIES = 20

PERSONAL_FIELDS = ("applicant_name", "applicant_id", "phone", "address", "dob", "notes")
SHORT = 8  # shorter values (a year, "x") may stand in a log by chance


def read(path):
    with open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def write(path, events):
    with open(path, "w", encoding="utf-8") as file:
        for event in events:
            file.write(json.dumps(event, ensure_ascii=False, separators=(",", ":")) + "\n")
    return path


def update(dossier, t, fields):
    return {"t": t, "commune": 49, "dossier": dossier, "kind": "update", "fields": fields}


def first_dossiers(count):
    """Every event of the first so many dossiers of the month, in time order."""
    events = read(MONTH)
    codes = [event["dossier"] for event in events if event["kind"] == "create"][:count]
    wanted = set(codes)
    return codes, [event for event in events if event["dossier"] in wanted]


def canaries():
    """Texts of the sample that no log and no error message may hold: people, numbers, dossiers."""
    found = set()
    for event in read(MONTH):
        found.add(event["dossier"])
        for key in PERSONAL_FIELDS:
            value = event["fields"].get(key)
            if isinstance(value, str) and len(value) >= SHORT:
                found.add(value)
    return found
