"""The contract on Debian's own kernel, with IPVS and nftables together: `make test-tcg`."""
