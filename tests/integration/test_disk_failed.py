#!/usr/bin/env python3
# Goal: a flush that the disk refuses ends the daemon, loudly, and what was acknowledged stands.
# Method: strace makes every fsync of a running daemon fail; the daemon is started again without it.

import subprocess

import events
import support

QUICK_HUB = "[sync]\ncome_back_s = 1\n"
PATIENT_NODE = "[link]\nretry_first_s = 3600\nretry_longest_s = 3600\n"


class DiskFailed(support.Case):
    def fail_flushes(self, program):
        """From now on, until the process ends."""
        words = ["strace", "-f", "-p", str(program.process.pid), "-e", "trace=fsync,fdatasync",
                 "-e", "inject=fsync,fdatasync:error=EIO"]
        tracer = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE)
        self.own(tracer)
        # It tells of each thread that it holds; one line is enough: -f takes them together.
        self.assertIn(b"attached", tracer.stderr.readline())

    def check_ended(self, program):
        program.process.wait(support.WAIT_SECONDS)
        self.assertEqual(program.process.returncode, support.FAILED, program.log())
        self.assertIn("error disk.failed", program.log())
        self.assertIn("the disk failed while it saved", program.log())

    def start_quiet(self, node):
        """A daemon that flushes nothing of its own: its contact has failed, the next is far."""
        node.start()
        node.wait_for_line(r"node\.link_down")

    def test_of_a_node(self):
        hub = self.hub(settings=QUICK_HUB)
        node = self.node("node", hub, settings=PATIENT_NODE)
        node.take(events.BASE)
        self.assertTrue(node.sync()["synced"])
        hub.kill()
        self.start_quiet(node)
        self.fail_flushes(node)
        done = node.command("import", "--json", str(events.AFTERNOON), expect=None)
        self.assertIn(done.code, (support.FAILED, support.UNAVAILABLE), done)
        self.check_ended(node)
        self.start_quiet(node)
        node.verify()
        self.assertEqual(node.take(events.BASE)["known"], events.BASE_ENTRIES)
        node.take(events.AFTERNOON)
        node.stop()
        hub.start()
        node.start()
        support.wait_until(lambda: node.status()["synced"], "everything to be handed in")
        self.assert_level(hub, node)

    def test_of_a_hub(self):
        hub = self.hub(settings=QUICK_HUB)
        node = self.node("node", hub)
        self.assertTrue(node.sync()["synced"])
        self.fail_flushes(hub)
        node.take(events.AFTERNOON)
        node.sync(expect=support.UNAVAILABLE)
        self.check_ended(hub)
        hub.start()
        self.assertTrue(node.sync()["synced"])
        self.assert_level(hub, node)


if __name__ == "__main__":
    support.main()
