/**
 * Only for `npm run fuzz`: raises the number of cases of every property that does not state its own.
 */
import { configureGlobal } from 'fast-check'

configureGlobal({ numRuns: Number(process.env['WHORL_FUZZ_RUNS'] ?? 5_000) })
