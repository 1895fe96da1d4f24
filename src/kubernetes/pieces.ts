import { setImmediate } from 'node:timers/promises';
import type { ModelUpdate } from '../model/model.ts';

/**
 * Updates that are passed on before others have their turn; they take some 15 ms. After an absence of the API server most of a
 * list may have changed, and a directory of manifests as a whole, in all replicas at one time: of 10,000 slices in one piece 0.7 s,
 * in which no ping is answered, and nodes leave a controller that is silent for 0.8 s.
 */
const pieceSize = 250;

/**
 * Passes updates on in their order, in pieces; what fits into one piece is one batch.
 * @throws AbortError when the signal is aborted in between
 */
export async function inPieces(
  updates: readonly ModelUpdate[],
  pass: (piece: readonly ModelUpdate[]) => void,
  signal?: AbortSignal,
): Promise<void> {
  for (let at = 0; at < updates.length; at += pieceSize) {
    if (at > 0) await setImmediate(undefined, { signal });
    pass(updates.slice(at, at + pieceSize));
  }
}
