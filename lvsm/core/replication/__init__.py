"""The Save protocol: a compare-and-set register that the nodes of a cluster keep together.

Law: a generation has at most one successor by normal Saves, and what was acknowledged stays in the
history. Everything here is a function of data: nodes' disks, messages, events and moments come in;
new disks, messages and commands go out. docs/decisions/0006-save-protocol.md tells the whole.
"""
