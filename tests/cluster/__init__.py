"""LVSM on real kernels with real heartbeat: what the product promises, proven in the lab."""
