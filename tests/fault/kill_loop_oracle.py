"""What the kill loop knows from outside: every acknowledged save, every receipt, and what follows.

Nothing here asks the programs how it should be. A save is one import line; it writes one paper of
its own into its dossier's list, so that each one can be found in an export, or missed there. The
journal holds what was tried before it is sent, and what was acknowledged after it: whoever reads it
again knows as much as the process that wrote it.
"""

import dataclasses
import json
import os
import threading

SECOND_MS = 1000
FIRST_SAVE_AT_MS = 1_751_330_000_000
SAVES_A_DOSSIER_MAX = 8
SAVES_A_SHARED_DOSSIER_MAX = 40
SHARED_ONE_IN = 4  # of the saves at a commune with several computers


class Journal:
    """Lines of JSON, appended. Any thread. On the disk once flush() has returned."""

    def __init__(self, path):
        self._lock = threading.Lock()
        self._file = open(path, "ab")  # closed by close()
        self._file.truncate(len(Journal._whole(path)))

    @staticmethod
    def read(path):
        """What is there; a last line that was cut off is none."""
        return [json.loads(line) for line in Journal._whole(path).splitlines()]

    @staticmethod
    def _whole(path):
        text = path.read_bytes() if path.exists() else b""
        return text[: text.rfind(b"\n") + 1]

    def append(self, line):
        text = json.dumps(line, ensure_ascii=False).encode() + b"\n"
        with self._lock:
            self._file.write(text)
            self._file.flush()

    def flush(self):
        with self._lock:
            os.fsync(self._file.fileno())

    def close(self):
        self._file.close()


@dataclasses.dataclass
class Batch:
    """Lines that one import took or did not take, as one."""

    number: int
    node: str
    lines: list

    @property
    def feed(self):
        return "".join(line + "\n" for line in self.lines).encode()


@dataclasses.dataclass
class Dossier:
    code: str
    commune: str
    shared: bool  # all computers of the commune write into it
    saves: int = 0
    tried: set = dataclasses.field(default_factory=set)  # papers
    acknowledged: set = dataclasses.field(default_factory=set)
    claimed: set = dataclasses.field(default_factory=set)
    notes: str = ""  # of the last acknowledged save, where one computer writes alone
    phones: list = dataclasses.field(default_factory=list)  # written apart, not decided yet
    phone: str = ""  # decided


