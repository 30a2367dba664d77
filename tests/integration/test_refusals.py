#!/usr/bin/env python3
# Goal: whoever may not come in is told so in one line, by exit code, and stands in the hub's log.
# Method: bad codes, a foreign authority, a revoked node, another commune; logs hold no citizen.

import json

import events
import support

SAFE = "What was saved here is safe and is sent later."  # what a failed sync says besides


class Refusals(support.Case):
    def check_refused(self, outcome, code, word):
        self.assertEqual(outcome.code, code, outcome)
        lines = [row for row in outcome.err.splitlines() if row != SAFE]
        self.assertEqual(len(lines), 1, outcome)
        self.assertTrue(lines[0].startswith("tram-node: "), outcome)
        self.assertIn(word, lines[0].lower())

    def check_logged(self, hub, pattern):
        support.wait_until(lambda: pattern in hub.log(), f"{pattern!r} in the hub's log")

    def enrol(self, name, code):
        node = support.Node(self, name)
        return node.command("enroll", code, expect=None)

    def test_wrong_code(self):
        hub = self.hub()
        code = hub.new_code(support.BLAO)
        last = "0" if code[-1] != "0" else "2"
        wrong = code[:-2] + last + last
        self.check_refused(self.enrol("node", wrong), support.REFUSED, "wrong")
        self.check_logged(hub, "wrong_code")

    def test_used_code(self):
        hub = self.hub()
        code = hub.new_code(support.BLAO)
        self.assertEqual(self.enrol("first", code).code, support.OK)
        self.check_refused(self.enrol("second", code), support.REFUSED, "used")
        self.check_logged(hub, "used_code")

    def test_expired_code(self):
        hub = self.hub()
        code = hub.new_code(support.BLAO, "--hours", "0")
        self.check_refused(self.enrol("node", code), support.REFUSED, "expired")
        self.check_logged(hub, "expired_code")

    def test_code_that_is_none(self):
        self.check_refused(self.enrol("node", "hello"), support.REFUSED, "wrong")

    def test_not_enrolled(self):
        node = support.Node(self, "node")
        for words in (("sync",), ("status",), ("export",), ("import", str(events.AFTERNOON))):
            self.check_refused(node.command(*words, expect=None), support.NOT_ENROLLED, "")

    def change_identity(self, node, change):
        path = node.data / "identity.json"
        identity = json.loads(path.read_text(encoding="utf-8"))
        change(identity)
        path.write_text(json.dumps(identity), encoding="utf-8")

    def test_hub_of_another_authority(self):
        hub = self.hub()
        other = support.Hub(self, "other-hub").start()
        node = self.node("node", hub)
        node.take(events.AFTERNOON)
        self.change_identity(node, lambda identity: identity.update(hub_url=other.url))
        self.check_refused(node.command("sync", expect=None), support.UNVERIFIED, "authority")
        self.assertEqual(node.status()["pending_entries"], events.AFTERNOON_ENTRIES)

    def test_certificate_of_another_authority(self):
        hub = self.hub()
        other = support.Hub(self, "other-hub").start()
        node = self.node("node", hub)
        stranger = support.Node(self, "stranger", other)
        node.take(events.AFTERNOON)
        foreign = json.loads((stranger.data / "identity.json").read_text(encoding="utf-8"))
        keep = ("hub_url", "authority")
        self.change_identity(
            node, lambda identity: identity.update({key: foreign[key] for key in keep}))
        self.check_refused(node.command("sync", expect=None), support.REFUSED, "certificate")
        self.check_logged(other, "refused")
        self.assertNotIn(support.BLAO, other.status()["feeds"])

    def test_revoked_node(self):
        hub = self.hub()
        node = self.node("node", hub)
        node.take(events.AFTERNOON)
        device = hub.device_of(support.BLAO)
        hub.command("node", "revoke", device)
        self.check_refused(node.command("sync", expect=None), support.REFUSED, "revoked")
        self.check_logged(hub, f"hub.refused device={device}")
        self.assertEqual([row["state"] for row in hub.devices()], ["revoked"])
        self.assertEqual(node.status()["pending_entries"], events.AFTERNOON_ENTRIES)

    def test_node_that_asks_for_another_commune(self):
        hub = self.hub()
        neighbour = self.node("neighbour", hub, support.BAO_LAM_2)
        neighbour.take(events.AFTERNOON)
        neighbour.sync()
        node = self.node("node", hub)
        self.change_identity(node, lambda identity: identity.update(unit=support.BAO_LAM_2))
        self.check_refused(node.command("sync", expect=None), support.REFUSED, "commune")
        self.check_logged(hub, "code=refused")
        self.assertEqual(node.export(), b"")


if __name__ == "__main__":
    support.main()
