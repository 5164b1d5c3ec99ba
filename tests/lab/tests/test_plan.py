from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.lab import accounts, plan
from tests.lab.accounts import Accounts
from tests.lab.client import Lab
from tests.lab.errors import LabError
from tests.lab.provision import Bare, File, User
from tests.lab.topology import NodeInfo

MACHINE = Accounts(
    "root:x:0:0:root:/root:/bin/sh\n", "root:x:0:\nhaclient:x:107:\nadm:x:4:syslog\n"
)


class Sample(Bare):
    users = (User(name="tester", uid=4711),)

    def files(self, node: NodeInfo) -> Sequence[File]:
        return [File(path="/etc/sample", data=node.name.encode() + b"\0\xff", mode=0o600)]

    def boot_commands(self, node: NodeInfo) -> Sequence[Sequence[str]]:
        return [["echo", node.kind]]

    def ready(self, lab: Lab) -> bool:
        return bool(lab)


def test_a_plan_survives_being_written_and_read() -> None:
    made = plan.make({"topology": "lan", "directors": 1, "realservers": 1}, Sample(), None)
    assert plan.parse(plan.render(made)) == made
    assert made.nodes["dir1"].files[-1].data == b"dir1\0\xff"
    assert made.nodes["dir1"].boot_commands == (["echo", "director"],)


def test_a_user_gets_a_group_of_its_own_and_joins_others() -> None:
    user = User(name="plvsd", uid=900, groups=("adm",), home="/tmp")
    passwd, group = accounts.add(MACHINE, user)
    assert passwd.endswith("\nplvsd:x:900:900::/tmp:/usr/sbin/nologin\n")
    assert "adm:x:4:syslog,plvsd\n" in group
    assert "plvsd:x:900:\n" in group


def test_a_user_may_have_a_package_s_group_as_its_primary_one() -> None:
    passwd, group = accounts.add(MACHINE, User(name="plvsd", uid=900, group="haclient"))
    assert "plvsd:x:900:107:" in passwd
    assert group == MACHINE.group


def test_adding_a_user_twice_changes_nothing() -> None:
    user = User(name="plvsd", uid=900, groups=("adm",))
    once = accounts.add(MACHINE, user)
    assert accounts.add(once, user) == once


@pytest.mark.parametrize(
    "user", [User(name="a", uid=1, group="x"), User(name="a", uid=1, groups=("x",))]
)
def test_a_missing_group_is_named(user: User) -> None:
    with pytest.raises(LabError, match="user a: there is no group x"):
        accounts.add(MACHINE, user)


def test_nobody_has_a_password_in_a_node() -> None:
    assert accounts.locked_shadow(MACHINE) == "root:*:19000:0:99999:7:::\n"
