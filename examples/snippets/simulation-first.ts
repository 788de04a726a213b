import { clientFromString, Deferred, Factory, LineReceiver } from 'whorl'
import { Simulation } from 'whorl/testing'

class Upper extends LineReceiver {
  override lineReceived(line: string): void {
    this.sendLine(line.toUpperCase())
  }
}

class Question extends LineReceiver {
  readonly answer = new Deferred<string>()

  override connectionMade(): void {
    this.sendLine('hello')
  }

  override lineReceived(line: string): void {
    this.answer.callback(line)
    this.transport.loseConnection()
  }
}

/** One question over a slow line; it takes some 100 virtual ms, and none that anybody would notice. */
export async function ask(seed: number): Promise<{ answer: string, ms: number, digest: string }> {
  const simulation = new Simulation({ seed, latency: [10, 30] })
  try {
    simulation.host('server', ({ reactor }) => {
      reactor.listenTCP(7000, Factory.forProtocol(Upper))
    })
    const { reactor } = simulation.host('client')
    const connecting = clientFromString(reactor, 'tcp:server:7000').connect(Factory.forProtocol(Question))
    const question = await simulation.settle(connecting) as Question
    const answer = await simulation.settle(question.answer)
    await simulation.run()
    return { answer, ms: simulation.now, digest: simulation.digest() }
  } finally {
    simulation.close()
  }
}
