from lvsm.core.admission import Admission, Limits


def test_strangers_make_room_for_newcomers() -> None:
    limits = Limits(strangers=4, strangers_per_address=3)
    admission: Admission[int] = Admission(limits)
    assert [admission.arrive(key, "a") for key in range(3)] == [None, None, None]
    assert admission.arrive(3, "a") == 0
    assert admission.arrive(4, "b") is None
    assert admission.arrive(5, "c") == 1
    admission.leave(2)
    assert admission.arrive(6, "d") is None


def test_failed_logins_cost_their_address_time_and_nobody_else() -> None:
    admission: Admission[int] = Admission(Limits(free_failures=2, penalty_seconds=1.0))
    waits = [admission.decided(n, "a", accepted=False, now=float(n)) for n in range(7)]
    assert waits == [0.0, 0.0, 1.0, 2.0, 4.0, 4.0, 4.0]
    assert admission.decided(10, "b", accepted=False, now=7.0) == 0.0
    assert admission.decided(11, "a", accepted=True, now=7.0) == 4.0
    assert admission.decided(12, "a", accepted=True, now=66.1) == 0.0


def test_who_waits_for_the_penalty_is_not_evicted() -> None:
    limits = Limits(strangers_per_address=2, free_failures=0)
    admission: Admission[int] = Admission(limits)
    for key in (1, 2):
        admission.arrive(key, "a")
        admission.decided(key, "a", accepted=False, now=0.0)
    assert admission.arrive(3, "a") == 3
    assert admission.arrive(4, "b") is None
