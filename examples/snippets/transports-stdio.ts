/** Standard input and output, as the guide to transports shows them: a filter that numbers lines. */
import { LineReceiver, reactor, StandardIO } from 'whorl'

export class Numbers extends LineReceiver {
  override delimiter = '\n'
  #number = 0

  override lineReceived(line: string): void {
    this.#number += 1
    this.sendLine(`${this.#number} ${line}`)
  }

  /** The input is over; what was written still goes out. */
  readConnectionLost(): void {
    this.transport.loseConnection()
  }

  writeConnectionLost(): void {}
}

export function main(): void {
  new StandardIO(new Numbers(), reactor)
}
