/** Two ends in memory on which things go wrong, as the testing guide shows it. */
import { Factory, LineReceiver } from 'whorl'
import { defaultCore } from 'whorl/core'
import { connectInMemory, randomFaults } from 'whorl/testing'

/** Writes down the lines that come. */
export class Log extends LineReceiver {
  readonly lines: string[] = []

  override lineReceived(line: string): void {
    this.lines.push(line)
  }
}

/** What one end has sent, and the other has got of it, on a connection that is as bad as this seed says. */
export function send(lines: string[], seed: number): string[] {
  const chance = defaultCore().random(seed)
  const factory = Factory.forProtocol(Log)
  const { server, client, pump, clock } = connectInMemory(factory, factory, { server: randomFaults(chance) })
  for (const line of lines) {
    (client as Log).sendLine(line)
    pump.flush()
    clock.advance(chance.below(1_000))
    pump.flush()
  }
  return (server as Log).lines
}

/** A writer that goes on writing to somebody who takes nothing. */
export function isHeldBack(): boolean {
  const factory = Factory.forProtocol(Log)
  const { client, pump, faults } = connectInMemory(factory, factory, { client: { stallAfter: 100 } })
  const transport = (client as Log).transport as unknown as { writableLength: number, write(text: string): void }
  for (let i = 0; i < 10; i++) {
    transport.write('x'.repeat(50))
    pump.flush()
  }
  const held = transport.writableLength
  faults.client!.release()
  pump.flush()
  return held > 0 && transport.writableLength === 0
}
