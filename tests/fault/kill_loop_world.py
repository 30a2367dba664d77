"""One province under the kill loop: what happens in a cycle, and what must hold after it."""

import concurrent.futures
import functools
import json
import random
import shutil

import kill_loop_control as control
import kill_loop_oracle as oracles
import kill_loop_sites as sites
import support

BATCH_LINES_MAX = 4
HOT_STEPS = 12  # of a node that works until the kill
COOL_STEPS_MAX = 2
KILL_SECONDS_MAX = 0.06
DECISION_SECONDS_MAX = 0.01
START_SECONDS_MAX = 0.04
GROWTH_BYTES_MAX = 80_000
CUT_BYTES_MAX = 12_000
ACKNOWLEDGEMENTS_MAX = 5
LOOK_SECONDS = 0.0005
ROUNDS_MAX = 6  # of exchanges until everybody is level
CLASHES = 2
ASKED_MAX = 3  # each waits for 20 s of silence

TRIGGERS = ("time", "time", "time", "time", "acknowledgement", "acknowledgement", "growth",
            "growth", "bytes", "bytes", "claim")
VICTIMS = ("node",) * 11 + ("hub",) * 7 + ("both",) * 2
ALONE_ONE_IN = 5  # cycles of a node: commands without a daemon are killed
COMMAND_ONE_IN = 10  # imports: through a process of their own beside the daemon
START_KILLED_ONE_IN = 10


