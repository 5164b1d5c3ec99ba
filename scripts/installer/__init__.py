"""`make install` and `make uninstall`: LVSM put on a machine, and taken off it again."""
