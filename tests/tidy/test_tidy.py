#!/usr/bin/env python3
# Goal: every rule of the tidy finds what it is for, at the right line, and leaves good code alone.
# Method: a bad and a good sample a rule, written to a temporary tree and checked there.
"""Run: tests/tidy/test_tidy.py"""

import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import limits
import source
import tidy
from allowances import Allowance

ONCE = "#pragma once\n"
TEST = "// Goal: it holds.\n// Method: try it.\n"
LONG_FUNCTION = "int f() {\n" + "  g();\n" * 70 + "}\n"


def sample(path, text, line, good):
    """A rule's bad file, the line of its finding, and a good text for the same path."""
    return {"path": path, "bad": text, "line": line, "good": good}


# One row a rule at least; the key before the dot is the rule.
SAMPLES = {
    "arrows": sample("sync/a.cpp", '#include "sync/b.hpp"\n#include "store/c.hpp"\n', 2,
                     '#include "sync/b.hpp"\n// #include "store/c.hpp"\n'),
    "arrows.host": sample("host/a.cpp", '#include "sync/ledger/entry.hpp"\n', 1,
                          '#include "sync/core/result.hpp"\n'),
    "arrows.schema": sample("schema/a.hpp", ONCE + '#include "sync/wire/frame.hpp"\n', 2,
                            ONCE + '#include "sync/ledger/value.hpp"\n'),
    "arrows.node": sample("node/a.cpp", '#include "hub/feed.hpp"\n', 1,
                          '#include "store/database.hpp"\n#include "http/server.hpp"\n'),
    "arrows.folder": sample("store/a.cpp", '#include "database.hpp"\n', 1,
                            '#include "store/database.hpp"\n'),
    "arrows.tests": sample("store/a.cpp", '#include "tests/support/disk.hpp"\n', 1, "int a;\n"),
    "external": sample("sync/ledger/a.cpp", "#include <cereal/cereal.hpp>\n", 1,
                       "#include <vector>\n"),
    "external.openssl": sample("store/a.cpp", "#include <openssl/evp.h>\n", 1,
                               "#include <sqlite3.h>\n"),
    "external.sqlite": sample("node/a.cpp", "#include <sqlite3mc_amalgamation.h>\n", 1,
                              "#include <nlohmann/json.hpp>\n"),
    "external.zstd": sample("store/a.cpp", "#include <zstd.h>\n", 1, "#include <map>\n"),
    "external.curl": sample("node/a.cpp", "#include <curl/curl.h>\n", 1, "#include <map>\n"),
    "heavy-header": sample("node/a.hpp", ONCE + "#include <nlohmann/json.hpp>\n", 2,
                           ONCE + "#include <nlohmann/json_fwd.hpp>\n"),
    "pure-sync": sample("sync/a.cpp", "#include <vector>\n#include <chrono>\n", 2,
                        "#include <vector>\n#include <string>\n"),
    "pure-sync.socket": sample("sync/a.cpp", "#include <sys/socket.h>\n", 1, "int a;\n"),
    "line": sample("node/a.cpp", "int a;\n// " + "ư" * 98 + "\n", 2, "// " + "ư" * 97 + "\n"),
    "line.markdown": sample("docs/A.md", "word " * 20 + "last\n", 1, "| " + "cell " * 30 + "|\n"),
    "function": sample("node/a.cpp", "\n" + LONG_FUNCTION, 2,
                       LONG_FUNCTION.replace("  g();\n", "", 2)),
    "function.member": sample(
        "node/a.cpp", "struct A : B<int()> {\n  A(int a) : b_{a}, c_{a} {\n" + "  g();\n" * 70
        + "  }\n};\n", 2, "constexpr int kTable[] = {\n" + "  1,\n" * 80 + "};\n"),
    "function.test": sample("tests/unit/a.cpp", TEST + 'TEST_CASE("it {") {\n' + "  g();\n" * 70
                            + "}\n", 3, TEST + 'TEST_CASE("it {") {\n  g();\n}\n'),
    "function.python": sample("tests/a.py", "def f():\n" + "    g()\n" * 70, 1,
                              "def f():\n" + "    g()\n" * 69),
    "function.shell": sample("tests/a.sh", "f() {\n" + "  g\n" * 70 + "}\n", 1,
                             "f() {\n" + "  g\n" * 60 + "}\n"),
    "file": sample("node/a.cpp", "int a;\n" * 601, 601, "int a;\n" * 600),
    "strings": sample("node/a.cpp", "int a;\nvoid f() { std::strcpy(a, b); }\n", 2,
                      'void f() { snprintf(a, 4, "strcpy(x)"); }  // strcpy(a, b)\n'),
    "numbers": sample("node/a.cpp", "int a = std::stoi(text);\n", 1,
                      "auto a = std::from_chars(b, e, n);\n"),
    "random": sample("node/a.cpp", "std::random_device device;\n", 1, "random.fill(out);\n"),
    "shell": sample("node/a.cpp", 'int a = system("ls");\n', 1, "disk.system(a);\n"),
    "shell.python": sample("tests/a.py", 'os.system("ls")\n', 1, 'run(["ls"])\n'),
    "shell.shell": sample("tests/a.sh", 'eval "$1"\n', 1, '"$@"\n'),
    "sleep": sample("tests/unit/a.cpp", TEST + "void f() { std::this_thread::sleep_for(a); }\n", 3,
                    TEST + "void f() { clock.advance(a); }\n"),
    "sleep.python": sample("tests/a.py", "import time\ntime.sleep(1)\n", 2, "# time.sleep(1)\n"),
    "sleep.shell": sample("tests/a.sh", "while true; do sleep 1; done\n", 1, "wait\n"),
    "clock": sample("node/a.cpp", "auto a = std::chrono::system_clock::now();\n", 1,
                    "auto a = clock.now();\n"),
    "clock.c": sample("hub/a.cpp", "auto a = std::time(nullptr);\n", 1,
                      "auto a = entry.time(0);\n"),
    "local-time": sample("node/a.cpp", "auto a = localtime_r(&t, &b);\n", 1,
                         "auto a = local(t);\n"),
    "raw-memory": sample("node/a.cpp", "auto* a = new Thing();\n", 1,
                         "// a new Thing\nstruct A { A(const A&) = delete; };\nint renewed = 1;\n"),
    "raw-memory.delete": sample("node/a.cpp", "void f() { delete thing; }\n", 1,
                                "auto a = std::make_unique<Thing>();\n"),
    "casts": sample("node/a.cpp", "auto a = reinterpret_cast<char*>(b);\n", 1,
                    "auto a = static_cast<int>(b);\n"),
    "assert": sample("node/a.cpp", "void f() { assert(a); }\n", 1,
                     "static_assert(a);\nvoid f() { TRAM_ASSERT(a); }\n"),
    "using-namespace": sample("node/a.hpp", ONCE + "using namespace std;\n", 2,
                              ONCE + "using std::string;\n"),
    "marks": sample("node/a.cpp", "int a;  // TODO: more\n", 1, "int a;  // XXXX, a number\n"),
    "hidden-test": sample("tests/unit/a.cpp", TEST + 'TEST_CASE("a", "[.]") {}\n', 3,
                          TEST + 'TEST_CASE("a. b", "[node]") {}\n'),
    "hidden-test.may-fail": sample("tests/unit/a.cpp", TEST + 'TEST_CASE("a", "[!mayfail]") {}\n',
                                   3, TEST + "int a;\n"),
    "hidden-test.python": sample("tests/a.py", "\n@unittest.skip('later')\ndef a(): pass\n", 2,
                                 "def a(): pass\n"),
    "sql-concatenation": sample("store/a.cpp", 'auto a = "SELECT a FROM b WHERE c = " + c;\n', 1,
                                'auto a = prepare("SELECT a FROM b WHERE c = :c");\n'),
    "sql-place": sample("node/a.cpp", 'auto a = "DELETE FROM entry";\n', 1,
                        'auto a = "Select a commune";\n'),
    "sql-place.file": sample("node/a.sql", "SELECT 1;\n", 1, ""),
    "pragma-once": sample("node/a.hpp", "// A header.\n#pragma once\n", 1, ONCE + "// A header.\n"),
    "test-header": sample("tests/unit/a.cpp", "// Goal: it holds.\nint a;\n", 1, TEST + "int a;\n"),
    "test-header.python": sample("tests/test_a.py", "import unittest\n", 1,
                                 "# Goal: it holds.\n# Method: try it.\n"),
    "encoding": sample("docs/A.md", "Tra\u0323m\n", 1, "Tr\u1ea1m\n"),
    "encoding.mark": sample("docs/A.md", "\ufeffa\n", 1, "a\n"),
    "blanks": sample("docs/A.md", "a \n", 1, "a\n"),
    "blanks.tab": sample("node/a.cpp", "int a;\n\tint b;\n", 2, "int a;\n"),
    "blanks.crlf": sample("node/a.cpp", "int a;\r\n", 1, "int a;\n"),
    "blanks.end": sample("node/a.cpp", "int a;\nint b;", 2, "int a;\nint b;\n"),
    "modes": sample("tests/a.py", "#!/usr/bin/env python3\n", 1, "import os\n"),
    "blobs": sample("schema/a.csv", "a" * (2 << 20) + "\n", 1, "a" * ((2 << 20) - 1) + "\n"),
    "names": sample("node/LinkDriver.cpp", "int a;\n", 1, None),
    "dead-file": sample("node/dead.cpp", "int a;\n", 1, None),
    "links": sample("docs/A.md", "a\n[b](B.md)\n", 2,
                    "[a](A.md#b) [b](../docs) [c](https://c.vn)\n"),
    "words": sample("docs/A.md", "It is in /home/someone.\n", 1, "It is in /var/lib/tram.\n"),
    "words.prose": sample("docs/A.md", "The prompt\n", 1, "Promptly\n"),
}


