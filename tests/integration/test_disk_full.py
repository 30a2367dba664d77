#!/usr/bin/env python3
# Goal: a full disk loses nothing that was acknowledged, is shown, and is over once there is room.
# Method: node and hub on small file systems of their own in memory, filled up by a file beside them
# while they work; then the file goes.

import os
import subprocess

import events
import support

MIB = 1 << 20
QUICK_HUB = "[sync]\ncome_back_s = 1\n"
QUICK_NODE = "[link]\nretry_first_s = 1\nretry_longest_s = 2\n"
BALLAST = "[disk]\nballast_mib = 4\n"
CHUNK = 500  # lines that the importer saves together


class DiskFull(support.Case):
    def small_disk(self, name, mib):
        """A file system of so many MiB where the folder `name` will be."""
        place = self.folder / name
        place.mkdir(mode=0o700)
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={mib}m,mode=0700", "tmpfs",
                        str(place)], check=True)
        self.addCleanup(subprocess.run, ["umount", "-l", str(place)], check=False)
        return place

    def fill(self, place, leave):
        """Leaves so many bytes."""
        space = os.statvfs(place)
        size = max(space.f_bavail * space.f_frsize - leave, 4096)
        with open(place / "filler", "wb") as filler:
            os.posix_fallocate(filler.fileno(), 0, size)

    def node_on(self, place, hub):
        (place / "node").mkdir(mode=0o700)
        (place / "node" / "node.toml").write_text(QUICK_NODE + BALLAST, encoding="utf-8")
        node = support.Node(self, "node")
        node.data = place / "node"
        node.command("enroll", hub.new_code(node.commune))
        self.assertFalse(node.status()["read_only"])
        self.assertEqual((node.data / "ballast").stat().st_size, 4 * MIB)
        return node

    def check_full(self, node):
        """Nothing new is taken, and that is said; reading goes on."""
        self.assertTrue(node.status()["read_only"])
        self.assertIn("chỉ đọc", node.command("status").out.decode())
        refused = node.command("import", "--json", str(events.AFTERNOON), expect=support.FAILED)
        self.assertIn("ổ đĩa đã đầy", refused.err)
        self.assertIn("disk is full", refused.err)
        self.assertEqual((node.data / "ballast").stat().st_size, 0)
        node.export()
        node.verify()

    def test_import_meets_the_end_of_the_disk(self):
        hub = self.hub(settings=QUICK_HUB)
        place = self.small_disk("small", 40)
        node = self.node_on(place, hub)
        self.fill(place, self.random.randrange(64 << 10, 2 * MIB))
        failed = node.command("import", "--json", str(events.MONTH), expect=support.FAILED)
        self.assertIn("ổ đĩa đã đầy", failed.err)
        self.check_full(node)
        kept = node.status()["pending_entries"]
        self.assertGreater(kept, 0)
        self.assertLess(kept, events.MONTH_ENTRIES)
        # What was saved can be handed in although the disk is full: the ballast made room for it.
        report = node.sync()
        self.assertEqual(report["sent_entries"], kept)
        self.assertTrue(node.status()["read_only"])
        (place / "filler").unlink()
        self.assertFalse(node.status()["read_only"])
        self.assertEqual((node.data / "ballast").stat().st_size, 4 * MIB)
        taken = node.take(events.MONTH)
        self.assertEqual((taken["accepted"], taken["known"]), (events.MONTH_ENTRIES - kept, kept))
        self.assertTrue(node.sync()["synced"])
        self.assert_level(hub, node)

    def test_what_the_daemon_acknowledged_is_there_after_a_kill(self):
        hub = self.hub(settings=QUICK_HUB)
        place = self.small_disk("small", 40)
        node = self.node_on(place, hub)
        hub.kill()  # nothing leaves the node
        node.start()
        self.fill(place, self.random.randrange(64 << 10, 2 * MIB))
        lines = events.MONTH.read_text(encoding="utf-8").splitlines(keepends=True)
        acknowledged = 0
        for at in range(0, len(lines), CHUNK):
            part = self.folder / "part.jsonl"
            part.write_text("".join(lines[at:at + CHUNK]), encoding="utf-8")
            done = node.command("import", "--json", str(part), expect=None)
            if done.code != support.OK:
                self.assertEqual(done.code, support.FAILED, done)
                break
            acknowledged += done.json["accepted"]
        else:
            self.fail("the disk was never full")
        node.wait_for_line(r"error disk\.full read_only=yes ballast_freed=4194304")
        self.check_full(node)
        self.assertTrue(node.runs)
        node.kill()
        self.check_full(node)
        self.assertEqual(node.status()["pending_entries"], acknowledged)
        node.start()
        (place / "filler").unlink()
        node.take(events.MONTH)
        node.wait_for_line(r"info disk\.has_room")
        hub.start()
        support.wait_until(lambda: node.status()["synced"], "the daemon to hand everything in")
        self.assert_level(hub, node)

    def test_hub_tells_nodes_to_come_back(self):
        place = self.small_disk("hub", 40)
        hub = support.Hub(self, settings=QUICK_HUB + BALLAST)
        hub.start()
        node = self.node("node", hub)
        self.assertTrue(node.sync()["synced"])
        self.fill(place, 64 << 10)
        node.take(events.MONTH)
        for _ in range(3):
            report = node.sync(expect=support.UNAVAILABLE)
            if hub.status()["read_only"]:
                break
        self.assertTrue(hub.status()["read_only"])
        self.assertEqual(report["error"]["code"], "unavailable")
        hub.wait_for_line(r"error disk\.full read_only=yes")
        node.sync(expect=support.UNAVAILABLE)
        hub.verify()
        hub.kill()
        hub.start()
        self.assertTrue(hub.status()["read_only"])
        (place / "filler").unlink()
        self.assertTrue(node.sync()["synced"])
        self.assertFalse(hub.status()["read_only"])
        self.assert_level(hub, node)


if __name__ == "__main__":
    support.main()
