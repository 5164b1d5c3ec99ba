"""What is generated from the code for people to read: docs/protocol.md and the manual pages.

`make docs` runs it. Nothing here is shipped.
"""
