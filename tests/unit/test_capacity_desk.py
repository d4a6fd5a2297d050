"""Who is free when: the simulated service desk, against referees that know better."""

from random import Random

import pytest
import simpy
from capacity_tools.desk import NEVER, Desk, Task
from capacity_tools.hands import ENOUGH, count, seconds, times, together
from hypothesis import given, settings
from hypothesis import strategies as st

HOUR = 3600
property_test = settings(derandomize=True, deadline=None, max_examples=150)

lengths = st.integers(1, 12)
dues = st.one_of(st.integers(0, 60), st.just(NEVER))
steps = st.lists(st.tuples(lengths, dues), min_size=1, max_size=3)
tasks = st.builds(
    lambda arrival, steps, urgency: Task(
        arrival, tuple(w for w, _d in steps), tuple(d for _w, d in steps), urgency
    ),
    st.integers(-10, 40),
    steps,
    st.integers(0, 3),
)
desks = st.lists(tasks, max_size=12)
shifts = st.lists(
    st.tuples(st.integers(-10, 50), st.integers(1, 30)).map(
        lambda pair: (pair[0], pair[0] + pair[1])
    ),
    max_size=5,
)


def work(tasks, hands):
    """:return: list of tuples, when each step of each task is done"""
    desk = Desk(tasks)
    done = desk.work(hands)
    return [tuple(done[rank] for rank in ranks) for ranks in desk.positions]


class TestHands:
    def test_shifts_are_counted(self):
        assert count([(9, 17), (12, 20)]) == [(9, 1), (12, 2), (17, 1), (20, 0)]

    def test_who_hands_over_leaves_no_gap(self):
        assert count([(9, 17), (17, 20)]) == [(9, 1), (20, 0)]

    def test_a_shift_of_no_time_is_none(self):
        assert count([(9, 9)]) == []

    def test_teams_work_together(self):
        assert together([(0, 1), (8, 0)], [(4, 2)]) == [(0, 1), (4, 3), (8, 2)]

    def test_several_of_a_kind(self):
        assert times([(0, 1), (8, 0)], 3) == [(0, 3), (8, 0)]
        assert times([(0, 1), (8, 0)], 0) == []

    def test_seconds_of_work_within_a_stretch(self):
        hands = [(0, 1), (8, 2)]
        assert seconds(hands, 4, 10) == 4 + 2 * 2
        assert seconds(hands, -5, 0) == 0
        assert seconds(hands, 20, 30) == 20
        assert seconds([], 0, 10) == 0

    @property_test
    @given(shifts)
    def test_seconds_are_those_of_the_shifts(self, shifts):
        worked = sum(end - start for start, end in shifts)
        assert seconds(count(shifts), -20, 100) == worked


class TestDesk:
    def test_one_after_the_other(self):
        first, second = Task(0, (10,), (50,)), Task(0, (10,), (60,))
        assert work([first, second], [(0, 1)]) == [(10,), (20,)]

    def test_what_is_due_first_is_done_first(self):
        later, sooner = Task(0, (10,), (60,)), Task(0, (10,), (50,))
        assert work([later, sooner], [(0, 1)]) == [(20,), (10,)]

    def test_what_nobody_waits_for_comes_last(self):
        idle, promised = Task(0, (10,), (NEVER,), urgency=3), Task(0, (10,), (50,))
        assert work([idle, promised], [(0, 1)]) == [(20,), (10,)]

    def test_work_is_put_down_and_taken_up_again(self):
        long, urgent = Task(0, (10,), (90,)), Task(4, (3,), (9,))
        assert work([long, urgent], [(0, 1)]) == [(13,), (7,)]

    def test_of_what_is_due_together_the_urgent_comes_first(self):
        low, high = Task(0, (10,), (50,), 0), Task(0, (10,), (50,), 3)
        assert work([low, high], [(0, 1)]) == [(20,), (10,)]

    def test_nobody_works_after_closing_time(self):
        day = count([(0, 8), (24, 32)])
        assert work([Task(2, (10,), (50,))], day) == [(28,)]

    def test_who_takes_over_goes_on_where_it_was_left(self):
        assert work([Task(0, (10,), (50,))], count([(0, 4), (4, 12)])) == [(10,)]

    def test_an_answer_does_not_wait_for_the_whole_work_of_others(self):
        tasks = [Task(0, (2, 100), (10, 900)), Task(1, (2, 100), (11, 901))]
        assert work(tasks, [(0, 1)]) == [(2, 104), (4, 204)]

    def test_a_step_due_before_the_one_it_waits_for_pulls_it(self):
        odd, other = Task(0, (5, 5), (90, 20)), Task(0, (5,), (50,))
        assert work([other, odd], [(0, 1)]) == [(15,), (5, 10)]

    def test_without_anybody_nothing_is_ever_done(self):
        assert work([Task(0, (1, 1), (5, 5))], []) == [(NEVER, NEVER)]

    @property_test
    @given(desks, shifts)
    def test_it_is_what_happens_second_by_second(self, tasks, shifts):
        hands = count(shifts)
        assert work(tasks, hands) == second_by_second(tasks, hands)

    @property_test
    @given(desks, shifts, shifts)
    def test_more_people_never_make_anything_later(self, tasks, shifts, more):
        few, many = count(shifts), together(count(shifts), count(more))
        for before, after in zip(work(tasks, few), work(tasks, many), strict=True):
            assert all(a <= b for a, b in zip(after, before, strict=True))

    @property_test
    @given(desks, desks, shifts)
    def test_more_tasks_never_make_anything_earlier(self, tasks, more, shifts):
        hands = count(shifts)
        alone = work(tasks, hands)
        together_ = work(tasks + more, hands)[: len(tasks)]
        for before, after in zip(alone, together_, strict=True):
            assert all(a >= b for a, b in zip(after, before, strict=True))

    @property_test
    @given(desks)
    def test_with_enough_people_nobody_waits(self, tasks):
        for task, done in zip(tasks, work(tasks, [(-10, ENOUGH)]), strict=True):
            assert done[-1] == task.arrival + sum(task.works)


