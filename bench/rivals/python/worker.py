"""
Twisted as a rival for the subjects that need no socket: lines, netstrings, Int32 strings, timers. Reads one JSON
object a line from standard input and answers each with one; takes the time and the CPU time of a run itself.
"""
import base64
import json
import sys
import time
import zlib

from twisted.internet import reactor
from twisted.protocols import basic

MASK = 0x3FFFFFFF


class Transport:
    """As little as a framing protocol needs."""
    disconnecting = False

    def loseConnection(self):
        self.disconnecting = True


def receiver(base, method, state):
    def take(self, data):
        state[0] += 1
        state[1] = (state[1] + len(data) * 31 + data[20]) & MASK
    return type('Receiver', (base,), {method: take})


def digester(base, method, digest):
    def take(self, data):
        digest[0] = zlib.crc32(b'\n', zlib.crc32(data, digest[0]))
    return type('Digester', (base,), {method: take})


BASES = {
    'lines': (basic.LineReceiver, 'lineReceived'),
    'netstrings': (basic.NetstringReceiver, 'stringReceived'),
    'int32': (basic.Int32StringReceiver, 'stringReceived'),
}


class Framing:
    def __init__(self, kind, chunks, repeat):
        self.base, self.method = BASES[kind]
        self.chunks = chunks
        self.repeat = repeat

    def run(self):
        state = [0, 0]
        self.feed(receiver(self.base, self.method, state), self.repeat)
        return '%d:%d' % (state[0], state[1])

    def verify(self):
        digest = [0]
        self.feed(digester(self.base, self.method, digest), 1)
        return '%08x' % digest[0]

    def feed(self, kind, repeat):
        protocol = kind()
        protocol.makeConnection(Transport())
        receive = protocol.dataReceived
        for _ in range(repeat):
            for chunk in self.chunks:
                receive(chunk)


def nothing():
    pass


class Timers:
    """Every call waits in the reactor's own heap; runUntilCurrent is what its main loop calls every turn."""

    def __init__(self, kind, delays, moved, order):
        self.kind, self.delays, self.moved, self.order = kind, delays, moved, order
        self.calls = []

    def setup(self):
        if self.kind in ('reset', 'churn'):
            later = reactor.callLater
            self.calls = [later(delay, nothing) for delay in self.delays]

    def run(self):
        if self.kind == 'cancel':
            later = reactor.callLater
            calls = [later(delay, nothing) for delay in self.delays]
            for call in calls:
                call.cancel()
            reactor.runUntilCurrent()
            return str(len(calls))
        if self.kind == 'fire':
            fired = [0]

            def fire():
                fired[0] += 1
            later = reactor.callLater
            for delay in self.delays:
                later(delay, fire)
            while fired[0] < len(self.delays):
                wait = reactor.timeout()
                if wait:
                    time.sleep(wait)
                reactor.runUntilCurrent()
            return str(fired[0])
        calls, moved = self.calls, self.moved
        count = 0
        if self.kind == 'churn':
            later = reactor.callLater
            for i in self.order:
                calls[i].cancel()
                calls[i] = later(moved[i], nothing)
                count += 1
            reactor.runUntilCurrent()
            return str(count)
        for i in self.order:
            calls[i].reset(moved[i])
            count += 1
        return str(count)

    def teardown(self):
        for call in self.calls:
            call.cancel()
        self.calls = []
        reactor.runUntilCurrent()


def milliseconds(text):
    return [each / 1000 for each in memoryview(base64.b64decode(text)).cast('i')]


def make(message):
    if message['kind'] == 'timers':
        order = memoryview(base64.b64decode(message['order'])).cast('i')
        return Timers(message['case'], milliseconds(message['delays']), milliseconds(message['moved']), order)
    data = base64.b64decode(message['data'])
    size = message['chunk']
    chunks = [data[i:i + size] for i in range(0, len(data), size)]
    return Framing(message['kind'], chunks, message['repeat'])


def main():
    work = None
    for line in sys.stdin:
        message = json.loads(line)
        try:
            if message['do'] == 'make':
                work = make(message)
                reply = {}
            elif message['do'] == 'verify':
                reply = {'check': work.verify()}
            elif message['do'] == 'run':
                wall, cpu = time.perf_counter_ns(), time.process_time_ns()
                check = work.run()
                reply = {'check': check, 'wall': time.perf_counter_ns() - wall, 'cpu': time.process_time_ns() - cpu}
            else:
                getattr(work, message['do'])()
                reply = {}
        except Exception as error:
            reply = {'error': repr(error)}
        sys.stdout.write(json.dumps(reply) + '\n')
        sys.stdout.flush()


main()
