import { execFileSync } from 'node:child_process';
import { expect, it } from 'vitest';

/** Of Node's own modules, after a program was imported. */
function loadedBy(...programs: readonly string[]): readonly string[] {
  const imports = programs.map((path) => `await import(${JSON.stringify(new URL(path, import.meta.url).href)});`);
  const script = `${imports.join('\n')}\nconsole.log(JSON.stringify(process.moduleLoadList));`;
  const printed = execFileSync(process.execPath, ['--input-type=module', '--eval', script], { encoding: 'utf8' });
  return JSON.parse(printed) as readonly string[];
}

it.each(['../controller/controller.ts', '../agent/agent.ts'])("%s does not load Node's fetch client: 5 MiB", (path) => {
  const loaded = loadedBy(path);
  expect(loaded).toContain('NativeModule http');
  expect(loaded.filter((name) => name.includes('undici'))).toEqual([]);
});
