/**
 * A server with few descriptors left, in a process of its own: MODULE. Takes all but a few, says so, and gives them back
 * when it is told to. Prints one JSON object a line.
 */
import { closeSync, openSync } from 'node:fs'
import process from 'node:process'
import { createInterface } from 'node:readline'

const whorl = await import(process.argv[2])
const reactor = whorl.createReactor({ installSignalHandlers: false })
const say = (what) => process.stdout.write(`${JSON.stringify(what)}\n`)

class Echo extends whorl.Protocol {
  dataReceived(data) {
    this.transport.write(data)
  }
}

const port = reactor.listenTCP(0, whorl.Factory.forProtocol(Echo), { interface: '127.0.0.1' })
void reactor.run()
await port.ready
say({ port: port.getHost().port })
const taken = []
createInterface({ input: process.stdin }).on('line', (line) => {
  if (line === 'take') {
    try {
      for (;;) taken.push(openSync('/dev/null', 'r'))
    } catch (error) {
      say({ full: error.code })
    }
  } else {
    for (const fd of taken.splice(0)) closeSync(fd)
    say({ free: true })
  }
}).on('close', () => reactor.stop())
