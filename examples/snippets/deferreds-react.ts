/** A whole program around a Deferred, as the guide shows it. */
import { react, SystemExit } from 'whorl'

export function waitAndSay(say: (text: string) => void, argv: string[]): Promise<number> {
  return react(async (reactor, name) => {
    if (name === undefined) throw new SystemExit(2)
    await reactor.deferLater(10)
    say(`hello ${name}`)
  }, argv)
}
