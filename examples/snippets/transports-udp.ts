/** UDP, as the guide to transports shows it: a server that answers, and a client that asks until it is answered. */
import { DatagramProtocol, Deferred } from 'whorl'
import type { IReactorTime, IReactorUDP, LoopingCall, UDPAddress } from 'whorl'

export class Shouter extends DatagramProtocol {
  override datagramReceived(data: Uint8Array, address: UDPAddress): void {
    const text = new TextDecoder().decode(data)
    this.transport.write(text.toUpperCase(), address)
  }
}

/** A datagram may be lost on its way, and so may the answer: ask again until there is one. */
export class Asking extends DatagramProtocol {
  readonly answer = new Deferred<string>(() => void this.transport.stopListening())

  constructor(readonly host: string, readonly port: number, readonly question: string, readonly repeat: LoopingCall) {
    super()
  }

  override startProtocol(): void {
    this.transport.connect(this.host, this.port)
    void this.repeat.start(500)
  }

  ask(): void {
    this.transport.write(this.question)
  }

  override datagramReceived(data: Uint8Array): void {
    if (!this.answer.called) this.answer.callback(new TextDecoder().decode(data))
    void this.transport.stopListening()
  }

  override stopProtocol(): void {
    this.repeat.stop()
  }
}

type Asks = IReactorUDP & IReactorTime & { loopingCall(fn: () => void): LoopingCall }

export function ask(reactor: Asks, host: string, port: number, question: string): Deferred<string> {
  const asking: Asking = new Asking(host, port, question, reactor.loopingCall(() => asking.ask()))
  reactor.listenUDP(0, asking)
  return asking.answer.addTimeout(5000, reactor)
}