class TestAgainstSimpy:
    """The same discipline, written down with the library's preemptive resource."""

    @pytest.mark.parametrize("people", [1, 2, 5])
    def test_the_same_work_is_done_by_the_same_instant(self, people):
        dice = Random(people)
        tasks, at = [], 0
        for number in range(400):
            at += 1 + int(dice.expovariate(people / 400))
            length = 1 + int(dice.expovariate(1 / 300))
            # Odd and all different: no two things ever happen at one instant.
            tasks.append(
                Task(at, (length,), (at + dice.randrange(9000) * 400 + number,))
            )
        assert [done for (done,) in work(tasks, [(0, people)])] == by_simpy(
            tasks, people
        )


class TestAgainstErlang:
    """Random arrivals and work, so many people: the textbook knows the answer."""

    @pytest.mark.parametrize(
        ("people", "load"), [(1, 0.5), (1, 0.7), (3, 0.7), (8, 0.75)]
    )
    def test_who_waits_and_how_long(self, people, load):
        service = 10 * HOUR * people
        waits = []
        for seed in range(4):
            tasks = poisson_tasks(people, load, service, seed)
            waits += [
                done - task.arrival - task.works[0]
                for task, (done,) in zip(tasks, work(tasks, [(0, people)]), strict=True)
            ]
        waiting = erlang_c(people, load * people)
        assert len([w for w in waits if w > 0]) / len(waits) == pytest.approx(
            waiting, rel=0.04
        )
        # The mean wait, and the chance to wait longer than a piece of work lasts.
        mean = waiting * service / (people * (1 - load))
        assert sum(waits) / len(waits) == pytest.approx(mean, rel=0.1)
        longer = waiting * 2.718281828 ** (-people * (1 - load))
        assert len([w for w in waits if w > service]) / len(waits) == pytest.approx(
            longer, abs=0.012
        )

    def test_the_formula_itself(self):
        assert erlang_c(1, 0.8) == pytest.approx(0.8)
        assert erlang_c(2, 1) == pytest.approx(1 / 3)
        assert erlang_c(3, 2) == pytest.approx(4 / 9)


def poisson_tasks(people, load, service, seed, number=25_000):
    """:return: tasks of equal promises, that keep so many people busy by ``load``"""
    dice, at, tasks = Random(seed), 0.0, []
    for _number in range(number):
        at += dice.expovariate(people * load / service)
        length = 1 + int(dice.expovariate(1 / service))
        tasks.append(Task(int(at), (length,), (int(at) + HOUR,)))
    return tasks


def erlang_c(people, offered):
    """:return: the chance to wait, of ``offered`` hours of work an hour"""
    blocked = 1.0  # Erlang B, by its recursion
    for number in range(1, people + 1):
        blocked = offered * blocked / (number + offered * blocked)
    return blocked / (1 - offered / people * (1 - blocked))


def second_by_second(tasks, hands):
    """The rule in its own words: each second, who is there does what is due first."""
    left = [list(task.works) for task in tasks]
    done = [[NEVER] * len(task.works) for task in tasks]
    hands = dict(hands)
    number = 0
    for now in range(-20, 400):
        number = hands.get(now, number)
        ready = [
            n for n, task in enumerate(tasks) if task.arrival <= now and any(left[n])
        ]
        ready.sort(key=lambda n: urge(tasks[n], left[n], n))
        for n in ready[:number]:
            step = current(left[n])
            left[n][step] -= 1
            if not left[n][step]:
                done[n][step] = now + 1
    return [tuple(each) for each in done]


def current(left):
    return next(step for step, seconds in enumerate(left) if seconds)


def urge(task, left, number):
    step = current(left)
    return min(task.dues[step:]), -task.urgency, task.arrival, number


def by_simpy(tasks, people):
    env = simpy.Environment()
    desk = simpy.PreemptiveResource(env, people)
    done = {}

    def attend(number, task):
        yield env.timeout(task.arrival)
        left = task.works[0]
        while left:
            with desk.request(priority=task.dues[0]) as turn:
                yield turn
                since = env.now
                try:
                    yield env.timeout(left)
                    left = 0
                except simpy.Interrupt:
                    left -= env.now - since
        done[number] = env.now

    for number, task in enumerate(tasks):
        env.process(attend(number, task))
    env.run()
    return [done[number] for number in range(len(tasks))]
