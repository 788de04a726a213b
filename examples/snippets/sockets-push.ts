import { Factory, LineReceiver, TCP4ServerEndpoint } from 'whorl'
import type { Deferred, IListeningPort, IReactorTCP } from 'whorl'

class Reverser extends LineReceiver {
  override delimiter = '\n'
  override maxLength = 1000

  override lineReceived(line: string): void {
    const words = line.trimEnd()
    if (words === 'quit') this.transport.loseConnection()
    else this.sendLine(`${words.split(' ').reverse().join(' ')}\r`)
  }
}

export function serveByCallbacks(reactor: IReactorTCP, port: number): Deferred<IListeningPort> {
  const endpoint = new TCP4ServerEndpoint(reactor, port, { interface: '127.0.0.1' })
  return endpoint.listen(Factory.forProtocol(Reverser))
}