class Case(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)

    def write(self, path, content, mode=0o644):
        full = self.root / path
        full.parent.mkdir(parents=True, exist_ok=True)
        full.write_bytes(content if isinstance(content, bytes) else content.encode())
        os.chmod(full, mode)

    def findings(self, allowed=()):
        return tidy.check(source.Tree(self.root), allowed)

    def found(self, rule):
        return [(it.path, it.line) for it in self.findings() if it.rule == rule]


class EveryRule(Case):
    def name_in_cmake(self, path):
        if not path.endswith("dead.cpp"):
            self.write("CMakeLists.txt", f"add_library(a {path})\n")

    def test_has_a_sample(self):
        self.assertEqual({name.split(".")[0] for name in SAMPLES} | {"cycles"}, set(tidy.RULES))

    def test_finds_the_bad_sample_at_its_line(self):
        for name, it in SAMPLES.items():
            with self.subTest(name):
                self.setUp()
                self.name_in_cmake(it["path"])
                self.write(it["path"], it["bad"])
                self.assertIn((it["path"], it["line"]), self.found(name.split(".")[0]))

    def test_finds_nothing_at_all_in_the_good_sample(self):
        for name, it in SAMPLES.items():
            if it["good"] is not None and not name.endswith(".file"):
                with self.subTest(name):
                    self.setUp()
                    self.name_in_cmake(it["path"])
                    self.write(it["path"], it["good"])
                    self.assertEqual([], [str(finding) for finding in self.findings()])


