"""The REST face: contracts as HTTP resources, by JSON, with examples and a page to try them."""
