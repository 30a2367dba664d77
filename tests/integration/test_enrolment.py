#!/usr/bin/env python3
# Goal: one code enrols one computer, in every form in which it can be handed over, also after cuts.
# Method: the code on the command line, typed, in a file, on stdin; a line that is cut on the way.

import json

import events
import line
import support

CUTS = 8
BYTES_MAX = 6000  # an enrolment takes about 4 kB both ways


class Enrolment(support.Case):
    def check_works(self, hub, node):
        node.take(events.AFTERNOON)
        self.assertTrue(node.sync()["synced"])
        self.assert_level(hub, node)

    def test_every_form_of_the_code(self):
        hub = self.hub()

        def fresh():
            words = ("code", "create", "--commune", support.BLAO, "--hub-url", hub.url, "--json")
            return hub.command(*words).json

        typed = support.Node(self, "typed")
        typed.command("enroll", fresh()["typed"].lower())
        stdin = support.Node(self, "stdin")
        stdin.command("enroll", "-", feed=(fresh()["code"] + "\n").encode())
        file = support.Node(self, "file")
        path = self.folder / "commune.enroll"
        path.write_text(json.dumps(fresh()), encoding="utf-8")
        told = file.command("enroll", str(path), "--json").json
        self.assertEqual(told["unit"], support.BLAO)
        for node in (typed, stdin, file):
            self.check_works(hub, node)
        self.assertEqual({row["state"] for row in hub.devices()}, {"active"})

    def test_enrolled_folder_is_not_enrolled_again(self):
        hub = self.hub()
        node = self.node("node", hub)
        node.command("enroll", hub.new_code(support.BAO_LAM_2), expect=support.FAILED)
        self.assertEqual(node.status()["unit"], support.BLAO)
        self.check_works(hub, node)

    def test_unreachable_hub_keeps_the_code_good(self):
        hub = self.hub()
        code = hub.new_code(support.BLAO)
        hub.stop()
        node = support.Node(self, "node")
        node.command("enroll", code, expect=support.UNAVAILABLE)
        hub.start()
        node.command("enroll", code)
        self.check_works(hub, node)

    def test_same_code_serves_the_same_computer_after_cuts(self):
        way = line.Line()
        self.addCleanup(way.close)
        hub = self.hub(line=way)
        code = hub.new_code(support.BLAO)
        node = support.Node(self, "node")
        enrolled = False
        for _ in range(CUTS):
            way.cut_after(self.random.randrange(1, BYTES_MAX))
            outcome = node.command("enroll", code, expect=None)
            if enrolled:
                self.assertEqual(outcome.code, support.FAILED, outcome)
            else:
                self.assertIn(outcome.code, (support.OK, support.UNAVAILABLE), outcome)
            enrolled = enrolled or outcome.code == support.OK
        way.never_cut()
        if not enrolled:
            node.command("enroll", code)
        self.assertEqual(len(hub.devices()), 1)
        self.check_works(hub, node)


if __name__ == "__main__":
    support.main()
