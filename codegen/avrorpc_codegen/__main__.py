"""`python -m avrorpc_codegen` is `avrogen`."""

from avrorpc_codegen.command import main

main(prog_name="avrogen")
