#!/usr/bin/env python3
# Goal: a flush that the disk refuses ends the daemon, loudly, and what was acknowledged stands.
# Method: strace makes every fsync of a running daemon fail; the daemon is started again without it.

import subprocess

import events
import support

TRIES = 5
QUICK_HUB = "[sync]\ncome_back_s = 1\n"


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

    def import_into_failing(self, node):
        """The daemon may be gone before it has answered; it never says that it has saved."""
        for _ in range(TRIES):
            self.fail_flushes(node)
            done = node.command("import", "--json", str(events.AFTERNOON), expect=None)
            if done.code != support.OK:
                self.assertIn(done.code, (support.FAILED, support.UNAVAILABLE), done)
                return
            # A flush of its own (a checkpoint, a contact) ended the daemon first, and the command
            # saved by itself. Had the daemon saved, it would still be there.
            self.check_ended(node)
            node.start()
        self.fail("no daemon was there to take the import")

    def test_of_a_node(self):
        hub = self.hub(settings=QUICK_HUB)
        node = self.node("node", hub).start()
        support.wait_until(lambda: node.status()["synced"], "the first contact")
        node.take(events.BASE)
        hub.kill()
        self.import_into_failing(node)
        self.check_ended(node)
        node.start()
        node.verify()
        self.assertEqual(node.take(events.BASE)["known"], events.BASE_ENTRIES)
        node.take(events.AFTERNOON)
        hub.start()
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