class Cycles(Case):
    def test_headers_that_include_each_other(self):
        self.write("node/a.hpp", ONCE + '#include "node/b.hpp"\n')
        self.write("node/b.hpp", ONCE + '#include "node/c.hpp"\n')
        self.write("node/c.hpp", ONCE + "\n" + '#include "node/a.hpp"\n')
        self.assertEqual([("node/c.hpp", 3)], self.found("cycles"))

    def test_two_ways_to_one_header_are_no_loop(self):
        self.write("node/a.hpp", ONCE + '#include "node/b.hpp"\n#include "node/c.hpp"\n')
        self.write("node/b.hpp", ONCE + '#include "node/c.hpp"\n')
        self.write("node/c.hpp", ONCE)
        self.assertEqual([], self.found("cycles"))


class Allowances(Case):
    def setUp(self):
        super().setUp()
        self.write("CMakeLists.txt", "add_library(a node/a.cpp node/b.cpp)\n")
        self.write("node/a.cpp", "auto a = reinterpret_cast<char*>(b);\n")

    def test_exempts_its_file_only(self):
        self.write("node/b.cpp", "auto a = reinterpret_cast<char*>(b);\n")
        found = self.findings([Allowance("casts", "node/a.cpp", "a C interface")])
        self.assertEqual(["node/b.cpp"], [finding.path for finding in found])

    def test_is_a_finding_once_nothing_needs_it(self):
        found = self.findings([Allowance("casts", "node/a.cpp", "a C interface"),
                               Allowance("clock", "node/a.cpp", "gone since")])
        self.assertEqual([("ratchet", "node/a.cpp")], [(it.rule, it.path) for it in found])


