#!/usr/bin/env python3
# Goal: one process works on a data folder; every other one is told so at once and harms nothing.
# Method: 20 daemons started together on one folder, of node and hub; commands beside the one left.

import re
import signal
import subprocess
import time

import events
import support

STARTS = 20
REFUSED_WITHIN_SECONDS = 20  # all 20 share two cores; alone it takes a few hundredths
HELD = re.compile(r"is in use by process (\d+)")


def name_of(program):
    return "tram-hub" if isinstance(program, support.Hub) else "tram-node"


class SecondInstance(support.Case):
    def start_many(self, program):
        """Daemons started at once; those that ended, with what they said, and those that run."""
        words = [str(support.BIN / name_of(program)), "run", "--data", str(program.data)]
        if isinstance(program, support.Hub):
            words += ["--listen", "127.0.0.1:0"]
        begun = time.monotonic()
        started = [subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                    stderr=subprocess.PIPE) for _ in range(STARTS)]
        for process in started:
            self.own(process)
        support.wait_until(
            lambda: sum(process.poll() is None for process in started) <= 1,
            f"all of {STARTS} daemons but one to end", REFUSED_WITHIN_SECONDS)
        print(f"{program.name}: {STARTS - 1} refused after {time.monotonic() - begun:.2f} s",
              flush=True)
        running = [process for process in started if process.poll() is None]
        self.assertEqual(len(running), 1, "one daemon stays")
        ended = [process for process in started if process is not running[0]]
        return running[0], ended

    def check_refused(self, program, running, ended):
        for process in ended:
            out, err = process.communicate()
            text = err.decode("utf-8", "replace")
            self.note_talk(program.name, text)
            self.assertEqual((process.returncode, out), (support.FAILED, b""), text)
            [line] = text.splitlines()
            self.assertTrue(line.startswith(f"{name_of(program)}: "), line)
            self.assertEqual(int(HELD.search(line)[1]), running.pid, line)

    def check_stops(self, running):
        running.send_signal(signal.SIGTERM)
        _, err = running.communicate(timeout=support.COMMAND_SECONDS)
        self.assertEqual(running.returncode, 0, err)

    def test_twenty_nodes(self):
        hub = self.hub()
        node = self.node("node", hub)
        node.take(events.AFTERNOON)
        before = node.export()
        for _ in range(2):
            running, ended = self.start_many(node)
            self.check_refused(node, running, ended)
            self.assertEqual(node.export(), before)
            self.assertEqual(node.take(events.AFTERNOON)["known"], events.AFTERNOON_ENTRIES)
            self.assertTrue(node.sync()["synced"])
            self.assert_level(hub, node)
            self.check_stops(running)
        self.assert_level(hub, node)

    def test_twenty_hubs(self):
        hub = self.hub()
        node = self.node("node", hub)
        node.take(events.AFTERNOON)
        node.sync()
        before = hub.export(support.BLAO)
        hub.stop()
        running, ended = self.start_many(hub)
        self.check_refused(hub, running, ended)
        self.assertEqual(hub.export(support.BLAO), before)
        hub.verify()
        hub.new_code(support.BAO_LAM_2)
        self.check_stops(running)
        hub.start()
        self.assertTrue(node.sync()["synced"])
        self.assert_level(hub, node)

    def test_twenty_commands_take_turns(self):
        """Commands wait for each other, with and without a daemon: nothing is lost."""
        hub = self.hub()
        node = self.node("node", hub)
        codes, lines = events.first_dossiers(STARTS)
        for with_daemon in (False, True):
            if with_daemon:
                node.start()
            feeds = []
            for number in range(STARTS):
                mine = [line for line in lines if line["dossier"] == codes[number]]
                half = len(mine) // 2
                part = mine[half:] if with_daemon else mine[:half]
                feeds.append(events.write(self.folder / f"{number}.jsonl", part))
            commands = [node.begin("import", "--json", str(feed)) for feed in feeds]
            for command in commands:
                _, err = command.communicate(timeout=support.COMMAND_SECONDS)
                text = err.decode("utf-8", "replace")
                self.note_talk("import", text)
                # Beside a daemon the ninth at once is told to come again: that is its limit.
                allowed = (support.OK, support.UNAVAILABLE) if with_daemon else (support.OK,)
                self.assertIn(command.returncode, allowed, text)
            for feed in feeds:
                node.take(feed)
        everything = events.write(self.folder / "everything.jsonl", lines)
        self.assertEqual(node.take(everything)["known"], len(lines))
        self.assertTrue(node.sync()["synced"])
        self.assert_level(hub, node)
        alone = self.node("alone", self.hub(name="another-hub"))
        alone.take(everything)
        self.assertEqual(node.export(), alone.export())


if __name__ == "__main__":
    support.main()
