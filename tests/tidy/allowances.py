"""The ratchet: where a rule gives way, and why. An allowance that nothing needs is a finding too,
so the list can only shrink by itself; adding to it is a decision for review.
"""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Allowance:
    rule: str
    path: str
    reason: str


ALLOWANCES = (
    Allowance("casts", "sync/core/bytes.hpp",
              "as_bytes and as_text are the one place where text and bytes meet"),
    Allowance("casts", "host/linux/control_frames.cpp",
              "the socket calls take every kind of address as a sockaddr"),
    Allowance("casts", "tests/unit/host/control_test.cpp",
              "speaks to the socket calls directly, as a stranger would"),
    Allowance("casts", "tests/unit/http/client_test.cpp",
              "speaks to the socket calls directly, as a broken server would"),
    Allowance("casts", "tests/unit/http/province.cpp",
              "speaks to the socket calls directly, as a broken client would"),
    Allowance("random", "http/certificates.cpp",
              "serial numbers need no replay, and OpenSSL draws them where it uses them"),
    Allowance("pure-sync", "sync/core/assert.cpp",
              "the last words of a process that must stop go to stderr without an allocation"),
    Allowance("raw-memory", "tests/fault/allocations.cpp",
              "it is operator new itself, made to fail at the n-th allocation"),
)
