"""Write a contract once, in Avro IDL; call it alike at any distance."""
