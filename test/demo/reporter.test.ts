import { expect, it } from 'vitest';
import { ClaimFailed, Narrator } from './reporter.ts';

function tell(page: { isTTY: boolean }, env: NodeJS.ProcessEnv): string {
  let text = '';
  const write = (chunk: unknown) => {
    text += String(chunk);
    return true;
  };
  const narrator = new Narrator({ ...page, write }, env);
  narrator.step('A step', 2);
  narrator.doing('something');
  narrator.claim(true, 'It holds');
  return text;
}

it('is plain where there is no terminal', () => {
  expect(tell({ isTTY: false }, {})).toBe('\n1/2  A step\n     … something\n     ✔ It holds\n');
});

it('takes back what went on, and colours, on a terminal', () => {
  const text = tell({ isTTY: true }, { TERM: 'xterm' });
  expect(text).toContain('something\u001b[0m\r\u001b[2K');
  expect(text).toContain('\u001b[32m✔\u001b[0m It holds');
});

it('honours NO_COLOR', () => {
  const text = tell({ isTTY: true }, { TERM: 'xterm', NO_COLOR: '1' });
  expect(text.replaceAll('\r\u001b[2K', '')).not.toContain('\u001b');
});

it('throws when a claim does not hold, and tells nothing after its end', () => {
  const lines: unknown[] = [];
  const narrator = new Narrator({ write: (line: unknown) => lines.push(line) > 0 }, {});
  expect(() => narrator.claim(false, 'It holds', 'it was 3')).toThrow(ClaimFailed);
  narrator.end('cleaning up');
  narrator.note('more');
  expect(lines).toEqual(['     ✖ It holds: it was 3\n', '     … cleaning up\n']);
  expect(narrator.claims).toBe(0);
});
