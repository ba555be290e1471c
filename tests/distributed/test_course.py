import os

from spatialvision.distributed.course import Course


def test_points_are_counted_and_described() -> None:
    course = Course()
    course.at("reading the images of step", 1234)
    course.tick()
    beat = course.beat(rank=3, number=9, left=False)
    assert (beat.rank, beat.number, beat.position, beat.ticks) == (3, 9, 1, 1)
    assert beat.where == "reading the images of step 1,234"
    assert (beat.waits, beat.left, beat.pid) == (False, False, os.getpid())


def test_waiting_ends_with_the_block_and_counts_twice() -> None:
    course = Course()
    with course.waiting("adding up the loss"):
        inside = course.beat(0, 1, left=False)
    outside = course.beat(0, 2, left=True)
    assert (inside.where, inside.waits, inside.position) == ("adding up the loss", True, 1)
    assert (outside.where, outside.waits, outside.position) == ("going on after adding up the loss", False, 2)
    assert outside.left


def test_two_courses_of_one_machine_know_it() -> None:
    assert Course().machine == Course().machine != ""
