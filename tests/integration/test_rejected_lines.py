#!/usr/bin/env python3
# Goal: bad lines are reported by number and reason, kept, and stop nothing else.
# Method: a file of good and bad lines, from disk and from stdin; unknown fields must survive.

import json

import events
import support


def good(number, **fields):
    code = f"H36.49-250801-{number:04}"
    return json.dumps({"t": 1_754_000_000_000 + number, "commune": 49, "dossier": code,
                       "kind": "create", "fields": {"code": code, **fields}}, ensure_ascii=False)


def event_with(**members):
    return json.dumps({"t": 1, "dossier": "H36.49-250801-0900", "kind": "update",
                       "fields": {"phone": "0901000000"}} | members)


# (line, word that the reason must have)
BAD = (
    ('{"t":1754000000000,"dossier":"H36.49-250801-0901","kind":"create","fields":{', "JSON"),
    ("not json at all", "JSON"),
    ("[1,2,3]", "object"),
    (event_with(t="yesterday"), "t:"),
    (event_with(t=-5), "t:"),
    (event_with(kind="remove"), "kind"),
    (event_with(dossier=17), "dossier"),
    (event_with(fields=[]), "fields"),
    (event_with(fields={"copies": "many"}), "copies"),
    (event_with(fields={"dob": "the other day"}), "dob"),
    (event_with(whence="elsewhere"), "unknown key"),
    (event_with(fields={"code": "H36.49-250801-0999"}), "code"),
    ('{"t":1,"t":2,"dossier":"H36.49-250801-0902","kind":"update","fields":{"step":1}}', ""),
    (event_with(fields={"notes": "x" * 100_000}), "64 KiB"),
    (event_with(fields={"phone": "x" * 1000}), "phone"),
)

# The schema knows no such field: it is somebody's data all the same.
UNKNOWN = {"sky": ["mây", 3], "wind": None}


class RejectedLines(support.Case):
    def mixed(self):
        """The lines, and the numbers of the bad ones with the words of their reasons."""
        lines, bad = [], {}
        for number, (text, word) in enumerate(BAD, 1):
            lines.append(good(number, notes="Ghi chú"))
            lines.append(text)
            bad[len(lines)] = word
        lines.append(good(500, weather=UNKNOWN, procedure_code="9.999999"))
        return lines, bad

    def check_reasons(self, text, bad, lines):
        """One object a bad line, in their order: its number, why, and what it was."""
        rows = [json.loads(row) for row in text.splitlines() if row.startswith("{")]
        self.assertEqual([row["line"] for row in rows], list(bad))
        for row in rows:
            whole = lines[row["line"] - 1]
            self.assertIn(bad[row["line"]].lower(), row["reason"].lower())
            self.assertTrue(whole.startswith(row["text"][:1000]), row)

    def check_taken(self, node):
        rows = [json.loads(row) for row in node.export().splitlines()]
        self.assertEqual(len(rows), len(BAD) + 1)
        strange = [row for row in rows if row["fields"]["code"].endswith("0500")][0]
        self.assertEqual(strange["fields"]["weather"], UNKNOWN)
        self.assertEqual(strange["fields"]["procedure_code"], "9.999999")

    def test_file(self):
        hub = self.hub()
        node = self.node("node", hub)
        lines, bad = self.mixed()
        file = self.folder / "mixed.jsonl"
        file.write_text("\n".join(lines) + "\n", encoding="utf-8")
        taken = node.take(file, expect=support.NEEDS_PERSON)
        self.assertEqual((taken["accepted"], taken["rejected"]), (len(BAD) + 1, len(BAD)))
        self.assertEqual(taken["known"], 0)
        rejected = (self.folder / "mixed.jsonl.rejected").read_text(encoding="utf-8")
        self.check_reasons(rejected, bad, lines)
        self.check_taken(node)
        node.sync()
        self.assert_level(hub, node)

    def test_stdin(self):
        hub = self.hub()
        node = self.node("node", hub)
        lines, bad = self.mixed()
        taken = node.command("import", "-", feed="\n".join(lines).encode(),
                             expect=support.NEEDS_PERSON, talk_is_data=True)
        self.check_reasons(taken.err, bad, lines)
        self.check_taken(node)


if __name__ == "__main__":
    support.main()
