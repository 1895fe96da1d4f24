/** One instruction of a Dockerfile: `COPY`, and what follows it with continued lines joined. */
interface Instruction {
  readonly keyword: string;
  readonly value: string;
  readonly line: number;
}

interface Stage {
  readonly name: string | undefined;
  readonly base: string;
  readonly instructions: readonly Instruction[];
}

export interface Dockerfile {
  /** Build arguments before the first FROM, with their defaults. */
  readonly args: Readonly<Record<string, string | undefined>>;
  readonly stages: readonly Stage[];
}

const keywords = new Set(['ARG', 'FROM', 'RUN', 'COPY', 'WORKDIR', 'ENV', 'USER', 'ENTRYPOINT', 'CMD']);

/**
 * Parses the part of the Dockerfile language that this project uses.
 * @throws on any other instruction, with its line
 */
export function parseDockerfile(text: string): Dockerfile {
  const instructions = instructionsOf(text);
  const first = instructions.findIndex(({ keyword }) => keyword === 'FROM');
  const args = Object.fromEntries(instructions.slice(0, first).map(({ value }) => splitOnce(value, '=')));
  const stages: Stage[] = [];
  for (const instruction of instructions.slice(first)) {
    const [base = '', , name] = instruction.value.split(/\s+/);
    if (instruction.keyword === 'FROM') stages.push({ name, base, instructions: [] });
    else stages.push(withInstruction(stages.pop(), instruction));
  }
  return { args, stages };
}

function withInstruction(stage: Stage | undefined, instruction: Instruction): Stage {
  if (stage === undefined) throw new Error(`Line ${instruction.line}: ${instruction.keyword} before FROM`);
  return { ...stage, instructions: [...stage.instructions, instruction] };
}

function instructionsOf(text: string): readonly Instruction[] {
  const instructions: Instruction[] = [];
  let continued: Instruction | undefined;
  for (const [index, raw] of text.split('\n').entries()) {
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) continue;
    const part = line.replace(/\\$/, '').trim();
    const instruction: Instruction =
      continued === undefined ? begin(part, index + 1) : { ...continued, value: `${continued.value} ${part}` };
    continued = line.endsWith('\\') ? instruction : undefined;
    if (continued === undefined) instructions.push(instruction);
  }
  return instructions;
}

function begin(text: string, line: number): Instruction {
  const [keyword, value] = splitOnce(text, ' ');
  if (!keywords.has(keyword)) throw new Error(`Line ${line}: unknown instruction ${keyword}`);
  return { keyword, value: value?.trim() ?? '', line };
}

function splitOnce(text: string, separator: string): [string, string | undefined] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}

/** What the last stage says about how a container of the image runs. */
export interface ImageConfig {
  readonly user: string;
  readonly workdir: string;
  readonly entrypoint: readonly string[];
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

export function imageConfigOf({ stages }: Dockerfile): ImageConfig {
  const instructions = stages.at(-1)?.instructions ?? [];
  const last = (keyword: string) => instructions.findLast((one) => one.keyword === keyword)?.value;
  const list = (keyword: string) => JSON.parse(last(keyword) ?? '[]') as readonly string[];
  const variables = instructions.filter(({ keyword }) => keyword === 'ENV').map(({ value }) => splitOnce(value, '='));
  return {
    user: last('USER') ?? '0:0',
    workdir: last('WORKDIR') ?? '/',
    entrypoint: list('ENTRYPOINT'),
    command: list('CMD'),
    environment: Object.fromEntries(variables.map(([name, value]) => [name, value ?? ''])),
  };
}

/** Sources and target of a COPY; `from` names the stage it takes them from, absent for the build context. */
interface Copy {
  readonly from: string | undefined;
  readonly sources: readonly string[];
  readonly target: string;
}

export function copyOf(instruction: Instruction): Copy {
  const words = instruction.value.split(/\s+/);
  const from = words.find((word) => word.startsWith('--from='))?.slice('--from='.length);
  const paths = words.filter((word) => !word.startsWith('--'));
  return { from, sources: paths.slice(0, -1), target: paths.at(-1) ?? '' };
}
