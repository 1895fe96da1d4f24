import { describe, expect, it } from 'vitest';
import { Candidates } from './candidates.ts';

const a = { host: '10.0.0.1', port: 18_000 };
const named = { host: 'controllers.example', port: 18_000 };
const fail = () => Promise.reject(new Error('ENOTFOUND'));

describe('the controllers of an agent', () => {
  it('are every address of a name', async () => {
    const candidates = new Candidates('node1', [a, named], () => Promise.resolve(['10.0.0.1', '10.0.0.2', 'fd00::2']));
    await candidates.refresh();
    expect([...candidates.list].sort()).toEqual(['10.0.0.1:18000', '10.0.0.2:18000', '[fd00::2]:18000']);
  });

  it('begin with another one on each node', () => {
    const controllers = [1, 2, 3].map((index) => ({ host: `10.0.0.${index}`, port: 18_000 }));
    const first = Array.from(
      { length: 300 },
      (_none, index) => new Candidates(`node${index}`, controllers, fail).list[0],
    );
    for (const { host } of controllers) {
      const share = first.filter((name) => name?.startsWith(host)).length;
      expect(share).toBeGreaterThan(80);
      expect(share).toBeLessThan(120);
    }
  });

  it('are those that are known while a name server hangs, which is asked only once', async () => {
    const answer = Promise.withResolvers<readonly string[]>();
    let asked = 0;
    const resolve = () => {
      asked += 1;
      return answer.promise;
    };
    const candidates = new Candidates('node1', [a, named], resolve, 1);
    await candidates.refresh();
    await candidates.refresh();
    expect(candidates.list).toContain('10.0.0.1:18000');
    expect(asked).toBe(1);
    answer.resolve(['10.0.0.2']);
    await candidates.refresh();
    expect(candidates.list).toContain('10.0.0.2:18000');
  });

  it('stay as they were when DNS no longer answers', async () => {
    let answers = [() => Promise.resolve(['10.0.0.7']), fail];
    const candidates = new Candidates('node1', [named], () => (answers.shift() ?? fail)());
    await candidates.refresh();
    await candidates.refresh();
    expect(candidates.list).toEqual(['10.0.0.7:18000']);
    answers = [];
    const unknown = new Candidates('node1', [named], fail);
    await unknown.refresh();
    expect(unknown.list).toEqual(['controllers.example:18000']);
    expect(unknown.isResolved).toBe(false);
  });
});
