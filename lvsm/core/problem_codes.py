"""Every code of a problem in a configuration, with its cause and its cure.

Law: as in `error_codes`, of which this is the part about configurations.
"""

from __future__ import annotations

from collections.abc import Mapping

from lvsm.core.code_notes import Note

PROBLEMS: Mapping[str, Note] = {
    "address": Note(
        "The value is no IPv4 or IPv6 address.",
        'Write it like "192.0.2.10", "192.0.2.10/24" or "2001:db8::10", without leading zeros.',
    ),
    "address-kind": Note(
        "The address is none that a machine can have: multicast, loopback, the edge of a network.",
        "Choose a unicast address that clients (of a node: the directors) can reach.",
    ),
    "address-outside": Note(
        "The address is in no network of one of its directors.",
        "Choose one that is, or write a prefix of its own, or name the `interface`.",
    ),
    "address-taken": Note(
        "The address is a node's own: heartbeat could not move it.",
        "Choose an address that no machine has.",
    ),
    "all-ports-persistence": Note(
        "A virtual service takes all ports and is not persistent, which IPVS cannot.",
        "Add `persistence`, or a `fwmark`.",
    ),
    "check-key": Note(
        "A check has a key that its type has no use for.",
        "Remove it, or use the type that it belongs to.",
    ),
    "check-port": Note(
        "A virtual service for all ports or for a firewall mark has a check without a port.",
        "Add `port` to the check.",
    ),
    "check-query": Note(
        "A check by dns does not say what it asks for.",
        "Add `query`.",
    ),
    "check-sends-twice": Note(
        "A check has both `send` and `send_hex`.",
        "Remove one of them.",
    ),
    "check-value": Note(
        "The value of a check's key cannot be sent or looked for.",
        "Write it as the advice says.",
    ),
    "choice": Note(
        "The value is none of the words that may stand there.",
        "Take the one that the advice suggests.",
    ),
    "directors-differ": Note(
        "Two virtual services share an address and have different directors.",
        "An address moves as a whole: give both the same directors in the same order.",
    ),
    "dr-port": Note(
        "A realserver by direct routing has another port than its virtual service.",
        "Remove its `port`: direct routing forwards packets as they are.",
    ),
    "empty": Note(
        "A list has fewer entries than it needs.",
        "Add what is missing: a port, a director.",
    ),
    "engine-persistence": Note(
        "A virtual service has a persistence engine and no persistence.",
        "Add `persistence`, or remove `persistence_engine`.",
    ),
    "engine-protocol": Note(
        "The persistence engine is for another protocol.",
        'Remove `persistence_engine`, or use protocol = "udp".',
    ),
    "external-director": Note(
        "A director is a node without plvsd.",
        "Choose a node that ha.cf lists.",
    ),
    "flag-scheduler": Note(
        "The flag belongs to another scheduler.",
        "Remove it, or use that scheduler.",
    ),
    "interface": Note(
        "The value cannot be the name of a network interface.",
        "Write it as `ip link` shows it.",
    ),
    "interfaces-differ": Note(
        "Two virtual services share an address and name different interfaces.",
        "Write the same `interface` in both, or none.",
    ),
    "mark-hides": Note(
        "A virtual service marks everything for an address that another one has too; the "
        "kernel looks at marks first.",
        "Give the one with the mark the ports that it is for.",
    ),
    "min-up": Note(
        "A warning: `min_up` is larger than the number of realservers, so checks change nothing.",
        "Choose a smaller one.",
    ),
    "missing": Note(
        "A key that is needed does not stand there.",
        "Add it.",
    ),
    "mixed-families": Note(
        "A virtual service and a realserver have addresses of different families.",
        'Give both IPv4 or both IPv6 addresses; only forwarding = "tun" can mix them.',
    ),
    "name": Note(
        "The value cannot be a name of a node, virtual service or group.",
        "Use small letters, digits, dots, hyphens and underscores, beginning with a letter or"
        " digit.",
    ),
    "nat-gateway-differs": Note(
        "A node is a realserver by nat of two virtual services with different gateways or"
        " directors; it has one default route.",
        "Give both the same `nat_gateway` and `directors`.",
    ),
    "nat-realserver": Note(
        "A realserver uses nat, its virtual service does not.",
        'Use forwarding = "nat" for the whole virtual service.',
    ),
    "netmask-persistence": Note(
        "A virtual service has a netmask for persistence and no persistence.",
        "Add `persistence`, or remove `persistence_netmask`.",
    ),
    "netmask-range": Note(
        "The netmask has more bits than the address.",
        "Choose at most 32 for IPv4, 128 for IPv6.",
    ),
    "no-address": Note(
        "The address of a realserver is not known: nobody has reported or written it.",
        "Start plvsd on it, or add [node.NAME] with its `address`.",
    ),
    "no-ipvs": Note(
        "A director's kernel has no IPVS.",
        "Run `modprobe ip_vs` there, or choose another director.",
    ),
    "nobody-serves": Note(
        "A warning: the virtual service has no realserver with a weight.",
        "Add a realserver, or give one a weight.",
    ),
    "not-supported-yet": Note(
        "This version of LVSM cannot do that yet, and says so instead of ignoring it.",
        "Remove it for now.",
    ),
    "one-packet-protocol": Note(
        "One-packet scheduling is for udp.",
        'Remove `one_packet`, or use protocol = "udp".',
    ),
    "port": Note(
        "The value is no port.",
        "Choose between 1 and 65535.",
    ),
    "port-ignored": Note(
        "A realserver has a port, and the kernel would keep the client's: its virtual service "
        "is persistent for all ports or for a firewall mark.",
        "Remove the realserver's `port`.",
    ),
    "prefixes-differ": Note(
        "Two virtual services share an address and write different prefixes.",
        "Write it alike in both.",
    ),
    "range": Note(
        "The number is too small or too large.",
        "Choose one between those that the advice names.",
    ),
    "repeated": Note(
        "A value stands in a list twice.",
        "Remove one of them.",
    ),
    "repeated-address": Note(
        "A node's address is the address of another node.",
        "Give the one that the node itself has.",
    ),
    "repeated-mark": Note(
        "Two virtual services have the same firewall mark.",
        "Choose another mark for one of them.",
    ),
    "repeated-realserver": Note(
        "A node is a realserver of a virtual service twice, with the same port.",
        "Remove one of them, or give it another port.",
    ),
    "repeated-service": Note(
        "Two virtual services have the same address, protocol and port.",
        "Remove the port from one of them.",
    ),
    "syntax": Note(
        "The text is no TOML.",
        "Look at the place and just before it: a quotation mark, bracket or equals sign?",
    ),
    "threshold-order": Note(
        "A realserver's lower threshold is above its upper one, or it has no upper one.",
        "Let `upper` be at least as large as `lower`.",
    ),
    "too-long": Note(
        "The text has more than 16 MiB.",
        "Look whether this is the right file.",
    ),
    "tun-port": Note(
        "A realserver by IP tunnelling has another port than its virtual service.",
        "Remove its `port`: tunnelling forwards packets as they are.",
    ),
    "tunnel-external": Note(
        "LVSM sets up plain IP tunnels on realservers; gue and gre are for those that you set up.",
        'Use tunnel = "ipip", or give the node `external = true`.',
    ),
    "tunnel-port": Note(
        "A realserver by gue has no `tunnel_port`, or one by another tunnel has one.",
        "Add the UDP port to which gue sends, or remove it.",
    ),
    "type": Note(
        "The value is of another kind than it has to be: text, number, list, table.",
        "Write it as the advice says.",
    ),
    "unknown-key": Note(
        "There is no such key there.",
        "Take the one that the advice suggests, or remove it.",
    ),
    "unknown-node": Note(
        "There is no node of that name.",
        "Nodes are those of ha.cf and the [node.NAME] tables.",
    ),
    "unknown-scheduler": Note(
        "A director's kernel does not have that scheduler: plvsd has tried it there.",
        "Install its module (ip_vs_NAME) on that director and restart plvsd, or take one that the"
        " advice names.",
    ),
    "unused-gateway": Note(
        "A virtual service has a gateway for nat and does not forward by nat.",
        "Remove `nat_gateway`.",
    ),
    "unused-protocol": Note(
        "A virtual service that only a firewall mark names has a protocol: your own rules "
        "decide what gets the mark.",
        "Remove `protocol`, or add `ports`.",
    ),
    "unused-tunnel": Note(
        "A realserver says how to tunnel, and its packets are not tunnelled.",
        'Remove it, or use forwarding = "tun".',
    ),
    "weight": Note(
        "The value is no weight.",
        "Choose between 0 and 65535; 0 takes no new connection.",
    ),
}
