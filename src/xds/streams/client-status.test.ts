import { expect, it } from 'vitest';
import { deltaRequest } from '../../../test/support/delta-request.ts';
import { replaceEach } from '../../../test/support/replace-each.ts';
import type { ResourceEntry } from '../../resources/resource-entry.ts';
import { typeUrls } from '../../resources/type-urls.ts';
import { ResourceCache } from '../cache/resource-cache.ts';
import { defaultLimits } from '../server/limits.ts';
import { ClientStream } from './client-stream.ts';

const typeUrl = typeUrls.endpoint;
const view = { nodeName: 'n', zone: 'z' };

function subscribed(cache: ResourceCache): ClientStream {
  const onWork = () => undefined;
  const stream = new ClientStream({ variant: 'delta', cache, view, limits: defaultLimits, onWork });
  stream.receiveDelta(deltaRequest({ typeUrl, subscribe: ['a'] }));
  const batch = stream.next(Number.POSITIVE_INFINITY);
  if (batch === undefined || batch === 'later') throw new Error('There is nothing to send');
  stream.sent(batch.changed, { batch, nonce: '1', sentAt: 0 });
  stream.receiveDelta(deltaRequest({ typeUrl, nonce: '1' }));
  return stream;
}

it('still counts as current what another stream of the same node released', () => {
  const cache = new ResourceCache();
  const entry: ResourceEntry = {
    typeUrl,
    name: 'a',
    wildcard: false,
    scope: 'node',
    build: () => ({ clusterName: 'a' }),
  };
  replaceEach(cache, [entry]);
  const [before, after] = [subscribed(cache), subscribed(cache)];
  before.close();
  const [status] = after.status(true);
  expect(status).toMatchObject({ current: 1, wanted: 1 });
  expect(status?.resources?.[0]?.served).toBe(status?.resources?.[0]?.acknowledged);
  expect(status?.resources?.[0]?.served).not.toBe('');
});
