"""The governor follows a machine whose neighbours come and go."""

from __future__ import annotations

from assistant.engine.thread_governor import ThreadGovernor

QUIET = {1: 0.010, 2: 0.006}
BUSY = {1: 0.030, 2: 0.200}


class Machine:
    """Step times by thread count; the governor sets the count."""

    def __init__(self, most: int = 2) -> None:
        self.times = QUIET
        self.threads = most
        self.seconds = 0.0
        self.governor = ThreadGovernor(most, self._apply)

    def _apply(self, threads: int) -> None:
        self.threads = threads

    def run(self, steps: int, width: int = 1) -> None:
        for place in range(steps):
            # A little noise that repeats: medians must not be fooled by it.
            seconds = self.times[self.threads] * (1 + 0.05 * (place % 3))
            # Measured: the second and third candidate cost 0.6 of a step each.
            seconds *= 1 + 0.6 * (width - 1)
            self.seconds += seconds
            self.governor.step(seconds, width)


def test_a_quiet_machine_keeps_all_threads() -> None:
    machine = Machine()
    machine.run(2000)
    assert machine.threads == 2
    assert machine.seconds < 2000 * QUIET[2] * 1.1


def test_a_neighbour_costs_a_thread_and_its_leaving_gives_it_back() -> None:
    machine = Machine()
    machine.run(100)
    machine.times = BUSY
    machine.run(200)
    assert machine.threads == 1
    machine.times = QUIET
    machine.run(200)
    assert machine.threads == 2


def test_a_start_beside_a_busy_neighbour_is_noticed() -> None:
    machine = Machine()
    machine.times = BUSY
    machine.run(60)
    assert machine.threads == 1


def test_tries_beside_a_lasting_neighbour_become_rare() -> None:
    machine = Machine()
    machine.times = BUSY
    machine.run(200)
    machine.seconds = 0.0
    machine.run(2000)
    assert machine.seconds < 2000 * BUSY[1] * 1.15


def test_several_candidates_lose_no_steps_to_a_trial_on_a_machine_known_to_be_quiet() -> None:
    machine = Machine()
    machine.run(200)
    machine.seconds = 0.0
    machine.run(200, width=3)
    assert machine.seconds < 200 * QUIET[2] * 2.2 * 1.06


def test_several_candidates_beside_a_new_neighbour_give_up_a_thread() -> None:
    machine = Machine()
    machine.run(200)
    machine.times = BUSY
    machine.run(100, width=3)
    assert machine.threads == 1


def test_exact_generations_and_fixed_counts_are_left_alone() -> None:
    machine = Machine()
    machine.times = BUSY
    machine.governor.begin(exact=True)
    machine.run(500)
    assert machine.threads == 2
    machine.governor.begin(exact=False)
    machine.governor.fix(2)
    machine.run(500)
    assert machine.threads == 2


def test_an_exact_generation_after_a_busy_time_has_all_threads_again() -> None:
    machine = Machine()
    machine.times = BUSY
    machine.run(200)
    assert machine.threads == 1
    machine.governor.begin(exact=True)
    assert machine.threads == 2


def test_an_answer_that_grows_and_a_screen_being_drawn_are_no_neighbours() -> None:
    machine = Machine()
    machine.run(12)
    slow = {1: 0, 2: 0}
    for step in range(1500):
        # Each token attends to one more: at the end a step takes 1.8 times as long. A screen
        # that is drawn slows two steps in seven, however many threads there are.
        grown = 1 + 0.8 * step / 1500
        drawn = 1.7 if step % 7 < 2 else 1.0
        machine.times = {count: each * grown * drawn for count, each in QUIET.items()}
        machine.run(1)
        slow[machine.threads] += 1
    assert slow[1] < 60
