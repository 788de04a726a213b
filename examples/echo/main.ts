/** The smallest server: sends back what it receives. Run it after a build, then type: nc 127.0.0.1 8007 */
import { Factory, Protocol, reactor } from 'whorl'

class Echo extends Protocol {
  override connectionMade(): void {
    // A peer that sends but does not read is read no further: the sending side pauses the receiving side.
    this.transport.registerProducer(this.transport, true)
  }

  override dataReceived(data: Uint8Array): void {
    this.transport.write(data)
  }
}

reactor.listenTCP(8007, Factory.forProtocol(Echo), { interface: '127.0.0.1' })
void reactor.run()
