from lvsm.core.session_table import MOVES, TABLE, Reaction, State, Turn, Word


def test_the_table_says_what_every_word_does_to_whoever_may_speak() -> None:
    assert set(TABLE) == {
        (state, word) for state in (State.UNAUTHENTICATED, State.READY) for word in Word
    }
    strangers = {TABLE[State.UNAUTHENTICATED, word] for word in Word}
    assert not strangers & {Reaction.REQUEST, Reaction.TAKE_LITERAL}


def test_every_state_can_be_left_and_only_the_end_is_final() -> None:
    reached = {State.GREETING}
    for _ in State:
        reached |= {to for (state, _), to in MOVES.items() if state in reached}
    assert reached == set(State)
    assert {state for state, _ in MOVES} == set(State) - {State.CLOSED}
    assert {turn for _, turn in MOVES} == set(Turn)
