"""Going back: which traffic comes back, who is refused, and what it says."""

from __future__ import annotations

from tests.rehearsal.theatre import Theatre, Users


def test_the_default_is_what_was_there_before_and_twice_goes_back_twice(theatre: Theatre) -> None:
    first, second, third = (theatre.release(theatre.config(behave={"n": n})).candidate for n in range(3))
    with Users(f"{theatre.url()}/work") as users:
        back = theatre.command("rollback", theatre.config())
        assert (back.code, theatre.now) == (0, {second: 100}), back.errors
        again = theatre.command("rollback", theatre.config())
        assert (again.code, theatre.now) == (0, {first: 100}), again.errors
    assert theatre.maps() == [{first: 100}, {second: 100}, {third: 100}, {second: 100}, {first: 100}]
    assert users.answers and users.failures() == []
    assert back.stopped["serving"] == f"{second} 100 %"
    assert back.stopped["reason"] == f"rolled back from {third}"
    print(theatre.cloud.traffic(theatre.service)[-1])
    over = theatre.command("rollback", theatre.config())
    assert over.code == 1
    assert "remembers no earlier traffic" in over.errors
