from __future__ import annotations

from dataclasses import dataclass, field

from ringcast.protocols.sip.timers import NEVER, TimerHeap, TimerSettings


@dataclass(eq=False)
class Item:
    deadline: float
    queued_at: float = NEVER
    served_at: list[float] = field(default_factory=list)

    def handle_timer(self, *, now: float) -> None:
        self.served_at.append(now)


def test_timeouts_are_64_times_t1() -> None:
    assert TimerSettings().give_up_after == 32.0
    assert TimerSettings(t1=0.1).give_up_after == 6.4


def test_items_come_in_the_order_of_their_deadlines() -> None:
    heap, items = TimerHeap(), [Item(3.0), Item(1.0), Item(2.0)]
    for item in items:
        heap.schedule(item)

    assert heap.next_timer() == 1.0
    assert heap.pop_due(now=2.5) is items[1]
    assert heap.pop_due(now=2.5) is items[2]
    assert heap.pop_due(now=2.5) is None


def test_a_cancelled_deadline_is_not_served() -> None:
    heap, item = TimerHeap(), Item(1.0)
    heap.schedule(item)

    item.deadline = NEVER

    assert heap.next_timer() is None
    assert heap.pop_due(now=10.0) is None
    assert len(heap) == 0


def test_a_deadline_moved_later_is_served_once_at_its_new_time() -> None:
    heap, item = TimerHeap(), Item(1.0)
    heap.schedule(item)

    item.deadline = 5.0
    heap.schedule(item)

    assert len(heap) == 1
    assert heap.pop_due(now=4.0) is None
    assert heap.pop_due(now=5.0) is item
    assert heap.next_timer() is None


def test_a_deadline_moved_earlier_is_served_once() -> None:
    heap, item = TimerHeap(), Item(5.0)
    heap.schedule(item)

    item.deadline = 1.0
    heap.schedule(item)

    assert heap.pop_due(now=1.0) is item
    item.deadline = NEVER
    assert heap.pop_due(now=9.0) is None


def test_a_cancelled_item_may_wait_again() -> None:
    heap, item = TimerHeap(), Item(1.0)
    heap.schedule(item)
    item.deadline = NEVER
    assert heap.next_timer() is None

    item.deadline = 2.0
    heap.schedule(item)

    assert heap.next_timer() == 2.0