class Oracle:
    """`nodes`: name to commune. Any thread may call what a worker needs (plan, acknowledge…)."""

    def __init__(self, nodes, journal):
        self.nodes = nodes
        self.journal = journal
        self.dossiers = {}
        self.open_batch = {name: None for name in nodes}  # sent, and its fate not known
        self.last_batch = {name: None for name in nodes}  # the newest acknowledged one
        self.acknowledged = 0
        self.decided = 0
        self.receipts = {}  # commune to the largest size that was shown under a receipt
        self._unclaimed = {name: [] for name in nodes}
        self._newest = {}  # owner (a computer, or a commune for shared ones) to its newest dossier
        self._made = {}  # owner to the number of its dossiers
        self._saves = 0
        self._batches = 0
        self._lock = threading.Lock()

    # What workers do.

    def plan(self, node, count, random):
        """The next batch of this node; None while the last one's fate is not known."""
        with self._lock:
            if self.open_batch[node] is not None:
                return None
            self._batches += 1
            batch = Batch(self._batches, node, [self._save(node, random) for _ in range(count)])
            return self._try(batch)

    def plan_shared(self, node):
        """The save that makes a dossier for all computers of the commune. It is written only once
        all of them have received it, so that no export misses it for want of its creation."""
        with self._lock:
            commune = self.nodes[node]
            self._batches += 1
            self._saves += 1
            line = self._line(self._make(commune, commune), self._paper())
            return self._try(Batch(self._batches, node, [line]))

    def plan_clash(self, node, dossier):
        """A save that writes the phone of a shared dossier: another computer does so too."""
        with self._lock:
            self._batches += 1
            self._saves += 1
            phone = f"09{self._saves:08}"
            line = self._line(dossier, {"phone": phone, **self._paper()})
            return self._try(Batch(self._batches, node, [line]))

    def acknowledge(self, batch):
        with self._lock:
            self._acknowledge(batch)
            self.journal.append({"ack": batch.number, "node": batch.node})

    def newest(self, node):
        """What a claim of this node that is asked for now has to cover."""
        with self._lock:
            return len(self._unclaimed[node])

    def claim(self, node, count):
        """The node says that the province has everything that was saved when newest() was asked."""
        with self._lock:
            self._claim(node, count)
            self.journal.append({"claim": node, "count": count})

    def receipt(self, commune, size):
        with self._lock:
            if size > self.receipts.get(commune, 0):
                self.receipts[commune] = size
                self.journal.append({"receipt": commune, "size": size})

    def decide(self, dossier, value):
        with self._lock:
            self._decide(dossier, value)
            self.journal.append({"decided": dossier.code, "value": value})

    # How the journal is read again.

    def replay(self, line):
        """False for lines that are not the oracle's."""
        if "try" in line:
            batch = Batch(line["try"], line["node"], line["lines"])
            self._batches = max(self._batches, batch.number)
            for text in batch.lines:
                self._remember(batch.node, text)
            self.open_batch[batch.node] = batch
        elif "ack" in line:
            self._acknowledge(self.open_batch[line["node"]])
        elif "claim" in line:
            self._claim(line["claim"], line["count"])
        elif "receipt" in line:
            self.receipts[line["receipt"]] = line["size"]
        elif "decided" in line:
            self._decide(self.dossiers[line["decided"]], line["value"])
        else:
            return False
        return True

    # What the programs say is judged here. Each gives the findings as (kind, text).

    def judge_claims(self, commune, export):
        """The hub's export, taken with the line down: what was claimed is there by now."""
        records, findings = _records(export)
        for dossier in self._of(commune):
            papers = _papers(records.get(dossier.code, {}))
            missing = dossier.claimed.difference(papers)
            if missing:
                findings.append(("lost", f"the hub lacks {len(missing)} saves of {dossier.code} "
                                         "that a node called synced"))
        return findings

    def judge_export(self, commune, export):
        """With nothing open and everybody level: each save once, and nothing else."""
        records, findings = _records(export)
        for dossier in self._of(commune):
            fields = records.pop(dossier.code, {})
            papers = _papers(fields)
            missing = dossier.acknowledged.difference(papers)
            if missing:
                findings.append(("lost", f"{len(missing)} saves of {dossier.code}"))
            if len(set(papers)) != len(papers):
                findings.append(("doubled", f"papers of {dossier.code}"))
            if set(papers) - dossier.tried:
                findings.append(("other", f"papers of {dossier.code} that nobody wrote"))
            findings += self._judge_values(dossier, fields)
        findings += [("other", f"{code}: a dossier that nobody made") for code in records]
        return findings

    def judge_conflicts(self, commune, listed):
        """With everybody level: the conflicts are those of the phones written apart, exactly."""
        expected = {(dossier.code, "phone"): set(dossier.phones)
                    for dossier in self._of(commune) if dossier.phones}
        found = {(row["code"], row["field"]): {value["value"] for value in row["values"]}
                 for row in listed}
        if len(found) != len(listed):
            return [("doubled", f"conflicts of {commune}")]
        return [("other", f"conflict of {key}: {found.get(key)}, not {expected.get(key)}")
                for key in sorted(expected.keys() | found.keys())
                if expected.get(key) != found.get(key)]

    def entries(self):
        """How many entries must exist beside the openings of logs and what the hub wrote."""
        return self.acknowledged + self.decided

    def shared(self, commune):
        return [dossier for dossier in self._of(commune) if dossier.shared]

    def clashing(self, commune):
        return [dossier for dossier in self._of(commune) if dossier.phones]

    # Inside, with the lock held.

    def _of(self, commune):
        return [dossier for dossier in self.dossiers.values() if dossier.commune == commune]

    def _judge_values(self, dossier, fields):
        if dossier.phones or not fields:
            return []
        for key, wanted in (("notes", dossier.notes), ("phone", dossier.phone)):
            value = fields.get(key)
            if wanted and value != wanted:
                return [("lost", f"{key} of {dossier.code}: {value}, not {wanted}")]
        return []

    def _save(self, node, random):
        self._saves += 1
        commune = self.nodes[node]
        common = self._newest.get(commune)
        if common and common.saves < SAVES_A_SHARED_DOSSIER_MAX and (
                random.randrange(SHARED_ONE_IN) == 0):
            return self._line(common, self._paper())
        dossier = self._newest.get(node)
        if dossier is None or dossier.saves >= SAVES_A_DOSSIER_MAX:
            dossier = self._make(node, commune)
        notes = {"notes": f"Lần {self._saves}", "step": self._saves}
        return self._line(dossier, self._paper() | notes)

    def _make(self, owner, commune):
        self._made[owner] = self._made.get(owner, 0) + 1
        code = f"K.{owner}-{self._made[owner]:06}"
        self._newest[owner] = self.dossiers[code] = Dossier(code, commune, owner == commune)
        return self._newest[owner]

    def _paper(self):
        return {"checklist": [{"name": f"Giấy {self._saves}", "ok": True}]}

    def _line(self, dossier, fields):
        kind = "create" if dossier.saves == 0 else "update"
        event = {"t": FIRST_SAVE_AT_MS + self._saves * SECOND_MS, "commune": 1,
                 "dossier": dossier.code, "kind": kind, "fields": fields}
        dossier.saves += 1
        dossier.tried.update(_papers(fields))
        return json.dumps(event, ensure_ascii=False, separators=(",", ":"))

    def _try(self, batch):
        self.open_batch[batch.node] = batch
        self.journal.append({"try": batch.number, "node": batch.node, "lines": batch.lines})
        return batch

    def _remember(self, node, text):
        """A line that an earlier process made."""
        event = json.loads(text)
        code = event["dossier"]
        if code not in self.dossiers:
            owner = code[len("K."):].rpartition("-")[0]
            self._make(owner, self.nodes[node])
        dossier = self.dossiers[code]
        dossier.saves += 1
        dossier.tried.update(_papers(event["fields"]))
        self._saves += 1

    def _acknowledge(self, batch):
        for text in batch.lines:
            event = json.loads(text)
            dossier = self.dossiers[event["dossier"]]
            papers = _papers(event["fields"])
            dossier.acknowledged.update(papers)
            dossier.notes = event["fields"].get("notes", dossier.notes)
            if "phone" in event["fields"]:
                dossier.phones.append(event["fields"]["phone"])
            self._unclaimed[batch.node].append((dossier, papers))
        self.acknowledged += len(batch.lines)
        self.open_batch[batch.node] = None
        self.last_batch[batch.node] = batch

    def _claim(self, node, count):
        saves = self._unclaimed[node]
        for dossier, papers in saves[:count]:
            dossier.claimed.update(papers)
        del saves[:count]

    def _decide(self, dossier, value):
        dossier.phones = []
        dossier.phone = value
        self.decided += 1


def _papers(fields):
    return [paper["name"] for paper in fields.get("checklist", [])]


def _records(export):
    """Fields by code; a code or an id that comes twice is a finding."""
    rows = [json.loads(line) for line in export.splitlines()]
    records = {row["fields"]["code"]: row["fields"] for row in rows}
    doubled = len(rows) - min(len(records), len({row["id"] for row in rows}))
    return records, [("doubled", f"{doubled} dossiers")] if doubled else []
