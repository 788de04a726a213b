"""
Twisted's own Deferred as a rival: the steps of bench/rivals/promises.ts. Reads one JSON object a line from standard
input and answers each with one; takes the time and the CPU time of a run itself.
"""
import json
import sys
import time

from twisted.internet.defer import Deferred, gatherResults, inlineCallbacks, succeed

MASK = 0xFFFFFFFF


def step(x):
    return x + 1


def signed(value):
    value &= MASK
    return value - (1 << 32) if value & 0x80000000 else value


class Sum:
    total = 0

    def add(self, x):
        self.total = (self.total + x) & MASK


def fire(n):
    result = Sum()
    for i in range(n):
        d = Deferred()
        d.addCallback(step)
        d.addCallback(step)
        d.addCallback(lambda x: result.add(x + 1))
        d.callback(i)
    return signed(result.total)


def chain(n):
    result = Sum()

    def following(x):
        return succeed(x + 1)
    for i in range(0, n, 10):
        d = succeed(i)
        for _ in range(10):
            d.addCallback(following)
        d.addCallback(result.add)
    return signed(result.total)


@inlineCallbacks
def body(start):
    total = start
    for k in range(10):
        total += yield succeed(k)
    return total


def inline(n):
    result = Sum()
    for i in range(0, n, 10):
        body(i).addCallback(result.add)
    return signed(result.total)


def gather(n):
    result = Sum()
    for i in range(n):
        waiting = [Deferred() for _ in range(10)]
        gatherResults(waiting).addCallback(lambda values: result.add(values[9]))
        for k in range(10):
            waiting[k].callback(i + k)
    return signed(result.total)


def cancel(n):
    result = Sum()
    for i in range(n):
        d = Deferred(lambda _: None)
        d.addErrback(lambda _, i=i: result.add(i))
        d.cancel()
    return signed(result.total)


KINDS = {'fire': fire, 'chain': chain, 'inline': inline, 'gather': gather, 'cancel': cancel}


def main():
    for line in sys.stdin:
        message = json.loads(line)
        try:
            wall, cpu = time.perf_counter_ns(), time.process_time_ns()
            check = KINDS[message['kind']](message['n'])
            reply = {'check': check, 'wall': time.perf_counter_ns() - wall, 'cpu': time.process_time_ns() - cpu}
        except Exception as error:
            reply = {'error': repr(error)}
        sys.stdout.write(json.dumps(reply) + '\n')
        sys.stdout.flush()


main()
