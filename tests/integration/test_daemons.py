#!/usr/bin/env python3
# Goal: every command does the same beside a running daemon and without one; the daemon catches up.
# Method: the same commands in both situations, a second daemon, a hub and a line that come and go.

import json

import events
import line
import support

QUICK_HUB = "[sync]\ncome_back_s = 1\n"
QUICK_NODE = "[link]\nretry_first_s = 1\nretry_longest_s = 2\n"


class Daemons(support.Case):
    def check_node_commands(self, node, synced):
        status = node.status()
        for key in ("pending_entries", "pending_bytes", "conflicts", "head", "receipt", "link",
                    "clock_offset_ms", "disk_free_bytes", "synced"):
            self.assertIn(key, status)
        self.assertEqual(status["synced"], synced)
        self.assertEqual(node.conflicts(), [])
        node.command("status")
        node.command("conflict", "list")
        node.verify()
        return node.export()

    def test_commands_without_and_beside_the_nodes_daemon(self):
        hub = self.hub(settings=QUICK_HUB)
        node = self.node("node", hub, settings=QUICK_NODE)
        node.take(events.AFTERNOON)
        done = node.sync()
        self.assertEqual(done["sent_entries"], events.AFTERNOON_ENTRIES)
        alone = self.check_node_commands(node, synced=True)
        node.start()
        support.wait_until(lambda: node.status()["synced"], "first contact of the daemon")
        self.assertEqual(self.check_node_commands(node, synced=True), alone)
        self.assertEqual(node.take(events.AFTERNOON)["accepted"], 0)
        self.assertEqual(node.take(events.BASE)["accepted"], events.BASE_ENTRIES)
        self.assertTrue(node.sync()["synced"])
        self.assert_level(hub, node)
        node.stop()
        self.assert_level(hub, node)
        node.sync()

    def test_hub_commands_without_and_beside_the_daemon(self):
        hub = self.hub()
        node = self.node("node", hub)
        node.take(events.AFTERNOON)
        node.sync()

        def answers():
            device = hub.device_of(support.BLAO)
            shown = hub.command("node", "show", device, "--json").json["nodes"]
            hub.verify()
            self.assertEqual([row["device"] for row in shown], [device])
            return hub.export(support.BLAO), device, hub.status()

        beside = answers()
        hub.stop()
        self.assertEqual(answers(), beside)
        code = hub.new_code(support.BAO_LAM_2)
        hub.start()
        support.Node(self, "late").command("enroll", code)

    def test_second_daemon_is_refused(self):
        hub = self.hub()
        node = self.node("node", hub).start()
        self.assertEqual(node.command("run", expect=support.FAILED).out, b"")
        self.assertEqual(hub.command("run", "--listen", "127.0.0.1:0", expect=support.FAILED).out,
                         b"")
        self.assertTrue(node.runs and hub.runs)
        node.stop()
        hub.stop()

    def test_daemon_waits_for_a_command_that_works_on_the_folder(self):
        hub = self.hub(settings=QUICK_HUB)
        node = self.node("node", hub, settings=QUICK_NODE)
        command = node.begin("import", "-", feed=True)
        support.wait_until(
            lambda: (node.data / "lock").read_text(encoding="ascii").strip() == str(command.pid),
            "the command to hold the folder")
        node.start_daemon()
        out, err = command.communicate(events.AFTERNOON.read_bytes())
        self.assertEqual((command.returncode, out), (support.OK, b""), err)
        node.wait_for_line(r"node\.running")
        support.wait_until(lambda: node.status()["synced"], "the daemon to hand everything in")
        self.assert_level(hub, node)

    def test_daemon_catches_up_when_hub_and_line_come_back(self):
        way = line.Line()
        self.addCleanup(way.close)
        hub = self.hub(line=way, settings=QUICK_HUB)
        first = self.node("first", hub, settings=QUICK_NODE).start()
        second = self.node("second", hub, settings=QUICK_NODE).start()
        hub.kill()
        self.assertEqual(first.take(events.BASE)["accepted"], events.BASE_ENTRIES)
        self.assertEqual(first.status()["pending_entries"], events.BASE_ENTRIES)
        hub.start()
        self.wait_for_both(first, second)
        way.take_down()
        first.take(events.AFTERNOON)
        way.bring_up()
        self.wait_for_both(first, second)
        self.assert_level(hub, first, second)

    def wait_for_both(self, first, second):
        support.wait_until(lambda: first.status()["synced"], "the daemon to hand everything in")
        support.wait_until(lambda: second.export() == first.export(), "the other one to receive it")

    def test_killed_daemon_leaves_nothing_in_the_way(self):
        hub = self.hub(settings=QUICK_HUB)
        node = self.node("node", hub, settings=QUICK_NODE).start()
        node.take(events.AFTERNOON)
        node.kill()
        self.check_after_kill(node)
        node.start()
        support.wait_until(lambda: node.status()["synced"], "the daemon to hand everything in")
        self.assert_level(hub, node)

    def check_after_kill(self, node):
        self.assertEqual(node.export().count(b"\n") > 0, True)
        for row in node.export().splitlines():
            json.loads(row)
        node.verify()


if __name__ == "__main__":
    support.main()
