"""The quorum scenario of benches/benches/operations.rs in SimPy: operations per second and the share of stale reads.

Usage: python3 quorum.py REPLICAS READ WRITE KEYS EXPONENT CLIENTS THINK LEG SECONDS SEED
Prints: operations, reads, stale reads, seconds of processor time.
"""

import bisect
import itertools
import random
import sys
import time

import simpy


class Key:
    """What each replica holds of a key, and the newest version acknowledged."""

    __slots__ = ("shown", "acknowledged")

    def __init__(self, replicas):
        self.shown = [(0.0, 0)] * replicas
        self.acknowledged = (0.0, 0)


class Store:
    def __init__(self, env, replicas, read, write, leg, draws):
        self.env, self.replicas, self.needed_read, self.needed_write = env, replicas, read, write
        self.rate, self.draws = 1.0 / leg, draws

    def leg(self):
        return self.env.timeout(self.draws.expovariate(self.rate))

    def write_to(self, key, replica, version, answers):
        yield self.leg()
        if version > key.shown[replica]:
            key.shown[replica] = version
        yield self.leg()
        answers.put(None)

    def read_from(self, key, replica, answers):
        yield self.leg()
        seen = key.shown[replica]
        yield self.leg()
        answers.put(seen)

    def write(self, key, client):
        answers = simpy.Store(self.env)
        version = (self.env.now, client)
        for replica in range(self.replicas):
            self.env.process(self.write_to(key, replica, version, answers))
        for _ in range(self.needed_write):
            yield answers.get()
        key.acknowledged = max(key.acknowledged, version)

    def read(self, key):
        answers = simpy.Store(self.env)
        floor = key.acknowledged
        for replica in range(self.replicas):
            self.env.process(self.read_from(key, replica, answers))
        newest = (0.0, 0)
        for _ in range(self.needed_read):
            newest = max(newest, (yield answers.get()))
        return newest < floor


def main():
    replicas, read, write, keys = (int(text) for text in sys.argv[1:5])
    exponent = float(sys.argv[5])
    clients = int(sys.argv[6])
    think, leg, seconds = (float(text) for text in sys.argv[7:10])
    draws = random.Random(int(sys.argv[10]))
    env = simpy.Environment()
    store = Store(env, replicas, read, write, leg, draws)
    table = [Key(replicas) for _ in range(keys)]
    sums = list(itertools.accumulate((rank + 1.0) ** -exponent for rank in range(keys)))
    counts = [0, 0, 0]

    def client(number):
        while True:
            yield env.timeout(draws.expovariate(1.0 / think))
            if env.now >= seconds:
                return
            key = table[bisect.bisect_left(sums, draws.random() * sums[-1])]
            if draws.random() < 0.5:
                # In a statement of its own: other clients count while this one waits.
                stale = yield from store.read(key)
                counts[2] += stale
                counts[1] += 1
            else:
                yield from store.write(key, number)
            counts[0] += 1

    for number in range(1, clients + 1):
        env.process(client(number))
    begin = time.process_time()
    env.run()
    print(*counts, time.process_time() - begin)


main()
