"""Checks of realservers, run by mon: thin, fast to start, standard library only.

Law: no module here imports more than it needs to begin: `_socket` and `posix` instead of `socket`
and `os`, `ssl` and `re` only where a check asks for them. A protocol is one small file with
`prepare(spec)`, which gives what makes a Probe for a target; probes know bytes, not sockets.
"""