class Source(Case):
    def test_blanks_comments_and_strings_but_not_code(self):
        text = ("int a = 1'000; // new\nauto b = \"new \\\" x\"; /* new\n */ char c = '\"';"
                " new_();\n")
        code = source.blank(text, keep_strings=False)
        self.assertEqual(len(text), len(code))
        self.assertNotIn("new ", code)
        self.assertIn("1'000;", code)
        self.assertIn("new_();", code)

    def test_blanks_raw_strings(self):
        code = source.blank('auto a = R"sql(it " is // new)sql"; f();', keep_strings=False)
        self.assertNotIn("new", code)
        self.assertIn("; f();", code)

    def test_finds_function_bodies_only(self):
        code = ("namespace a {\nclass B {\n public:\n  int c() const { return 1; }\n};\n"
                "template <class T>\nint d(T t) {\n  return t;\n}\nint e[] = {1,\n2};\n}\n")
        self.assertEqual([("c", 4, 4), ("d", 6, 9)], limits.cpp_functions(code))

    def test_not_utf8_is_a_finding_not_a_crash(self):
        self.write("docs/A.md", b"a\n\xff\n")
        self.assertEqual([("docs/A.md", 2)], self.found("encoding"))

    def test_executable_without_a_first_line(self):
        self.write("docs/A.md", "a\n", mode=0o755)
        self.assertEqual([("docs/A.md", 1)], self.found("modes"))

    def test_leaves_out_what_git_ignores(self):
        subprocess.run(["git", "init", "-q", str(self.root)], check=True)
        self.write(".gitignore", "/build/\n")
        self.write("build/a.cpp", "int a;")
        self.write("node/a.py", "a = 1\n")
        self.assertEqual({".gitignore", "node/a.py"}, set(source.Tree(self.root).by_path))


class Command(Case):
    def run_tidy(self):
        program = pathlib.Path(__file__).resolve().parent / "tidy.py"
        return subprocess.run([sys.executable, str(program), str(self.root)], capture_output=True,
                              text=True, check=False)

    def test_prints_findings_and_a_summary_and_exits_1(self):
        self.write("docs/A.md", "a \n")
        done = self.run_tidy()
        self.assertEqual(1, done.returncode)
        self.assertIn("docs/A.md:1: blanks: blank at the end of the line (cut it)\n", done.stdout)
        self.assertRegex(done.stdout, r"tidy: 1 files, \d+ rules, \d+ findings\n$")


if __name__ == "__main__":
    unittest.main()
