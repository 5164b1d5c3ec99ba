"""The lab: a cluster of real kernels on this machine, one User Mode Linux each.

It boots nodes, joins them by networks that can be cut, runs commands in them, and takes their
power away. It knows nothing of LVSM. `README.md` tells the rest.
"""
