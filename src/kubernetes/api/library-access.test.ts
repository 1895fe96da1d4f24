import { describe, expect, it } from 'vitest';
import { targetOf } from './kubeconfig.ts';
import { LibraryAccess } from './library-access.ts';

function access(user: object, cluster: object = {}): LibraryAccess {
  const kubeconfig = {
    clusters: [{ name: 'c', cluster: { server: 'https://127.0.0.1:6443', ...cluster } }],
    users: [{ name: 'u', user }],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
    'current-context': 'x',
  };
  return new LibraryAccess(targetOf(JSON.stringify(kubeconfig), '/'));
}

describe('LibraryAccess', () => {
  it('goes through a proxy, with the token', async () => {
    const options = await access({ token: 'one' }, { 'proxy-url': 'http://127.0.0.1:3128' }).options(undefined);
    expect(options.agent).toBeDefined();
    expect(options.headers).toEqual({ Authorization: 'Bearer one' });
  });

  it('goes through a proxy with what an exec plugin gave', async () => {
    const proxied = access({ exec: { command: 'plugin' } }, { 'proxy-url': 'http://127.0.0.1:3128' });
    const options = await proxied.options({ token: 'given', certificate: 'cert', key: 'key', expiresAt: 0 });
    expect(options.headers).toEqual({ Authorization: 'Bearer given' });
    expect([options.cert, options.key].map(String)).toEqual(['cert', 'key']);
  });

  it("logs in with a vendor's provider", async () => {
    const provider = { name: 'gcp', config: { 'access-token': 'vendor', expiry: '2999-01-01T00:00:00Z' } };
    const options = await access({ 'auth-provider': provider }).options(undefined);
    expect(options.headers).toEqual({ Authorization: 'Bearer vendor' });
    expect(options.agent).toBeUndefined();
  });
});