class World:
    """`journal` is at its end. Not for several threads but where it says so."""

    def __init__(self, folder, seed, report):
        self.seed = seed
        self.report = report  # report(kind, text): a finding; any thread
        self.folder = folder
        self.stage = sites.Stage(folder)
        self.way = sites.new_line()
        self.hub = sites.Site(self.stage, "hub", self.way)
        self.nodes = {name: sites.Site(self.stage, name, self.way) for name in sites.NODES}
        self.turns = 0
        self.cycles = 0  # turns in which something was killed
        self.cut_off = 0  # calls that a kill left without an answer
        self.base = None
        self.oracle = None
        self.journal = None
        self._pool = concurrent.futures.ThreadPoolExecutor(len(self.nodes))
        self._on_acknowledged = lambda: None
        self._on_claim = lambda: None

    # Its life.

    def make(self):
        """A new province. The folder is empty."""
        self.hub.make()
        self.hub.start()
        for node in self.nodes.values():
            node.make(self.hub)
            node.start()
        verified = self.hub.command("verify", "--json").json
        self.base = {"entries": verified["entries"], "logs": verified["logs"]}
        self._open_journal()
        self.journal.append({"seed": self.seed, "base": self.base})

    def resume(self):
        """Goes on with what an earlier process left; False if it left nothing whole."""
        lines = oracles.Journal.read(self.folder / "journal.jsonl")
        if not lines or "base" not in lines[0]:
            return False
        self.base = lines[0]["base"]
        self._open_journal()
        undecided, clashing = None, False
        for entry in lines[1:]:
            if "turns" in entry:
                self.turns = entry["turns"]
            elif "deciding" in entry:
                undecided = entry
            elif "clashing" in entry:
                clashing = entry["clashing"]
            elif self.oracle.replay(entry):
                undecided = None if "decided" in entry else undecided
        for site in (self.hub, *self.nodes.values()):
            site.end_left_behind()
        if clashing:  # nobody knows any more who wrote apart from whom
            return False
        for node in self.nodes.values():
            path = node.data / "identity.json"
            identity = json.loads(path.read_text(encoding="utf-8"))
            path.write_text(json.dumps(identity | {"hub_url": self.way.url}), encoding="utf-8")
        self.hub.start()
        for node in self.nodes.values():
            node.start()
            self.prove(node)
        if undecided:
            self._settle_one(self.nodes[undecided["at"]], undecided["deciding"],
                             undecided["value"])
        return True

    def end(self):
        self.stage.end()
        self.way.close()
        self._pool.shutdown()
        if self.journal:
            self.journal.flush()
            self.journal.close()
        for path in self.folder.glob("*.log"):
            self.stage.note_talk(path.name, path.read_bytes().decode("utf-8", "replace"))
        for source in self.stage.spilled:
            self.report("other", f"what citizens wrote stands in the log of {source}")

    @property
    def deaths(self):
        """Of nodes, and of the hub."""
        return sum(node.deaths for node in self.nodes.values()), self.hub.deaths

    def _open_journal(self):
        self.journal = oracles.Journal(self.folder / "journal.jsonl")
        self.oracle = oracles.Oracle(sites.NODES, self.journal)

    # A cycle.

    def cycle(self):
        self.turns += 1
        before = self.deaths
        chance = random.Random(f"{self.seed} {self.turns}")
        victims = chance.choice(VICTIMS)
        node = self.nodes[chance.choice(sorted(self.nodes))]
        killed = {"node": [node], "hub": [self.hub], "both": [self.hub, node]}[victims]
        kill = sites.Kill(killed)
        if victims == "node" and chance.randrange(ALONE_ONE_IN) == 0:
            node.kill_now()
            jobs = [self._pool.submit(self._work_alone, node, kill, chance,
                                      self.way.counts().cuts)]
        else:
            jobs = [self._pool.submit(self._work, site, kill, hot, random.Random(chance.random()))
                    for site, hot in self._workers(victims, node, chance)]
        self._pull(kill, chance)
        done, late = concurrent.futures.wait(jobs, timeout=support.COMMAND_SECONDS)
        kill.fire()
        self._on_acknowledged = self._on_claim = lambda: None
        self.way.never_cut()
        for job in (*done, *late):
            job.result(timeout=support.COMMAND_SECONDS)
        for site in killed:
            self.restart(site, chance)
        self._look_after_the_others()
        self.cycles += self.deaths != before
        self.journal.append({"turns": self.turns})
        self.journal.flush()

    def _workers(self, victims, node, chance):
        """Whoever is killed has work in hand until then; the others now and then."""
        if victims == "node":
            others = [site for site in self.nodes.values() if site is not node]
            return [(node, True), (chance.choice(others), False)]
        return [(site, chance.randrange(3) > 0) for site in self.nodes.values()]

    def _pull(self, kill, chance):
        """Waits for the moment; fires unless somebody else did, or everybody has finished."""
        trigger = chance.choice(TRIGGERS)
        if trigger == "bytes":
            self.way.cut_after(chance.randrange(1, CUT_BYTES_MAX), kill.fire)
        elif trigger == "acknowledgement":
            left = [chance.randint(1, ACKNOWLEDGEMENTS_MAX)]

            def count():
                left[0] -= 1
                if left[0] <= 0:
                    kill.fire()
            self._on_acknowledged = count
        elif trigger == "claim":
            self._on_claim = kill.fire
        elif trigger == "growth":
            site = kill.sites[0]
            goal = site.store_bytes() + chance.randrange(1, GROWTH_BYTES_MAX)
            for _ in range(int(2 * KILL_SECONDS_MAX / LOOK_SECONDS)):
                if site.store_bytes() >= goal or kill.done.wait(LOOK_SECONDS):
                    break
            kill.fire()
        else:
            kill.done.wait(chance.uniform(0, KILL_SECONDS_MAX))
            kill.fire()

    def restart(self, site, chance=None):
        """Starts it again, now and then with a kill during the start; then it must prove itself."""
        if site.is_hub:
            self.way.take_down()
        if chance and chance.randrange(START_KILLED_ONE_IN) == 0:
            site.begin_daemon()
            sites.Kill([]).done.wait(chance.uniform(0, START_SECONDS_MAX))
            site.kill_now()
        site.start()
        if site.is_hub:
            self.prove_hub()
            self.way.bring_up()
        else:
            self.prove(site)

    def _look_after_the_others(self):
        for site in (self.hub, *self.nodes.values()):
            if not site.runs:
                code = site.process.returncode if site.process else None
                self.report("other", f"{site.name} ended by itself ({code}): {site.log()[-500:]}")
                site.start()

    # What nodes do. Called by workers, one a node.

    def _work(self, site, kill, hot, chance):
        try:
            for _ in range(HOT_STEPS if hot else chance.randint(0, COOL_STEPS_MAX)):
                if kill.done.is_set():
                    return
                self._step(site, chance)
        except control.Gone:
            self.cut_off += 1
            if site not in kill.sites:
                self.report("other", f"{site.name} broke off")

    def _step(self, site, chance):
        what = chance.choice(("import", "import", "import", "sync", "sync", "status"))
        if what == "import" and chance.randrange(COMMAND_ONE_IN) == 0:
            batch, again = self._next_batch(site, chance)
            outcome = site.command("import", "-", "--json", feed=batch.feed, expect=None)
            if outcome.code == support.OK:
                self._took(batch, outcome.json, again)
        elif what == "import":
            batch, again = self._next_batch(site, chance)
            self.take(site, batch, again)
        elif what == "sync":
            self.sync(site)
        else:
            self.status(site)

    def _work_alone(self, site, kill, chance, cuts_before):
        for _ in range(HOT_STEPS):
            if kill.done.is_set():
                return
            if chance.randrange(2) == 0:
                batch, again = self._next_batch(site, chance)
                outcome = site.run_alone("import", "-", "--json", feed=batch.feed)
                taken = functools.partial(self._took, batch, again=again)
            else:
                count = self.oracle.newest(site.name)
                outcome = site.run_alone("sync", "--json")
                taken = functools.partial(self._synced, site, count=count)
            if outcome is None:
                self.cut_off += 1
            elif outcome.code == support.UNAVAILABLE and self.way.counts().cuts > cuts_before:
                self.cut_off += 1  # the line broke, and the kill that goes with it is still to come
            elif outcome.code == support.OK:
                taken(result=outcome.json)
            else:
                self.report("other", str(outcome))

    def _next_batch(self, site, chance):
        """What is sent next, and whether it was sent before."""
        batch = self.oracle.open_batch[site.name]
        if batch:
            return batch, True
        return self.oracle.plan(site.name, chance.randint(1, BATCH_LINES_MAX), chance), False

    def take(self, site, batch, again=False):
        [result] = control.call(site.data, "import", {"lines": batch.lines})
        self._took(batch, result | {"rejected": len(result["rejected"])}, again)

    def _took(self, batch, result, again):
        known, all_of_it = result["known"], len(batch.lines)
        if result["accepted"] + known != all_of_it or result["rejected"] != 0:
            self.report("other", f"batch {batch.number}: {result}")
        if known not in ((0, all_of_it) if again else (0,)):
            self.report("other", f"batch {batch.number} was half taken or not new: {result}")
        self.oracle.acknowledge(batch)
        self._on_acknowledged()

    def sync(self, site):
        """One attempt; False if the hub was not to be reached."""
        count = self.oracle.newest(site.name)
        try:
            items = control.call(site.data, "sync")
        except control.Refused as error:
            if error.code != "unavailable":
                self.report("other", f"sync of {site.name}: {error}")
            self.cut_off += 1
            return False
        self._synced(site, items[-1]["report"], count)
        return True

    def _synced(self, site, result, count):
        if result["copied"] or result["hub_went_back"]:
            self.report("other", f"{site.name} was taken for a copy, or the hub for a restore")
        if result["synced"]:
            self.oracle.claim(site.name, count)
            self._on_claim()

    def status(self, site):
        count = self.oracle.newest(site.name)
        [status] = control.call(site.data, "status")
        if status["receipt"]:
            self.oracle.receipt(site.commune, status["receipt"]["size"])
        if status["pending_entries"] == 0 or status["synced"]:
            self.oracle.claim(site.name, count)
            self._on_claim()
        return status

    # What must hold.

    def prove(self, site):
        """A node that came back: what it acknowledged last is there, and a second time is none."""
        batch = self.oracle.last_batch[site.name]
        if batch:
            [result] = control.call(site.data, "import", {"lines": batch.lines})
            if result["known"] != len(batch.lines):
                self.report("lost", f"batch {batch.number} at {site.name}: {result}")

    def prove_hub(self):
        """A hub that came back, before a node can give it anything: it has what it receipted."""
        [status] = control.call(self.hub.data, "status")
        for commune, size in self.oracle.receipts.items():
            if status["feeds"].get(commune, {"size": 0})["size"] < size:
                self.report("lost", f"the hub's feed of {commune} is shorter than its receipt")
        for commune in sorted(set(sites.NODES.values())):
            self._judge(self.oracle.judge_claims(commune, self._hub_export(commune)))

    def check(self, final=False):
        """Faults stop: everybody becomes level, and everything is looked at."""
        chance = random.Random(f"{self.seed} check {self.turns}")
        self._converge()
        self._settle(chance)
        self._converge()
        self._judge_exports()
        verified = self._verify(self.hub)
        extra = (verified["entries"] - self.base["entries"] - self.oracle.entries() -
                 (verified["logs"] - self.base["logs"]))  # each log has one opening
        if extra:
            self.report("doubled" if extra > 0 else "lost", f"{extra} entries at the hub")
        nodes = list(self.nodes.values())
        for node in nodes if final else [chance.choice(nodes)]:
            self._verify(node)
        self._clash(chance)
        self.journal.flush()

    def _verify(self, site):
        """A machine that starves gives a daemon no time for its signs of life: it is asked again,
        as a person would. One that is gone is not."""
        for _ in range(ASKED_MAX):
            outcome = site.command("verify", "--json", expect=None)
            if outcome.code != support.UNAVAILABLE or not site.runs:
                break
        if outcome.code != support.OK:
            self.report("other", f"{outcome}\n{self.state()}")
        return outcome.json

    def state(self):
        """For whoever looks into a finding: who runs, and who ended how."""
        return "\n".join(
            f"{site.name}: {site.process and (site.process.poll() or 'runs')}, last words: "
            f"{(site.log().splitlines() or [''])[-1]}" for site in (self.hub, *self.nodes.values()))

    def _judge(self, findings):
        for kind, text in findings:
            self.report(kind, text)

    def _hub_export(self, commune):
        items = control.call(self.hub.data, "export", {"commune": commune})
        return "\n".join(row for item in items for row in item["lines"])

    def _judge_exports(self):
        for commune in sorted(set(sites.NODES.values())):
            export = self.hub.command("export", "--commune", commune).out
            self._judge(self.oracle.judge_export(commune, export))
            for node in self._computers(commune):
                if node.command("export").out != export:
                    self.report("other", f"the exports of {node.name} and the hub differ")

    def _computers(self, commune):
        return [node for node in self.nodes.values() if node.commune == commune]

    def _converge(self):
        for node in self.nodes.values():
            if self.oracle.open_batch[node.name]:
                self.take(node, self.oracle.open_batch[node.name], True)
        for _ in range(ROUNDS_MAX):
            for node in self.nodes.values():
                self.sync(node)
            [hub] = control.call(self.hub.data, "status")
            if all(self._is_level(node, hub) for node in self.nodes.values()):
                return
        self.report("other", f"not level after {ROUNDS_MAX} rounds")

    def _is_level(self, node, hub):
        status = self.status(node)
        feed = hub["feeds"].get(node.commune)
        return status["synced"] and (
            feed is None or (status["head"]["size"], status["head"]["root"]) ==
            (feed["size"], feed["root"]))

    # Values that two computers wrote apart, and what a person makes of them.

    def _clash(self, chance):
        """With the line down, computers of one commune write one phone: found at the next check."""
        for commune in sorted(set(sites.NODES.values())):
            computers = self._computers(commune)
            if len(computers) < 2:
                continue
            self.take(computers[0], self.oracle.plan_shared(computers[0].name))
            self._converge()
            shared = self.oracle.shared(commune)
            self.journal.append({"clashing": True})
            self.way.take_down()
            for dossier in chance.sample(shared, min(CLASHES, len(shared))):
                for node in computers:
                    self.take(node, self.oracle.plan_clash(node.name, dossier))
            self.way.bring_up()
            self.journal.append({"clashing": False})

    def _settle(self, chance):
        for commune in sorted(set(sites.NODES.values())):
            computers = self._computers(commune)
            for node in computers:
                listed = control.call(node.data, "conflict.list")
                self._judge(self.oracle.judge_conflicts(commune, listed))
            for row in listed:
                self._decide(chance.choice(computers), row, chance)

    def _decide(self, node, row, chance):
        value = chance.choice(row["values"])
        self.journal.append({"deciding": row["code"], "value": value["value"], "at": node.name})
        params = {"record": row["record"], "field": row["field"], "entry": value["entry"]}
        job = self._pool.submit(self._try_decision, node, params)
        kill = sites.Kill([node])
        if chance.randrange(2) == 0:
            kill.done.wait(chance.uniform(0, DECISION_SECONDS_MAX))
            kill.fire()
            self.cycles += 1
        acknowledged = job.result(timeout=support.COMMAND_SECONDS)
        if kill.done.is_set():
            self.restart(node)
        open_still = self._settle_one(node, row["code"], value["value"])
        if acknowledged and open_still:
            self.report("lost", f"a decision about {row['code']} at {node.name}")

    def _try_decision(self, node, params):
        try:
            control.call(node.data, "conflict.decide", params)
            return True
        except control.Gone:
            self.cut_off += 1
            return False

    def _settle_one(self, node, code, value):
        """Decides unless it was decided. True if it had to."""
        rows = [row for row in control.call(node.data, "conflict.list") if row["code"] == code]
        if rows:
            control.call(node.data, "conflict.decide",
                         {"record": rows[0]["record"], "field": "phone",
                          "value": json.dumps(value)})
        self.oracle.decide(self.oracle.dossiers[code], value)
        return bool(rows)


def put_back(site, copy):
    """The store's files as they were: what a restore does that nobody tells of."""
    for path in site.data.glob("tram.db*"):
        path.unlink()
    for path in copy.glob("tram.db*"):
        shutil.copy2(path, site.data / path.name)
