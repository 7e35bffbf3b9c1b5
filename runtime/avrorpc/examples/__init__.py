"""Examples that are tests: case files, the rule language, and how results are held against cases.

Works on schemas and JSON alone, so that the compiler judges cases as the runtime does, which runs them in
`avrorpc.rehearsal`.
"""

from avrorpc.examples.case import ABSENT, Absent, Case, ExpectedError, Tolerance, case_from_json
from avrorpc.examples.checking import case_problems, error_problems, output_problems
from avrorpc.examples.matching import WILDCARD, mismatches
from avrorpc.examples.problem import BadExamples, Problem, RuleError
from avrorpc.examples.reading import Placed, by_message, cases_from_json, cases_to_text, read_cases
from avrorpc.examples.rules import Names, check_names, failure, rules_of

__all__ = [
    "ABSENT",
    "WILDCARD",
    "Absent",
    "BadExamples",
    "Case",
    "ExpectedError",
    "Names",
    "Placed",
    "Problem",
    "RuleError",
    "Tolerance",
    "by_message",
    "case_from_json",
    "case_problems",
    "cases_from_json",
    "cases_to_text",
    "check_names",
    "error_problems",
    "failure",
    "mismatches",
    "output_problems",
    "read_cases",
    "rules_of",
]
