#!/usr/bin/env python3
# Goal: two computers of a commune that edit the same dossiers offline end in one state everywhere,
# Method: and every clash that no rule settles is listed once, with both values, until decided.

import json

import events
import support

DOSSIERS = 50
EDITED_AT = 1_753_500_000_000  # after the last event of these dossiers
STEP_MS = 60_000

ORDERS = (
    ("first", "second", "first"),
    ("second", "first", "second"),
    ("first", "first", "second", "second", "first", "second", "first"),
)


def edits_of(number):
    """What the two computers write into the dossier of this number, and the field that clashes."""
    kind = number // 10
    if kind == 0:
        return {"phone": f"09010000{number:02}"}, {"address": f"Thôn {number}, xã Mới"}, None
    if kind == 1:
        return {"phone": f"09020000{number:02}"}, {"phone": f"09030000{number:02}"}, "phone"
    if kind == 2 and number % 2:
        return {"phone": f"09040000{number:02}"}, {"phone": f"09040000{number:02}"}, None
    if kind == 2:
        return {"officer": "Cán bộ Một", "step": 5}, {"officer": "Cán bộ Hai", "step": 6}, None
    if kind == 3 and number % 2:
        return {"status": "cho_bo_sung"}, {"status": "trinh_ky"}, None
    if kind == 3:
        return {"status": "da_tra_ket_qua"}, {"status": "cong_dan_rut"}, "status"
    return ({"notes": f"Ghi chú một {number}", "fee_paid": True},
            {"notes": f"Ghi chú hai {number}", "fee_paid": True}, "notes")


class Conflicts(support.Case):
    worlds = 0

    def edit_offline(self, order):
        """A hub and two nodes that have edited apart and then synced in this order."""
        codes, base = events.first_dossiers(DOSSIERS)
        self.worlds += 1
        hub = self.hub(name=f"hub{self.worlds}")
        nodes = {name: self.node(f"{name}{self.worlds}", hub) for name in ("first", "second")}
        nodes["first"].take(events.write(self.folder / "base.jsonl", base))
        nodes["first"].sync()
        nodes["second"].sync()
        clashes = {}
        files = {"first": [], "second": []}
        for number, code in enumerate(codes):
            one, two, clash = edits_of(number)
            at = EDITED_AT + number * STEP_MS
            files["first"].append(events.update(code, at, one))
            files["second"].append(events.update(code, at + 1000, two))
            if clash:
                clashes[code] = (clash, one[clash], two[clash])
        for name, lines in files.items():
            taken = nodes[name].take(events.write(self.folder / f"{name}.jsonl", lines))
            self.assertEqual(taken["accepted"], DOSSIERS)
        for name in order:
            nodes[name].sync()
        return hub, nodes["first"], nodes["second"], clashes

    def check_clashes(self, node, clashes):
        listed = node.conflicts()
        seen = {(conflict["code"], conflict["field"]) for conflict in listed}
        self.assertEqual(len(seen), len(listed), "a conflict is listed twice")
        self.assertEqual(seen, {(code, clash[0]) for code, clash in clashes.items()})
        for conflict in listed:
            _, one, two = clashes[conflict["code"]]
            values = {str(value["value"]) for value in conflict["values"]}
            self.assertEqual(values, {str(one), str(two)}, conflict)
        self.assertEqual(node.status()["conflicts"], len(clashes))

    def test_every_order_of_syncs_gives_one_state(self):
        exports = set()
        for order in ORDERS:
            with self.subTest(order=order):
                hub, first, second, clashes = self.edit_offline(order)
                self.assert_level(hub, first, second)
                self.check_clashes(first, clashes)
                self.check_clashes(second, clashes)
                self.check_fields(first.export())
                exports.add(first.export())
                hub.stop()
        self.assertEqual(len(exports), 1, "the order of syncs shows in the state")

    def test_decisions_clear_the_conflicts_everywhere(self):
        hub, first, second, clashes = self.edit_offline(ORDERS[0])
        listed = {row["code"]: row for row in first.conflicts()}
        phone = next(code for code, clash in clashes.items() if clash[0] == "phone")
        notes = next(code for code, clash in clashes.items() if clash[0] == "notes")
        status = next(code for code, clash in clashes.items() if clash[0] == "status")
        kept = listed[phone]["values"][0]
        first.command("conflict", "decide", phone, "phone", "--entry", kept["entry"])
        first.command("conflict", "decide", notes, "notes", "--value", '"Nhập khác"')
        second.command("conflict", "decide", status, "status", "--value", '"cong_dan_rut"')
        for node in (first, second, first):
            node.sync()
        for code in (phone, notes, status):
            del clashes[code]
        self.assert_level(hub, first, second)
        self.check_clashes(first, clashes)
        self.check_clashes(second, clashes)
        records = {row["fields"]["code"]: row for row in map(json.loads, hub.export(
            support.BLAO).splitlines())}
        self.assertEqual(records[phone]["fields"]["phone"], kept["value"])
        self.assertEqual(records[notes]["fields"]["notes"], "Nhập khác")
        self.assertEqual(records[status]["fields"]["status"], "cong_dan_rut")
        for code in (phone, notes, status):
            self.assertNotIn("conflicts", records[code])
        again = first.command("conflict", "decide", notes, "notes", "--value", '"x"', expect=None)
        self.assertEqual(again.code, support.FAILED)

    def test_two_different_decisions_are_a_conflict_of_decisions(self):
        hub, first, second, clashes = self.edit_offline(ORDERS[0])
        code = next(code for code, clash in clashes.items() if clash[0] == "phone")
        for node, number in ((first, "0911111111"), (second, "0922222222")):
            node.command("conflict", "decide", code, "phone", "--value", json.dumps(number))
        for node in (first, second, first):
            node.sync()
        self.assert_level(hub, first, second)
        [open_row] = [row for row in second.conflicts() if row["code"] == code]
        self.assertEqual({value["value"] for value in open_row["values"]},
                         {"0911111111", "0922222222"})
        self.assertTrue(all(value["decision"] for value in open_row["values"]))

    def check_fields(self, export):
        for line in export.splitlines():
            record = json.loads(line)
            fields = record["fields"]
            if fields.get("officer") in ("Cán bộ Một", "Cán bộ Hai"):
                self.assertEqual(fields["officer"], "Cán bộ Hai", "the later time holds")
                self.assertNotIn("officer", record.get("conflicts", {}))


if __name__ == "__main__":
    support.main()
