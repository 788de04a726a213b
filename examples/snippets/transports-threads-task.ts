import type { MessagePort } from 'node:worker_threads'
import { transfer } from 'whorl'

/** How many primes there are below a limit; tells through the port how far it is. */
export function countPrimes(limit: number, progress: MessagePort): number {
  let count = 0
  for (let n = 2; n < limit; n++) {
    if (isPrime(n)) count += 1
    if (n % 10_000 === 0) progress.postMessage(n)
  }
  progress.close()
  return count
}

/** Gives its bytes back, without a copy on either way. */
export function invert(bytes: Uint8Array): Uint8Array {
  for (let i = 0; i < bytes.length; i++) bytes[i] = 255 - (bytes[i] as number)
  return transfer(bytes)
}

function isPrime(n: number): boolean {
  for (let divisor = 2; divisor * divisor <= n; divisor++) if (n % divisor === 0) return false
  return true
}
