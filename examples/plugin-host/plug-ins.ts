/**
 * Three plug-ins: one that does what it is for, one that tries what it was not granted, one that never comes back.
 */

/** Sends a line to the port that it was granted, and says what came back. */
export const greeter = (port: number): string => `
class Greeter extends whorl.LineReceiver {
  connectionMade() { this.sendLine('hello') }
  lineReceived(line) { say('heard ' + line); this.transport.loseConnection() }
  connectionLost(reason) { say('lost ' + reason.value.name) }
}
new whorl.TCP4ClientEndpoint(reactor, '127.0.0.1', ${port}).connect(whorl.Factory.forProtocol(Greeter))
`

/** Names what it could reach; nothing, if all is well. */
export const prowler = (port: number): string => `
const names = ['process', 'require', 'Buffer', 'fetch', 'setTimeout', 'Deno', 'Bun', 'navigator', 'WebSocket']
say('globals: ' + names.filter((name) => name in globalThis).join())
const attempt = (what, fn) => {
  let result
  try { result = whorl.maybeDeferred(fn) } catch (error) { return say(what + ': ' + error.name) }
  result.addCallbacks(() => say(what + ': reached'), (failure) => say(what + ': ' + failure.value.name))
}
const connect = (host, to) => () =>
  new whorl.TCP4ClientEndpoint(reactor, host, to).connect(whorl.Factory.forProtocol(whorl.Protocol))
attempt('another port', connect('127.0.0.1', ${port}))
attempt('another host', connect('127.0.0.2', ${port}))
attempt('listening', () => reactor.listenTCP(0, whorl.Factory.forProtocol(whorl.Protocol)).ready)
attempt('a file', () => reactor.readFile('/etc/hostname'))
attempt('a program', () => reactor.spawnProcess(new whorl.ProcessProtocol(), '/bin/true', []))
reactor.callLater(500, () => say('done'))
`

/** Loops for ever once a call is due, in a promise job for good measure. */
export const looper = `
reactor.callLater(20, () => { say('looping'); Promise.resolve().then(() => { for (;;); }) })
`
