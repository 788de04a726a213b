/**
 * A process in which simulated connections are opened that say nothing, to see what memory they take. Run by the
 * benchmarks as a child process.
 */
import { idleConnections } from '../ours/sim.js'
import { answerQuestions, ownMemory } from './control.js'

const kept: { readonly connections: number }[] = []

answerQuestions(async (question) => {
  if (question.do === 'open') kept.push(await idleConnections(Number(question.count)))
  return { ...await ownMemory(), connections: kept.reduce((sum, one) => sum + one.connections, 0) }
})
