/**
 * A program that does what its first argument says, and tells what happened to it on standard error, a line each.
 * It uses the package as it is built, by its own name.
 */
import { fstatSync, writeSync } from 'node:fs'
import process from 'node:process'
import { createReactor, Factory, Protocol, StandardIO } from 'whorl'

const [, , what = '', ...args] = process.argv
const reactor = createReactor()
const say = (line) => void writeSync(2, `${line}\n`)

class Teller extends Protocol {
  bytes = 0
  connectionMade() {
    say(`made ${this.transport.getPeer().family} ${this.transport.getHost().family}`)
  }
  dataReceived(data) {
    this.bytes += data.length
  }
  connectionLost(reason) {
    say(`lost ${reason.value.name} after ${this.bytes}`)
    if (args.includes('stay')) setTimeout(() => say('stayed'), 100)
  }
}

class Echo extends Teller {
  dataReceived(data) {
    super.dataReceived(data)
    this.transport.write(data)
  }
}

/** Hears of the end of its input, and answers before it closes. */
class Half extends Teller {
  readConnectionLost() {
    say('read lost')
    this.transport.write(`got ${this.bytes}`)
    this.transport.loseWriteConnection()
  }
  writeConnectionLost() {
    say('write lost')
  }
}

/** Ends its output first, and goes on reading. */
class OutputFirst extends Half {
  connectionMade() {
    super.connectionMade()
    this.transport.write('all of it')
    this.transport.loseWriteConnection()
  }
  readConnectionLost() {
    say('read lost')
  }
}

class Closer extends Teller {
  connectionMade() {
    super.connectionMade()
    this.transport.write('bye')
    this.transport.loseConnection()
    this.transport.write('dropped')
  }
}

/** Writes without end. */
class Flooder extends Teller {
  connectionMade() {
    super.connectionMade()
    this.transport.registerProducer({
      resumeProducing: () => this.transport.write(new Uint8Array(65_536)),
      stopProducing: () => say('stopped producing'),
    }, false)
  }
}

class Aborter extends Teller {
  dataReceived(data) {
    super.dataReceived(data)
    this.transport.abortConnection()
  }
}

/** Waits until it is told to read. */
class Sleeper extends Teller {
  connectionMade() {
    super.connectionMade()
    this.transport.pauseProducing()
    setTimeout(() => {
      say(`paused at ${this.bytes}`)
      this.transport.resumeProducing()
    }, 100)
  }
}

const KINDS = { Echo, Half, OutputFirst, Closer, Flooder, Aborter, Sleeper }

const programs = {
  stdio() {
    const connection = new StandardIO(new KINDS[args[0]](), reactor)
    if (args.includes('twice')) {
      try {
        new StandardIO(new Echo(), reactor)
      } catch (error) {
        say(`${error.name}`)
      }
    }
    if (args.includes('numbers')) {
      const look = () => {
        if (connection.connected) {
          setTimeout(look, 5)
          return
        }
        console.log('nowhere')
        say(`0 and 1 are devices: ${[0, 1].map((fd) => fstatSync(fd).isCharacterDevice()).join(' ')}`)
      }
      look()
    }
  },

  /** Adopts descriptor 3 as a port. */
  port() {
    const factory = Factory.forProtocol(Echo)
    try {
      const port = reactor.adoptStreamPort(3, args[0], factory)
      port.ready.addCallbacks(
        () => say(`listens on ${JSON.stringify(port.getHost())}`), (failure) => say(failure.getErrorMessage()))
      process.stdin.on('end', () => {
        void port.stopListening()?.addCallback(() => {
          try {
            port.startListening()
          } catch (error) {
            say(error.message)
          }
        })
      }).resume()
    } catch (error) {
      say(error.message)
    }
  },

  /** Adopts descriptor 3 as a connection. */
  connection() {
    try {
      reactor.adoptStreamConnection(3, Factory.forProtocol(Half))
    } catch (error) {
      say(`${error.name}: ${error.message}`)
    }
  },

  /** Tells of signals until it is stopped by one. */
  signals() {
    reactor.onSignal('HUP', (name) => say(`reload at ${name}`))
    const forget = reactor.onSignal('SIGUSR2', () => {
      forget()
      say('once')
    })
    reactor.onSignal('SIGWINCH', () => {
      throw new Error('the handler is broken')
    })
    if (args.includes('slow')) {
      reactor.addSystemEventTrigger('before', 'shutdown', () => {
        say('stopping for ever')
        return reactor.deferLater(1_000_000)
      })
    }
    void reactor.run().then(() => {
      say('stopped')
      for (const each of process.listeners('SIGHUP')) process.off('SIGHUP', each)
    })
    reactor.callWhenRunning(() => say('runs'))
  },

  /** Does nothing but listen for a signal, which keeps no program alive. */
  idle() {
    reactor.onSignal('HUP', () => undefined)
    say('done')
  },
}

programs[what]()
