import type { DeltaRequest } from '../../src/xds/streams/requests.ts';
import { Texts } from '../../src/xds/streams/texts.ts';

/** A request with its names as strings; what is not said is empty. */
export interface DeltaFields extends Partial<Omit<DeltaRequest, 'subscribe' | 'initialVersions'>> {
  readonly subscribe?: readonly string[];
  readonly initialVersions?: readonly (readonly [name: string, version: string])[];
}

export function deltaRequest({ subscribe = [], initialVersions = [], ...fields }: DeltaFields): DeltaRequest {
  return {
    typeUrl: '',
    node: undefined,
    unsubscribe: [],
    nonce: '',
    error: undefined,
    ...fields,
    subscribe: textsOf(subscribe),
    initialVersions: textsOf(initialVersions.flat()),
  };
}

function textsOf(strings: readonly string[]): Texts {
  const encoded = strings.map((text) => Buffer.from(text));
  const texts = new Texts(Buffer.concat(encoded));
  let end = 0;
  for (const { length } of encoded) {
    texts.add(end, end + length);
    end += length;
  }
  return texts;
}
