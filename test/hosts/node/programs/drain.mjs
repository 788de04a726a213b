/**
 * A server that answers each piece of data after a while, and lets its connections end when it is told to stop.
 * Tells what happens on standard error, a line each.
 */
import { writeSync } from 'node:fs'
import process from 'node:process'
import { createReactor, Factory, Protocol, runService, serverFromString, StreamServerEndpointService } from 'whorl'

const [, , deadline, path] = process.argv
const reactor = createReactor()
const say = (line) => void writeSync(2, `${line}\n`)

class Polite extends Protocol {
  dataReceived(data) {
    this.transport.write(data)
    if (String.fromCharCode(...data).includes('bye')) this.transport.loseConnection()
  }
  connectionLost(reason) {
    say(`lost ${reason.value.name}`)
  }
}

const endpoint = serverFromString(reactor, path === undefined ? 'tcp:0:interface=127.0.0.1' : `unix:${path}`)
const service = new StreamServerEndpointService(endpoint, Factory.forProtocol(Polite), { drain: Number(deadline) })
service.whenListening().addCallback((port) => {
  const { port: number = 0 } = port.getHost()
  say(`listens at ${number}`)
})
reactor.addSystemEventTrigger('before', 'shutdown', () => say('stopping'))
await runService(reactor, service)
say('stopped')
