/** Lines, as the framing guide shows them: a key-value store one can type to. */
import { LineReceiver } from 'whorl'

export class Store extends LineReceiver {
  values = new Map<string, string>()

  override connectionMade(): void {
    this.sendLine('ready')
  }

  override lineReceived(line: string): void {
    const [command, key, ...rest] = line.split(' ')
    if (command === 'set') this.values.set(key, rest.join(' '))
    else if (command === 'get') this.sendLine(this.values.get(key) ?? '(nothing)')
    else if (command === 'quit') this.transport.loseConnection()
    else this.sendLine(`what is ${command}?`)
  }

  override lineLengthExceeded(): void {
    this.sendLine('too long')
    this.transport.loseConnection()
  }
}
