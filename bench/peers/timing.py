"""The shortest of many calls, in milliseconds."""
import time


def best(work, count=20, warm=4):
    for _ in range(warm):
        work()
    times = []
    for _ in range(count):
        start = time.perf_counter()
        work()
        times.append((time.perf_counter() - start) * 1000)
    return min(times)
