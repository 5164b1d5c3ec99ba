"""Commands for people: parse, call the client library, print."""
