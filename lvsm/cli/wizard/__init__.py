"""writeconfigs' shell: asks on a terminal, reads and writes files; lvsm.core.wizard decides."""
