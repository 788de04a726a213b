import { clientFromString, ClientService, Factory, LineReceiver } from 'whorl'
import { Simulation } from 'whorl/testing'

/** A host that counts its lives, and one that keeps a connection to it; returns what the second has heard. */
export async function lives(): Promise<string[]> {
  const simulation = new Simulation({ seed: 'lives', until: 60_000 })
  const heard: string[] = []
  try {
    simulation.host('server', ({ reactor, durable }) => {
      const life = (durable.get('life') as number | undefined ?? 0) + 1
      durable.set('life', life)
      const factory = new Factory()
      factory.buildProtocol = () => Object.assign(new LineReceiver(), {
        connectionMade(this: LineReceiver) {
          this.sendLine(`life ${life}`)
        },
      })
      reactor.listenTCP(7000, factory)
    })
    simulation.host('client', ({ reactor }) => {
      const factory = new Factory()
      factory.buildProtocol = () => Object.assign(new LineReceiver(), {
        lineReceived: (line: string) => void heard.push(line),
        // Half open: nobody would ever tell us that the server has gone.
        connectionMade(this: LineReceiver) {
          reactor.callLater(5_000, () => this.transport.abortConnection())
        },
      })
      new ClientService(clientFromString(reactor, 'tcp:server:7000'), factory, { clock: reactor }).startService()
    })
    const { network } = simulation
    simulation.at(2_000, () => network.crash('server'))
    simulation.at(4_000, () => network.restart('server'))
    simulation.at(12_000, () => network.partition('client', 'server'))
    simulation.at(30_000, () => network.heal('client', 'server'))
    simulation.check(() => {
      if (heard.length > 20) throw new Error('it comes back far too often')
    })
    await simulation.run()
    return heard
  } finally {
    simulation.close()
  }
}
