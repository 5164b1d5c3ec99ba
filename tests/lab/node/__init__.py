"""What runs inside a node. Every import here is paid for at every boot, so there are few."""
