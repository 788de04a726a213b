/**
 * Child processes that are not ours: a Python that speaks over three descriptors, and socat as the way to a TLS server.
 */
import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { ClientFactory, createReactor, Factory, ProcessProtocol, ProcessTerminated, Protocol } from 'whorl'
import type { Failure, IPv4Address } from 'whorl'
import { describeWith, root, socat, twistedPython } from './programs.js'

const reactor = createReactor({ installSignalHandlers: false })
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)

describeWith(twistedPython(), 'a child in Python', (python) => {
  it('reads and writes descriptors, and ends with a traceback', async () => {
    const program = ['import os, sys', 'with os.fdopen(4, "w") as out:', '  for line in sys.stdin: out.write(line.upper())',
      'raise SystemError("over")'].join('\n')
    const said = new Map<number, string>()
    const reason = await new Promise<Failure>((resolve) => {
      class Child extends ProcessProtocol {
        override connectionMade(): void {
          this.transport.write('one\ntwo\n')
          this.transport.closeStdin()
        }
        override childDataReceived(childFD: number, data: Uint8Array): void {
          said.set(childFD, (said.get(childFD) ?? '') + text(data))
        }
        override processEnded(ended: Failure): void {
          resolve(ended)
        }
      }
      reactor.spawnProcess(new Child(), python, ['-c', program], { childFDs: { 0: 'w', 1: 'r', 2: 'r', 4: 'r' } })
    })
    expect(said.get(4)).toBe('ONE\nTWO\n')
    expect(said.get(2)).toMatch(/SystemError: over\n$/)
    expect(reason.value).toBeInstanceOf(ProcessTerminated)
    expect(reason.value).toMatchObject({ exitCode: 1, signal: null })
  })
})

describeWith(socat(), 'socat as a child', (command) => {
  it('carries TLS: startTLS over its standard input and output', async () => {
    const vectors = `${root}test/vectors/tls/`
    const [cert, key, ca] = ['localhost.pem', 'localhost.key', 'ca.pem'].map((name) => readFileSync(vectors + name, 'utf8'))
    class Echo extends Protocol {
      override dataReceived(data: Uint8Array): void {
        this.transport.write(data)
      }
    }
    const port = reactor.listenSSL(0, Factory.forProtocol(Echo), { identity: { cert, key } }, { interface: '127.0.0.1' })
    await port.ready
    const answer = await new Promise<string>((resolve, reject) => {
      class Asking extends Protocol {
        answer = ''
        override connectionMade(): void {
          this.transport.startTLS({ ca, serverName: 'localhost' })
        }
        handshakeCompleted(): void {
          this.transport.write('through a pipe')
        }
        override dataReceived(data: Uint8Array): void {
          this.answer += text(data)
          if (this.answer.length === 14) this.transport.loseConnection()
        }
        override connectionLost(reason: Failure): void {
          if (this.answer === '') reject(reason.value)
          else resolve(this.answer)
        }
      }
      const where = `TCP:127.0.0.1:${(port.getHost() as IPv4Address).port}`
      reactor.connectProcess(command, ['-', where], ClientFactory.forProtocol(Asking), { env: null })
    })
    expect(answer).toBe('through a pipe')
    await port.stopListening()
  })
})
