"""The client library: how `lvsm`, the web client and your own programs talk to plvsd.

    with connect("dir1", "dir2", user="admin", password=...) as client:
        for vip in client.request("VIP LIST").items: ...
        with client.watch("status") as events:
            for event in events: ...

`lvsm.client.aio` is the same for asyncio. docs/client.md says more.

Law: importing this is cheap, since every `lvsm` command does: no asyncio, no cryptography, and ssl
and hashlib only when a node is reached by TCP.
"""

from lvsm.client.addresses import Address, AddressError, Tcp, Unix, parse_address
from lvsm.client.blocking import Client, Watch, connect
from lvsm.client.errors import (
    ConflictError,
    LoginRefusedError,
    NotAllowedError,
    NotTheServerError,
    OutcomeUnknownError,
    ProtocolError,
    UnreachableError,
    WrongCertificateError,
)
from lvsm.client.settings import Deadlines, Settings
from lvsm.client.watching import Event
from lvsm.core.conversation import RefusedError, Response
from lvsm.core.errors import LvsmError
from lvsm.core.messages import BadRequestError

__all__ = [
    "Address",
    "AddressError",
    "BadRequestError",
    "Client",
    "ConflictError",
    "Deadlines",
    "Event",
    "LoginRefusedError",
    "LvsmError",
    "NotAllowedError",
    "NotTheServerError",
    "OutcomeUnknownError",
    "ProtocolError",
    "RefusedError",
    "Response",
    "Settings",
    "Tcp",
    "Unix",
    "UnreachableError",
    "Watch",
    "WrongCertificateError",
    "connect",
    "parse_address",
]
