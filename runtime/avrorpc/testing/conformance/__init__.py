"""Whether a service keeps its contract, in every placement: what `avrogen test` runs.

    report = check(subject_of(MyService()))
    assert not report.findings

Each check has a stable name and one sentence. Messages that are neither `@readonly` nor `@idempotent` are
called only where that is asked for, or where cases are given.
"""

from avrorpc.testing.conformance.checks import CHECKS, UNKNOWN_MESSAGE
from avrorpc.testing.conformance.report import Report, Result, Verdict
from avrorpc.testing.conformance.running import Options, check, check_async
from avrorpc.testing.conformance.subject import PLACEMENTS, SECURE, Subject, remote_subject, subject_of
from avrorpc.testing.conformance.trial import Cases, Check

__all__ = [
    "CHECKS",
    "PLACEMENTS",
    "SECURE",
    "UNKNOWN_MESSAGE",
    "Cases",
    "Check",
    "Options",
    "Report",
    "Result",
    "Subject",
    "Verdict",
    "check",
    "check_async",
    "remote_subject",
    "subject_of",
]
