#!/usr/bin/env python3
# Goal: a backup brings a node or a hub back; nothing that anybody still holds is lost by it.
# Method: real programs; folders deleted and restored, files damaged, commands killed half way.

import json
import os
import shutil
import subprocess

import events
import support

QUICK_HUB = "[sync]\ncome_back_s = 1\n"
QUICK_NODE = "[link]\nretry_first_s = 1\nretry_longest_s = 2\n"
FLIPS = 60
CUTS = 30
RESTORES_OF_DAMAGED = 8
KILLS = 12


class Backup(support.Case):
    def setUp(self):
        super().setUp()
        self.key_page = None

    def new_hub(self, name="hub", **options):
        hub = support.Hub(self, name, **options).start()
        # As the page says: away from the machine.
        self.key_page = self.folder / f"{name} recovery-key.txt"
        shutil.move(hub.data / "recovery-key.txt", self.key_page)
        return hub

    def run_backup(self, program, *words, expect=support.OK, feed=None):
        """`backup` words that name their own folders, or none."""
        process = subprocess.Popen(
            [str(program._binary), "backup", *map(str, words)],
            stdin=subprocess.PIPE if feed is not None else subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.own(process)
        out, err = process.communicate(feed, timeout=support.COMMAND_SECONDS)
        text = err.decode("utf-8", "replace")
        self.note_talk(f"backup {words[0]}", text)
        outcome = support.Outcome(list(map(str, words)), process.returncode, out, text)
        if expect is not None:
            self.assertEqual(outcome.code, expect, outcome)
        return outcome

    def create(self, program, file, *options, expect=support.OK):
        return self.run_backup(program, "create", "--data", program.data, file, "--json", *options,
                               expect=expect)

    def verify(self, program, file, *options, expect=support.OK):
        return self.run_backup(program, "verify", file, "--json", *options, expect=expect)

    def open(self, program, file, expect=support.OK):
        return self.verify(program, file, "--recovery-key", self.key_page, expect=expect)

    def restore(self, program, file, data=None, expect=support.OK, key=None, feed=None):
        return self.run_backup(program, "restore", "--data", data or program.data,
                               "--recovery-key", key or self.key_page, file, "--json",
                               expect=expect, feed=feed)

    def entries_of(self, program):
        return int(program.command("verify", "--json").json["entries"])

    def some_work(self, name, count, skip=0):
        """A file with every event of `count` dossiers of the month."""
        codes, _ = events.first_dossiers(count + skip)
        wanted = set(codes[skip:])
        lines = [event for event in events.read(events.MONTH) if event["dossier"] in wanted]
        return events.write(self.folder / name, lines), len(lines)


class NodeComesBack(Backup):
    def test_deleted_node_has_everything_again_after_one_sync(self):
        hub = self.new_hub()
        node = self.node("node", hub)
        (node.data / "node.toml").write_text("# as set here\n", encoding="utf-8")
        early, early_count = self.some_work("early", 40)
        late, late_count = self.some_work("late", 40, skip=40)
        lost, _ = self.some_work("lost", 1, skip=80)
        node.take(early)
        node.sync()
        file = self.folder / "node.backup"
        made = self.create(node, file).json
        self.assertEqual((made["role"], made["unit"]), ("node", support.BLAO))
        self.assertEqual(made["device"], hub.device_of(support.BLAO))
        self.assertEqual(made["bytes"], file.stat().st_size)
        self.assertEqual(file.stat().st_mode & 0o777, 0o600)
        # Its openings of logs stand in the feed too, so at least.
        self.assertGreaterEqual(made["feeds"][support.BLAO], early_count)
        node.take(late)
        node.sync()
        everything = node.export()
        node.take(lost)

        shutil.rmtree(node.data)
        outcome = self.restore(node, file)
        self.assertEqual(outcome.json["made_at"], made["made_at"])
        self.assertIn("comes back by itself", outcome.err)
        self.assertEqual((node.data / "node.toml").read_text(encoding="utf-8"), "# as set here\n")
        self.assertEqual(node.status()["pending_entries"], 0)
        self.assertNotEqual(node.export(), everything)
        self.assertIsNone(hub.devices()[0]["doubt"])
        report = node.sync()
        self.assertTrue(report["synced"], report)
        self.assertGreaterEqual(report["received_entries"], late_count)
        self.assertEqual(node.export(), everything, "what the province had")
        # What only the lost disk had is taken in again from its source, and is one, not two.
        node.take(lost)
        node.sync()
        self.assert_level(hub, node)
        [row] = hub.devices()
        self.assertEqual(row["doubt"], "went back, or copied")
        self.assertEqual(row["lineages"], 2)

    def test_restored_to_the_middle_of_a_run_is_told_once(self):
        hub = self.new_hub(settings=QUICK_HUB)
        node = self.node("node", hub, settings=QUICK_NODE).start()
        node.take(self.some_work("early", 10)[0])
        support.wait_until(lambda: node.status()["synced"], "the first work to be handed in")
        file = self.folder / "node.backup"
        self.create(node, file)  # beside the daemon: its log goes on afterwards
        node.take(self.some_work("late", 10, skip=10)[0])
        support.wait_until(lambda: node.status()["synced"], "the later work to be handed in")
        everything = node.export()
        node.kill()
        shutil.rmtree(node.data)
        self.restore(node, file)
        # Its own log is longer at the hub than here: it went back, or somebody else is this one.
        told = node.command("sync", "--json", expect=support.NEEDS_PERSON)
        self.assertIn("went back to an older state", told.err)
        self.assertEqual(node.export(), everything)
        node.take(self.some_work("new", 5, skip=20)[0])
        node.sync()
        self.assert_level(hub, node)

    def test_restored_while_work_was_pending_hands_it_in(self):
        hub = self.new_hub()
        node = self.node("node", hub)
        work, count = self.some_work("work", 20)
        node.take(work)
        file = self.folder / "node.backup"
        self.create(node, file)
        shutil.rmtree(node.data)
        self.restore(node, file)
        self.assertEqual(node.status()["pending_entries"], count)
        self.assertEqual(node.sync()["sent_entries"], count)
        self.assert_level(hub, node)

    def test_restored_beside_the_original_both_go_on(self):
        hub = self.new_hub()
        node = self.node("node", hub)
        work, _ = self.some_work("work", 10)
        node.take(work)
        node.sync()
        file = self.folder / "node.backup"
        self.create(node, file)
        twin = support.Node(self, "twin")
        self.restore(twin, file, data=twin.data)
        for number, one in enumerate((node, twin)):
            more, _ = self.some_work(f"more{number}", 5, skip=20 + 5 * number)
            one.take(more)
        for one in (node, twin, node, twin, node):
            one.sync()
        self.assertEqual(hub.devices()[0]["doubt"], "copied")
        self.assertEqual(node.export(), twin.export())
        self.assertEqual(node.export(), hub.export(support.BLAO))
        for one in (hub, node, twin):
            one.verify()


class HubComesBack(Backup):
    def test_restored_hub_gets_back_what_the_nodes_hold(self):
        hub = self.new_hub(settings=QUICK_HUB)
        # One never stops; one is not reached meanwhile; one enrols after the backup.
        always = self.node("always", hub, settings=QUICK_NODE)
        other = self.node("other", hub, commune=support.BAO_LAM_2)
        early, _ = self.some_work("early", 30)
        always.take(early)
        always.start()
        support.wait_until(lambda: always.status()["synced"], "the first work to be handed in")
        file = self.folder / "hub.backup"
        made = self.create(hub, file).json  # beside the running hub
        self.assertEqual((made["role"], made["unit"]), ("hub", support.PROVINCE))

        late, _ = self.some_work("late", 30, skip=30)
        always.take(late)
        other.take(self.some_work("elsewhere", 10, skip=70)[0])
        other.sync()
        newcomer = self.node("newcomer", hub, commune=support.COMMUNES[2])
        newcomer.take(self.some_work("new", 10, skip=80)[0])
        newcomer.sync()
        support.wait_until(lambda: always.status()["synced"], "the later work to be handed in")
        nodes = (always, other, newcomer)
        before = [hub.export(node.commune) for node in nodes]
        devices = {row["device"] for row in hub.devices()}
        hub.stop()

        shutil.rmtree(hub.data)
        outcome = self.restore(hub, file)
        self.assertIn("nothing else is to be done", outcome.err)
        self.assertFalse((hub.data / "recovery-key.txt").exists())
        self.assertEqual((hub.data / "hub.toml").read_text(encoding="utf-8"), QUICK_HUB)
        self.assertNotEqual(hub.export(always.commune), before[0])
        hub.start()
        support.wait_until(lambda: hub.export(always.commune) == before[0],
                           "the running node to bring everything back")
        support.wait_until(lambda: always.status()["synced"], "the running node to hear of it")
        heard = other.sync()
        self.assertEqual((heard["synced"], heard["hub_went_back"]), (True, True))
        newcomer.sync(expect=None)
        self.assertTrue(newcomer.sync()["synced"])
        self.assertEqual([hub.export(node.commune) for node in nodes], before)
        self.assertEqual({row["device"] for row in hub.devices()}, devices)
        self.assertEqual([row["doubt"] for row in hub.devices() if row["unit"] != "province"],
                         [None] * 3)
        always.stop()
        self.assert_level(hub, *nodes)

    def test_hub_and_node_restored_together(self):
        hub = self.new_hub()
        nodes = [self.node(f"node{number}", hub) for number in (0, 1)]
        nodes[0].take(self.some_work("early", 20)[0])
        nodes[0].sync()
        self.create(nodes[0], self.folder / "node.backup")
        self.create(hub, self.folder / "hub.backup")
        nodes[0].take(self.some_work("late", 20, skip=20)[0])
        nodes[0].sync()
        nodes[1].sync()
        everything = hub.export(support.BLAO)
        hub.stop()
        for program in (hub, nodes[0]):
            shutil.rmtree(program.data)
            self.restore(program, self.folder / f"{program.name[:4].rstrip('0')}.backup")
        hub.start()
        # The commune's other computer still holds all of it.
        for node in (nodes[1], nodes[0], nodes[1], nodes[0]):
            node.sync()
        self.assertEqual(hub.export(support.BLAO), everything)
        self.assert_level(hub, *nodes)


class Proofs(Backup):
    def backup_of_node(self):
        hub = self.new_hub()
        node = self.node("node", hub)
        node.take(self.some_work("work", 3)[0])
        node.sync()
        file = self.folder / "node.backup"
        self.create(node, file)
        return hub, node, file

    def test_verify_tells_whose_it_is_and_opens_it_with_the_key_only(self):
        hub, node, file = self.backup_of_node()
        proved = self.verify(node, file).json
        self.assertEqual(proved["device"], hub.device_of(support.BLAO))
        self.assertEqual((proved["opened"], proved["ok"]), (False, True))
        opened = self.open(node, file).json
        self.assertEqual((opened["opened"], opened["ok"], opened["errors"]), (True, True, 0))
        self.assertEqual(opened["entries"], self.entries_of(node))
        # Anybody's program proves it; only a node's opens it.
        self.verify(hub, file)
        self.open(hub, file, expect=support.USAGE)
        content = file.read_bytes()
        for secret in ("SQLite format", "identity.json", "hub_url", "recovery_key", "127.0.0.1"):
            self.assertNotIn(secret.encode(), content)

    def test_every_kind_of_damage_is_found_and_leaves_nothing(self):
        _, node, file = self.backup_of_node()
        content = file.read_bytes()
        size = len(content)
        damaged = self.folder / "damaged"
        places = sorted({0, 11, 12, 15, 16, 17, 20, 60, size - 1, size - 64, size - 65}
                        | {self.random.randrange(size) for _ in range(FLIPS)})
        wrecks = [content[:at] + bytes([content[at] ^ 1 << self.random.randrange(8)]) +
                  content[at + 1:] for at in places]
        cuts = sorted({0, 1, 12, 16, 100, size - 1, size - 64, size - 65}
                      | {self.random.randrange(size) for _ in range(CUTS)})
        wrecks += [content[:cut] for cut in cuts] + [content + b"\0", content * 2]
        before = sorted(self.folder.iterdir())
        for wreck in wrecks:
            damaged.write_bytes(wreck)
            self.verify(node, damaged, expect=support.UNVERIFIED)
        target = self.folder / "restored"
        for wreck in self.random.sample(wrecks, RESTORES_OF_DAMAGED):
            damaged.write_bytes(wreck)
            error = self.restore(node, damaged, data=target, expect=support.UNVERIFIED).json
            self.assertEqual(error["error"]["code"], "unverified")
            self.open(node, damaged, expect=support.UNVERIFIED)
        damaged.unlink()
        self.assertEqual(sorted(self.folder.iterdir()), before)
        print(f"{len(wrecks)} damaged files of {size} bytes, all found", flush=True)

    def test_another_provinces_key_opens_nothing(self):
        _, node, file = self.backup_of_node()
        page = self.key_page
        self.new_hub("stranger")
        before = sorted(self.folder.iterdir())
        target = self.folder / "restored"
        self.restore(node, file, data=target, expect=support.UNVERIFIED)
        self.open(node, file, expect=support.UNVERIFIED)
        empty = self.folder / "node.log.empty"
        empty.write_bytes(b"")
        self.restore(node, file, data=target, key=empty, expect=support.USAGE)
        empty.unlink()
        self.restore(node, file, data=target, key=self.folder / "none", expect=None)
        self.restore(node, file, data=target, key="-", feed=b"not a key", expect=support.USAGE)
        self.assertEqual(sorted(self.folder.iterdir()), before)
        self.restore(node, file, data=target, key="-", feed=page_typed_by_hand(page))
        self.assertTrue((target / "identity.json").exists())

    def test_nothing_that_is_there_is_overwritten(self):
        hub, node, file = self.backup_of_node()
        content = file.read_bytes()
        self.create(node, file, expect=support.FAILED)
        self.assertEqual(file.read_bytes(), content)
        self.create(node, file, "--force")
        self.assertNotEqual(file.read_bytes(), content)
        state = node.export()
        self.restore(node, file, data=node.data, expect=support.FAILED)
        self.assertEqual(node.export(), state)
        full = self.folder / "full"
        full.mkdir()
        (full / "something").write_text("mine", encoding="utf-8")
        self.restore(node, file, data=full, expect=support.FAILED)
        self.assertEqual([path.name for path in full.iterdir()], ["something"])
        (full / "something").unlink()
        self.restore(node, file, data=full)
        self.create(node, self.folder / "none" / "file", expect=support.FAILED)
        stranger = support.Node(self, "stranger")
        self.create(stranger, self.folder / "x", expect=support.NOT_ENROLLED)
        self.run_backup(node, "create", expect=support.USAGE)
        self.run_backup(hub, "restore", file, expect=support.USAGE)
        self.assertFalse(any(path.name.startswith(".") for path in self.folder.iterdir()))


def page_typed_by_hand(path):
    """The key alone, in groups of four."""
    digits = path.read_text(encoding="utf-8").split()[-1]
    return " ".join(digits[at:at + 4] for at in range(0, len(digits), 4)).upper().encode()


class Killed(Backup):
    def kill_after(self, seconds, program, *words):
        process = subprocess.Popen([str(program._binary), "backup", *map(str, words)],
                                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL)
        self.own(process)
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def test_killed_half_way_it_can_be_done_again(self):
        hub = self.new_hub()
        node = self.node("node", hub)
        node.take(events.BASE)
        node.sync()
        file = self.folder / "node.backup"
        started = os.times().elapsed
        self.create(node, file)
        seconds = os.times().elapsed - started
        torn = self.folder / "torn.backup"
        whole = 0
        for _ in range(KILLS):
            self.kill_after(self.random.uniform(0, seconds * 1.2), node, "create", "--data",
                            node.data, torn)
            if torn.exists():
                self.verify(node, torn)
                torn.unlink()
                whole += 1
        self.create(node, torn)
        self.assertFalse((node.data / "backup.copy").exists())
        target = self.folder / "restored"
        back = support.Node(self, "restored")
        for _ in range(KILLS):
            self.kill_after(self.random.uniform(0, seconds * 1.2), node, "restore", "--data",
                            target, "--recovery-key", self.key_page, torn)
            if target.exists():
                self.assertEqual(back.export(), node.export())
                shutil.rmtree(target)
                whole += 1
        self.restore(node, torn, data=target)
        left = [path.name for path in self.folder.iterdir() if path.name.startswith(".")]
        self.assertEqual(left, [])
        self.assertEqual(back.export(), node.export())
        back.verify()
        node.verify()
        print(f"{2 * KILLS} kills within {seconds * 1.2:.2f} s, {whole} came too late", flush=True)

    def test_created_beside_daemons_that_work(self):
        hub = self.new_hub(settings=QUICK_HUB)
        node = self.node("node", hub, settings=QUICK_NODE).start()
        lines = self.folder / "part"
        taken = 0
        work = events.read(events.BASE)
        for number in range(5):
            piece = work[number * 200:(number + 1) * 200]
            taken += node.take(events.write(lines, piece))["accepted"]
            for program in (node, hub):
                file = self.folder / f"{program.name}{number}.backup"
                self.create(program, file)
                opened = self.open(program, file).json
                self.assertEqual(opened["errors"], 0)
                if program is node:
                    self.assertGreaterEqual(opened["entries"], taken)
        support.wait_until(lambda: node.status()["synced"], "the daemon to hand everything in")
        self.assert_level(hub, node)
        # The oldest of them all, in place of both.
        node.stop()
        hub.stop()
        everything = node.export()
        shutil.rmtree(hub.data)
        self.restore(hub, self.folder / "hub0.backup")
        hub.start()
        node.sync()
        self.assertEqual(hub.export(support.BLAO), everything)
        self.assert_level(hub, node)
        self.assertEqual(json.loads(self.create(node, self.folder / "last").out)["unit"],
                         support.BLAO)


if __name__ == "__main__":
    support.main()
