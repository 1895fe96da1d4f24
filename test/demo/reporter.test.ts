import { expect, it } from 'vitest';
import { ClaimFailed, Reporter } from './reporter.ts';

function tell(page: { isTTY: boolean }, env: NodeJS.ProcessEnv): string {
  let text = '';
  const write = (chunk: unknown) => {
    text += String(chunk);
    return true;
  };
  const reporter = new Reporter({ ...page, write }, env);
  reporter.step('A step', 2);
  reporter.doing('something');
  reporter.claim(true, 'It holds');
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
  const reporter = new Reporter({ write: (line: unknown) => lines.push(line) > 0 }, {});
  expect(() => reporter.claim(false, 'It holds', 'it was 3')).toThrow(ClaimFailed);
  reporter.end('cleaning up');
  reporter.note('more');
  expect(lines).toEqual(['     ✖ It holds: it was 3\n', '     … cleaning up\n']);
  expect(reporter.claims).toBe(0);
});
