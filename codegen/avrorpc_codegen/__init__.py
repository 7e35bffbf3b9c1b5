"""The compiler: Avro IDL to typed Python."""
