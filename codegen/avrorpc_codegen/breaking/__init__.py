"""Breaking changes: two versions of a contract compared, for all who speak either.

The pipeline: versions are read, their declarations paired, the ways of values between them found; rules then
report changes, each with whom it breaks, on the wire, in JSON or in generated code.
"""
